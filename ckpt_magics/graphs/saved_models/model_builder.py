"""Writing SavedModels: graphs of a session by their tags, with one set of variables.

Format: tensorflow/python/saved_model/builder_impl.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ckpt_magics.errors import CheckpointError, visible
from ckpt_magics.files.storage.place import AnyPath, place_of
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.meta_graph.graph_files import write_message
from ckpt_magics.graphs.saved_models import model_layout as layout
from ckpt_magics.graphs.saved_models.model_assets import add_assets
from ckpt_magics.graphs.saved_models.signature_defs import predict_signature_def
from ckpt_magics.graphs.saver.model_start import INIT_SIGNATURE
from ckpt_magics.graphs.saver.saver import Saver
from ckpt_magics.graphs.session import Session
from ckpt_magics.proto.messages import DT_INVALID, SavedModel, SignatureDef, TensorInfo

__all__ = ["SavedModelBuilder", "simple_save"]

_RESERVED = (INIT_SIGNATURE, "__saved_model_train_op")
"""Signatures of TensorFlow's own."""


class NoSavedModelYetError(CheckpointError, AssertionError):
    """The steps of writing a SavedModel come in another order, or into a directory that is in use."""


class SavedModelBuilder:
    """Gathers graphs, then writes them as one SavedModel.

    Args:
        export_dir: Directory of the SavedModel, which is made; it has to be new or empty.

    Raises:
        AssertionError: There is something in the directory.
    """

    def __init__(self, export_dir: AnyPath) -> None:
        self._place = place_of(export_dir)
        self._model = SavedModel(saved_model_schema_version=layout.SAVED_MODEL_SCHEMA_VERSION)
        self._has_variables = False
        if self._place.exists and self._place.names():
            raise NoSavedModelYetError(
                f"Export directory {visible(self._place.name)} already exists, and isn't empty. Choose a different "
                "export directory, or delete all the contents of the specified directory"
            )
        self._place.store.make_directory(self._place.name, parents=True)

    def add_meta_graph_and_variables(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        sess: Session,
        tags: Iterable[str],
        signature_def_map: Mapping[str, SignatureDef] | None = None,
        assets_collection: Sequence[Tensor] | None = None,
        legacy_init_op: Operation | None = None,
        clear_devices: bool = False,
        main_op: Operation | None = None,
        strip_default_attrs: bool = False,
        saver: Saver | None = None,
    ) -> None:
        """Save the variables of a session, and add the default graph.

        Args:
            sess: Holds the values.
            tags: What the graph is found by.
            signature_def_map: Signatures by name.
            assets_collection: Constants with paths of files that are to come with the model.
            legacy_init_op: The same as ``main_op``.
            clear_devices: Leave out on which devices the nodes should run.
            main_op: Operation to run once when the model is loaded.
            strip_default_attrs: Leave out attributes that have their op's default.
            saver: Saves the variables. Default: one of all.

        Raises:
            AssertionError: The variables are saved already, or a signature has a tensor without name or dtype.
            KeyError: A signature has a name that TensorFlow uses.
            ValueError: The graph has such an operation already.
        """
        if self._has_variables:
            raise NoSavedModelYetError(
                "Graph state including variables and assets has already been saved. Please invoke `add_meta_graph()` "
                "instead."
            )
        _check_signatures(signature_def_map or {})
        self._add_collections(assets_collection, main_op or legacy_init_op)
        variables = self._place / layout.VARIABLES_DIRECTORY
        variables.store.make_directory(variables.name, parents=True)
        saver = saver or _sharded_saver()
        saver.save(sess, (variables / layout.VARIABLES_FILENAME).name, write_meta_graph=False, write_state=False)
        self._add(saver, tags, signature_def_map, clear_devices=clear_devices, strip_default_attrs=strip_default_attrs)
        self._has_variables = True

    def add_meta_graph(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        tags: Iterable[str],
        signature_def_map: Mapping[str, SignatureDef] | None = None,
        assets_collection: Sequence[Tensor] | None = None,
        legacy_init_op: Operation | None = None,
        clear_devices: bool = False,
        main_op: Operation | None = None,
        strip_default_attrs: bool = False,
        saver: Saver | None = None,
    ) -> None:
        """Add the default graph as another one for the variables that are saved already.

        The arguments are those of `add_meta_graph_and_variables`.

        Raises:
            AssertionError: No variables are saved yet, or a signature has a tensor without name or dtype.
            KeyError: A signature has a name that TensorFlow uses.
            ValueError: The graph has such an operation already.
        """
        if not self._has_variables:
            raise NoSavedModelYetError(
                "Graph state including variables and assets has not been saved yet. Please invoke "
                "`add_meta_graph_and_variables()` first."
            )
        _check_signatures(signature_def_map or {})
        self._add_collections(assets_collection, main_op or legacy_init_op)
        saver = saver or _sharded_saver()
        self._add(saver, tags, signature_def_map, clear_devices=clear_devices, strip_default_attrs=strip_default_attrs)

    def save(self, as_text: bool = False) -> bytes:
        """Write the SavedModel's own file and return its path.

        Args:
            as_text: Write protobuf's text format.
        """
        filename = layout.SAVED_MODEL_FILENAME_PBTXT if as_text else layout.SAVED_MODEL_FILENAME_PB
        place = self._place / filename
        write_message(self._model, place.name, as_text=as_text)
        return place.name.encode("utf-8", "surrogateescape")

    def _add_collections(self, assets: Sequence[Tensor] | None, main_op: Operation | None) -> None:
        add_assets(self._place, assets)
        if main_op is None:
            return
        graph = get_default_graph()
        for key in (layout.LEGACY_INIT_OP_KEY, layout.MAIN_OP_KEY):
            if graph.get_collection(key):
                raise ValueError(f"Graph already contains one or more main ops under the collection {key}.")
        graph.add_to_collection(layout.MAIN_OP_KEY, main_op)

    def _add(
        self,
        saver: Saver,
        tags: Iterable[str],
        signatures: Mapping[str, SignatureDef] | None,
        *,
        clear_devices: bool,
        strip_default_attrs: bool,
    ) -> None:
        meta_graph = saver.export_meta_graph(clear_devices=clear_devices, strip_default_attrs=strip_default_attrs)
        meta_graph.meta_info_def.tags.extend(tags)
        for name, signature in (signatures or {}).items():
            meta_graph.signature_def[name].CopyFrom(signature)
        self._model.meta_graphs.add().CopyFrom(meta_graph)


