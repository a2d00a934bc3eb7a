"""Checkpoints on a web server: how often it is asked, what it may answer, and what is told of it."""

import pickle

import numpy as np
import pytest

from ckpt_magics.errors import (
    FailedPreconditionError,
    NotFoundError,
    UnavailableError,
)
from ckpt_magics.files.directory.open_tensors import open_tensors
from ckpt_magics.files.storage.place import place_of
from ckpt_magics.files.storage.remote.storage_options import use_storage_options
from ckpt_magics.notebook.reader import load_checkpoint
from tests.files.saved import write_checkpoint
from tests.files.storage.remote.file_server import FileServer

VALUES = {f"layer/w{number:03}": np.full((100, 10), number, np.float32) for number in range(200)}
QUICK = {"max_retries": 2, "timeout": "5s"}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    write_checkpoint(folder / "m", VALUES, global_step=7, durable=False)
    return list(folder.iterdir())


@pytest.fixture
def server(saved):
    with FileServer() as server, use_storage_options(QUICK):
        server.add("run", saved)
        yield server


def test_one_tensor_by_key_costs_two_requests(server):
    with open_tensors(f"{server.url}/run/m-7") as tensors:
        value = tensors.source.read(b"layer/w005")
    assert np.array_equal(value, VALUES["layer/w005"])
    assert [(one.method, one.path) for one in server.take()] == [
        ("GET", "/run/m-7.index"),
        ("GET", "/run/m-7.data-00000-of-00001"),
    ]


def test_a_list_of_all_costs_one(server):
    with open_tensors(f"{server.url}/run/m-7") as tensors:
        assert len(tensors.source.keys()) == 200
    assert len(server.take()) == 1


def test_neighbours_are_read_together(server):
    with open_tensors(f"{server.url}/run/m-7") as tensors:
        server.take()
        values = tensors.source.read_many(tensors.source.keys())
    assert all(np.array_equal(values[name.encode()], value) for name, value in VALUES.items())
    assert len(server.take()) == 1


def test_the_latest_of_a_directory_costs_four(server):
    with open_tensors(f"{server.url}/run/") as tensors:
        tensors.source.read(b"layer/w005")
    assert len(server.take()) <= 4


def test_a_reader_reads_it(server):
    with load_checkpoint(f"{server.url}/run/m-7") as reader:
        assert np.array_equal(reader["layer/w199"], VALUES["layer/w199"])
        copy = pickle.loads(pickle.dumps(reader))
        assert np.array_equal(copy["layer/w000"], VALUES["layer/w000"])
        assert server.url in repr(reader)


def test_options_may_be_given_with_the_path(server):
    options = {"client_kwargs": {"headers": {"x-y": "z"}}}
    with load_checkpoint(f"{server.url}/run/m-7", storage_options=options) as reader:
        assert len(reader) == 200


def test_nothing_that_is_secret_is_told(server):
    url = f"http://me:pass-word@{server.url.removeprefix('http://')}/run/m-7?sig=signed"
    with load_checkpoint(url, storage_options={"password": "un-told"}) as reader:
        value = reader["layer/w005"]
        texts = [repr(reader), repr(reader.named_tensors.source.found), repr(reader.named_tensors.source.found.place)]
        texts.append(pickle.dumps(reader).decode("latin-1"))
    assert np.array_equal(value, VALUES["layer/w005"])
    asked = server.take()
    assert all(one.path.endswith("?sig=signed") and one.authorization == "Basic bWU6cGFzcy13b3Jk" for one in asked)
    server.faults["/run/n.index"] = lambda handler, number: handler.reply(503, b"") or True
    with pytest.raises(UnavailableError) as caught:
        load_checkpoint(url.replace("m-7", "n"))
    texts += [str(caught.value), repr(caught.value.__cause__)]
    assert not [text for text in texts for secret in ("pass-word", "signed", "un-told", "bWU6") if secret in text]
    assert f"{server.url}/run/n.index" in str(caught.value)


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again(server, status):
    server.faults["/run/m-7.index"] = lambda handler, number: number == 1 and not handler.reply(status, b"")
    with load_checkpoint(f"{server.url}/run/m-7") as reader:
        assert len(reader) == 200
    assert [one.path for one in server.take()].count("/run/m-7.index") == 2


def test_one_that_stays_busy_is_told_with_its_url(server):
    server.faults["/run/m-7.index"] = lambda handler, number: not handler.reply(503, b"")
    with pytest.raises(UnavailableError, match=f"{server.url}/run/m-7.index; .*503"):
        load_checkpoint(f"{server.url}/run/m-7")
    assert len(server.take()) == 3


