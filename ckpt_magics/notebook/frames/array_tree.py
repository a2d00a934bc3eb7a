"""A V2 checkpoint as a tree of labelled arrays of xarray, which reads it as a Zarr."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ckpt_magics.errors import FailedPreconditionError, UnimplementedError, visible
from ckpt_magics.files.jobs.zarr_references import references_of
from ckpt_magics.files.kinds.open_checkpoint import OpenCheckpoint

if TYPE_CHECKING:
    import xarray

__all__ = ["array_tree"]


def array_tree(checkpoint: OpenCheckpoint, rows: int | None) -> xarray.DataTree:
    """Return the tree of a checkpoint; see `CheckpointReader.to_xarray`."""
    try:
        import xarray

        from ckpt_magics.files.jobs.zarr_store import ReferenceStore, ReferredFile
    except ImportError as error:
        raise UnimplementedError(
            "trees of arrays need xarray and zarr, which are not installed",
            hint='Install them with: pip install "ckpt_magics[xarray]"',
        ) from error
    references = references_of(checkpoint, rows)["refs"]
    place = checkpoint.found.place
    names = {reference[0] for reference in references.values() if isinstance(reference, list)}
    files = {name: ReferredFile.found(place.at(name)) for name in sorted(names)}
    if checkpoint.file.replaced():
        raise FailedPreconditionError(
            f"another checkpoint was saved under {visible(checkpoint.origin)} meanwhile", hint="Open it again."
        )
    store = ReferenceStore(references, files)
    return xarray.open_datatree(store, engine="zarr", consolidated=False, zarr_format=3, decode_cf=False)
