"""Options of a store at a URL: as fsspec calls them, or as obstore does. What is secret in them stays here.

They are given to a function or a line, and hold for all URLs in it. Only what is known to be no secret is shown, or
goes along when a place is pickled: whoever unpickles it elsewhere takes the credentials from the environment there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

__all__ = ["StorageOptions", "current_options", "use_storage_options"]

OptionValue = Any
"""Text, a number, a truth value, or options of a part."""

_OPEN = frozenset({
    "anon", "skip_signature", "endpoint", "endpoint_url", "region", "region_name", "default_region", "account_name",
    "allow_http", "timeout", "connect_timeout", "read_timeout", "max_retries", "retry_timeout", "use_ssl",
    "use_emulator", "virtual_hosted_style_request", "requester_pays", "request_payer",
    "project", "skip_instance_cache", "base_url", "allow_invalid_certificates",
})  # fmt: skip
"""Options that are no secrets, whatever their values."""


class StorageOptions(Mapping[str, Any]):
    """Options by name; what may be secret is neither shown nor pickled.

    Args:
        options: By name. Those of ``client_kwargs`` and ``config_kwargs`` stand for themselves.
    """

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self._options = dict(options or {})

    def __getitem__(self, name: str) -> OptionValue:
        return self._options[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._options)

    def __len__(self) -> int:
        return len(self._options)

    def __hash__(self) -> int:
        return hash(tuple(sorted(self._options)))

    @property
    def open_ones(self) -> dict[str, Any]:
        """Those that are no secrets."""
        found = {name: value for name, value in self._options.items() if name in _OPEN}
        inner = self._options.get("client_kwargs")
        if isinstance(inner, Mapping):
            known = {name: value for name, value in inner.items() if name in _OPEN}
            if known:
                found["client_kwargs"] = known
        return found

    def __repr__(self) -> str:
        hidden = len(self._options) - len(self.open_ones)
        words = [f"{name}={value!r}" for name, value in self.open_ones.items()] + [f"{hidden} hidden"] * bool(hidden)
        return f"StorageOptions({', '.join(words)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return StorageOptions, (self.open_ones,)


_current: ContextVar[StorageOptions | None] = ContextVar("storage_options", default=None)


def current_options() -> StorageOptions:
    """Return the options that hold for URLs here."""
    return _current.get() or StorageOptions()


@contextmanager
def use_storage_options(options: Mapping[str, Any] | None = None, /, **more: OptionValue) -> Iterator[None]:
    """Let options hold for all URLs that are named inside the block, in any function of this package.

    What was opened there keeps them. None, and no options at all, changes nothing.

    Args:
        options: By fsspec's names or obstore's, such as ``{"anon": True}`` or ``{"endpoint_url": "http://…"}``.
        more: More of them.
    """
    wanted = {**(options or {}), **more}
    if not wanted:
        yield
        return
    token = _current.set(StorageOptions({**current_options(), **wanted}))
    try:
        yield
    finally:
        _current.reset(token)
