"""Tests of ckpt_magics; the folders mirror the package."""
