# SPDX-License-Identifier: Apache-2.0
"""What somebody may put into a tar: see odd_tar.py."""
from odd_tar import *

# ---- paths

case("climbs", member(b"../x"), all="has a component '..'")
case("climbs-inside", member(b"a/../../x"), all="has a component '..'")
case("climbs-and-stays", member(b"a/../x"), all="has a component '..'")
case("climbs-in-a-prefix", member(b"x", prefix=b"../.."), all="has a component '..'")
case("dots-alone", member(b".."), all="has a component '..'")
case("absolute", member(b"/abs/x"), unpack="ok /abs /abs/x", all="ok /abs/x")
case("three-dots", member(b"..."), all="ok /...")
case("odd-slashes", member(b".//a/./b//c"), unpack="ok /a /a/b /a/b/c", all="ok /a/b/c")
case("empty-name", member(b""), all="path '' is empty")
case("root-as-a-file", member(b"./", kind=b"0", data=b"x"), all="after '': Damaged tar archive")
case("root-as-a-link", link(b".", b"/tmp"),
     deb="the package unpacks to something in the place of the root directory",
     unpack="'/' is the root, which can only be a directory",
     look="ok")
case("slash-alone", dir_(b"/"), X, all="ok /x")
case("file-with-a-slash", member(b"f/", b"data"), all="after 'f': Damaged tar archive")
case("component-of-300", member(b"x", prefix=b"a" * 155) + pax(record(b"path", b"c" * 300)) + member(b"x"), all="ok")
case("path-of-4096", pax(record(b"path", b"d/" * 2047 + b"xxx")) + member(b"x"),
     all="a path or target longer than 4095 bytes (limit 'path')")
case("path-of-64k-pax", pax(record(b"path", b"d/" * 32768)) + member(b"x"),
     all="a path or target longer than 4095 bytes (limit 'path')")
case("path-of-64k-gnu", long_name(b"d/" * 32768) + member(b"x", **GNU),
     all="a path or target longer than 4095 bytes (limit 'path')")
case("component-of-64k", pax(record(b"path", b"n" * 65536)) + member(b"x"),
     all="a path or target longer than 4095 bytes (limit 'path')")
case("target-of-64k", pax(record(b"linkpath", b"t" * 65536)) + link(b"l", b"t"),
     all="a path or target longer than 4095 bytes (limit 'path')")
case("hardlink-of-64k", pax(record(b"linkpath", b"t" * 65536)) + hard(b"l", b"t"),
     all="a path or target longer than 4095 bytes (limit 'path')")
case("escape-in-a-name", member(b"a\x1b[31mb"), all="ok /a\\033[31mb")
case("newline-in-a-name", member(b"a\nb"),
     deb="the package unpacks to a path with a line break, which dpkg's lists cannot hold", all="ok /a\\012b")
case("escape-in-a-target", link(b"l", b"a\x1b[31mb\n"), all="ok /l")
case("latin1-name", member(b"n\xfcrnberg"), all="ok /n\\374rnberg")
case("overlong-utf8-name", member(b"a\xc0\xaeb\xed\xa0\x80"), all="ok /a\\300\\256b\\355\\240\\200")
case("bidi-name", member("a\u202eb".encode()), all="ok /a\\342\\200\\256b")
case("backslashes", member(b"..\\..\\x"), all="ok /..\\\\..\\\\x")

# ---- links

case("through-a-link", link(b"d", b"/tmp"), member(b"d/x"),
     deb="'/d/x' cannot be placed: '/d' is no directory",
     unpack="'d/x' lies below a member that is no directory",
     look="ok /d /d/x")
case("through-a-link-up", link(b"d", b".."), member(b"d/x"), deb="ok /d /x",
     unpack="'d/x' lies below a member that is no directory", look="ok /d /d/x")
case("through-two-links", link(b"a", b"b"), link(b"b", b"/tmp"), member(b"a/x"),
     deb="'/a/x' cannot be placed: '/a' is no directory",
     unpack="'a/x' lies below a member that is no directory",
     look="ok /a /a/x /b")
case("folder-becomes-a-link", dir_(b"d"), link(b"d", b"/tmp"), member(b"d/x"),
     look="ok /d /d/x", all="'d' is there twice")
