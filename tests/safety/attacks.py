"""Files made to do harm, all checksums right: each maker writes one into a folder and returns the path to be opened.

The list follows what broke other readers: sizes that overflow or that ask for more memory than there is, structures
without end, ranges that share their bytes, names that leave the directory, and things that are no files at all.
"""

import os
from collections.abc import Callable

import numpy as np

from ckpt_magics.files.formats import dtypes
from ckpt_magics.files.formats.bundle_records import BundleEntry, BundleHeader, encode_entry, encode_header
from ckpt_magics.files.formats.slice_records import SliceMeta, encode_meta, encode_saved_slice
from ckpt_magics.files.formats.table import TableWriter
from ckpt_magics.files.formats.tensor_slice import MAX_SLICES, Extent, TensorSlice
from ckpt_magics.files.formats.versions import Versions
from ckpt_magics.files.wire.crc32c import crc32c, mask
from ckpt_magics.files.wire.fields import encode_bytes_field, encode_fixed32_field, encode_varint_field
from ckpt_magics.files.wire.varint import encode_varint
from ckpt_magics.proto import messages
from tests.safety.fuzz_targets import make_table

ATTACKS: dict[str, Callable] = {}
FLOAT = dtypes.FLOAT.number
GOOD = np.arange(6, dtype=np.float32).reshape(2, 3)
GOOD_BYTES = GOOD.tobytes()
GOOD_ENTRY = BundleEntry(dtypes.FLOAT, (2, 3), size=24, crc32c=mask(crc32c(GOOD_BYTES)))


def attack(make):
    """Add a maker to the list under its own name."""
    ATTACKS[make.__name__] = make
    return make


def write_records(path, records):
    with open(path, "wb") as file:
        table = TableWriter(file.write)
        for key, value in sorted(dict(records).items()):
            table.add(key, value)
        table.finish()


def v2(folder, entries, data=GOOD_BYTES, header=None):
    """A bundle of any entries, messages or raw bytes, with one good tensor named ``good``."""
    records = {b"": encode_header(header or BundleHeader()), b"good": encode_entry(GOOD_ENTRY)}
    records |= {key: value if isinstance(value, bytes) else encode_entry(value) for key, value in entries.items()}
    write_records(folder / "m.index", records)
    (folder / "m.data-00000-of-00001").write_bytes(data)
    return folder / "m"


def raw_entry(dtype=FLOAT, dims=(2, 3), *, shape=None, size=24, offset=0, shard=0, crc=GOOD_ENTRY.crc32c, more=b""):
    if shape is None:
        shape = b"".join(encode_bytes_field(2, encode_varint_field(1, size)) for size in dims)
    return b"".join(
        [
            encode_varint_field(1, dtype),
            encode_bytes_field(2, shape),
            encode_varint_field(3, shard),
            encode_varint_field(4, offset),
            encode_varint_field(5, size),
            encode_fixed32_field(6, crc),
            more,
        ]
    )


