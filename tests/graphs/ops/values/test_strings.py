"""Ops on strings."""

import numpy as np
import pytest

from ckpt_magics.errors import InvalidArgumentError, UnimplementedError
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.nodes.build import apply, constant
from ckpt_magics.graphs.session import Session


def run(op_type, *inputs, **attrs):
    graph = Graph()
    with graph.as_default():
        return Session(graph=graph).run(apply(op_type, *[constant(item) for item in inputs], **attrs))


@pytest.mark.parametrize("pattern", [r"(a+)+b", r"(a|a)*b", r"a*a*a*b", r"(a?){30}"])
def test_pattern_that_could_take_for_ever_is_refused(pattern):
    with pytest.raises(UnimplementedError, match="repeats too much"):
        run("StaticRegexFullMatch", "a" * 40, pattern=pattern)


def test_pattern_that_is_none_is_refused():
    with pytest.raises(InvalidArgumentError, match="Invalid pattern"):
        run("StaticRegexFullMatch", "a", pattern="(")


def test_names_of_shards_are_bytes_of_any_kind():
    assert run("ShardedFilename", b"dir/\xff", np.int32(3), np.int32(12)) == b"dir/\xff-00003-of-00012"