case("link-becomes-a-folder", link(b"d", b"/tmp"), dir_(b"d"), member(b"d/x"),
     look="ok /d /d/x", all="'d' is there twice")
case("link-becomes-a-file", link(b"f", b"/tmp/x"), member(b"f", b"data"), look="ok /f", all="'f' is there twice")
case("below-a-file", member(b"f"), member(b"f/x"),
     deb="'/f/x' cannot be placed: '/f' is no directory",
     unpack="'f/x' lies below a member that is no directory",
     look="ok /f /f/x")
case("links-in-a-circle", link(b"a", b"b"), link(b"b", b"a"), all="ok /a /b")
case("link-to-itself", link(b"a", b"a"), all="ok /a")
case("link-to-nothing", link(b"a", b""), all="'a' is a symlink with no target")
case("link-with-content", link(b"a", b"b", size=4) + padded(b"data"), X, all="after 'a': Damaged tar archive")
case("hardlink-out", hard(b"h", b"../../etc/passwd"), all="hardlink to path '../../etc/passwd' has a component '..'")
case("hardlink-absolute", hard(b"h", b"/etc/passwd"),
     deb="'h' is a hardlink to what was not added before it",
     unpack="'h' is a hardlink to no file before it",
     look="ok /h")
case("hardlink-to-itself", hard(b"h", b"h"),
     deb="'h' is a hardlink to what was not added before it",
     unpack="'h' is a hardlink to no file before it",
     look="ok /h")
case("hardlinks-in-a-circle", hard(b"a", b"b"), hard(b"b", b"a"),
     deb="'a' is a hardlink to what was not added before it",
     unpack="'a' is a hardlink to no file before it",
     look="ok /a /b")
case("hardlink-before-its-file", hard(b"h", b"x"), X,
     deb="'h' is a hardlink to what was not added before it",
     unpack="'h' is a hardlink to no file before it",
     look="ok /h /x")
case("hardlink-chain", X, hard(b"a", b"x"), hard(b"b", b"a"),
     deb="'b' is a hardlink to what is not a file", unpack="'b' is a hardlink to no file before it", look="ok /a /b /x")
case("hardlink-to-a-folder", dir_(b"d"), hard(b"h", b"d"),
     deb="'h' is a hardlink to what is not a file", unpack="'h' is a hardlink to no file before it", look="ok /d /h")
case("hardlink-to-a-link", link(b"l", b"/etc/passwd"), hard(b"h", b"l"),
     deb="'h' is a hardlink to what is not a file", unpack="'h' is a hardlink to no file before it", look="ok /h /l")
case("hardlink-to-a-device", member(b"n", kind=b"3", major=1, minor=3), hard(b"h", b"n"),
     deb="'h' is a hardlink to what is not a file", unpack="'/srv/n' is a device or pipe", look="ok /h /n")
case("hardlink-through-a-link", link(b"d", b"/etc"), hard(b"h", b"d/passwd"),
     deb="'h' is a hardlink to what was not added before it",
     unpack="'h' is a hardlink to no file before it",
     look="ok /d /h")
case("hardlink-to-nothing", hard(b"h", b""), all="'h' is of a kind that no image can hold")
case("hardlink-with-content", X, hard(b"h", b"x", size=4), padded(b"data"), all="after 'h': Damaged tar archive")
case("hardlink-with-content-pax", X, pax(record(b"size", b"4")), hard(b"h", b"x"), padded(b"data"),
     look="ok /h /x", all="'h' is a hardlink with content of its own")

# ---- twice

case("file-twice", X, X, look="ok /x", all="'x' is there twice")
case("file-twice-by-other-spelling", X, member(b".//x"), look="ok /x", all="'x' is there twice")
case("folder-twice", dir_(b"d"), dir_(b"./d/"), all="ok /d")
case("file-then-folder", X, dir_(b"x"), look="ok /x", all="'x' is there twice")
case("folder-then-file", dir_(b"x"), X, look="ok /x", all="'x' is there twice")
case("file-then-hardlink", X, member(b"y"), hard(b"x", b"y"), look="ok /x /y", all="'x' is there twice")

# ---- sizes and other numbers