ENTRIES = {
    "dims_2_32_by_2_32": raw_entry(dims=(1 << 32, 1 << 32)),
    "dims_2_62_by_4": raw_entry(dims=(1 << 62, 4)),
    "dims_2_63": raw_entry(dims=((1 << 63),)),
    "dims_2_62_by_0": raw_entry(dims=(1 << 62, 0), size=0),
    "dims_0_by_2_62_by_2_62": raw_entry(dims=(0, 1 << 62, 1 << 62), size=0),
    "dim_of_2_40_of_few_bytes": raw_entry(dims=(1 << 40,)),
    "negative_dim": raw_entry(dims=(-1, 3)),
    "two_negative_dims": raw_entry(dims=(-2, -3)),
    "rank_65": raw_entry(dims=(1,) * 65, size=4),
    "rank_254": raw_entry(dims=(1,) * 254, size=4),
    "rank_300": raw_entry(dims=(1,) * 300, size=4),
    "rank_100_000": raw_entry(dims=(1,) * 100_000, size=4),
    "unknown_rank": raw_entry(shape=b"\x18\x01"),
    "malformed_shape": raw_entry(shape=b"\x12\x7f"),
    "dtype_0": raw_entry(0),
    "dtype_9999": raw_entry(9999),
    "dtype_negative": raw_entry(-1),
    "dtype_ref": raw_entry(101),
    "dtype_resource": raw_entry(dtypes.RESOURCE.number),
    "dtype_variant": raw_entry(dtypes.VARIANT.number),
    "dtype_string_of_numbers": raw_entry(dtypes.STRING.number),
    "strings_2_62": raw_entry(dtypes.STRING.number, (1 << 62,)),
    "strings_2_40_of_2_40_bytes": raw_entry(dtypes.STRING.number, (1 << 40,), size=1 << 40),
    "offset_at_end": raw_entry(offset=24),
    "offset_2_62": raw_entry(offset=1 << 62),
    "offset_plus_size_wraps": raw_entry(offset=(1 << 63) - 4),
    "offset_negative": raw_entry(offset=-24),
    "size_2_62": raw_entry(size=1 << 62, dims=(1 << 60,)),
    "size_negative": raw_entry(size=-24),
    "size_less_than_the_shape": raw_entry(size=4),
    "size_more_than_the_shape": raw_entry(size=25),
    "shard_5": raw_entry(shard=5),
    "shard_negative": raw_entry(shard=-1),
    "shard_2_31": raw_entry(shard=1 << 31),
    "no_message": b"\xff" * 30,
    "empty_message": b"",
    "groups_without_end": b"\x0b" * 100_000,
    "groups_nested_deep": b"\x0b" * 5000 + b"\x0c" * 5000,
    "field_number_0": b"\x00\x01",
    "length_of_2_63": b"\x12" + encode_varint(1 << 63),
    "varint_without_end": b"\x08" + b"\xff" * 100_000,
    "a_million_fields": b"\x18\x00" * 1_000_000,
    "slice_of_negative_length": raw_entry(more=encode_bytes_field(7, b"\x0a\x0b\x10" + encode_varint((1 << 64) - 5))),
    "slice_start_2_62": raw_entry(more=encode_bytes_field(7, b"\x0a\x0a\x08" + encode_varint(1 << 62))),
    "slices_that_are_not_stored": raw_entry(
        dims=(1 << 40,), size=0, more=encode_bytes_field(7, TensorSlice((Extent(0, 1 << 40),)).encode_proto())
    ),
    "a_hundred_thousand_slices": raw_entry(
        dims=(100_000,),
        size=0,
        more=b"".join(
            encode_bytes_field(7, TensorSlice((Extent(start, 1),)).encode_proto()) for start in range(100_000)
        ),
    ),
    "a_slice_again_and_again": raw_entry(
        dims=(4,), size=0, more=encode_bytes_field(7, TensorSlice((Extent(0, 4),)).encode_proto()) * 20_000
    ),
}
for _name, _entry in ENTRIES.items():
    ATTACKS[f"entry_{_name}"] = lambda folder, entry=_entry: v2(folder, {b"bad": entry})


@attack
def names_that_harm(folder):
    names = [b"../../etc/passwd", b"<script>alert(1)</script>", b"\x1b[2J", b"\xff\xfe", b"a\0b", b"x" * (1 << 20)]
    return v2(folder, dict.fromkeys(names, GOOD_ENTRY))


@attack
def name_of_many_megabytes(folder):
    return v2(folder, {b"x" * (16 << 20): GOOD_ENTRY})


@attack
def many_tensors_share_one_range(folder):
    data = bytes(4 << 20)
    entry = BundleEntry(dtypes.FLOAT, (1 << 20,), size=4 << 20, crc32c=mask(crc32c(data)))
    return v2(folder, {b"t%05d" % number: entry for number in range(20_000)}, data)


