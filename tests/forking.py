"""Forking a process in which other tests may have started threads."""

import os
import warnings


def fork():
    """Fork as ``os.fork`` does. A library of threads that some test has loaded would warn, and is not used here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return os.fork()