case("size-negative", header(b"x", base256(-1, 12)), all="Tar entry has negative size")
case("size-smallest", header(b"x", base256(-1 << 63, 12)), all="Tar entry has negative size")
case("size-largest", header(b"x", base256((1 << 63) - 1, 12)), all="Tar entry size overflow")
case("size-beyond-64-bits", header(b"x", base256(1 << 64, 12)), all="Tar entry size overflow")
case("size-of-ones", header(b"x", b"\xff" * 12), all="Tar entry has negative size")
case("size-garbage", header(b"x", b"zzzzzzzzzzz\0"), all="Unrecognized archive format")
case("size-blank", header(b"x", b" " * 12), all="ok /x")
case("size-octal-9", header(b"x", b"00000000009\0"), all="Unrecognized archive format")
case("size-of-a-tebibyte", header(b"x", 1 << 33), all="with 'x': more than 1000 times its own size (limit 'ratio')")
case("size-more-than-there-is", header(b"x", 4096), b"data" * 128, end=b"",
     deb="'x': Truncated tar archive", all="after 'x': Truncated input file (needed 4096 bytes, only 512 available)")
case("size-of-a-folder", header(b"d", 1 << 20, **DIR), X, all="ok /d /x")
case("size-of-a-device", header(b"n", 1 << 30, kind=b"3", major=1, minor=3), X,
     unpack="'/srv/n' is a device or pipe", all="ok /n /x")
case("owner-negative", member(b"x", uid=base256(-2, 8)), all="'x' has an owner that is out of range")
case("owner-of-40-bits", member(b"x", uid=base256(1 << 40, 8)), all="'x' has an owner that is out of range")
case("owner-nobody-at-all", member(b"x", uid=base256((1 << 32) - 1, 8)), all="'x' has an owner that is out of range")
case("mode-garbage", member(b"x", mode=b"\xff" * 8), all="ok /x")
case("time-of-ages", member(b"x", mtime=base256(1 << 62, 12)), all="ok /x")
case("time-before-time", member(b"x", mtime=base256(-1 << 62, 12)),
     deb="'x': its modification time is thousands of years away", all="ok /x")

# ---- headers

case("checksum-wrong", header(b"x", checksum=1), all="Unrecognized archive format")
case("checksum-wrong-later", X, header(b"y", checksum=1), all="after 'x': Damaged tar archive")
case("old-v7", member(b"x", b"data", magic=b""), all="ok /x")
case("nothing-but-zeros", all="ok")
case("empty", end=b"", look="ok", all="Unrecognized archive format")
case("half-a-header", X, header(b"y")[:100], end=b"", all="after 'x': Truncated tar archive")
case("no-end", X, end=b"", all="ok /x")
case("garbage-after-the-end", X, END, b"garbage" * 1000, all="ok /x")
case("member-after-the-end", X, END, member(b"hidden"), all="ok /x")
case("one-zero-block-then-more", X, bytes(512), member(b"y"), all="ok /x")

# ---- kinds

case("contiguous", member(b"x", b"data", kind=b"7"), all="ok /x")
case("kind-unknown", member(b"x", b"data", kind=b"Z"), all="ok /x")
case("kind-zero-byte", member(b"x", b"data", kind=b"\0"), all="ok /x")
case("device", member(b"n", kind=b"3", major=1, minor=3), unpack="'/srv/n' is a device or pipe", all="ok /n")
case("device-of-40-bits", member(b"n", kind=b"4", major=base256(1 << 40, 8), minor=base256(1 << 40, 8)),
     all="'n' has a device number that is out of range")
case("device-negative", member(b"n", kind=b"3", major=base256(-1, 8), minor=base256(-1, 8)),
     all="'n' has a device number that is out of range")
case("fifo", member(b"p", kind=b"6"), unpack="'/srv/p' is a device or pipe", all="ok /p")
case("volume-label", member(b"label", kind=b"V", **GNU), X, all="ok /x")
case("second-volume", member(b"x", b"rest", kind=b"M", **GNU), all="'x' is of a kind that no image can hold")
case("dump-folder", member(b"d", b"Yx\0\0", kind=b"D", **GNU), all="ok /d")
case("solaris-acl", member(b"x", b"data", kind=b"A"), X,
     look="ok /x", all="Malformed Solaris ACL attribute (invalid digit)")

# ---- GNU's long names

