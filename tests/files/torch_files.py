"""PyTorch files made by hand, without PyTorch: pickles opcode by opcode, archives and files of the old format."""

import io
import struct
import zipfile

ORDERED_DICT = b"ccollections\nOrderedDict\n)R"


def text(value):
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def number(value):
    """A whole number: of four bytes where it fits, else of as many as it takes."""
    if -1 << 31 <= value < 1 << 31:
        return b"J" + struct.pack("<i", value)
    data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def several(*items):
    return b"(" + b"".join(items) + b"t"


def name(full):
    module, _, last = full.rpartition(".")
    return f"c{module}\n{last}\n".encode()


def call(full, *arguments):
    return name(full) + several(*arguments) + b"R"


def storage(key="0", kind="torch.FloatStorage", elements=6, *more):
    parts = (text("storage"), name(kind), text(key), text("cpu"), number(elements), *more)
    return several(*parts) + b"Q"


def tensor(shape, strides, offset=0, stored=None, *more, rebuild="torch._utils._rebuild_tensor_v2"):
    parts = (number(offset), several(*map(number, shape)), several(*map(number, strides)), b"\x89", ORDERED_DICT)
    return call(rebuild, stored or storage(), *parts, *more)


def mapping(**values):
    return b"}(" + b"".join(text(key) + value for key, value in values.items()) + b"u"


def pickled(value):
    return b"\x80\x02" + value + b"."


def archive(value, storages=None, byteorder=b"little", compression=zipfile.ZIP_STORED, root="m"):
    """The bytes of an archive: a value by opcodes, and the bytes of storages by key."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as found:
        found.writestr(f"{root}/data.pkl", pickled(value))
        if byteorder is not None:
            found.writestr(f"{root}/byteorder", byteorder)
        for key, data in (storages or {}).items():
            found.writestr(f"{root}/data/{key}", data)
        found.writestr(f"{root}/version", b"3\n")
    return stream.getvalue()


def legacy(value, storages=(), version=1001):
    """The bytes of a file of the old format: a value, and key, count and bytes of each storage in order."""
    magic = pickled(number(0x1950A86A20F9469CFC6C))
    keys = b"](" + b"".join(text(key) for key, _, _ in storages) + b"e"
    head = magic + pickled(number(version)) + pickled(mapping(little_endian=b"\x88")) + pickled(value) + pickled(keys)
    return head + b"".join(struct.pack("<q", count) + data for _, count, data in storages)
