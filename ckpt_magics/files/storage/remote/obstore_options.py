"""fsspec's names of options in obstore's words: those of s3fs, gcsfs and adlfs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ckpt_magics.files.storage.remote.storage_options import OptionValue, StorageOptions

__all__ = ["ObstoreOptions", "translated"]

_COMMON = {"anon": "skip_signature", "endpoint_url": "endpoint", "region_name": "region"}

_NAMES: dict[str, dict[str, str]] = {
    "s3": {
        **_COMMON,
        "key": "access_key_id",
        "username": "access_key_id",
        "aws_access_key_id": "access_key_id",
        "secret": "secret_access_key",
        "password": "secret_access_key",
        "aws_secret_access_key": "secret_access_key",
        "token": "session_token",
        "aws_session_token": "session_token",
        "requester_pays": "request_payer",
    },
    "gs": {"anon": "skip_signature", "endpoint_url": "base_url", "token": "service_account"},
    "az": _COMMON,
    "http": {},
}
"""By scheme, fsspec's name and obstore's; what is not here is called the same, or obstore's own."""

SCHEMES = {
    **dict.fromkeys(("s3", "s3a"), "s3"),
    **dict.fromkeys(("gs", "gcs"), "gs"),
    **dict.fromkeys(("az", "abfs", "abfss", "azure", "adl"), "az"),
    **dict.fromkeys(("http", "https"), "http"),
}
"""The schemes that obstore speaks, and whose options they take."""

_OF_THE_CLIENT = frozenset({
    "allow_http", "allow_invalid_certificates", "connect_timeout", "default_content_type", "default_headers",
    "http1_only", "http2_only", "pool_idle_timeout", "proxy_url", "proxy_ca_certificate", "proxy_excludes",
    "root_certificate", "randomize_addresses", "read_timeout", "timeout", "user_agent",
})  # fmt: skip

_OF_RETRIES = frozenset({"max_retries", "retry_timeout"})

_LEFT_OUT = frozenset({
    "use_listings_cache", "skip_instance_cache", "asynchronous", "loop", "use_ssl", "default_block_size",
    "cache_regions", "default_fill_cache", "default_cache_type", "version_aware", "project", "consistency",
    "cache_timeout", "access",
})  # fmt: skip
"""Options of fsspec's clients that change nothing here."""


class ObstoreOptions(NamedTuple):
    """What obstore's stores take.

    Attributes:
        config: Of the store.
        client: Of connections.
        retries: Of repeated requests.
    """

    config: dict[str, Any]
    client: dict[str, Any]
    retries: dict[str, Any]


def translated(scheme: str, options: StorageOptions) -> ObstoreOptions:
    """Return options in obstore's words.

    >>> translated("s3", StorageOptions({"key": "k", "client_kwargs": {"endpoint_url": "http://host"}})).config
    {'access_key_id': 'k', 'endpoint': 'http://host'}
    """
    kind = SCHEMES[scheme]
    found = ObstoreOptions({}, {}, {})
    for name, value in _flat(options):
        if name in _LEFT_OUT or (name == "skip_signature" and value is None):
            continue
        _put(found, kind, name, value)
    address = found.config.get("endpoint") or found.config.get("base_url") or f"{scheme}://"
    if str(address).startswith("http://"):
        found.client.setdefault("allow_http", True)
    return found


def _put(found: ObstoreOptions, kind: str, name: str, value: OptionValue) -> None:
    if name in _OF_THE_CLIENT:
        found.client[name] = value
    elif name == "headers":
        found.client.setdefault("default_headers", {}).update(value)
    elif name in _OF_RETRIES:
        # A word of a line is text.
        found.retries[name] = int(value) if name == "max_retries" else value
    elif kind == "gs" and name == "token" and value == "anon":
        found.config["skip_signature"] = True
    elif kind == "az" and name == "connection_string":
        found.config.update(_of_connection_string(value))
    else:
        found.config[_NAMES[kind].get(name, name)] = value


def _flat(options: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the options, those inside of others after what stands beside these."""
    inner = [(name, value) for name, value in options.items() if isinstance(value, Mapping) and name.endswith("kwargs")]
    nested = {name for name, _ in inner}
    return [
        *((name, value) for name, value in options.items() if name not in nested),
        *(item for _, values in inner for item in _flat(values)),
    ]


def _of_connection_string(text: str) -> dict[str, str]:
    """Return what a connection string of Azure's says: ``AccountName=…;AccountKey=…;BlobEndpoint=…``."""
    names = {
        "accountname": "account_name",
        "accountkey": "account_key",
        "blobendpoint": "endpoint",
        "sharedaccesssignature": "sas_token",
    }
    parts = (part.partition("=")[::2] for part in text.split(";") if part)
    return {names[name.lower()]: value for name, value in parts if name.lower() in names}
