# SPDX-License-Identifier: Apache-2.0
"""Tars byte by byte, as no program writes them, and what is to become of them.

TARS: name -> (bytes, {reader: outcome}). A reader is "deb" (the tar is a package's data.tar), "unpack" (a recipe unpacks it) or
"look" (it is a layer, or a tar that is listed); "all" stands for those that are not named. An outcome is words of the refusal, or
"ok" followed by paths that must be there in the end, in their order among themselves.
"""

BLOCK = 512
END = bytes(2 * BLOCK)


def octal(number, width):
    return b"%0*o\0" % (width - 1, number)


def base256(number, width):
    return (number & ((1 << 8 * width) - 1) | (1 << 8 * width - 1)).to_bytes(width, "big")


def header(name=b"x", size=0, kind=b"0", link=b"", mode=0o644, uid=0, gid=0, mtime=0, major=0, minor=0, magic=b"ustar\x0000",
           prefix=b"", raw=(), checksum=None):
    """One header block; raw: (offset, bytes) written over the rest before it is summed."""
    block = bytearray(BLOCK)

    def put(offset, text):
        block[offset:offset + len(text)] = text

    put(0, name[:100])
    for offset, width, value in ((100, 8, mode), (108, 8, uid), (116, 8, gid), (124, 12, size), (136, 12, mtime),
                                 (329, 8, major), (337, 8, minor)):
        put(offset, value if isinstance(value, bytes) else octal(value, width))
    put(156, kind)
    put(157, link[:100])
    put(257, magic)
    put(345, prefix)
    for offset, text in raw:
        put(offset, text)
    put(148, b"        ")
    put(148, b"%06o\0 " % (sum(block) if checksum is None else checksum))
    return bytes(block)


def padded(data):
    return data + bytes(-len(data) % BLOCK)


def member(name, data=b"", **fields):
    return header(name, **{"size": len(data), **fields}) + padded(data)


def record(key, value):
    body = b" " + key + b"=" + value + b"\n"
    length = len(body) + 1
    while len(b"%d" % length) + len(body) != length:
        length += 1
    return b"%d" % length + body


def pax(*records, kind=b"x"):
    return member(b"PaxHeaders/x", b"".join(records), kind=kind)


def long_name(name, kind=b"L"):
    return member(b"././@LongLink", name + b"\0", kind=kind)


def xattr(name, value):
    return record(b"SCHILY.xattr." + name, value)


GNU = {"magic": b"ustar  \0"}
DIR = {"kind": b"5", "mode": 0o755}
X = member(b"x", b"data")


def dir_(name):
    return member(name, kind=b"5", mode=0o755)


def link(name, target, **fields):
    return member(name, kind=b"2", link=target, **fields)


def hard(name, target, **fields):
    return member(name, kind=b"1", link=target, **fields)


def sparse_gnu(real, pieces, data):
    raw = [(386 + 24 * i, octal(offset, 12) + octal(size, 12)) for i, (offset, size) in enumerate(pieces)]
    return header(b"sparse", len(data), b"S", raw=raw + [(483, octal(real, 12))], **GNU) + padded(data)


def sparse_pax(version, real, data, *records):
    major, minor = version
    return pax(record(b"GNU.sparse.major", b"%d" % major), record(b"GNU.sparse.minor", b"%d" % minor),
               record(b"GNU.sparse.name", b"sparse"), record(b"GNU.sparse.realsize", b"%d" % real), *records) + \
        member(b"GNUSparseFile.0/sparse", data)


TARS = {}


def case(name, *parts, end=END, **outcomes):
    assert name not in TARS, name
    TARS[name] = (b"".join(parts) + end, outcomes)
