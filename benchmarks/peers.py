"""The ways to save and restore that are compared, each a small class with the same two methods.

``save`` gets arrays by name; ``restore`` gives something that holds all values. A peer that wants other objects than
arrays makes them in ``convert``, off the clock.
"""

import os
import shutil
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from benchmarks.harness import LIMIT, OURS

Arrays = dict[str, np.ndarray]


def settle() -> None:
    """Wait until the disk has what it was given before."""
    if hasattr(os, "sync"):
        os.sync()


class Peer:
    """A way to save arrays and to restore them."""

    name = ""

    def __init__(self, directory: Path) -> None:
        self._directory = directory / type(self).__name__.lower()
        self._directory.mkdir(exist_ok=True)
        self.path = str(self._directory / "model.ckpt")

    def clear(self) -> None:
        """Remove what was saved, and let the disk come to rest."""
        shutil.rmtree(self._directory, ignore_errors=True)
        self._directory.mkdir()
        settle()

    def convert(self, arrays: Arrays) -> Any:
        return arrays


class Ours(Peer):
    """This package, by its public functions."""

    name = OURS
    options: ClassVar[dict[str, Any]] = {}

    def save(self, arrays: Arrays) -> None:
        from ckpt_magics import save_checkpoint

        options = {"durable": False, "write_state": False, "write_meta_graph": False, **self.options}
        save_checkpoint(self.path, arrays, **options)

    def restore(self) -> object:
        from ckpt_magics import load_checkpoint

        with load_checkpoint(self.path) as reader:
            return reader.get_tensors()


class OursDurable(Ours):
    """This package, waiting for the disk."""

    options: ClassVar = {"durable": True}


class OursV1(Ours):
    """This package, in the older format."""

    options: ClassVar = {"write_version": 1}


class PlainIO(Peer):
    """The bytes and nothing else: one file, one call for each array; small ones joined."""

    name = LIMIT
    sync = False

    def convert(self, arrays: Arrays) -> list[Any]:
        views = [array.reshape(-1).view(np.uint8).data for array in arrays.values()]
        return views if len(views[0]) >= 1 << 16 else [b"".join(views)]

    def save(self, views: list[Any]) -> None:
        with open(self.path, "wb", buffering=0) as file:
            for view in views:
                left = memoryview(view)
                while left:
                    left = left[file.write(left) :]
            if self.sync:
                os.fsync(file.fileno())

    def restore(self) -> bytearray:
        memory = bytearray(os.path.getsize(self.path))
        self.restore_into(memory)
        return memory

    def restore_into(self, memory: Any) -> None:
        view = memoryview(memory)
        with open(self.path, "rb", buffering=0) as file:
            while view and (count := file.readinto(view)):
                view = view[count:]


class PlainIOSynced(PlainIO):
    """The same, waiting for the disk."""

    name = f"{LIMIT} + fsync"
    sync = True


class PlainIORenamed(PlainIOSynced):
    """The same, in place of the file before: that one stays until the new one is on the disk."""

    name = f"{LIMIT} + fsync + rename"

    def save(self, views: list[Any]) -> None:
        path, self.path = self.path, f"{self.path}.new"
        try:
            super().save(views)
            os.replace(self.path, path)
        finally:
            self.path = path


class TensorFlow(Peer):
    """TensorFlow's own operation for saving, without the Python around it, and its reader."""

    name = "TF SaveV2"

    def convert(self, arrays: Arrays) -> Any:
        import tensorflow as tf

        return list(arrays), [""] * len(arrays), [tf.constant(array) for array in arrays.values()]

    def save(self, converted: Any) -> None:
        import tensorflow as tf

        names, specs, tensors = converted
        tf.raw_ops.SaveV2(prefix=self.path, tensor_names=names, shape_and_slices=specs, tensors=tensors)

    def restore(self) -> object:
        import tensorflow as tf

        reader = tf.train.load_checkpoint(self.path)
        return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}

    def restore_all(self, names: list[str]) -> object:
        import tensorflow as tf

        return tf.raw_ops.RestoreV2(
            prefix=self.path, tensor_names=names, shape_and_slices=[""] * len(names), dtypes=[tf.float32] * len(names)
        )


class TensorFlowV1(TensorFlow):
    """TensorFlow's operation for the older format."""

    name = "TF V1"

    def save(self, converted: Any) -> None:
        import tensorflow as tf

        names, _, tensors = converted
        tf.raw_ops.Save(filename=self.path, tensor_names=names, data=tensors)


class SafeTensors(Peer):
    """safetensors."""

    name = "safetensors"

    def save(self, arrays: Arrays) -> None:
        from safetensors.numpy import save_file

        save_file(arrays, self.path)

    def restore(self) -> object:
        from safetensors.numpy import load_file

        return load_file(self.path)


class NumPyArchive(Peer):
    """np.savez, and np.load of what it wrote."""

    name = "np.savez"

    def save(self, arrays: Arrays) -> None:
        with open(self.path, "wb") as file:
            np.savez(file, **{name.replace("/", "."): array for name, array in arrays.items()})

    def restore(self) -> object:
        with np.load(self.path) as archive:
            return dict(archive)
