"""The benchmarks run and write their table; how fast anything is, no test says."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks.__main__ import main
from benchmarks.harness import Contender, Result, Target, Work, measure
from benchmarks.kinds import KINDS


class HereAndNow(ThreadPoolExecutor):
    """Stands in for a process that would load TensorFlow anew."""

    def __init__(self, max_workers, context):
        super().__init__(max_workers)


@pytest.mark.tensorflow
@pytest.mark.filterwarnings("ignore")  # of the peers
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_work_ends_in_a_table(kind, tmp_path, tf, monkeypatch):
    if kind != "pictures":
        monkeypatch.setattr("benchmarks.__main__.ProcessPoolExecutor", HereAndNow)
    results = tmp_path / "RESULTS.md"
    main(["--sizes", "tiny", "--only", kind, "--directory", str(tmp_path), "--results", str(results)])
    text = results.read_text()
    assert "| work |" in text
    assert "Machine: " in text
    assert list(tmp_path.iterdir()) == [results]


def test_contenders_take_turns_after_one_round_to_warm_up():
    order = []
    contenders = tuple(Contender(name, lambda name=name: order.append(name)) for name in ("ckpt_magics", "peer"))
    result = measure(Work("work", contenders, (), 2))
    assert order == ["ckpt_magics", "peer", "peer", "ckpt_magics", "ckpt_magics", "peer"]
    assert [len(times) for times in result.times.values()] == [2, 2]


def test_a_target_is_met_by_the_median_of_the_ratios():
    work = Work("work", (), (Target(0.5, "peer"), Target(seconds=2.0)), 3)
    result = Result(work, {"ckpt_magics": [1.0, 2.0, 9.0], "peer": [2.0, 4.0, 9.0]})
    assert [(found, is_met) for _, found, is_met in result.verdicts()] == [(0.5, True), (2.0, True)]
