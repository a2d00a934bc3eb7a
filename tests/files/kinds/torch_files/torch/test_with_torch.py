"""PyTorch is the oracle: what it saves is read as its own loader reads it, and it loads what is written."""

import contextlib
import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.files.formats.dtypes import as_dtype
from ckpt_magics.files.formats.torch_pickle import DTYPES, STORAGE_CLASSES
from ckpt_magics.files.kinds.known import kind_to_write
from ckpt_magics.files.kinds.sinks import write_tensors
from ckpt_magics.files.kinds.torch_files.torch_file import open_torch
from ckpt_magics.files.storage.place import place_of
from ckpt_magics.files.tensors.array_source import ArraySource
from ckpt_magics.files.tensors.save_options import SaveOptions

formats = pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])


def save(value, folder, new=True):
    path = str(folder / "m.pt")
    torch.save(value, path, _use_new_zipfile_serialization=new)
    return path


def read(path):
    with contextlib.closing(open_torch(place_of(path))) as file:
        assert not file.damage
        return {key.decode(): file.read(key) for key in file.keys()}  # noqa: SIM118 - it is no mapping


def flat(value, name=""):
    """The tensors and numbers of what PyTorch loaded, by name."""
    if isinstance(value, dict | list | tuple):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return {
            key: leaf
            for part, inner in items
            for key, leaf in flat(inner, f"{name}/{part}" if name else str(part)).items()
        }
    return {name: value} if isinstance(value, torch.Tensor | bool | int | float) else {}


def bits(tensor):
    """dtype, shape and bytes of a tensor."""
    dense = tensor.detach().reshape(-1).clone(memory_format=torch.contiguous_format)
    data = dense.view(torch.uint8).numpy().tobytes() if dense.numel() else b""
    return str(tensor.dtype).removeprefix("torch."), tuple(tensor.shape), data


def assert_read_as_torch_does(path):
    expected = flat(torch.load(path, weights_only=True))
    found = read(path)
    assert found.keys() == expected.keys()
    for name, array in found.items():
        if isinstance(expected[name], torch.Tensor):
            assert (as_dtype(array.dtype).name, array.shape, array.tobytes()) == bits(expected[name])
        else:
            assert array.item() == expected[name]


def trained():
    torch.manual_seed(0)
    layers = torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Flatten(), torch.nn.LSTM(4, 5)
    model = torch.nn.ModuleList(layers).to(memory_format=torch.preserve_format)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 2)
    sum(parameter.square().sum() for parameter in model.parameters()).backward()
    optimizer.step()
    schedule.step()
    return {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "schedule": schedule.state_dict(),
        "epoch": 3,
        "name": "run",
    }


@formats
def test_a_training_checkpoint(tmp_path, new):
    assert_read_as_torch_does(save(trained(), tmp_path, new))


@formats
@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.name)
def test_every_dtype(tmp_path, new, dtype):
    data = torch.arange(48, dtype=torch.uint8) % (2 if dtype.name == "bool" else 255)
    value = data.view(getattr(torch, dtype.name))
    path = save({"w": value}, tmp_path, new)
    found = read(path)["w"]
    assert (as_dtype(found.dtype).name, found.shape, found.tobytes()) == bits(value)
    if new or dtype in STORAGE_CLASSES.values():
        # Of the others PyTorch 2.13 does not load itself what it writes in the old format.
        assert_read_as_torch_does(path)


@st.composite
def views(draw):
    """A tensor that was made of another by views."""
    shape = draw(st.lists(st.integers(0, 4), max_size=4))
    tensor = torch.arange(int(np.prod(shape, dtype=int)), dtype=torch.float32).reshape(shape)
    for _ in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(["permute", "slice", "expand", "unsqueeze", "flip"]))
        if kind == "unsqueeze":
            tensor = tensor.unsqueeze(draw(st.integers(0, tensor.dim())))
        elif kind == "expand":
            tensor = tensor.expand(draw(st.integers(1, 3)), *tensor.shape)
        elif tensor.dim():
            axis = draw(st.integers(0, tensor.dim() - 1))
            if kind == "permute":
                tensor = tensor.permute(draw(st.permutations(range(tensor.dim()))))
            elif kind == "flip":
                tensor = tensor.flip(axis)
            elif tensor.shape[axis]:
                start = draw(st.integers(0, tensor.shape[axis] - 1))
                index = (slice(None),) * axis + (slice(start, None, draw(st.integers(1, 3))),)
                tensor = tensor[index]
    return tensor


