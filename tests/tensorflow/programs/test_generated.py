"""Generated programs give the values, types, shapes and refusals that they give in TensorFlow's session."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from ckpt_magics.compat import v1
from ckpt_magics.files.formats.dtypes import dtype_of
from tests.safety.scale import scaled
from tests.tensorflow.kernel_cases import data
from tests.tensorflow.programs.generated import Built, Program, programs
from tests.tensorflow.single_ops import check_equal, our_call, their_call

pytestmark = pytest.mark.tensorflow

MISSING = ("No OpKernel", "not supported", "Unsupported", "unsupported", "not implemented", "No WhereOp")

INTERNAL = "only integer div and mod should have errors"
"""What TensorFlow says, as an internal error, of a division that rounds towards zero by zero."""


class Outcome:
    """What came of a program: shapes, then the results of each run, until something was refused.

    Attributes:
        shapes: Static shape of each tensor: its sizes, None for those that are not known, or None.
        results: Values that each run gave, those of the variables last.
        refused: Names of the error's classes, or nothing.
        message: Its message.
        where: "build", "run" or nothing.
    """

    def __init__(self, tf: Any, call: Any, program: Program, config: Any = None) -> None:
        self._config = config
        self.shapes: list[list[int | None] | None] = []
        self.results: list[list[Any]] = []
        self.refused: list[str] = []
        self.message = self.where = ""
        self.kind = ""
        self.names: list[str] = []
        graph = tf.Graph()
        with graph.as_default():
            try:
                built = Built(tf, call, program)
            except Exception as error:  # noqa: BLE001 -- of either package
                self._refuse("build", error)
                return
            self.names = [tensor.name for tensor in built.tensors]
            self.shapes = [sizes(tensor) for tensor in built.tensors]
            try:
                self._run(tf, built, program.runs)
            except Exception as error:  # noqa: BLE001
                self._refuse("run", error)

    def _run(self, tf: Any, built: Built, runs: tuple[int, ...]) -> None:
        read = [variable.value() for variable in built.variables]
        with tf.Session(config=self._config) as session:
            session.run([variable.initializer for variable in built.variables])
            for number in runs:
                self.results.append(session.run(built.fetches, feeds(built, number)))
                self.results.append(session.run(read))

    def _refuse(self, where: str, error: Exception) -> None:
        self.where = where
        self.message = getattr(error, "message", "") or str(error)
        self.kind = type(error).__name__
        self.refused = [kind.__name__ for kind in type(error).__mro__]


def feeds(built: Built, number: int) -> dict[Any, Any]:
    """Return values for the placeholders: in the first run those of the description."""
    rng = np.random.default_rng(number)
    return {
        placeholder: given.array
        if number == 0 or given.is_setting
        else data(rng, dtype_of(given.array), given.array.shape)
        for placeholder, given in built.placeholders
    }


def unoptimized(tf: Any) -> Any:
    """Return the settings of a session that computes the graph as it is.

    TensorFlow's optimizer puts other operations in the place of some, a square for a product of equal factors, and
    forgets who waits for these.
    """
    config = tf.ConfigProto()
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    config.graph_options.optimizer_options.opt_level = tf.OptimizerOptions.L0
    return config


def sizes(tensor: Any) -> list[int | None] | None:
    return None if tensor.shape.rank is None else tensor.shape.as_list()


def compare(tf: Any, program: Program) -> None:
    theirs = Outcome(tf.compat.v1, their_call, program, unoptimized(tf.compat.v1))
    if any(text in theirs.message for text in MISSING):
        return
    ours = Outcome(v1, our_call, program)
    assert ours.where == theirs.where, f"{ours.where} {ours.message!r} instead of {theirs.where} {theirs.message!r}"
    for name, own, wanted in zip(theirs.names, ours.shapes, theirs.shapes, strict=True):
        assert own == wanted, f"shape of {name}: {own} instead of {wanted}"
    for actual, expected in zip(ours.results, theirs.results, strict=True):
        for index, (own, wanted) in enumerate(zip(actual, expected, strict=True)):
            if wanted is not None:
                check_equal(wanted, own, f"result {index} of {theirs.names}")
    if theirs.where and INTERNAL not in theirs.message:
        assert theirs.kind in ours.refused, (
            f"{ours.refused}: {ours.message!r} instead of {theirs.kind}: {theirs.message!r}"
        )


@settings(
    max_examples=scaled(60, 5000), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(program=programs())
def test_a_program_gives_what_it_gives_in_tensorflow(tf, program):
    compare(tf, program)