case("long-name-of-a-gibibyte", header(b"././@LongLink", 1 << 30, kind=b"L", **GNU), all="Special header too large")
case("long-name-negative", header(b"././@LongLink", base256(-1, 12), kind=b"L", **GNU), all="Special header too large")
case("long-name-empty", header(b"././@LongLink", 0, kind=b"L", **GNU), member(b"x", **GNU), all="path '' is empty")
case("long-name-with-a-nul", member(b"././@LongLink", b"good\0../../evil\0", kind=b"L", **GNU), member(b"y", **GNU),
     all="ok /good")
case("long-name-twice", long_name(b"a"), long_name(b"b"), member(b"x", **GNU), all="ok /b")
case("long-name-of-nobody", long_name(b"a"), all="Damaged tar archive")
case("long-name-climbs", long_name(b"../" * 100 + b"x"), member(b"y", **GNU), all="has a component '..'")
case("long-target-climbs", long_name(b"../" * 100 + b"etc/passwd", b"K"), hard(b"h", b"y", **GNU),
     all="has a component '..'")
case("long-names-without-end", *[long_name(b"a")] * 2000, member(b"x", **GNU),
     look="'a' is of a kind that no image can hold", all="Too many special headers")

# ---- pax

case("pax-climbs", pax(record(b"path", b"../x")), member(b"x"), all="has a component '..'")
case("pax-empty-path", pax(record(b"path", b"")), member(b"x"), all="ok /x")
case("pax-path-with-a-nul", pax(record(b"path", b"good\0/../../evil")), member(b"x"), all="ok /good")
case("pax-target-with-a-nul", pax(record(b"linkpath", b"good\0evil")), link(b"l", b"t"), all="ok /l")
case("pax-without-a-newline", pax(b"10 path=ab"), member(b"x"),
     look="ok /x", all="Ignoring malformed pax extended attribute")
case("pax-without-an-equals", pax(b"10 pathxx\n"), member(b"x"), look="ok /x", all="Invalid pax extended attributes")
case("pax-length-zero", pax(b"0 path=a\n"), member(b"x"), look="ok /x", all="Ignoring malformed pax extended attribute")
case("pax-length-negative", pax(b"-9 path=a\n"), member(b"x"),
     look="ok /x", all="Ignoring malformed pax extended attributes")
case("pax-length-huge", pax(b"99999999999999999999 path=a\n"), member(b"x"),
     look="ok /x", all="Rejecting pax extended attribute > 1MB")
case("pax-length-beyond", pax(b"600 path=a\n"), member(b"x"),
     look="ok /x", all="Ignoring malformed pax extended attribute")
case("pax-length-garbage", pax(b"xx path=a\n"), member(b"x"),
     look="ok /x", all="Ignoring malformed pax extended attributes")
case("pax-of-a-gibibyte", header(b"PaxHeaders/x", 1 << 30, kind=b"x"), all="Special header too large")
case("pax-of-two-mebibytes", pax(record(b"comment", b"c" * (2 << 20))), member(b"x"), all="Special header too large")
case("pax-of-nobody", pax(record(b"path", b"a")), all="Damaged tar archive")
case("pax-twice", pax(record(b"path", b"a")), pax(record(b"path", b"b")), member(b"x"),
     look="ok /b", all="Ignoring malformed pax extended attribute")
case("pax-key-twice", pax(record(b"path", b"a"), record(b"path", b"b")), member(b"x"), all="ok /b")
case("pax-size-other", pax(record(b"size", b"4")), header(b"x", 0), padded(b"data"), all="ok /x")
case("pax-size-negative", pax(record(b"size", b"-1")), X, all="Tar size attribute is negative")
case("pax-size-garbage", pax(record(b"size", b"many")), X, all="after 'x': Damaged tar archive")
case("pax-size-huge", pax(record(b"size", b"99999999999999999999999")), X, all="Tar size attribute overflow")
case("pax-global-path", pax(record(b"path", b"../g"), kind=b"g"), X, all="ok /x")
case("pax-global-size", pax(record(b"size", b"0"), kind=b"g"), X, all="ok /x")
case("pax-global-comment", pax(record(b"comment", b"0123"), kind=b"g"), X, all="ok /x")
case("pax-time-of-ages", pax(record(b"mtime", b"1" + b"0" * 30)), X, all="ok /x")
case("pax-time-before-time", pax(record(b"mtime", b"-1" + b"0" * 30)), X,
     deb="'x': its modification time is thousands of years away", all="ok /x")
