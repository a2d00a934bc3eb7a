"""How much of a test is done: a part in ``make test``, all of it in ``make stress``."""

import os

STRESS = bool(os.environ.get("CKPT_MAGICS_STRESS"))


def scaled(few, many):
    """Return ``few`` in the usual tests, ``many`` in the stress tests."""
    return many if STRESS else few
