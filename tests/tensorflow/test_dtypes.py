"""Element types and graph constants, compared with TensorFlow's own."""

import numpy as np
import pytest

from ckpt_magics.files.formats.dtypes import DTYPES, as_dtype
from ckpt_magics.files.formats.tensor_proto import array_to_tensor_proto, tensor_proto_to_array
from ckpt_magics.proto import messages

pytestmark = pytest.mark.tensorflow

PROPERTIES = [
    "name", "size", "is_floating", "is_integer", "is_complex", "is_bool", "is_quantized", "is_unsigned",
    "is_numpy_compatible", "as_datatype_enum",
]  # fmt: skip

# TensorFlow's Python can make constants of these only from two elements on.
NO_SINGLE_CONSTANT = {"float8_e4m3fnuz", "float8_e4m3b11fnuz", "float8_e5m2fnuz"}


@pytest.mark.parametrize("row", DTYPES, ids=repr)
def test_properties(tf, row):
    theirs = tf.as_dtype(row.number)
    assert {name: getattr(row, name) for name in PROPERTIES} == {name: getattr(theirs, name) for name in PROPERTIES}
    assert (repr(row), str(row), hash(row)) == (repr(theirs), str(theirs), hash(theirs))
    assert row.real_dtype.name == theirs.real_dtype.name
    assert as_dtype(theirs) is row
    if row.is_numpy_compatible:
        assert row.as_numpy_dtype == theirs.as_numpy_dtype
    if row.is_floating or row.is_integer:
        assert (row.min, row.max) == (theirs.min, theirs.max)


@pytest.mark.parametrize(
    "row", [row for row in DTYPES if row.itemsize and row.name not in NO_SINGLE_CONSTANT], ids=repr
)
@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 2)], ids=str)
def test_constants_are_the_same_bytes(tf, row, shape):
    array = np.array([3, 0, 1, 1][: int(np.prod(shape))]).astype(row.numpy).reshape(shape)
    theirs = tf.make_tensor_proto(array.view(row.as_numpy_dtype), dtype=row.number)
    ours = array_to_tensor_proto(array, row)
    assert ours.SerializeToString(deterministic=True) == theirs.SerializeToString(deterministic=True)
    assert (
        tensor_proto_to_array(messages.TensorProto.FromString(theirs.SerializeToString())).tobytes() == array.tobytes()
    )


def test_string_constants_are_the_same_bytes(tf):
    array = np.array([[b"", b"a\0b"], [b"\xff", "\u20ac".encode()]], object)
    theirs = tf.make_tensor_proto(array)
    assert array_to_tensor_proto(array, as_dtype("string")).SerializeToString() == theirs.SerializeToString()


def test_constants_in_the_form_of_the_runtime(tf):
    """C++ puts everything into tensor_content, strings too."""
    for array in (np.array([[b"a", b"", b"xyz" * 100]], object), np.arange(6, dtype=np.int16).reshape(3, 2)):
        with tf.Graph().as_default(), tf.compat.v1.Session():
            tensor = tf.io.serialize_tensor(tf.constant(array)).eval()
        assert tensor_proto_to_array(messages.TensorProto.FromString(tensor)).tolist() == array.tolist()