case("pax-time-garbage", pax(record(b"mtime", b"nan")), X, all="ok /x")
case("pax-owner-huge", pax(record(b"uid", b"99999999999")), X, all="'x' has an owner that is out of range")
case("pax-owner-negative", pax(record(b"uid", b"-1")), X, all="'x' has an owner that is out of range")
case("pax-charset-binary", pax(record(b"hdrcharset", b"BINARY"), record(b"path", b"n\xfc")), X, all="ok /n\\374")
case("pax-charset-unknown", pax(record(b"hdrcharset", b"KLINGON"), record(b"path", b"n")), X, all="ok /n")
case("pax-not-utf8", pax(record(b"path", b"n\xfc")), X,
     look="ok /n\\374", all="Pathname can't be converted from UTF-8 to current locale.")
case("pax-acl", pax(record(b"SCHILY.acl.access", b"user::rwx,group::r-x,other::r-x,user:root:rwx")), X,
     look="ok /x", all="'x': access control list 'SCHILY.acl.access' names the user 'root' without a number")
case("pax-acl-nonsense", pax(record(b"SCHILY.acl.access", b"user::rwx,group::r-x,other::r-x,cat:5:rwx")), X,
     look="ok /x", all="SCHILY.acl.access")
case("acl-of-9-bytes", pax(xattr(b"system.posix_acl_access", b"\2\0\0\0\1\0\7\0\0")), X,
     look="ok /x", all="'x': access control list 'system.posix_acl_access' has 9 bytes, which is no list's length")
case("acl-of-no-folder", pax(xattr(b"system.posix_acl_default", b"\2\0\0\0")), X,
     look="ok /x", all="'x': access control list 'system.posix_acl_default' is for what is made in a folder, and this is none")
case("pax-device-huge", pax(record(b"SCHILY.devmajor", b"99999999999"), record(b"SCHILY.devminor", b"-1")),
     member(b"n", kind=b"3"), all="'n' has a device number that is out of range")
case("pax-kind-of-a-socket", pax(record(b"SCHILY.filetype", b"socket")), X, all="ok /x")
case("xattrs-65", pax(*[xattr(b"user.a%d" % i, b"v") for i in range(65)]), X,
     all="'x': more than 64 extended attributes (limit 'xattrs')")
case("xattr-of-65k", pax(xattr(b"user.a", b"v" * 65537)), X,
     all="'x': an extended attribute larger than 64 KiB (limit 'xattr')")
case("xattrs-of-600k", pax(*[xattr(b"user.a%d" % i, b"v" * 60000) for i in range(10)]), X,
     deb="'x': its extended attributes take more than 512 KiB", all="ok /x")
case("xattr-without-a-name", pax(xattr(b"", b"v")), X, all="ok /x")
case("xattr-twice", pax(xattr(b"user.a", b"1"), xattr(b"user.a", b"2")), X, all="'x' has an extended attribute twice")
case("xattr-with-an-escape", pax(xattr(b"user.\x1b[31m", b"\x1b")), X, all="ok /x")
case("xattr-with-an-equals", pax(record(b"LIBARCHIVE.xattr.user.a%3Db", b"dg==")), X,
     deb="'x': the name of an extended attribute cannot be written in a tar archive", all="ok /x")

# ---- sparse

case("sparse-gnu", sparse_gnu(1 << 20, [(0, 4), (1 << 20, 0)], b"data"),
     look="ok /sparse", all="'sparse' is a sparse file")
case("sparse-gnu-of-a-tebibyte", sparse_gnu((1 << 33) - 1, [(0, 4), ((1 << 33) - 1, 0)], b"data"),
     look="with 'sparse': more than 1000 times its own size (limit 'ratio')", all="'sparse' is a sparse file")
case("sparse-gnu-backwards", sparse_gnu(8192, [(4096, 4), (0, 4)], b"data" * 2),
     look="ok /sparse", all="'sparse' is a sparse file")
case("sparse-gnu-overlapping", sparse_gnu(8192, [(0, 100), (50, 100)], b"d" * 200),
     look="ok /sparse", all="'sparse' is a sparse file")
