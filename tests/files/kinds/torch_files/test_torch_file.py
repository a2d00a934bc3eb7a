"""PyTorch files without PyTorch: every door reads them, views are right, nothing is run, bombs do no harm."""

import contextlib
import struct
import tracemalloc
import zipfile

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ckpt_magics
from ckpt_magics.errors import CheckpointError, ChecksumError, DataLossError, TruncatedError, UnimplementedError
from ckpt_magics.files.formats import torch_pickle
from ckpt_magics.files.formats.dtypes import FLOAT, INT4
from ckpt_magics.files.formats.maps.byte_range import TENSOR
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.formats.torch_legacy import begins_as_legacy
from ckpt_magics.files.kinds.known import kind_of, kind_to_write
from ckpt_magics.files.kinds.sinks import write_tensors
from ckpt_magics.files.kinds.torch_files.torch_file import map_torch, open_torch
from ckpt_magics.files.kinds.torch_files.torch_kind import TORCH, can_hold
from ckpt_magics.files.storage.place import place_of
from ckpt_magics.files.tensors.array_source import ArraySource
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.files.tensors.source import TensorSpec
from tests.files.torch_files import (
    ORDERED_DICT,
    archive,
    call,
    legacy,
    mapping,
    name,
    number,
    pickled,
    several,
    storage,
    tensor,
    text,
)

FLOATS = np.arange(6, dtype=np.float32)
STORED = {"0": FLOATS.tobytes()}
MATRIX = tensor((2, 3), (3, 1))


def write(folder, data):
    path = str(folder / "m.pt")
    with open(path, "wb") as file:
        file.write(data)
    return path


def read(path):
    with contextlib.closing(open_torch(place_of(path))) as file:
        return {key.decode(): file.read(key) for key in file.keys()}  # noqa: SIM118 - it is no mapping


def faults(path):
    with contextlib.closing(open_torch(place_of(path))) as file:
        return {error.tensor.decode(): error for error in file.damage}


