"""``tf.io.gfile``: files and directories."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "GFile": "files.storage.file_system:open_file",
    "exists": "files.storage.file_system",
    "glob": "files.storage.file_system:matching_files",
    "isdir": "files.storage.file_system:is_directory",
    "listdir": "files.storage.file_system:list_directory",
    "makedirs": "files.storage.file_system:make_directories",
    "mkdir": "files.storage.file_system:make_directory",
    "remove": "files.storage.file_system",
    "rmtree": "files.storage.file_system:remove_tree",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
