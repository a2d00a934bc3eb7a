"""Signatures of a graph as functions: arrays by the names of their inputs in, arrays by those of their outputs out.

Format: tensorflow/core/protobuf/meta_graph.proto, SignatureDef.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ckpt_magics.errors import visible
from ckpt_magics.files.formats.dtypes import dtype_by_number
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.saver.model_start import INIT_SIGNATURE
from ckpt_magics.graphs.session.session import Session
from ckpt_magics.proto.messages import MetaGraphDef, SignatureDef, TensorInfo

__all__ = ["SignatureFunction", "Signatures"]


class SignatureFunction:
    """One signature, to be called as a function.

    Args:
        name: Its name.
        signature: What it takes and gives.
        session: Runs it.
    """

    def __init__(self, name: str, signature: SignatureDef, session: Session) -> None:
        self.name = name
        self._signature = signature
        self._session = session

    @property
    def inputs(self) -> dict[str, str]:
        """Names of the graph's tensors that it takes, by the names of its arguments."""
        return {name: info.name for name, info in sorted(self._signature.inputs.items())}

    @property
    def outputs(self) -> dict[str, str]:
        """Names of the graph's tensors that it gives, by the names of its results."""
        return {name: info.name for name, info in sorted(self._signature.outputs.items())}

    def __call__(self, *args: Any, **inputs: Any) -> dict[str, Any]:  # noqa: ANN401 -- anything that makes an array
        """Return its results by name.

        Args:
            *args: The value of its only input.
            **inputs: Values of all its inputs, by name.

        Raises:
            TypeError: An input is missing, or one is given that it does not take.
            CheckpointError: The graph cannot be run, or not with these values.
        """
        names = self.inputs
        if len(args) == len(names) == 1 and not inputs:
            inputs = dict.fromkeys(names, args[0])
        elif args or inputs.keys() != names.keys():
            given = ", ".join([f"{len(args)} without a name"] * bool(args) + list(map(visible, inputs))) or "nothing"
            raise TypeError(f"{self} takes its inputs by name, each of them; given: {given}")
        results: dict[str, Any] = self._session.run(self.outputs, {names[name]: inputs[name] for name in names})
        return results

    def __repr__(self) -> str:
        taken, given = (_listed(infos) for infos in (self._signature.inputs, self._signature.outputs))
        return f"{visible(self.name)}({taken}) -> {given}"


def _listed(infos: Mapping[str, TensorInfo]) -> str:
    return ", ".join(f"{visible(name)}: {_described(info)}" for name, info in sorted(infos.items()))


def _described(info: TensorInfo) -> str:
    dtype = dtype_by_number(info.dtype).name if info.dtype else "any type"
    return f"{dtype} {TensorShape(info.tensor_shape)}"


class Signatures(Mapping[str, SignatureFunction]):
    """The signatures of a graph by name.

    Args:
        meta_graph: The graph with its signatures.
        session: Runs them.
    """

    def __init__(self, meta_graph: MetaGraphDef, session: Session) -> None:
        self._functions = {
            name: SignatureFunction(name, meta_graph.signature_def[name], session)
            for name in sorted(meta_graph.signature_def)
            if name != INIT_SIGNATURE
        }

    def __getitem__(self, name: str) -> SignatureFunction:
        if name not in self._functions:
            raise KeyError(f"there is no signature {name!r}; there are: {', '.join(map(visible, self)) or 'none'}")
        return self._functions[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self.values())) or "no signatures"