@pytest.fixture(params=["zip", "packed", "legacy"])
def make(request, tmp_path):
    """A function that makes a file of a value and the storage of `FLOATS`, and returns its path."""

    def made(value, data=STORED["0"], itemsize=4):
        if request.param == "legacy":
            return write(tmp_path, legacy(value, [("0", len(data) // itemsize, data)]))
        packed = zipfile.ZIP_DEFLATED if request.param == "packed" else zipfile.ZIP_STORED
        return write(tmp_path, archive(value, {"0": data}, compression=packed))

    return made


def test_every_door_takes_one(make, tmp_path):
    path = make(mapping(**{"net.weight": MATRIX, "epoch": number(3)}))
    place = np.zeros((2, 3), np.float32)
    ckpt_magics.restore_checkpoint(path, {"net.weight": place})
    assert place.tolist() == FLOATS.reshape(2, 3).tolist()
    expected = {"net.weight": FLOATS.reshape(2, 3), "epoch": np.int64(3)}
    assert set(ckpt_magics.compare_checkpoints(path, expected)["status"]) == {"same"}
    assert ckpt_magics.verify_checkpoint(path).is_whole
    assert "format torch" in str(ckpt_magics.describe_checkpoint(path))
    ckpt_magics.save_checkpoint(tmp_path / "m", ckpt_magics.load_checkpoint(path))
    assert set(ckpt_magics.compare_checkpoints(tmp_path / "m", path)["status"]) == {"same"}
    with ckpt_magics.load_checkpoint(path) as reader:
        assert reader.get_slice("net.weight", (1, slice(0, 2))).tolist() == [3, 4]


def test_names_are_the_keys_on_the_way(tmp_path):
    ordered = ORDERED_DICT + b"(" + text("a.b") + MATRIX + b"u" + mapping(_metadata=MATRIX) + b"b"
    found = read(
        write(
            tmp_path,
            archive(
                mapping(
                    model=ordered,
                    optimizer=mapping(state=b"}" + number(0) + mapping(step=number(5)) + b"s"),
                    sizes=call("torch.Size", several(number(2), number(3))),
                    list=b"](" + number(7) + mapping(x=b"\x88") + b"e",
                ),
                STORED,
            ),
        )
    )
    assert {key: value.tolist() for key, value in found.items()} == {
        "model/a.b": [[0, 1, 2], [3, 4, 5]],
        "optimizer/state/0/step": 5,
        "sizes/0": 2,
        "sizes/1": 3,
        "list/0": 7,
        "list/1/x": True,
    }


def test_numbers_are_tensors_and_what_is_none_is_left_out(tmp_path):
    path = write(
        tmp_path,
        archive(
            mapping(
                small=number(-5),
                large=number((1 << 64) - 1),
                huge=number(1 << 70),
                real=b"G" + struct.pack(">d", 0.5),
                pair=call("__builtin__.complex", b"G" + struct.pack(">d", 1), b"G" + struct.pack(">d", 2)),
                yes=b"\x88",
                text=text("x"),
                none=b"N",
                dtype=name("torch.float16"),
                device=call("torch.device", text("cpu")),
                namespace=call("argparse.Namespace") + mapping(lr=number(1)) + b"b",
                set=call("__builtin__.set", b"](" + number(1) + b"e"),
                empty=b"}",
            )
        ),
    )
    found = read(path)
    assert {key: (value.dtype.name, value.item()) for key, value in found.items()} == {
        "small": ("int64", -5),
        "large": ("uint64", (1 << 64) - 1),
        "real": ("float64", 0.5),
        "pair": ("complex128", 1 + 2j),
        "yes": ("bool", True),
    }
    assert faults(path) == {}


def test_a_tensor_without_a_name_is_called_so(tmp_path):
    assert list(read(write(tmp_path, archive(MATRIX, STORED)))) == ["tensor"]


@pytest.mark.parametrize("kind", torch_pickle.STORAGE_CLASSES)
@pytest.mark.parametrize("byteorder", [None, b"little", b"big"])
def test_every_class_of_storage_in_either_order_of_bytes(tmp_path, kind, byteorder):
    dtype = torch_pickle.STORAGE_CLASSES[kind]
    data = bytes(range(4 * dtype.itemsize)) if kind != "BoolStorage" else bytes([1, 0, 0, 1])
    value = tensor((4,), (1,), stored=storage("0", f"torch.{kind}", 4))
    step = dtype.itemsize // (2 if dtype.is_complex else 1)
    swapped = np.frombuffer(data, f"u{step}").byteswap().tobytes()
    path = write(tmp_path, archive(value, {"0": swapped if byteorder == b"big" else data}, byteorder))
    with contextlib.closing(open_torch(place_of(path))) as file:
        assert file.spec(b"tensor").dtype is dtype
        assert file.read(b"tensor").tobytes() == data
        assert file.read(b"tensor", TensorSlice.parse("1,2")).tobytes() == data[dtype.itemsize : 3 * dtype.itemsize]
        assert b"".join(piece.tobytes() for _, piece in file.pieces(b"tensor", dtype.itemsize)) == data


@pytest.mark.parametrize(
    "dtype", [dtype.name for dtype in torch_pickle.DTYPES if dtype not in torch_pickle.STORAGE_CLASSES.values()]
)
def test_dtypes_without_a_class_lie_in_bytes(tmp_path, dtype):
    size = torch_pickle._DTYPES[dtype].itemsize
    stored = storage("0", "torch.storage.UntypedStorage", 4 * size)
    value = tensor((3,), (1,), 1, stored, name(f"torch.{dtype}"), rebuild="torch._utils._rebuild_tensor_v3")
    data = bytes(range(1, 4 * size + 1))
    found = read(write(tmp_path, archive(value, {"0": data})))["tensor"]
    assert (found.dtype.name, found.tobytes()) == (dtype, data[size:])


VIEWS = {
    "row": ((3,), (1,), 3),
    "column": ((2,), (3,), 1),
    "transposed": ((3, 2), (1, 3), 0),
    "every other": ((2, 2), (3, 2), 0),
    "expanded": ((2, 4, 3), (3, 0, 1), 0),
    "overlapping": ((4, 3), (1, 1), 0),
    "scalar": ((), (), 5),
    "nothing": ((0, 3), (3, 1), 0),
    "nothing beyond the end": ((2, 0), (9, 9), 50),
    "one of any stride": ((1, 6), (99, 1), 0),
}


@pytest.mark.parametrize("view", VIEWS)
def test_views_of_one_storage_are_read_right(make, view):
    shape, strides, offset = VIEWS[view]
    steps = tuple(4 * stride for stride in strides)
    expected = np.ndarray(shape, np.float32, FLOATS, 4 * offset if 0 not in shape else 0, steps)
    path = make(mapping(view=tensor(shape, strides, offset), whole=tensor((6,), (1,))))
    with contextlib.closing(open_torch(place_of(path))) as file:
        np.testing.assert_array_equal(file.read(b"view"), expected, strict=True)
        assert file.read(b"whole").tolist() == FLOATS.tolist()
        for at_most in (1, 8, 1000):
            filled = np.full(shape, -1, np.float32)
            for region, piece in file.pieces(b"view", at_most):
                filled[region] = piece
            np.testing.assert_array_equal(filled, expected)
        if len(shape) > 1:
            region = tuple(slice(size // 2, size) for size in shape)
            np.testing.assert_array_equal(file.read(b"view", TensorSlice.of(region)), expected[region])


def test_a_large_transposed_tensor_takes_little_memory(tmp_path):
    rows, columns = 4000, 5000
    value = np.arange(rows * columns, dtype=np.float32).reshape(columns, rows)
    stored = storage("0", elements=rows * columns)
    path = write(tmp_path, archive(tensor((rows, columns), (1, rows), 0, stored), {"0": value.tobytes()}))
    with contextlib.closing(open_torch(place_of(path))) as file:
        tracemalloc.start()
        for region, piece in file.pieces(b"tensor", 1 << 20):
            np.testing.assert_array_equal(piece, value.T[region])
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 64 << 20 < value.nbytes


def test_parameters_and_buffers_are_the_tensors_in_them(tmp_path):
    kinds = {
        "parameter": call("torch._utils._rebuild_parameter", MATRIX, b"\x88", ORDERED_DICT),
        "stateful": call("torch._utils._rebuild_parameter_with_state", MATRIX, b"\x88", ORDERED_DICT, b"N"),
        "old": call("torch._utils._rebuild_tensor", storage(), number(0), several(number(6)), several(number(1))),
        "buffer": call(
            "torch._tensor._rebuild_from_type_v2",
            name("torch._utils._rebuild_tensor_v2"),
            name("torch.nn.parameter.Buffer"),
            several(storage(), number(0), several(number(6)), several(number(1)), b"\x89", ORDERED_DICT),
            b"N",
        ),
    }
    found = read(write(tmp_path, archive(mapping(**kinds), STORED)))
    assert {key: value.ravel().tolist() for key, value in found.items()} == dict.fromkeys(kinds, FLOATS.tolist())


REFUSED = {
    "sparse": (call("torch._utils._rebuild_sparse_tensor", name("torch.sparse_coo"), several(MATRIX)), "to_dense"),
    "quantized": (call("torch._utils._rebuild_qtensor", storage()), "dequantize"),
    "numpy": (call("numpy._core.multiarray.scalar", call("numpy.dtype", text("f8")), text("x")), r"value\.item"),
    "object": (call("__main__.Net") + mapping(weight=MATRIX) + b"b", r"made by __main__\.Net.*state_dict"),
    "object with source": (
        several(text("module"), name("__main__.Net"), text("net.py"), text("class Net: ..."))
        + b"Q)\x81"
        + mapping(w=MATRIX)
        + b"b",
        r"made by __main__\.Net",
    ),
    "code": (call("os.system", MATRIX), r"made by os\.system"),
    "storage": (storage(), "without a tensor"),
    "conjugated": (
        tensor((2, 3), (3, 1), 0, None, mapping(conj=b"\x88")),
        "resolve_conj",
    ),
    "dtype": (
        tensor(
            (2,),
            (1,),
            0,
            storage("0", "torch.storage.UntypedStorage", 24),
            name("torch.complex32"),
            rebuild="torch._utils._rebuild_tensor_v3",
        ),
        "complex32",
    ),
    "class": (tensor((2,), (1,), 0, storage("0", "torch.QUInt4x2Storage", 24)), "QUInt4x2Storage"),
    "subclass": (
        call(
            "torch._tensor._rebuild_from_type_v2",
            name("torch._utils._rebuild_tensor_v2"),
            name("my.Tensor"),
            several(storage()),
            b"N",
        ),
        "_rebuild_from_type_v2",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_holds_tensors_in_another_way_is_named_and_the_others_are_read(tmp_path, case):
    value, message = REFUSED[case]
    path = write(tmp_path, archive(mapping(odd=value, w=MATRIX), STORED))
    assert list(read(path)) == ["w"]
    (fault,) = faults(path).values()
    assert isinstance(fault, UnimplementedError)
    assert (fault.tensor, fault.file) == (b"odd", None)
    with pytest.raises(UnimplementedError, match=message):
        ckpt_magics.load_checkpoint(path)["odd"]


def test_an_object_alone_is_named(tmp_path):
    path = write(tmp_path, archive(call("__torch__.Net") + mapping(weight=MATRIX) + b"b", STORED))
    with pytest.raises(UnimplementedError, match=r"made by __torch__\.Net") as caught:
        open_torch(place_of(path))
    assert caught.value.file == path


DAMAGED = {
    "beyond": tensor((7,), (1,)),
    "strides beyond": tensor((2, 3), (4, 1)),
    "offset beyond": tensor((6,), (1,), 1),
    "negative stride": tensor((6,), (-1,), 5),
    "negative offset": tensor((1,), (1,), -1),
    "negative size": tensor((-1,), (1,)),
    "huge": tensor((1 << 62, 1 << 62), (0, 0)),
    "far": tensor((2,), ((1 << 62),)),
    "ranks": tensor((2, 3), (1,)),
    "too many dimensions": tensor((1,) * 300, (1,) * 300),
    "another size": tensor((1,), (1,), 0, storage(elements=5)),
    "no such storage": tensor((1,), (1,), 0, storage(key="9")),
    "no storage": call("torch._utils._rebuild_tensor_v2", text("x"), number(0), several(), several()),
    "too few": call("torch._utils._rebuild_tensor_v2", storage()),
    "no arguments": name("torch._utils._rebuild_tensor_v2") + b"NR",
    "persistent": tensor((1,), (1,), 0, text("x") + b"Q"),
    "persistent key": tensor(
        (1,), (1,), 0, several(text("storage"), number(1), text("0"), text("cpu"), number(1)) + b"Q"
    ),
    "unfolded": tensor((1 << 40,), (0,)),
    "no counts": call("torch._utils._rebuild_tensor_v2", storage(), number(0), text("x"), several()),
    "boolean": call("torch._utils._rebuild_tensor_v2", storage(), b"\x88", several(), several()),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_tensor_that_cannot_be_is_said_by_name(tmp_path, case):
    path = write(tmp_path, archive(mapping(odd=DAMAGED[case], w=MATRIX), STORED))
    assert list(read(path)) == ["w"]
    (fault,) = faults(path).values()
    assert isinstance(fault, DataLossError)
    assert fault.tensor == b"odd"


def test_two_values_of_one_name_are_refused(tmp_path):
    path = write(tmp_path, archive(mapping(**{"a/b": MATRIX, "a": mapping(b=MATRIX), "w": MATRIX}), STORED))
    assert list(read(path)) == ["w"]
    assert "two values" in str(faults(path)["a/b"])


def test_of_a_key_that_is_set_twice_the_last_counts(tmp_path):
    value = b"}(" + text("a") + number(1) + text("a") + number(2) + b"u"
    assert read(write(tmp_path, archive(value)))["a"] == 2


def doubling(levels, leaf):
    """A list of twice a list of twice a list …, which unfolds to 2**levels leaves."""
    parts = [b"](" + leaf + leaf + b"eq\x00"]
    parts += [b"0](h" + bytes([level]) + b"h" + bytes([level]) + b"eq" + bytes([level + 1]) for level in range(levels)]
    return b"".join(parts)


BOMBS = {
    "doubling": doubling(60, number(1)),
    "doubling tensors": doubling(60, MATRIX),
    "a list in itself": b"]q\x00(h\x00e",
    "a dict in itself": b"}q\x00(" + text("a") + b"h\x00u",
    "an object in itself": call("a.b") + b"q\x00" + mapping(x=MATRIX) + b"b" + b"h\x00b",
    "deep": b"](" * 5000 + b"e" * 5000,
    "parameters": name("torch._utils._rebuild_parameter") * 500 + b"N" + b"\x85R" * 500,
    "objects of one": b"](" + doubling(12, call("a.b")) + b"e",
    "long names": mapping(**{"x" * 60_000: b"](" + b"N" * 60_000 + b"e"}),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_do_no_harm(tmp_path, bomb):
    path = write(tmp_path, archive(mapping(bomb=BOMBS[bomb]), STORED))
    tracemalloc.start()
    with contextlib.suppress(DataLossError, UnimplementedError):
        read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64 << 20


def test_many_objects_that_share_one_are_looked_at_a_bounded_number_of_times(tmp_path):
    inner = b"](" + b"]" * 3000 + b"e\x85q\x00"
    many = b"](" + b"".join(call("a.b", b"h\x00") for _ in range(3000)) + b"e"
    with pytest.raises(DataLossError, match="a bomb"):
        read(write(tmp_path, archive(mapping(inner=call("a.b", inner), many=many))))


def test_storages_that_are_many_tensors_are_read_up_to_a_limit(tmp_path):
    stored = storage("0", "torch.ByteStorage", 1 << 20)
    many = b"](" + b"".join(tensor((1 << 20,), (1,), 0, stored) for _ in range(300)) + b"e"
    path = write(tmp_path, archive(many, {"0": bytes(1 << 20)}))
    with contextlib.closing(open_torch(place_of(path))) as file:
        assert len(file.keys()) + len(file.damage) == 300
        assert 64 <= len(file.keys()) < 200
    assert "many times the bytes" in str(faults(path)["299"])


def test_a_flipped_bit_is_found_by_the_checksum(tmp_path):
    data = bytearray(archive(mapping(w=tensor((6,), (1,)), v=tensor((2,), (1,))), STORED))
    data[data.index(FLOATS.tobytes()) + 21] ^= 1
    path = write(tmp_path, bytes(data))
    for key in (b"w", b"v"):
        with contextlib.closing(open_torch(place_of(path))) as file, pytest.raises(ChecksumError) as caught:
            file.read(key)
        assert (caught.value.file, caught.value.tensor) == (path, key)
        with contextlib.closing(open_torch(place_of(path))) as file, pytest.raises(ChecksumError):
            list(file.pieces(key))
    assert not ckpt_magics.verify_checkpoint(path).is_whole


def test_a_checksum_of_zero_is_none(tmp_path):
    data = archive(mapping(w=tensor((6,), (1,))), STORED)
    for info in zipfile.ZipFile(write(tmp_path, data)).infolist():
        data = data.replace(struct.pack("<I", info.CRC), bytes(4))
    assert read(write(tmp_path, data))["w"].tolist() == FLOATS.tolist()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (legacy(MATRIX, [("0", 6, STORED["0"])], version=1000), "version 1000"),
        (legacy(b"N")[:-1], "no end"),
        (legacy(mapping(w=MATRIX))[:40], "13 bytes, and 8 follow"),
        (pickled(number(0x1950A86A20F9469CFC6C)) + pickled(number(1001)) + pickled(b"}") * 3, "no list of names"),
        (pickled(number(0x1950A86A20F9469CFC6C)) + pickled(b"N"), "does not begin"),
        (archive(b"N").replace(b"data.pkl", b"date.pkl"), "no data.pkl"),
        (archive(b"N", byteorder=b"middle"), "order of bytes"),
        (archive(b"N", byteorder=b"x" * 100), "6 are the most"),
        (archive(b"N")[:-40], "archive is damaged"),
        (archive(b"R"), "a stack"),
    ],
)
def test_a_damaged_file_is_said(tmp_path, data, message):
    path = write(tmp_path, data)
    with pytest.raises((DataLossError, UnimplementedError), match=message) as caught:
        open_torch(place_of(path))
    assert caught.value.file == path


def test_an_old_file_that_was_cut_loses_its_last_storages_only(tmp_path):
    value = mapping(a=tensor((6,), (1,)), b=tensor((6,), (1,), 0, storage("1")), c=tensor((6,), (1,), 0, storage("2")))
    data = legacy(value, [(key, 6, STORED["0"]) for key in ("0", "1", "2")])
    path = write(tmp_path, data[:-40])
    assert list(read(path)) == ["a"]
    assert {key: type(error) for key, error in faults(path).items()} == {"b": TruncatedError, "c": TruncatedError}
    for count in (-1, 1 << 62):
        path = write(tmp_path, legacy(value, [("0", count, STORED["0"])]))
        assert not read(path)


def test_an_old_storage_may_be_part_of_another(tmp_path):
    part = storage("0", "torch.FloatStorage", 6, several(text("1"), number(2), number(3)))
    value = mapping(part=tensor((2,), (1,), 1, part), beyond=tensor((3,), (1,), 1, part))
    path = write(tmp_path, legacy(value, [("0", 6, STORED["0"])]))
    assert read(path)["part"].tolist() == [3, 4]
    assert list(faults(path)) == ["beyond"]


def test_the_start_tells_a_file():
    for root in ("archive", "a" * 300, "名"):
        assert kind_of(archive(b"N", root=root)[:4096]).name == "torch"
    assert kind_of(legacy(b"N")).name == "torch"
    assert begins_as_legacy(b"\x80\x04\x95\x0e\0\0\0\0\0\0\0" + pickled(number(0x1950A86A20F9469CFC6C))[2:])
    assert kind_of(pickled(b"}")) is None


def test_each_value_has_its_bytes(make):
    path = make(mapping(w=tensor((3,), (1,)), v=tensor((2,), (1,), 4), one=number(1)))
    with open(path, "rb") as file:
        whole = file.read()
    values = [one for one in map_torch(place_of(path)).ranges if one.what == TENSOR]
    assert sum(one.size for one in map_torch(place_of(path)).ranges) == len(whole)
    found = {one.key: whole[one.offset : one.offset + one.size] for one in values}
    if b"v" in found and len(found) == 2 and len(found[b"v"]) == 8:
        assert found == {b"w": FLOATS[:3].tobytes(), b"v": FLOATS[4:].tobytes()}
    else:
        # Of a packed storage all bytes belong to one of its tensors.
        assert len(found) == 1


def test_every_truncation_is_an_error_of_ours(make, tmp_path):
    with open(make(mapping(w=tensor((6,), (1,)))), "rb") as file:
        whole = file.read()
    for size in range(0, len(whole), 3):
        path = write(tmp_path, whole[:size])
        with contextlib.suppress(CheckpointError):
            assert read(path) == {}


@given(st.data())
def test_changed_bytes_are_values_or_errors_of_ours(tmp_path_factory, data):
    value = mapping(w=MATRIX, v=tensor((2, 2), (1, 2)), n=number(3), o=call("a.b", MATRIX))
    whole = bytearray(
        data.draw(
            st.sampled_from(
                [
                    archive(value, STORED),
                    archive(value, STORED, compression=zipfile.ZIP_DEFLATED),
                    legacy(value, [("0", 6, STORED["0"])]),
                ]
            )
        )
    )
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = write(tmp_path_factory.getbasetemp(), bytes(whole))
    try:
        file = open_torch(place_of(path))
    except CheckpointError:
        return
    for key in file.keys():  # noqa: SIM118 - it is no mapping
        with contextlib.suppress(CheckpointError):
            file.read(key)
        with contextlib.suppress(CheckpointError):
            file.verify(key, lambda _: None)
    file.close()


def test_the_bytes_of_equal_tensors_are_equal_and_each_lies_on_64_bytes(tmp_path):
    source = ArraySource({"net.a": np.arange(5), "b": np.ones(3, ml_dtypes.bfloat16), "c": np.ones((), np.uint16)})
    specs = list(map(source.spec, source.keys()))
    for base in ("one.pt", "two.bin"):
        write_tensors(tmp_path / base, specs, source, SaveOptions(), kind=kind_to_write(base))
    assert (tmp_path / "one.pt").read_bytes() == (tmp_path / "two.bin").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.pt") as found:
        names = [info.filename for info in found.infolist()]
        assert {info.compress_type for info in found.infolist()} == {zipfile.ZIP_STORED}
        assert found.testzip() is None
    data = ["archive/data/0", "archive/data/1", "archive/data/2"]
    assert names == ["archive/data.pkl", "archive/byteorder", *data, "archive/version"]
    assert {one.offset % 64 for one in map_torch(place_of(tmp_path / "one.pt")).ranges if one.what == TENSOR} == {0}
    assert [key.decode() for key in map(bytes, source.keys())] == sorted(read(str(tmp_path / "one.pt")))


def test_more_tensors_than_are_read_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(torch_pickle, "MAX_PICKLE", 1000)
    specs = [TensorSpec(b"%d" % number, FLOAT, ()) for number in range(10)]
    with (
        pytest.raises(CheckpointError, match="read at most"),
        TORCH.sink(tmp_path / "m.pt", specs, SaveOptions(), None),
    ):
        raise AssertionError


def test_what_torch_has_no_dtype_for_is_refused_with_what_helps():
    assert [(one.step, one.value) for one in can_hold([TensorSpec(b"i", INT4, (1,))])] == [("dtype", "int8")]
