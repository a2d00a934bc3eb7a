"""One function per parser, fed any bytes: it returns, or one of our errors is raised. Checksums are made right first.

A mutation that no checksum lets through tests the checksum only; so the bytes given become the contents of blocks and
records, and the parts around them are built whole.
"""

import contextlib
import shutil
import tempfile
import warnings
from pathlib import Path

import numpy as np

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.directory.finding import find_checkpoint
from ckpt_magics.files.directory.state_text import format_state, parse_state
from ckpt_magics.files.formats import dtypes
from ckpt_magics.files.formats.block import parse_block
from ckpt_magics.files.formats.block_scan import scan_block
from ckpt_magics.files.formats.bundle_records import (
    BundleEntry,
    BundleHeader,
    decode_entry,
    decode_header,
    encode_header,
)
from ckpt_magics.files.formats.compression import decompress_snappy
from ckpt_magics.files.formats.dtypes import DTYPES, VARIANT
from ckpt_magics.files.formats.entry_columns import decode_entries
from ckpt_magics.files.formats.pickle_tree import read_pickle
from ckpt_magics.files.formats.random_access import BytesFile
from ckpt_magics.files.formats.slice_records import decode_meta, decode_saved_slice
from ckpt_magics.files.formats.table import TABLE_MAGIC, TableReader
from ckpt_magics.files.formats.tensor_data import encode_tensor, read_tensor
from ckpt_magics.files.formats.tensor_proto import tensor_proto_to_array
from ckpt_magics.files.formats.tensor_slice import TensorSlice, parse_shape_and_slice
from ckpt_magics.files.formats.torch_contents import read_contents
from ckpt_magics.files.jobs.verification import check_checkpoint
from ckpt_magics.files.wire import ordered_code
from ckpt_magics.files.wire.crc32c import crc32c, mask
from ckpt_magics.files.wire.fields import iter_fields
from ckpt_magics.files.wire.varint import decode_packed_varints, decode_varint, encode_varint
from ckpt_magics.notebook.reader import load_checkpoint
from ckpt_magics.proto import messages
from ckpt_magics.proto.parsing import parse_message
from tests.files import torch_files
from tests.truth import GOLDEN

SMALL = 1 << 20
LEGACY_START = 23


def cut(data, count):
    """Divide bytes into pieces, as the first bytes say: each piece by a byte pair with its length."""
    pieces, position = [], 0
    for _ in range(count - 1):
        size = int.from_bytes(data[position : position + 2], "little")
        pieces.append(data[position + 2 : position + 2 + size])
        position += 2 + len(pieces[-1])
    return [*pieces, data[position:]]


def join(*pieces):
    """The bytes that `cut` divides into these pieces; all but the last up to 64 KiB."""
    return b"".join(len(piece).to_bytes(2, "little") + piece for piece in pieces[:-1]) + pieces[-1]


def with_trailer(contents, kind=0):
    stored = contents + bytes([kind])
    return stored + mask(crc32c(stored)).to_bytes(4, "little")


def make_table(blocks, index=None):
    """A table of blocks with right checksums; the index is made for them unless its contents are given."""
    parts, entries, offset = [], b"", 0
    for number, contents in enumerate(blocks):
        kind = 1 if contents[:1] == b"\x01" else 0
        part = with_trailer(contents[1:], kind)
        handle = encode_varint(offset) + encode_varint(len(part) - 5)
        key = b"\xff" * (number + 1)
        entries += bytes((0, len(key), len(handle))) + key + handle
        parts.append(part)
        offset += len(part)
    index = index or entries + bytes(4) + b"\x01\x00\x00\x00"
    footer = (encode_varint(0) + encode_varint(0) + encode_varint(offset) + encode_varint(len(index))).ljust(40, b"\0")
    return b"".join([*parts, with_trailer(index), footer, TABLE_MAGIC.to_bytes(8, "little")])


