"""Every kind of file, by its row: what is written is read back, all or nothing; what does not fit is refused first."""

import os
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ckpt_magics.errors import InternalError, InvalidArgumentError, ResourceExhaustedError, UnimplementedError
from ckpt_magics.files.directory.open_tensors import open_tensors
from ckpt_magics.files.formats.dtypes import COMPLEX128, DTYPES, FLOAT, QINT8, STRING, as_dtype
from ckpt_magics.files.formats.maps.byte_range import TENSOR
from ckpt_magics.files.formats.pieces import array_pieces
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.kinds.holding import Unheld
from ckpt_magics.files.kinds.known import WRITTEN_KINDS, kind_named, kind_to_write
from ckpt_magics.files.kinds.sinks import open_sink
from ckpt_magics.files.storage import disk
from ckpt_magics.files.storage.place import place_of
from ckpt_magics.files.tensors.array_source import ArraySource
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.files.tensors.source import TensorSpec
from tests.files.saved import write_kind

QUICK = SaveOptions(durable=False)
FLOATS = np.arange(12, dtype=np.float32).reshape(4, 3)

every_kind = pytest.mark.parametrize("kind", WRITTEN_KINDS, ids=[kind.name for kind in WRITTEN_KINDS])


def read(path):
    with open_tensors(path) as tensors:
        return {key.decode(): value for key, value in tensors.source.read_many(tensors.source.keys()).items()}


def held_dtypes(kind):
    """Return the dtypes of numbers that a kind holds, as NumPy has them."""
    found = [dtype for dtype in DTYPES if dtype.itemsize and not dtype.is_quantized]
    return [dtype.numpy for dtype in found if not kind.can_hold([TensorSpec(key_of(kind, "x"), dtype, (2,))])]


def named(kind, name):
    """Return a name that a kind takes, if it takes that of a tensor at all."""
    return kind.name_form.format(name)


def key_of(kind, name):
    return named(kind, name).encode()


names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)


@every_kind
@given(data=st.data())
def test_what_is_written_is_read_back_bit_for_bit(tmp_path_factory, kind, data):
    dtypes = held_dtypes(kind)
    keys = data.draw(st.lists(names, min_size=1, max_size=6, unique=True))
    arrays = {}
    for key in keys:
        shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
        dtype = data.draw(st.sampled_from(dtypes))
        values = data.draw(hnp.arrays(np.int8, shape, elements=st.integers(0, 1)))
        arrays[named(kind, key)] = values.astype(dtype)
    path = tmp_path_factory.mktemp("m") / "m"
    specs = [ArraySource(arrays).spec(key.encode()) for key in arrays]
    if kind.can_hold(specs):
        with pytest.raises(UnimplementedError, match=f"{kind.name} cannot hold"):
            write_kind(path, arrays, kind)
        assert not os.listdir(path.parent)
        return
    write_kind(path, arrays, kind)
    found = read(path)
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        assert found[name].tobytes() == array.tobytes()


@every_kind
def test_every_dtype_is_written_or_refused_with_a_step_that_fits(kind):
    for dtype in DTYPES:
        spec = TensorSpec(key_of(kind, "w"), dtype, (2,))
        for one in kind.can_hold([spec]):
            assert one.name == spec.key
            assert one.step in {"dtype", "exclude"}
            if one.step == "dtype":
                assert not kind.can_hold([TensorSpec(spec.key, as_dtype(one.value), (2,))])


@every_kind
def test_pieces_make_the_bytes_of_the_array(tmp_path, kind):
    write_kind(tmp_path / "whole", {named(kind, "w"): FLOATS}, kind)
    with open_sink(tmp_path / "cut", [TensorSpec(key_of(kind, "w"), FLOAT, (4, 3))], QUICK, kind=kind) as sink:
        sink.write(key_of(kind, "w"), array_pieces(FLOATS, 8))
    assert contents(tmp_path, "whole") == contents(tmp_path, "cut")


def contents(folder, stem):
    return [path.read_bytes() for path in sorted(folder.rglob(f"{stem}*")) if path.is_file()]


@every_kind
def test_nothing_is_visible_before_the_end_and_a_break_leaves_the_old_version(tmp_path, kind):
    first, last = named(kind, "w"), named(kind, "x")
    old, new = {first: FLOATS}, {first: np.ones((99, 99)), last: np.ones((99, 99))}
    write_kind(tmp_path / "m", old, kind)
    before = sorted(os.listdir(tmp_path))

    class Broken(ArraySource):
        def pieces(self, key, at_most=1 << 20):
            if key == last.encode():
                assert [name for name in sorted(os.listdir(tmp_path)) if not name.startswith(".")] == before
                raise KeyboardInterrupt
            return super().pieces(key, at_most)

    with pytest.raises(KeyboardInterrupt):
        write_kind(tmp_path / "m", Broken(new), kind)
    assert sorted(os.listdir(tmp_path)) == before
    assert np.array_equal(read(tmp_path / "m")[first], FLOATS)
    write_kind(tmp_path / "m", new, kind)
    assert read(tmp_path / "m")[last].all()


@every_kind
def test_values_out_of_order_and_missing_ones_end_it(tmp_path, kind):
    specs = [TensorSpec(key_of(kind, name), FLOAT, (4, 3)) for name in "wx"]
    with pytest.raises(InternalError, match="in the order"), open_sink(tmp_path / "m", specs, QUICK, kind=kind) as sink:
        sink.write(sink.order[1], FLOATS)
    with pytest.raises(InternalError, match="values were"), open_sink(tmp_path / "m", specs, QUICK, kind=kind) as sink:
        sink.write(sink.order[0], FLOATS)
    assert not os.listdir(tmp_path)


