"""``tf.gfile``: files and directories."""

from __future__ import annotations

from ckpt_magics.compat.namespace import lazy_names

_HOMES = {
    "DeleteRecursively": "compat.file_system:remove_tree",
    "Exists": "compat.file_system:exists",
    "FastGFile": "compat.file_system:open_file",
    "GFile": "compat.file_system:open_file",
    "Glob": "compat.file_system:matching_files",
    "IsDirectory": "compat.file_system:is_directory",
    "ListDirectory": "compat.file_system:list_directory",
    "MakeDirs": "compat.file_system:make_directories",
    "MkDir": "compat.file_system:make_directory",
    "Open": "compat.file_system:open_file",
    "Remove": "compat.file_system:remove",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