@formats
@given(tensors=st.lists(views(), min_size=1, max_size=4))
def test_views_of_any_kind(tmp_path_factory, new, tensors):
    shared = [tensor[..., ::2] for tensor in tensors if tensor.dim()]
    assert_read_as_torch_does(save([*tensors, *shared], tmp_path_factory.mktemp("m"), new))


@formats
def test_kinds_of_tensors(tmp_path, new):
    value = torch.randn(3, 4)
    images = torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last)
    values = {"parameter": torch.nn.Parameter(value), "images": images, "tied": value, "scalar": torch.tensor(3)}
    assert_read_as_torch_does(save(values, tmp_path, new))
    kept = read(save({**values, "buffer": torch.nn.Buffer(value)}, tmp_path, new))
    assert kept["buffer"].tobytes() == value.numpy().tobytes()


@formats
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_protocol(tmp_path, new, protocol):
    path = str(tmp_path / "m.pt")
    torch.save(trained(), path, pickle_protocol=protocol, _use_new_zipfile_serialization=new)
    assert {name: array.tobytes() for name, array in read(path).items()} == {
        name: array.tobytes() for name, array in read(save(trained(), tmp_path, new)).items()
    }


def test_without_checksums(tmp_path):
    torch.serialization.set_crc32_options(False)
    try:
        assert_read_as_torch_does(save(trained(), tmp_path))
    finally:
        torch.serialization.set_crc32_options(True)


@formats
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_is_no_plain_tensor_is_refused_and_the_rest_is_read(tmp_path, new):
    value = torch.eye(3)
    refused = {
        "sparse": value.to_sparse(),
        "csr": value.to_sparse_csr(),
        "quantized": torch.quantize_per_tensor(value, 0.1, 0, torch.qint8),
        "conjugated": value.to(torch.complex64).conj(),
        "negated": value.to(torch.complex64).conj().imag,
        "meta": torch.empty(3, device="meta"),
        "numpy": np.float64(3),
        "module": torch.nn.Linear(2, 2),
        "storage": torch.eye(3).untyped_storage(),
    }
    with contextlib.closing(open_torch(place_of(save({**refused, "w": value}, tmp_path, new)))) as file:
        assert {error.tensor.decode() for error in file.damage} == set(refused)
        assert file.keys() == [b"w"]
        assert file.read(b"w").tobytes() == value.numpy().tobytes()


written = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12),
    st.tuples(st.sampled_from(DTYPES), st.lists(st.integers(0, 4), max_size=5)),
    max_size=6,
)


@given(written, st.booleans())
def test_torch_loads_what_is_written_bit_for_bit(tmp_path_factory, tensors, mmap):
    arrays = {}
    for name, (dtype, shape) in tensors.items():
        size = int(np.prod(shape, dtype=int)) * dtype.itemsize
        data = bytes(size) if dtype.name == "bool" else bytes(itertools.islice(itertools.cycle(range(256)), size))
        arrays[name] = np.frombuffer(data, dtype.numpy).reshape(shape)
    path = tmp_path_factory.mktemp("m") / "m.pth"
    source = ArraySource(arrays)
    specs = [source.spec(name.encode()) for name in arrays]
    write_tensors(path, specs, source, SaveOptions(durable=False), kind=kind_to_write(path))
    found = torch.load(path, weights_only=True, mmap=mmap)
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert bits(found[name]) == (as_dtype(array.dtype).name, array.shape, array.tobytes())
        assert found[name].is_contiguous()
        assert not mmap or not array.size or found[name].data_ptr() % 64 == 0


def test_a_module_takes_what_is_written(tmp_path):
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    source = ArraySource({name: value.numpy() for name, value in model.state_dict().items()})
    specs = list(map(source.spec, source.keys()))
    write_tensors(tmp_path / "m.bin", specs, source, SaveOptions(), kind=kind_to_write("m.bin"))
    other = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    other.load_state_dict(torch.load(tmp_path / "m.bin", weights_only=True))
    assert all(
        torch.equal(one, two) for one, two in zip(model.state_dict().values(), other.state_dict().values(), strict=True)
    )