def block(data):
    """A block, read entry by entry and in one pass: both find the same."""
    parsed = parse_block(data)
    with contextlib.suppress(CheckpointError):
        parsed.seek(data[:5])
    keys, failed = [], False
    try:
        keys += (key for key, _ in parsed.iter_entries())
    except CheckpointError:
        failed = True
    found = scan_block(parsed)
    assert found.keys == keys
    assert (found.damage is not None) == failed


def table(data):
    """A table of two blocks with an index of any contents."""
    index, first, second = cut(data, 3)
    reader = TableReader(BytesFile(make_table([first, second], index)))
    for handle in reader.blocks():
        with contextlib.suppress(CheckpointError):
            list(reader.read_block(handle))
    reader.get(first[:4])
    for _ in reader.iter_from():
        pass


def footer(data):
    """A file of any contents that ends as tables do."""
    TableReader(BytesFile(data + TABLE_MAGIC.to_bytes(8, "little")))


def snappy(data):
    assert len(decompress_snappy(data, SMALL)) <= SMALL


def bundle_entry(data):
    """An entry, alone and among others in columns: both say the same."""
    starts, ends = np.array([0]), np.array([len(data)])
    columns = decode_entries(data, starts, ends)
    try:
        one = decode_entry(data)
    except CheckpointError:
        assert columns.damage
        raise
    assert columns.entry(0) == one
    assert isinstance(one, BundleEntry)


def bundle_header(data):
    decode_header(data).versions.check()


def slice_meta(data):
    tensors, versions = decode_meta(data)
    versions.check()
    for meta in tensors:
        for part in meta.slices:
            with contextlib.suppress(CheckpointError):
                part.resolve(meta.shape)


def saved_slice(data):
    for dtype in (dtypes.FLOAT, dtypes.INT32, dtypes.STRING, dtypes.BOOL, dtypes.HALF, dtypes.COMPLEX64):
        with contextlib.suppress(CheckpointError):
            decode_saved_slice(data, dtype, (2, 3))
            decode_saved_slice(data, dtype, (1 << 40, 3))


def with_length_checksum(data, count, order):
    """String data with the checksum of its lengths made right, and the checksum of it all."""
    end, lengths = 0, b""
    for _ in range(count):
        length, end = decode_varint(data, end)
        lengths += length.to_bytes(4 if length < 1 << 32 else 8, order)
    crc = crc32c(lengths)
    checksum = mask(crc).to_bytes(4, order)
    rest = data[end + 4 :]
    return data[:end] + checksum + rest, crc32c(rest, crc32c(checksum, crc))


def with_variant_checksums(data, count):
    """Variant data with the checksum after each element made right, and the checksum of it all."""
    parts, start, crc = [], 0, 0
    for _ in range(count):
        size, begin = decode_varint(data, start)
        element = data[begin : begin + size]
        crc = crc32c(element, crc32c(size.to_bytes(8, "little"), crc))
        checksum = mask(crc).to_bytes(4, "little")
        crc = crc32c(checksum, crc)
        parts += (data[start : begin + size], checksum)
        start = begin + size + 4
    return b"".join([*parts, data[start:]]), crc


def tensor_data(data):
    """A value, the checksums inside and around it made right; what was read is written and read again."""
    kind, count, data = (data[:1] or b"\0")[0], int.from_bytes(data[1:3], "little"), data[3:]
    dtype, big_endian = DTYPES[(kind & 0x7F) % len(DTYPES)], bool(kind & 0x80)
    crc = crc32c(data)
    with contextlib.suppress(CheckpointError):  # of lengths that are cut off, which the reader is to find too
        if dtype == dtypes.STRING:
            data, crc = with_length_checksum(data, count, "big" if big_endian else "little")
        elif dtype == VARIANT:
            data, crc = with_variant_checksums(data, count)
    file = BytesFile(data)
    array = read_tensor(file, 0, len(data), dtype, (count,), expected_crc=mask(crc), big_endian=big_endian)
    pieces, crc = encode_tensor(array, dtype)
    stored = b"".join(pieces)
    again = read_tensor(BytesFile(stored), 0, len(stored), dtype, (count,), expected_crc=crc)
    assert again.tolist() == array.tolist() if array.dtype == object else again.tobytes() == array.tobytes()