case("sparse-gnu-smaller", sparse_gnu(2, [(0, 4)], b"data"),
     look="ok /sparse", all="'sparse' has holes, or more content than it tells")
case("sparse-0.0", pax(record(b"GNU.sparse.size", b"100000"), record(b"GNU.sparse.numblocks", b"1"),
                       record(b"GNU.sparse.offset", b"99996"), record(b"GNU.sparse.numbytes", b"4")), member(b"sparse", b"data"),
     look="ok /sparse", all="'sparse' is a sparse file")
case("sparse-0.1", pax(record(b"GNU.sparse.size", b"100000"), record(b"GNU.sparse.numblocks", b"1"),
                       record(b"GNU.sparse.map", b"99996,4"), record(b"GNU.sparse.name", b"sparse")),
     member(b"GNUSparseFile/x", b"data"), look="ok /sparse", all="'sparse' is a sparse file")
case("sparse-1.0", sparse_pax((1, 0), 100000, padded(b"1\n99996\n4\n") + b"data"),
     look="ok /sparse", all="'sparse' is a sparse file")
case("sparse-1.0-map-garbage", sparse_pax((1, 0), 100000, padded(b"many\n") + b"data"), all="damaged archive")
case("sparse-1.0-map-huge", sparse_pax((1, 0), 100000, padded(b"99999999999\n0\n0\n") + b"data"), all="Line too long")
case("sparse-1.0-negative", sparse_pax((1, 0), 100000, padded(b"1\n-5\n4\n") + b"data"), all="damaged archive")
case("sparse-1.0-climbs", pax(record(b"GNU.sparse.major", b"1"), record(b"GNU.sparse.minor", b"0"),
                              record(b"GNU.sparse.name", b"../x"), record(b"GNU.sparse.realsize", b"4")),
     member(b"y", padded(b"1\n0\n4\n") + b"data"), all="has a component '..'")
case("sparse-1.0-whole", sparse_pax((1, 0), 4, padded(b"1\n0\n4\n") + b"data"), all="ok /sparse")
case("sparse-9.9", sparse_pax((9, 9), 4, b"data"), look="ok /sparse", all="Unrecognized GNU sparse file format")

# ---- whiteouts

case("whiteout", member(b"a/.wh.x"),
     deb="'a/.wh.x' has a name that starts with '.wh.', which container layers reserve",
     unpack="'srv/a/.wh.x' has a name that starts with '.wh.', which container layers reserve",
     look="ok /a/.wh.x")
case("whiteout-at-the-top", member(b".wh.x"),
     deb="'.wh.x' has a name that starts with '.wh.', which container layers reserve",
     unpack="'srv/.wh.x' has a name that starts with '.wh.', which container layers reserve",
     look="ok /.wh.x")
case("whiteout-of-all", member(b".wh..wh..opq"),
     deb="'.wh..wh..opq' has a name that starts with '.wh.', which container layers reserve",
     unpack="'srv/.wh..wh..opq' has a name that starts with '.wh.', which container layers reserve",
     look="ok /.wh..wh..opq")
case("whiteout-of-nothing", member(b".wh."),
     deb="'.wh.' has a name that starts with '.wh.', which container layers reserve",
     unpack="'srv/.wh.' has a name that starts with '.wh.', which container layers reserve",
     look="ok /.wh.")
case("whiteout-of-dot", member(b"a/.wh.."),
     deb="'a/.wh..' has a name that starts with '.wh.', which container layers reserve",
     unpack="'srv/a/.wh..' has a name that starts with '.wh.', which container layers reserve",
     look="ok /a/.wh..")
case("whiteout-of-dots", member(b"a/.wh..."),
     deb="'a/.wh...' has a name that starts with '.wh.', which container layers reserve",
     unpack="'srv/a/.wh...' has a name that starts with '.wh.', which container layers reserve",
     look="ok /a/.wh...")
case("whiteout-folder", dir_(b".wh.d"), member(b".wh.d/x"),
     deb="'.wh.d' has a name that starts with '.wh.', which container layers reserve",
     unpack="'srv/.wh.d' has a name that starts with '.wh.', which container layers reserve",
     look="ok /.wh.d /.wh.d/x")
case("almost-a-whiteout", member(b"a.wh.x"), member(b"wh.y"), all="ok /a.wh.x /wh.y")
