"""Our messages have the fields of the installed TensorFlow, number for number."""

import pytest

from ckpt_magics.proto import messages

pytestmark = pytest.mark.tensorflow

# Where ours differ on purpose: any bytes may be a V1 name.
AS_BYTES = {("SavedSliceMeta", "name"), ("SavedSlice", "name")}


@pytest.fixture(scope="module")
def theirs(tf):
    """Every top-level message and enum of TensorFlow's files that we mirror, by name."""
    from tensorflow.core.example import example_pb2
    from tensorflow.core.framework import graph_pb2, op_def_pb2, tensor_slice_pb2, variable_pb2
    from tensorflow.core.protobuf import (
        control_flow_pb2,
        fingerprint_pb2,
        meta_graph_pb2,
        queue_runner_pb2,
        saved_model_pb2,
        tensor_bundle_pb2,
        trackable_object_graph_pb2,
    )
    from tensorflow.core.util import event_pb2, saved_tensor_slice_pb2
    from tensorflow.python.training import checkpoint_state_pb2

    pending = [
        module.DESCRIPTOR
        for module in (
            graph_pb2,
            op_def_pb2,
            tensor_slice_pb2,
            variable_pb2,
            control_flow_pb2,
            event_pb2,
            example_pb2,
            fingerprint_pb2,
            meta_graph_pb2,
            queue_runner_pb2,
            saved_model_pb2,
            tensor_bundle_pb2,
            trackable_object_graph_pb2,
            saved_tensor_slice_pb2,
            checkpoint_state_pb2,
        )
    ]
    found, seen = {}, set()
    while pending:
        file = pending.pop()
        if file.name not in seen:
            seen.add(file.name)
            pending += file.dependencies
            if file.package.startswith("tensorflow"):
                found |= dict(file.message_types_by_name) | dict(file.enum_types_by_name)
    return found


def _shape(field):
    """What the bytes of a field depend on."""
    inner = field.message_type or field.enum_type
    return field.name, field.type, field.is_repeated, field.is_packed, inner and inner.name


def _fields(message):
    return {field.number: _shape(field) for field in message.fields}


def _presence(message):
    return {field.number: field.has_presence for field in message.fields}


def _compare(ours, theirs):
    mine, wanted = _fields(ours), _fields(theirs)
    for number, field in mine.items():
        if (ours.name, field[0]) in AS_BYTES:
            wanted[number] = (*wanted[number][:1], field[1], *wanted[number][2:])
    assert mine == wanted, ours.full_name
    if not ours.GetOptions().map_entry:  # keys and values of maps are always written
        assert _presence(ours) == _presence(theirs), ours.full_name
    assert set(ours.nested_types_by_name) == set(theirs.nested_types_by_name)
    for name, nested in ours.nested_types_by_name.items():
        _compare(nested, theirs.nested_types_by_name[name])
    for name, enum in ours.enum_types_by_name.items():
        assert _values(enum) == _values(theirs.enum_types_by_name[name])


def _values(enum):
    return {value.name: value.number for value in enum.values}


def test_every_field_agrees(theirs):
    compared = 0
    for name, message in vars(messages).items():
        descriptor = getattr(message, "DESCRIPTOR", None)
        if isinstance(message, type) and descriptor and descriptor.full_name.startswith("ckpt_magics."):
            _compare(descriptor, theirs[name])
            compared += 1
    assert compared > 60


@pytest.mark.parametrize(
    "name", ["DataType", "FullTypeId", "VariableSynchronization", "VariableAggregation", "Code", "DataClass"]
)
def test_every_enum_value_agrees(theirs, name):
    wanted = _values(theirs[name])
    # No code at all, but a fence against switches that list every one.
    wanted.pop("DO_NOT_USE_RESERVED_FOR_FUTURE_EXPANSION_USE_DEFAULT_IN_SWITCH_INSTEAD_", None)
    assert dict(getattr(messages, name).items()) == wanted