def tensor_proto(data):
    tensor_proto_to_array(parse_message(data, messages.TensorProto, "fuzz"))


def state(data):
    found = parse_state(data)
    assert parse_state(format_state(found)) == found


def graph(data):
    parse_message(data, messages.MetaGraphDef, "fuzz")


def fields(data):
    for _ in iter_fields(data):
        pass


def varints(data):
    with contextlib.suppress(CheckpointError):
        decode_varint(data, 0)
    decode_packed_varints(data)


def ordered(data):
    for decode in (
        lambda: ordered_code.decode_string(data, 0),
        lambda: ordered_code.decode_num_increasing(data, 0),
        lambda: ordered_code.decode_signed_num_increasing(data, 0),
        lambda: TensorSlice.decode_key(data),
    ):
        with contextlib.suppress(CheckpointError):
            decode()


def slices(data):
    with contextlib.suppress(CheckpointError):
        TensorSlice.decode_proto(data).resolve((4, 3))
    text = data.decode("latin-1")
    with contextlib.suppress(CheckpointError):
        TensorSlice.parse(text)
    parse_shape_and_slice(text)


_folder = None


def folder():
    """A directory in memory for the targets that need files, one per process."""
    global _folder  # noqa: PLW0603 - made once, used by every call
    if _folder is None:
        memory = Path("/dev/shm")
        _folder = Path(tempfile.mkdtemp(prefix="ckpt-fuzz-", dir=memory if memory.is_dir() else None))
    return _folder


def close():
    """Remove the directory."""
    if _folder is not None:
        shutil.rmtree(_folder, ignore_errors=True)


def read_everything(path):
    """Do with a checkpoint what a user may do; our errors end the one step only."""
    steps = [
        lambda: check_checkpoint(find_checkpoint(path)),
        lambda: read_by_name(path),
    ]
    for step in steps:
        with contextlib.suppress(CheckpointError):
            step()


