"""The workers of a dask cluster as an executor, for a line or a call that asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from ckpt_magics.errors import UnavailableError, visible
from ckpt_magics.files.parallel.lazy_arrays import dask_module

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["ANY_CLUSTER", "dask_executor"]

ANY_CLUSTER = ""
"""The address that stands for the client that there is, or else for threads of this process."""


@contextmanager
def dask_executor(address: str | None, *, set_default: bool = False) -> Iterator[Executor | None]:
    """Give the workers of a cluster.

    Args:
        address: Of its scheduler; `ANY_CLUSTER`; or None for nobody.
        set_default: Let them also compute what dask computes inside the block.

    Raises:
        UnimplementedError: dask is not installed.
        UnavailableError: Nobody answers there.
    """
    if address is None:
        yield None
        return
    dask_module("distributed")
    with ExitStack() as stack:
        client = _client(address, stack)
        if set_default:
            stack.enter_context(client.as_current())
        yield client.get_executor()


def _client(address: str, stack: ExitStack) -> Client:
    from distributed import Client, default_client

    if address == ANY_CLUSTER:
        try:
            return default_client()
        except ValueError:
            # Threads of one process share its files and its memory; processes would gain nothing on one machine.
            return stack.enter_context(Client(processes=False, dashboard_address=None, set_as_default=False))
    try:
        return stack.enter_context(Client(address, set_as_default=False))
    except (OSError, ValueError) as error:
        raise UnavailableError(f"no dask scheduler answers at {visible(address)}: {error}") from error