@attack
def many_tensors_reach_into_each_other(folder):
    data = bytes(4 << 20)
    crcs = mask(crc32c(data[: 3 << 20]))
    entries = {
        b"t%05d" % number: BundleEntry(dtypes.FLOAT, (3 << 18,), offset=number, size=3 << 20, crc32c=crcs)
        for number in range(20_000)
    }
    return v2(folder, entries, data)


@attack
def many_slices_share_one_range(folder):
    """One tensor of 80 GB, its slices all the same few bytes of the file."""
    data = bytes(4 << 20)
    rows = 1 << 20
    parts = [TensorSlice((Extent(number * rows, rows),)) for number in range(20_000)]
    piece = BundleEntry(dtypes.FLOAT, (rows,), size=4 << 20, crc32c=mask(crc32c(data)))
    whole = BundleEntry(dtypes.FLOAT, (20_000 * rows,), slices=tuple(parts))
    return v2(folder, {b"w": whole} | {part.encode_key(b"w"): piece for part in parts}, data)


@attack
def strings_of_a_long_length(folder):
    data = encode_varint(1 << 50) + bytes(4)
    return v2(folder, {b"s": raw_entry(dtypes.STRING.number, (1,), size=len(data))}, data)


@attack
def two_hundred_thousand_names(folder):
    return v2(folder, {b"layer_%06d/kernel" % number: GOOD_ENTRY for number in range(200_000)})


HEADERS = {
    "no_shards": BundleHeader(0),
    "a_million_shards": BundleHeader(1_000_000),
    "most_shards": BundleHeader((1 << 31) - 1),
    "negative_shards": BundleHeader(-1 & 0xFFFFFFFF),
    "of_the_future": BundleHeader(min_consumer=1000),
    "big_endian": BundleHeader(big_endian=True),
    "many_bad_consumers": BundleHeader(bad_consumers=tuple(range(100_000))),
}
for _name, _header in HEADERS.items():
    ATTACKS[f"header_{_name}"] = lambda folder, header=_header: v2(folder, {}, header=header)


@attack
def header_missing(folder):
    v2(folder, {})
    write_records(folder / "m.index", {b"good": encode_entry(GOOD_ENTRY)})
    return folder / "m"


def block_of(*parts, restarts=(0,)):
    return b"\0" + b"".join(parts) + b"".join(at.to_bytes(4, "little") for at in (*restarts, len(restarts)))


def keys_without_end(count, size):
    """Entries that each share a long key with the one before: a few bytes that stand for ``size`` each."""
    first = b"\0" + encode_varint(size) + b"\0" + b"k" * size
    return first + b"".join(encode_varint(size + at) + b"\x01\x00\x01" for at in range(count))


BLOCKS = {
    "keys_without_end": block_of(keys_without_end(100_000, 60_000)),
    "shared_key_of_2_32": block_of(b"\x00\x01\x00a", encode_varint((1 << 32) - 1) + b"\x01\x00b"),
    "value_of_2_32": block_of(b"\x00\x01" + encode_varint((1 << 32) - 1) + b"a"),
    "no_restarts": b"\0" + bytes(4),
    "restarts_2_32": b"\0" + b"\xff" * 4,
    "restart_outside": block_of(b"\x00\x01\x00a", restarts=(0, 1 << 31)),
    "restart_inside_an_entry": block_of(b"\x00\x01\x00a\x00\x01\x00b", restarts=(0, 2)),
    "snappy_promises_2_31": b"\1" + encode_varint((1 << 31) - 1) + b"\0",
    "snappy_64_times": b"\1" + encode_varint(64 << 20) + b"\x00a" + b"\xfe\x01\x00" * (1 << 20),
    "snappy_copy_before_the_start": b"\1" + encode_varint(100) + b"\xfe\xff\xff",
    "snappy_short": b"\1" + encode_varint(100) + b"\x00a",
    "keys_out_of_order": block_of(b"\x00\x01\x00b\x00\x01\x00a"),
    "same_key_twice": block_of(b"\x00\x01\x00a\x00\x01\x00a"),
}
for _name, _block in BLOCKS.items():

    def _make(folder, block=_block):
        v2(folder, {})
        (folder / "m.index").write_bytes(make_table([block]))
        return folder / "m"

    ATTACKS[f"block_{_name}"] = _make