def read_by_name(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        with load_checkpoint(path) as reader:
            for look in (reader.debug_string, lambda: reader.object_graph, reader.get_variable_to_shape_map):
                with contextlib.suppress(CheckpointError):
                    look()
            for name in list(reader)[:20]:
                for read in (reader.entry, reader.get_tensor, lambda name: reader.get_slice(name, slice(0, 1))):
                    with contextlib.suppress(CheckpointError):
                        read(name)


def bundle(data):
    """A V2 checkpoint: one index block of any entries, and a data file of any bytes."""
    entries, values = cut(data, 2)
    key_less = encode_header(BundleHeader())
    header = bytes((0, 0, len(key_less))) + key_less
    contents = b"\0" + header + entries + bytes(4) + b"\x01\x00\x00\x00"
    (folder() / "m.index").write_bytes(make_table([contents]))
    (folder() / "m.data-00000-of-00001").write_bytes(values)
    read_everything(folder() / "m")


def slice_table(data):
    """A V1 checkpoint of one block of any entries."""
    (folder() / "v1").write_bytes(make_table([b"\0" + data + bytes(4) + b"\x01\x00\x00\x00"]))
    read_everything(folder() / "v1")


def pickle_tree(data):
    """A pickle, and the tensors that it says it holds."""
    found = read_pickle(data)
    assert found.end <= len(data)
    read_contents(found, len(data))


def torch_archive(data):
    """An archive of PyTorch: a pickle, and a storage of the bytes behind it."""
    value, stored = cut(data, 2)
    (folder() / "m.pt").write_bytes(torch_files.archive(value, {"0": stored}))
    read_everything(folder() / "m.pt")


def torch_legacy(data):
    """A file of PyTorch's old format: the magic numbers, and any bytes behind them."""
    (folder() / "old.pt").write_bytes(torch_files.legacy(b"N")[:LEGACY_START] + data)
    read_everything(folder() / "old.pt")


TARGETS = {
    target.__name__: target
    for target in (
        block, table, footer, snappy, bundle_entry, bundle_header, slice_meta, saved_slice, tensor_data, tensor_proto,
        state, graph, fields, varints, ordered, slices, bundle, slice_table,
        pickle_tree, torch_archive, torch_legacy,
    )
}  # fmt: skip


def records(path):
    """The records of a golden table."""
    return [(key, bytes(value)) for key, value in TableReader(BytesFile(path.read_bytes())).iter_from()]


def entries_of(found):
    """Records as the entries of a block, no key shared."""
    parts = []
    for key, value in found:
        parts += [b"\0", encode_varint(len(key)), encode_varint(len(value)), key, value]
    return b"".join(parts)


def seeds():
    """Good inputs by target, made from checkpoints of TensorFlow."""
    base = GOLDEN / "tf2.21.0"
    v2 = [records(path) for path in (base / "partitioned_v2", base / "dtypes_v2") for path in path.rglob("*.index")]
    v1 = [records(path) for path in (base / "partitioned_v1").rglob("model.ckpt") if path.is_file()]
    data = next((base / "partitioned_v2").rglob("*.data-00000-of-00001")).read_bytes()
    graphs = [path.read_bytes() for path in sorted(GOLDEN.rglob("*.meta"))[:4]]
    states = [path.read_bytes() for path in sorted(GOLDEN.rglob("checkpoint"))[:4] if path.is_file()]
    values = [value for table in v2 for _, value in table[1:]]
    whole = [entries_of(table) + bytes(4) + b"\x01\x00\x00\x00" for table in (*v2, *v1)]
    value = torch_files.mapping(w=torch_files.tensor((2, 3), (3, 1)), n=torch_files.number(3))
    strings, _ = encode_tensor(np.array([b"a", b"long" * 50], object), dtypes.STRING)
    return {
        "block": whole,
        "table": [join(b"", b"\0" + one, b"\0" + one) for one in whole],
        "footer": [make_table([b"\0" + one])[:-8] for one in whole],
        "snappy": [b"\x0c\x08abc\x1a\x03\x00", b"\x80\x80\x10\xfe\x01\x00"],
        "bundle_entry": values[:40],
        "bundle_header": [table[0][1] for table in v2],
        "slice_meta": [table[0][1] for table in v1],
        "saved_slice": [value for table in v1 for _, value in table[1:]],
        "tensor_data": [
            bytes([DTYPES.index(dtypes.STRING)]) + b"\x02\x00" + b"".join(bytes(part) for part in strings),
            bytes([DTYPES.index(dtypes.STRING) | 0x80]) + b"\x02\x00\x01\x00\x00\x00\x00\x00x",
            bytes([DTYPES.index(VARIANT)]) + b"\x01\x00\x01x\x00\x00\x00\x00",
            bytes([0]) + b"\x02\x00" + bytes(8),
        ],
        "tensor_proto": [
            b"\x08\x01\x12\x08\x12\x02\x08\x02\x12\x02\x08\x03\x22\x18" + bytes(24),
            b"\x08\x07\x12\x04\x12\x02\x08\x02\x42\x01a",
        ],
        "state": states,
        "graph": graphs,
        "fields": values[:10],
        "varints": [b"\x01\x80\x01" + b"\xff" * 9 + b"\x01"],
        "ordered": [key for table in (*v2, *v1) for key, _ in table],
        "slices": [b"4 3 0,2:-", b"\x0a\x04\x08\x02\x10\x02"],
        "bundle": [join(entries_of(table[1:]), data) for table in v2],
        "slice_table": [entries_of(table) for table in v1],
        "pickle_tree": [torch_files.pickled(value)],
        "torch_archive": [join(value, bytes(24))],
        "torch_legacy": [torch_files.legacy(value, [("0", 6, bytes(24))])[LEGACY_START:]],
    }
