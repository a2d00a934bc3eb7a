"""The generated files are what the ``.proto`` files say."""

import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2

import ckpt_magics.proto
from ckpt_magics.proto import generate
from ckpt_magics.proto.descriptor_set import DESCRIPTOR_SET

FOLDER = Path(ckpt_magics.proto.__file__).parent


@pytest.fixture(scope="module")
def compiled():
    return generate.compile_protos()


@pytest.mark.tools
def test_descriptors_are_in_step_with_the_proto_files(compiled):
    assert compiled == DESCRIPTOR_SET
    assert (FOLDER / "descriptor_set.py").read_text() == generate.render_module(compiled)


@pytest.mark.tools
def test_stub_is_in_step_with_the_proto_files(compiled):
    assert (FOLDER / "messages.pyi").read_text() == generate.render_stub(compiled)


def test_everything_is_in_our_package():
    files = descriptor_pb2.FileDescriptorSet.FromString(DESCRIPTOR_SET).file
    assert {file.package for file in files} == {"ckpt_magics"}
    assert all(file.name.startswith("ckpt_magics/proto/") for file in files)


def test_default_pool_stays_untouched():
    program = """
from ckpt_magics.proto import messages
from google.protobuf import descriptor_pool
try:
    descriptor_pool.Default().FindMessageTypeByName("ckpt_magics.GraphDef")
except KeyError:
    print("absent")
"""
    found = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60)
    assert found.stdout == "absent\n"