@attack
def index_with_blocks_that_overlap(folder):
    v2(folder, {})
    handle = b"\x00\x64"
    entries = b"".join(bytes((0, 2, 2)) + number.to_bytes(2, "big") + handle for number in range(1, 60_000))
    (folder / "m.index").write_bytes(make_table([block_of(bytes(200))], entries + bytes(4) + b"\x01\0\0\0"))
    return folder / "m"


@attack
def index_handle_of_2_63(folder):
    v2(folder, {})
    handle = encode_varint((1 << 63) - 1) * 2
    index = bytes((0, 1, len(handle))) + b"\xff" + handle + bytes(4) + b"\x01\0\0\0"
    (folder / "m.index").write_bytes(make_table([], index))
    return folder / "m"


@attack
def index_that_names_itself(folder):
    v2(folder, {})
    (folder / "m.index").write_bytes(make_table([], bytes((0, 1, 2)) + b"\xff\x00\x10" + bytes(4) + b"\x01\0\0\0"))
    return folder / "m"


def v1(folder, tensors, records):
    write_records(folder / "v1", {b"": encode_meta(tensors), **records})
    return folder / "v1"


FULL = TensorSlice.full(2)


@attack
def v1_shape_of_2_80(folder):
    meta = encode_meta([SliceMeta(b"w", (2, 3), dtypes.FLOAT, (FULL,))])
    huge = b"".join(encode_bytes_field(2, encode_varint_field(1, 1 << 40)) for _ in range(2))
    good = b"".join(encode_bytes_field(2, encode_varint_field(1, size)) for size in (2, 3))
    # As long as the good one must be: only then do the lengths around it stay right.
    write_records(folder / "v1", {b"": meta.replace(good, huge[: len(good)])})
    return folder / "v1"


@attack
def v1_one_value_for_2_40(folder):
    part = TensorSlice.full(1)
    record = b"".join(encode_saved_slice(b"w", part, [np.zeros(1, np.float32)], dtypes.FLOAT, 1))
    return v1(folder, [SliceMeta(b"w", (1 << 40,), dtypes.FLOAT, (part,))], {part.encode_key(b"w"): record})


@attack
def v1_slices_that_are_not_stored(folder):
    parts = tuple(TensorSlice((Extent(number << 30, 1 << 30),)) for number in range(1000))
    return v1(folder, [SliceMeta(b"w", (1000 << 30,), dtypes.INT64, parts)], {})


@attack
def v1_slices_that_overlap(folder):
    parts = tuple(TensorSlice((Extent(0, 4), Extent(0, None))) for _ in range(5000))
    return v1(folder, [SliceMeta(b"w", (4, 3), dtypes.FLOAT, parts)], {})


@attack
def v1_a_name_again_and_again(folder):
    return v1(folder, [SliceMeta(b"w", (2, 3), dtypes.FLOAT, (FULL,))] * (MAX_SLICES + 1), {})


@attack
def v1_record_of_another_tensor(folder):
    record = b"".join(encode_saved_slice(b"v", FULL, [GOOD], dtypes.FLOAT, GOOD.size))
    return v1(folder, [SliceMeta(b"w", (2, 3), dtypes.FLOAT, (FULL,))], {FULL.encode_key(b"w"): record})


@attack
def v1_more_values_than_the_shape(folder):
    record = b"".join(encode_saved_slice(b"w", FULL, [np.zeros(1 << 20, np.float32)], dtypes.FLOAT, 1 << 20))
    return v1(folder, [SliceMeta(b"w", (2, 3), dtypes.FLOAT, (FULL,))], {FULL.encode_key(b"w"): record})


