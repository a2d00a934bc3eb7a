"""The session: variables' values, and runs of a graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ckpt_magics.errors import InvalidArgumentError, NotFoundError, ResourceExhaustedError, TensorMismatchError, visible
from ckpt_magics.files.formats.dtypes import STRING
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.tensors.array_source import ArraySource
from ckpt_magics.files.tensors.source import TensorSource
from ckpt_magics.graphs.graph.default import get_default_graph, session_as_default
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.meta_graph.graph_variables import GraphVariables
from ckpt_magics.graphs.ops.rows import find_op
from ckpt_magics.graphs.ops.variable_kinds import VARIABLE_OPS
from ckpt_magics.graphs.ops.variable_values import SessionVariable, SessionVariables
from ckpt_magics.graphs.session.feeds import collect_feeds, feed_tensor, frozen_array
from ckpt_magics.graphs.session.fetches import Fetches
from ckpt_magics.graphs.session.functions import Functions
from ckpt_magics.graphs.session.partial_run import PartialRun
from ckpt_magics.graphs.session.run_plan import Plan, collecting_later, plan_body
from ckpt_magics.proto.messages import GraphDef

__all__ = ["Session"]

MAX_PLANS = 256
"""Plans kept for further runs; a program that fetches something new each time must not fill the memory with them."""

MAX_PLANNED_STEPS = 1 << 20
"""Operations in all the plans that are kept, about 300 bytes each."""


class Session:
    """Runs the operations of a graph and holds the values of its variables.

    Random ops with seeds, of the op or of the graph, draw the numbers that TensorFlow 2.21 draws; candidate samplers
    draw others, repeatable too.

    Args:
        target: Empty: everything runs in this process. TensorFlow's first argument, kept in its place.
        graph: The graph; the default one if it is left out.
        config: Of TensorFlow's programs; nothing in it applies here.

    Raises:
        NotFoundError: ``target`` names another place.
        TypeError: ``graph`` is no graph, or ``target`` no string.
    """

    def __init__(self, target: str | bytes = "", graph: Graph | None = None, config: object = None) -> None:
        if not isinstance(target, (str, bytes)):
            raise TypeError(
                f'Argument `target` must be a string, but got "{type(target).__name__}". '
                "Did you do Session(g) instead of Session(graph=g)?"
            )
        if target:
            raise NotFoundError(
                f'No session factory registered for the given session options: {{target: "{visible(target)}"}}. '
                "Sessions run in this process: leave the target out"
            )
        if graph is not None and not isinstance(graph, Graph):
            raise TypeError(f'Argument `graph` must be a tf.Graph, but got "{type(graph).__name__}"')
        self._graph = get_default_graph() if graph is None else graph
        self._config = config
        self._variables = SessionVariables()
        self._functions = Functions(self._graph, self._variables, plan_body)
        self._plans: dict[tuple[tuple[Tensor | Operation, ...], tuple[Tensor, ...]], Plan] = {}
        self._planned_steps = 0
        self._partial_runs: dict[str, PartialRun] = {}
        self._entered: ExitStack | None = None
        self._closed = False

    @property
    def graph(self) -> Graph:
        """The graph that the session runs."""
        return self._graph

    @property
    def graph_def(self) -> GraphDef:
        """The graph as a message."""
        return self._graph.as_graph_def()

    @property
    def closed(self) -> bool:
        """Whether it was closed; it has no values then."""
        return self._closed

    def run(
        self,
        fetches: Any,  # noqa: ANN401 -- any structure
        feed_dict: Mapping[Any, Any] | None = None,
        options: object = None,  # noqa: ARG002 -- TensorFlow's programs pass these two; nothing in them applies here
        run_metadata: object = None,  # noqa: ARG002
    ) -> Any:  # noqa: ANN401 -- the same structure
        """Compute what is asked for, and nothing that it does not need.

        Args:
            fetches: A tensor, operation, variable or name, or lists, tuples, dicts and named tuples of these.
            feed_dict: Values for tensors, by tensor, variable or tensor name.
            options: Not used.
            run_metadata: Not used.

        Returns:
            The structure of the fetches: for a tensor its value as a fresh array, or as a NumPy scalar or bytes if it
            has no dimensions; for an operation None.

        Raises:
            FailedPreconditionError: A variable has no value yet.
            InvalidArgumentError: An operation cannot take the values that reach it, or a placeholder gets none.
            RuntimeError: The session is closed, or the graph is empty.
            TypeError: Something fetched or fed is of no type that fits.
            UnimplementedError: An operation that is needed has an op without a kernel.
            ValueError: A name is not in the graph, or a fed value has a wrong shape.
        """
        self._check_open()
        if not len(self._graph):
            raise RuntimeError("The Session graph is empty. Add operations to the graph before calling run().")
        wanted = Fetches(self._graph, fetches)
        feeds = collect_feeds(self._graph, feed_dict)
        with np.errstate(all="ignore"):
            results = self._plan(tuple(wanted.elements), tuple(feeds)).run(feeds.values())
        try:
            return wanted.build(_detach(results))
        except MemoryError as error:
            raise ResourceExhaustedError(f"out of memory for what is fetched: {error}") from error

    def make_callable(
        self,
        fetch: Any,  # noqa: ANN401 -- any structure
        feed_list: Sequence[Any] | None = None,
        accept_options: bool = False,  # noqa: ARG002 -- options are always accepted, and do nothing
    ) -> Callable[..., Any]:
        """Return a function that takes the values of ``feed_list``, in that order, and returns what `run` gives.

        Raises:
            TypeError: ``feed_list`` is no list or tuple.
        """
        if feed_list is not None and not isinstance(feed_list, (list, tuple)):
            raise TypeError(f"Argument `feed_list` must be a list or tuple. Received: feed_list={feed_list}")
        keys = tuple(feed_list or ())

        def call(*values: object, options: object = None, run_metadata: object = None) -> Any:  # noqa: ANN401 -- likewise
            return self.run(fetch, dict(zip(keys, values, strict=False)), options, run_metadata)

        return call

    def partial_run_setup(self, fetches: Any, feeds: Sequence[Any] | None = None) -> str:  # noqa: ANN401 -- any structure
        """Prepare a run in several parts, in which every operation runs once.

        Args:
            fetches: All that the parts fetch.
            feeds: All that they feed.

        Returns:
            What `partial_run` is given.

        Raises:
            InvalidArgumentError: Nothing is to be fetched.
            RuntimeError: The session is closed.
            TypeError: Something is of no type that fits.
            UnimplementedError: There are conditionals or loops on the way, or an op without a kernel.
        """
        self._check_open()
        wanted = tuple(dict.fromkeys(Fetches(self._graph, fetches).elements))
        given = tuple(dict.fromkeys(feed_tensor(self._graph, feed) for feed in feeds or ()))
        handle = f"partial_run_{len(self._partial_runs)}"
        self._partial_runs[handle] = PartialRun(Plan(wanted, given, self._functions), wanted, given)
        return handle

    def partial_run(self, handle: str, fetches: Any, feed_dict: Mapping[Any, Any] | None = None) -> Any:  # noqa: ANN401 -- as `run`
        """Go on with a run in several parts; see `run`.

        Raises:
            InvalidArgumentError: There is no such run, or something was not prepared, is fed or fetched for a second
                time, or needs values that have not been fed.
        """
        self._check_open()
        if handle not in self._partial_runs:
            raise InvalidArgumentError("Must run setup before performing partial runs!")
        wanted = Fetches(self._graph, fetches)
        feeds = collect_feeds(self._graph, feed_dict)
        with np.errstate(all="ignore"):
            return wanted.build(_detach(self._partial_runs[handle].run(wanted.elements, feeds)))

    def _plan(self, fetches: tuple[Tensor | Operation, ...], feeds: tuple[Tensor, ...]) -> Plan:
        plan = self._plans.get((fetches, feeds))
        if plan is None:
            with collecting_later():
                plan = Plan(fetches, feeds, self._functions)
            self._planned_steps += len(plan)
            if len(self._plans) >= MAX_PLANS or self._planned_steps > MAX_PLANNED_STEPS:
                self._plans.clear()
                self._planned_steps = len(plan)
            self._plans[fetches, feeds] = plan
        return plan

    # Variables

    def variable_values(self) -> dict[str, npt.NDArray[Any]]:
        """Return the values of the graph's variables that have one, by the name of their operation.

        The arrays are the session's own and cannot be written to.
        """
        return {name: item.value for name, item in self._variables_by_name().items() if item.value is not None}

    @property
    def named_tensors(self) -> NamedTensors[TensorSource]:
        """The variables that have a value, by the names under which they are saved, with the values of now."""
        return NamedTensors(ArraySource(GraphVariables(self).arrays(), "the session"))

    def assign_variables(self, values: Mapping[str, npt.ArrayLike]) -> None:
        """Give variables new values, all of them or, if one does not fit, none.

        Args:
            values: Values by the name of the variable's operation.

        Raises:
            NotFoundError: The graph has no such variable.
            TensorMismatchError: A value has another dtype or shape than its variable.
        """
        self._check_open()
        variables = self._variables_by_name()
        checked = [(self._variable(variables, name), np.asarray(value)) for name, value in values.items()]
        for (name, _), (variable, array) in zip(values.items(), checked, strict=True):
            _check_fits(name, variable, array)
        frozen = [(variable, frozen_array(variable.dtype, array)) for variable, array in checked]
        for variable, array in frozen:
            variable.assign(array)

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Leave every variable as it was if the ``with`` block ends with an exception, Ctrl-C included."""
        before = self._variables.values()
        try:
            yield
        except BaseException:
            self._variables.roll_back(before)
            raise

    def _variables_by_name(self) -> dict[str, SessionVariable]:
        found = {}
        for op in self._graph.get_operations():
            row = find_op(op.type) if op.type in VARIABLE_OPS else None
            if row is not None:
                found[op.name] = row.kernel(self._functions.context_of(op, row))
        return found

    def _variable(self, variables: Mapping[str, SessionVariable], name: str) -> SessionVariable:
        if name not in variables:
            raise NotFoundError(f"the graph has no variable named {name!r}")
        return variables[name]

    # Life

    def close(self) -> None:
        """Forget the variables' values; nothing can be run afterwards."""
        self._closed = True
        self._variables.clear()
        self._plans.clear()
        self._partial_runs.clear()
        self._functions.clear()

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("Attempted to use a closed Session.")

    def as_default(self) -> AbstractContextManager[None]:
        """Make the session the default inside a ``with`` block, for ``Tensor.eval`` and ``Operation.run``."""
        return session_as_default(self)

    def __enter__(self) -> Self:
        """Make the session and its graph the default ones until the end of the ``with`` block, which closes it.

        Raises:
            RuntimeError: It is entered already.
        """
        if self._entered is not None:
            raise RuntimeError(
                "Session context managers are not re-entrant. Use `Session.as_default()` if you want to enter a session"
                " multiple times."
            )
        self._entered = ExitStack()
        self._entered.enter_context(self._graph.as_default())
        self._entered.enter_context(self.as_default())
        return self

    def __exit__(self, *exception: object) -> None:
        if self._entered is not None:
            self._entered.close()
            self._entered = None
        self.close()


def _check_fits(name: str, variable: SessionVariable, array: npt.NDArray[Any]) -> None:
    if variable.dtype != array.dtype and not (variable.dtype == STRING and array.dtype.kind in "SUO"):
        raise TensorMismatchError(f"variable {name!r} is of dtype {variable.dtype.name}, the value {array.dtype.name}")
    if not variable.accepts(array.shape):
        raise TensorMismatchError(
            f"variable {name!r} has shape {format_shape(variable.shape or ())}, the value {format_shape(array.shape)}"
        )


def _detach(results: Sequence[Any]) -> list[Any]:
    """Return results that the caller may write to without changing a variable, a constant or each other."""
    given: set[int] = set()
    detached = []
    for value in results:
        result = value
        if isinstance(value, np.ndarray):
            if value.ndim == 0:
                result = value[()]
            elif value.base is not None or not value.flags.writeable or id(value) in given:
                result = value.copy()
            given.add(id(value))
        detached.append(result)
    return detached
