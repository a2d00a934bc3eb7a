"""Savers of one directory take turns: threads, processes, and processes forked while somebody has the lock."""

import fcntl
import os
import signal
import sys
import threading
from contextlib import contextmanager

import numpy as np
import pytest

from ckpt_magics.files.storage import disk, locking
from ckpt_magics.files.storage.locking import directory_lock
from tests.files.saved import write_checkpoint
from tests.forking import fork


def is_locked(folder):
    """Whether somebody who opens the directory now would have to wait."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


@contextmanager
def idle_child():
    """Fork a process that does nothing until the block ends."""
    child = fork()
    if not child:
        while True:
            signal.pause()
    try:
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def in_child(work):
    """Run ``work`` in a forked process and return the status that it ended with."""
    child = fork()
    if not child:
        status = 1
        try:
            status = work() or 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_the_lock_is_held_inside_the_block(tmp_path):
    assert not is_locked(tmp_path)
    with directory_lock(str(tmp_path)) as is_held:
        assert is_held
        assert is_locked(tmp_path)
    assert not is_locked(tmp_path)


def test_an_error_inside_the_block_lets_go(tmp_path):
    with pytest.raises(RuntimeError), directory_lock(str(tmp_path)):
        raise RuntimeError
    assert not is_locked(tmp_path)


def test_a_directory_that_is_not_there_has_no_lock(tmp_path):
    with directory_lock(str(tmp_path / "none")) as is_held:
        assert not is_held


def test_the_current_directory_has_a_lock(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with directory_lock(""):
        assert is_locked(tmp_path)


def test_a_child_forked_meanwhile_does_not_keep_the_lock(tmp_path):
    lock = directory_lock(str(tmp_path))
    lock.__enter__()
    with idle_child():
        lock.__exit__(None, None, None)
        assert not is_locked(tmp_path)


def test_a_child_forked_while_the_lock_is_being_taken_does_not_keep_it(tmp_path, monkeypatch):
    """The directory is open then and not yet locked; what the child shares is locked later."""
    real, children = fcntl.flock, []

    def flock(fd, operation):
        if operation == fcntl.LOCK_EX and not children:
            children.append(idle_child())
            children[0].__enter__()
        real(fd, operation)

    monkeypatch.setattr(locking.fcntl, "flock", flock)
    with directory_lock(str(tmp_path)):
        pass
    monkeypatch.undo()
    try:
        assert not is_locked(tmp_path)
    finally:
        children[0].__exit__(None, None, None)


def test_a_child_that_leaves_the_block_does_not_let_go_of_its_parents_lock(tmp_path):
    def leave():
        lock.__exit__(None, None, None)

    lock = directory_lock(str(tmp_path))
    with lock:
        assert in_child(leave) == 0
        assert is_locked(tmp_path)


def test_a_child_that_ends_does_not_let_go_of_its_parents_lock(tmp_path):
    with directory_lock(str(tmp_path)):
        assert in_child(lambda: 0) == 0
        assert is_locked(tmp_path)


def test_a_child_waits_like_anybody_else(tmp_path):
    with directory_lock(str(tmp_path)):
        assert in_child(lambda: is_locked(tmp_path)) == 1
    assert in_child(lambda: is_locked(tmp_path)) == 0


def test_the_number_of_a_closed_lock_may_be_another_file_in_the_child(tmp_path):
    def reuse():
        other = os.open(tmp_path, os.O_RDONLY)
        lock.__exit__(None, None, None)
        os.fstat(other)
        return is_locked(tmp_path) is not True

    lock = directory_lock(str(tmp_path))
    with lock:
        assert in_child(reuse) == 0


def test_a_holder_that_dies_lets_go_although_its_child_lives(tmp_path):
    ended, ending = os.pipe()
    told, telling = os.pipe()

    def hold_and_die():
        with directory_lock(str(tmp_path)):
            if not fork():
                os.close(ending)
                os.write(telling, b"x")
                os.read(ended, 1)
                os._exit(0)
            os.read(told, 1)
            os._exit(0)

    try:
        assert in_child(hold_and_die) == 0
        assert not is_locked(tmp_path)
    finally:
        os.close(ending)
        for fd in (ended, told, telling):
            os.close(fd)


def test_threads_take_turns(tmp_path):
    inside, most = [], []

    def enter():
        for _ in range(50):
            with directory_lock(str(tmp_path)):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 200
    assert set(most) == {1}


@pytest.mark.parametrize("name", ["__enter__", "_take", "__exit__", "release", "close"])
def test_an_interrupt_at_any_call_does_not_make_the_thread_wait_for_itself(tmp_path, name):
    def interrupt(frame, event, argument):
        if frame.f_code.co_filename == locking.__file__ and frame.f_code.co_name == name:
            sys.settrace(None)
            raise KeyboardInterrupt

    def lock():
        sys.settrace(interrupt)
        try:
            with directory_lock(str(tmp_path)):
                pass
        finally:
            sys.settrace(None)

    with pytest.raises(KeyboardInterrupt) as caught:
        lock()
    with directory_lock(str(tmp_path)) as is_held:
        assert is_held
    assert not is_locked(tmp_path)
    assert caught.value is not None


def test_a_process_forked_during_a_save_stops_no_other_save(tmp_path, monkeypatch):
    children = []

    class Forking:
        """Forks at every change of the disk."""

        def __getattr__(self, name):
            return getattr(os, name)

        def replace(self, source, target):
            children.append(idle_child())
            children[-1].__enter__()
            os.replace(source, target)

    monkeypatch.setattr(disk, "os", Forking())
    try:
        for step in range(2):
            write_checkpoint(tmp_path / "m", {"a": np.zeros(3)}, global_step=step, meta_graph=b"x")
        assert len(children) == 10
        assert not is_locked(tmp_path)
    finally:
        for child in children:
            child.__exit__(None, None, None)