@attack
def v1_dtype_of_none(folder):
    meta = encode_meta([SliceMeta(b"w", (2, 3), dtypes.FLOAT, (FULL,))])
    write_records(folder / "v1", {b"": meta.replace(b"\x18\x01", b"\x18\x7f")})
    return folder / "v1"


@attack
def v1_of_the_future(folder):
    write_records(folder / "v1", {b"": encode_meta([], Versions(1, 1000))})
    return folder / "v1"


@attack
def v1_without_a_list(folder):
    write_records(folder / "v1", {b"": b"", b"x": b"y"})
    return folder / "v1"


def graph_file(folder, data):
    (folder / "g.meta").write_bytes(data)
    return folder / "g.meta"


@attack
def graph_nested_deep(folder):
    data = b""
    for _ in range(5000):
        data = encode_bytes_field(1, data)
    return graph_file(folder, encode_bytes_field(2, data))


@attack
def graph_as_text_nested_deep(folder):
    return graph_file(folder, b"graph_def { " * 20_000)


@attack
def graph_of_lists_in_lists(folder):
    value = messages.AttrValue()
    value.list.func.add(name="f")
    for _ in range(90):
        outer = messages.AttrValue()
        outer.func.name = "f"
        outer.func.attr["a"].CopyFrom(value)
        value = outer
        if value.ByteSize() > 60_000:
            break
    graph = messages.MetaGraphDef()
    graph.graph_def.node.add(name="n", op="X").attr["a"].CopyFrom(value)
    return graph_file(folder, graph.SerializeToString())


@attack
def graph_of_a_cycle(folder):
    graph = messages.MetaGraphDef()
    for number in range(2000):
        graph.graph_def.node.add(name=f"n{number}", op="Add", input=[f"n{(number + 1) % 2000}", f"^n{number}"])
    return graph_file(folder, graph.SerializeToString())


@attack
def graph_of_one_deep_scope(folder):
    graph = messages.MetaGraphDef()
    graph.graph_def.node.add(name="/".join(["a"] * 20_000), op="NoOp")
    return graph_file(folder, graph.SerializeToString())


@attack
def graph_of_missing_inputs(folder):
    graph = messages.MetaGraphDef()
    graph.graph_def.node.add(name="n", op="Add", input=["gone:7", "^gone", ":", "", "^", "x:99999999999999999999"])
    return graph_file(folder, graph.SerializeToString())


@attack
def graph_of_a_huge_constant(folder):
    graph = messages.MetaGraphDef()
    tensor = graph.graph_def.node.add(name="c", op="Const").attr["value"].tensor
    tensor.dtype = FLOAT
    for size in (1 << 31, 1 << 31):
        tensor.tensor_shape.dim.add(size=size)
    tensor.float_val.append(1)
    return graph_file(folder, graph.SerializeToString())


@attack
def graph_of_names_that_harm(folder):
    graph = messages.MetaGraphDef()
    for number, name in enumerate(("<script>alert(1)</script>", "\x1b[2J", '"];x', "a\0b", "../../x", "")):
        graph.graph_def.node.add(name=f"{name}{number}", op=name, device=name)
    return graph_file(folder, graph.SerializeToString())


@attack
def graph_of_random_bytes(folder):
    return graph_file(folder, np.random.default_rng(1).bytes(1 << 20))


@attack
def saved_model_of_random_bytes(folder):
    (folder / "saved_model.pb").write_bytes(np.random.default_rng(2).bytes(1 << 16))
    (folder / "variables").mkdir()
    return folder


@attack
def saved_model_whose_variables_are_a_file(folder):
    (folder / "saved_model.pb").write_bytes(b"\x08\x01")
    (folder / "variables").write_bytes(b"")
    return folder


def state_file(folder, text):
    v2(folder, {})
    (folder / "checkpoint").write_bytes(text)
    return folder


