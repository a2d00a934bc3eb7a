"""``tf.gfile``: files and directories."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "DeleteRecursively": "files.storage.file_system:remove_tree",
    "Exists": "files.storage.file_system:exists",
    "FastGFile": "files.storage.file_system:open_file",
    "GFile": "files.storage.file_system:open_file",
    "Glob": "files.storage.file_system:matching_files",
    "IsDirectory": "files.storage.file_system:is_directory",
    "ListDirectory": "files.storage.file_system:list_directory",
    "MakeDirs": "files.storage.file_system:make_directories",
    "MkDir": "files.storage.file_system:make_directory",
    "Open": "files.storage.file_system:open_file",
    "Remove": "files.storage.file_system:remove",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
