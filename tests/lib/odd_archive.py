# SPDX-License-Identifier: Apache-2.0
"""Odd archives of other kinds than tar, which recipes unpack: zip, cpio, and tars whose compression asks for too much."""
import io
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib

FILE, LINK, FOLDER = stat.S_IFREG | 0o644, stat.S_IFLNK | 0o777, stat.S_IFDIR | 0o755


def zip_of(*items):
    """Members are (name, content, mode)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content, mode in items:
            info = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, mode << 16
            archive.writestr(info, content)
    return out.getvalue()


def patched(data, mark, offset, new):
    at = data.index(mark) + offset
    return data[:at] + new + data[at + len(new):]


def cpio_of(*items):
    """In the form "newc"; members are (name, content, mode)."""
    out = b""
    for number, (name, content, mode) in enumerate([*items, ("TRAILER!!!", b"", 0)]):
        fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
        for piece in (b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0", content):
            out += piece + b"\0" * (-len(piece) % 4)
    return out


def tar_of(content):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        entry = tarfile.TarInfo("file")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def xz_of(data, dictionary=None, check=lzma.CHECK_CRC64):
    """@dictionary: what its one block says of it (The .xz File Format, 5.3.1), whatever is true."""
    out = bytearray(lzma.compress(data, check=check, filters=[{"id": lzma.FILTER_X86}, {"id": lzma.FILTER_LZMA2, "preset": 0}]))
    if dictionary is not None:
        out[out.index(b"\x21\x01", 12) + 2] = dictionary
        end = 12 + (out[12] + 1) * 4 - 4
        out[end:end + 4] = struct.pack("<I", zlib.crc32(bytes(out[12:end])))
    return bytes(out)


GOOD = zip_of(("d/", b"", FOLDER), ("d/file", b"x", FILE), ("d/link", b"file", LINK))
TAR = tar_of(b"noise" * 5000)
HALF = len(TAR) // 2

ARCHIVES = {
    "zip": (GOOD, "ok /d /d/file /d/link"),
    "zip-behind-a-program": (b"#!/bin/sh\nexit\n" + GOOD, "ok /d /d/file /d/link"),
    # without its directory, links would come out as files
    "zip-cut": (GOOD[:-30], "Unrecognized archive format"),
    "zip-climbs": (zip_of(("../x", b"", FILE)), "component '..'"),
    "zip-climbs-backwards": (zip_of(("a\\..\\..\\x", b"", FILE)), "component '..'"),
    "zip-through-a-link": (zip_of(("l", b"/tmp", LINK), ("l/x", b"", FILE)), "lies below a member that is no directory"),
    "zip-encrypted": (patched(patched(zip_of(("f", b"secret", FILE)), b"PK\x03\x04", 6, b"\1"), b"PK\x01\x02", 8, b"\1"), "encrypted"),
    "zip-size-lies": (patched(zip_of(("a", b"1", FILE)), b"PK\x01\x02", 24, b"\xff\xff\xff\x7f"), "Inconsistent uncompressed size"),
    "zip-control-characters": (zip_of(("a\x1b[31mb", b"", FILE)), "ok /a\\033[31mb"),
    "cpio": (cpio_of(("d", b"", FOLDER), ("d/file", b"x", FILE), ("d/link", b"file", LINK)), "ok /d /d/file /d/link"),
    "cpio-climbs": (cpio_of(("../x", b"", FILE)), "component '..'"),
    "cpio-device": (cpio_of(("d", b"", stat.S_IFCHR | 0o666)), "is a device or pipe"),
    "cpio-long-link": (cpio_of(("l", b"t" * 5000, LINK)), "(limit 'path')"),
    "cpio-huge": (patched(cpio_of(("f", b"x", FILE)), b"070701", 54, b"FFFFFFFF"), "(limit 'ratio')"),
    "xz-streams": (xz_of(TAR[:HALF]) + bytes(8) + xz_of(TAR[HALF:], check=lzma.CHECK_SHA256), "ok /file"),
    "xz-dictionary": (xz_of(TAR, dictionary=40), "a dictionary larger than 128 MiB (limit 'dictionary')"),
    "xz-dictionary-later": (xz_of(TAR[:HALF]) + bytes(8) + xz_of(TAR[HALF:], dictionary=31), "(limit 'dictionary')"),
}