def _sharded_saver() -> Saver:
    return Saver(sharded=True, allow_empty=True)


def _check_signatures(signatures: Mapping[str, SignatureDef]) -> None:
    for signature in signatures.values():
        for info in (*signature.inputs.values(), *signature.outputs.values()):
            _check_tensor_info(info)
    for name in _RESERVED:
        if name in signatures:
            raise KeyError(f'SignatureDef map key "{name}" is reserved. Please use a different key.')


def _check_tensor_info(info: TensorInfo) -> None:
    if info.WhichOneof("encoding") is None:
        raise NoSavedModelYetError(f"A tensor of a signature has no name: {info}")
    if info.dtype == DT_INVALID:
        raise NoSavedModelYetError(f"A tensor of a signature has no dtype: {info}")


def simple_save(
    session: Session,
    export_dir: AnyPath,
    inputs: Mapping[str, Any],
    outputs: Mapping[str, Any],
    legacy_init_op: Operation | None = None,
) -> None:
    """Write a SavedModel for serving: the default graph with one signature, and the session's variables.

    Args:
        session: Holds the values.
        export_dir: Directory of the SavedModel, which is made.
        inputs: The tensors that a caller gives, by name.
        outputs: The tensors that it gets.
        legacy_init_op: Operation to run once when the model is loaded.

    Raises:
        AssertionError: There is something in the directory.
        ValueError: There are no inputs, or no outputs.
    """
    builder = SavedModelBuilder(export_dir)
    signature = predict_signature_def(inputs, outputs)
    builder.add_meta_graph_and_variables(
        session,
        [layout.SERVING],
        {layout.DEFAULT_SERVING_SIGNATURE_DEF_KEY: signature},
        assets_collection=get_default_graph().get_collection(GraphKeys.ASSET_FILEPATHS),
        main_op=legacy_init_op,
        clear_devices=True,
    )
    builder.save()