def send_too_little(handler, number):
    """Say that one thing comes, and send half of it, the first two times."""
    data = handler.server.files["/run/m-7.data-00000-of-00001"]
    wanted = handler.headers["Range"]
    if number > 2 or wanted is None:
        return False
    first, last = map(int, wanted.removeprefix("bytes=").split("-"))
    half = data[first : (first + min(last + 1, len(data)) + 1) // 2]
    handler.reply(
        206, half, ETag=handler.tag(data), **{"Content-Range": f"bytes {first}-{first + len(half) - 1}/{len(data)}"}
    )
    return True


def begin(handler, range_, length):
    """Send the head of a reply."""
    handler.send_response(206)
    for name, value in {"Content-Length": length, "Content-Range": range_, "ETag": '"a"'}.items():
        handler.send_header(name, value)
    handler.end_headers()


def stop_in_the_middle(handler, _number):
    begin(handler, "bytes 0-99/100", 100)
    handler.wfile.write(b"0" * 10)
    handler.wfile.flush()
    # Until the client has had enough.
    handler.connection.settimeout(10)
    handler.rfile.read(1)
    return True


def say_nothing(handler, _number):
    handler.connection.settimeout(10)
    handler.rfile.read(1)
    return True


def break_off(handler, _number):
    begin(handler, "bytes 0-99/100", 100)
    handler.wfile.write(b"0" * 10)
    handler.close_connection = True
    return True


def send_another_range(handler, _number):
    handler.reply(206, b"0" * 50, ETag='"a"', **{"Content-Range": "bytes 50-99/100"})
    return True


def lead_in_circles(handler, _number):
    handler.reply(302, b"", Location=handler.path)
    return True


BAD = {
    stop_in_the_middle: (3, "response body"),
    say_nothing: (3, "after 2 retries"),
    break_off: (3, "response body"),
    send_another_range: (4, "0 of .* bytes came"),
    lead_in_circles: (11, "redirect"),
}


@pytest.mark.parametrize("fault", BAD, ids=lambda fault: fault.__name__)
def test_a_bad_reply_is_asked_for_again_a_few_times_and_told_with_its_url(server, fault):
    count, words = BAD[fault]
    server.faults["/run/m-7.index"] = fault
    with (
        use_storage_options({"read_timeout": "200ms", "timeout": "1s"}),
        pytest.raises(UnavailableError, match=f"{server.url}/run/m-7.index; .*{words}"),
    ):
        load_checkpoint(f"{server.url}/run/m-7")
    assert len(server.take()) == count


def test_a_redirect_elsewhere_takes_no_password_along(server):
    with FileServer() as other:
        other.files = server.files
        server.faults["/run/m-7.index"] = lambda handler, number: (
            not handler.reply(302, b"", Location=f"{other.url}/run/m-7.index")
        )
        url = f"http://me:pass-word@{server.url.removeprefix('http://')}/run/m-7"
        with load_checkpoint(url) as reader:
            assert len(reader) == 200
        assert [one.authorization is None for one in server.take()] == [False]
        assert [one.authorization for one in other.take()] == [None]


def test_the_rest_of_a_short_reply_is_asked_for(server):
    server.faults["/run/m-7.data-00000-of-00001"] = send_too_little
    with load_checkpoint(f"{server.url}/run/m-7") as reader:
        assert np.array_equal(reader["layer/w005"], VALUES["layer/w005"])
    assert len(server.take()) == 4


def test_a_server_without_ranges_sends_all_and_it_is_cut(server):
    def send_all(handler, number):
        handler.reply(200, handler.server.files[handler.path], ETag='"a"')
        return True

    server.faults |= dict.fromkeys(("/run/m-7.index", "/run/m-7.data-00000-of-00001"), send_all)
    with load_checkpoint(f"{server.url}/run/m-7") as reader:
        assert np.array_equal(reader["layer/w005"], VALUES["layer/w005"])


def test_a_redirect_is_followed(server):
    server.faults["/old/m-7.index"] = lambda handler, number: not handler.reply(302, b"", Location="/run/m-7.index")
    server.faults["/old/m-7.data-00000-of-00001"] = lambda handler, number: (
        not handler.reply(307, b"", Location="/run/m-7.data-00000-of-00001")
    )
    with load_checkpoint(f"{server.url}/old/m-7") as reader:
        assert np.array_equal(reader["layer/w005"], VALUES["layer/w005"])


def test_a_reader_stays_with_the_version_that_it_saw(server, tmp_path):
    with load_checkpoint(f"{server.url}/run/m-7") as reader:
        copy = pickle.loads(pickle.dumps(reader))
    write_checkpoint(tmp_path / "m", {"layer/w005": np.ones(3)}, global_step=7, durable=False)
    server.add("run", tmp_path.iterdir())
    with pytest.raises(FailedPreconditionError, match=r"replaced meanwhile.*Open it again"):
        copy["layer/w005"]
    place = place_of(f"{server.url}/run/m-7.index")
    with place.open() as file:
        assert file.size
        server.files["/run/m-7.index"] = b"x" * 10_000_000
        assert file.replaced()
        with pytest.raises(FailedPreconditionError, match="replaced meanwhile"):
            (file.read_at(file.size - 1, 1, "end") and file.release()) or file.read_at(0, 1, "start")


def test_what_is_not_there_is_told(server):
    with pytest.raises(NotFoundError, match=f"{server.url}/run/none"):
        load_checkpoint(f"{server.url}/run/none")
    del server.files["/run/m-7.data-00000-of-00001"]
    with load_checkpoint(f"{server.url}/run/m-7") as reader, pytest.raises(NotFoundError, match="data-00000-of-00001"):
        reader["layer/w005"]


def test_a_state_file_leads_out_of_no_directory(server):
    server.add("elsewhere", [])
    for path in ("../elsewhere/m-7", f"{server.url}/elsewhere/m-7", "/elsewhere/m-7", "s3://bucket/m-7"):
        server.files["/new/checkpoint"] = f'model_checkpoint_path: "{path}"\n'.encode()
        server.files["/elsewhere/m-7.index"] = server.files["/run/m-7.index"]
        with pytest.raises(NotFoundError):
            load_checkpoint(f"{server.url}/new")
        assert not [one for one in server.take() if one.path.startswith("/elsewhere")]