@every_kind
def test_a_full_disk_refuses_before_a_byte_is_written(tmp_path, monkeypatch, kind):
    class Full:
        def __getattr__(self, name):
            return getattr(os, name)

        def statvfs(self, path):
            return SimpleNamespace(f_blocks=10, f_bavail=1, f_frsize=40)

        def write(self, descriptor, data):
            raise AssertionError

    monkeypatch.setattr(disk, "os", Full())
    with pytest.raises(ResourceExhaustedError, match=r"48 bytes are needed.*40 bytes are free"):
        write_kind(tmp_path / "m", {named(kind, "w"): FLOATS}, kind)
    assert not os.listdir(tmp_path)


@every_kind
def test_progress_comes_to_the_end_and_what_it_raises_undoes_all(tmp_path, kind):
    told = []
    big = np.zeros((3, 1 << 20), np.uint8)
    name = named(kind, "w")
    write_kind(tmp_path / "m", {name: big}, kind, progress=lambda *done: told.append(done))
    assert told[-1] == (big.nbytes, big.nbytes)

    def stop(*_):
        raise KeyboardInterrupt

    before = sorted(os.listdir(tmp_path))
    with pytest.raises(KeyboardInterrupt):
        write_kind(tmp_path / "m", {name: big + 1}, kind, progress=stop)
    assert sorted(os.listdir(tmp_path)) == before
    assert not read(tmp_path / "m")[name].any()


@every_kind
def test_each_byte_belongs_to_one_thing_and_each_value_has_its_bytes(tmp_path, kind):
    arrays = {"a": FLOATS, "b/c": np.zeros(0, np.int32), "d": np.float32(7)}
    arrays = {named(kind, name): array for name, array in arrays.items()}
    sink = write_kind(tmp_path / "m", arrays, kind)
    maps = {file.name: file for file in kind.byte_map(place_of(tmp_path / "m"))}
    for file in sink.written:
        mine = maps[file.path].ranges
        assert [one.offset for one in mine] == list(np.cumsum([0, *(one.size for one in mine)])[:-1])
        assert sum(one.size for one in mine) == file.bytes == os.stat(file.path).st_size
    if kind.name != "v1":
        values = [(file, one) for file in maps.values() for one in file.ranges if one.what == TENSOR]
        for file, one in values:
            stored = file.read(one.offset, one.size)
            assert stored.endswith(np.asarray(arrays[one.key.decode()]).tobytes())
        assert {one.key for _, one in values} >= {key_of(kind, name) for name in "ad"}


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("model.ckpt", "v2"),
        ("runs.2/model.ckpt-12", "v2"),
        ("model", "v2"),
        ("model-7", "v2"),
        ("model.safetensors", "safetensors"),
        ("my.model.npz", "npz"),
        ("my.weights.hdf5", "hdf5"),
        ("my.weights.h5", "keras"),
        ("my.h5", "keras-h5"),
        ("runs/arrays/", "npy"),
    ],
)
def test_the_suffix_says_the_kind(path, kind):
    assert kind_to_write(path).name == kind
    assert kind_to_write(path, "v1").name == "v1"


def test_an_unknown_suffix_or_name_lists_the_kinds():
    for call in (lambda: kind_to_write("m.onnx"), lambda: kind_named("onnx"), lambda: kind_to_write("m.npz", "NPZ")):
        with pytest.raises(
            InvalidArgumentError, match=r"The kinds are v2, v1, safetensors, npz, npy, hdf5, keras, keras-h5, torch"
        ):
            call()


def test_what_does_not_fit_is_all_said_at_once_a_few_names_of_each(tmp_path):
    halves = (TensorSlice.parse("0,2:-"), TensorSlice.parse("2,2:-"))
    specs = [
        *(TensorSpec(b"s%d" % number, STRING, (2,)) for number in range(7)),
        TensorSpec(b"c", COMPLEX128, ()),
        TensorSpec(b"p", FLOAT, (4, 3), halves),
        TensorSpec(b"q", QINT8, (4,)),
        TensorSpec(b"\xff", FLOAT, ()),
        TensorSpec(b"__metadata__", FLOAT, ()),
    ]
    safetensors = kind_named("safetensors")
    with pytest.raises(UnimplementedError) as caught, open_sink(tmp_path / "m", specs, QUICK, kind=safetensors):
        raise AssertionError
    assert str(caught.value) == (
        "safetensors cannot hold strings (s0, s1, s2, s3, s4 and 2 more); values of complex128 (c); slices (p); "
        "values of qint8 (q); names that are no UTF-8 (\\xff); names that mean something else there (__metadata__). "
        "What helps: --exclude NAME, --dtype NAME=complex64, whole tensors for slices, --dtype NAME=int8, "
        "--map NEW=NAME."
    )
    assert not os.listdir(tmp_path)


def test_a_cast_that_helps_keeps_every_value_where_one_can():
    found = kind_named("npz").can_hold(
        [TensorSpec(name.encode(), as_dtype(name), (1,)) for name in ("bfloat16", "int4", "uint4")]
    )
    why = "values of "
    assert found == [
        Unheld(b"bfloat16", why + "bfloat16", "dtype", "float32"),
        Unheld(b"int4", why + "int4", "dtype", "int8"),
        Unheld(b"uint4", why + "uint4", "dtype", "uint8"),
    ]