OUTSIDE = "/etc/passwd"
"""A file elsewhere that a state file calls the latest checkpoint, as it may; it is looked at, and is none."""

STATES = {
    "empty": b"",
    "binary": bytes(range(256)) * 100,
    "outside": f'model_checkpoint_path: "{OUTSIDE}"\nall_model_checkpoint_paths: "../../..{OUTSIDE}"\n'.encode(),
    "device": b'model_checkpoint_path: "/dev/zero"\n',
    "url": b'model_checkpoint_path: "http://127.0.0.1:9/m"\n',
    "glob": b'model_checkpoint_path: "*"\nall_model_checkpoint_paths: "[a-z]*"\n',
    "nul": b'model_checkpoint_path: "m\\000"\n',
    "long_path": b'model_checkpoint_path: "' + b"x/" * 100_000 + b'"\n',
    "quotes_without_end": b'model_checkpoint_path: "' + b"\\" * 200_000,
    "a_hundred_thousand_paths": b'model_checkpoint_path: "m"\n' + b'all_model_checkpoint_paths: "m-1"\n' * 100_000,
    "brackets": b"all_model_checkpoint_paths: " + b"[" * 200_000,
    "blanks": b" \n#" * 300_000,
    "escapes": b'model_checkpoint_path: "' + b"\\U0010ffff\\777\\xff" * 10_000 + b'"',
}
for _name, _text in STATES.items():
    ATTACKS[f"state_{_name}"] = lambda folder, text=_text: state_file(folder, text)


@attack
def state_file_without_end(folder):
    with open(folder / "checkpoint", "wb") as file:
        file.truncate(1 << 40)
    return folder


@attack
def fifo_as_prefix(folder):
    os.mkfifo(folder / "m")
    return folder / "m"


@attack
def fifo_as_index(folder):
    os.mkfifo(folder / "m.index")
    return folder / "m"


@attack
def fifo_as_data(folder):
    v2(folder, {})
    (folder / "m.data-00000-of-00001").unlink()
    os.mkfifo(folder / "m.data-00000-of-00001")
    return folder / "m"


@attack
def fifo_as_state_file(folder):
    os.mkfifo(folder / "checkpoint")
    return folder


@attack
def fifo_as_meta_graph(folder):
    os.mkfifo(folder / "g.meta")
    return folder / "g.meta"


@attack
def device_as_data(folder):
    v2(folder, {})
    (folder / "m.data-00000-of-00001").unlink()
    os.symlink("/dev/zero", folder / "m.data-00000-of-00001")
    return folder / "m"


@attack
def device_as_prefix(folder):
    os.symlink("/dev/zero", folder / "m")
    return folder / "m"


@attack
def directory_as_index(folder):
    (folder / "m.index").mkdir()
    return folder / "m"


@attack
def directory_as_data(folder):
    v2(folder, {})
    (folder / "m.data-00000-of-00001").unlink()
    (folder / "m.data-00000-of-00001").mkdir()
    return folder / "m"


@attack
def link_to_itself(folder):
    for name in ("m", "m.index", "checkpoint"):
        os.symlink(name, folder / name)
    return folder / "m"


@attack
def links_in_a_circle(folder):
    v2(folder, {})
    (folder / "m.data-00000-of-00001").unlink()
    os.symlink("n", folder / "m.data-00000-of-00001")
    os.symlink("m.data-00000-of-00001", folder / "n")
    return folder / "m"


@attack
def file_of_holes(folder):
    """A terabyte that takes no room: nothing may be read of it but its ends."""
    for name in ("m.index", "m"):
        with open(folder / name, "wb") as file:
            file.truncate(1 << 40)
    return folder / "m"


@attack
def data_of_holes(folder):
    entry = BundleEntry(dtypes.FLOAT, (1 << 30,), size=4 << 30, crc32c=0)
    v2(folder, {b"bad": entry._replace(offset=1 << 50)})
    return folder / "m"
