# SPDX-License-Identifier: Apache-2.0
"""Debian packages byte by byte: DEBS: name -> (bytes, outcome); see odd_tar.py. The package of a case is called odd-NAME 1.0."""
import bz2
import gzip
import io
import lzma
import subprocess

from odd_tar import END, X, dir_, hard, header, link, member, pax, record

DEBS = {}


def ar(name, data=b"", size=None, date=b"0", owner=b"0", mode=b"100644", end=b"`\n", pad=b"\n"):
    size = b"%d" % len(data) if size is None else size
    head = b"%-16s%-12s%-6s%-6s%-8s%-10s%s" % (name, date, owner, owner, mode, size, end)
    return head + data + pad * (len(data) % 2)


MAGIC = b"!<arch>\n"
VERSION = ar(b"debian-binary", b"2.0\n")


def control_text(name, **fields):
    fields = {"Package": "odd-" + name, "Version": "1.0", "Architecture": "all", "Maintainer": "T <t@example.org>",
              "Description": "x", **fields}
    return "".join("%s: %s\n" % item for item in fields.items()).encode()


def control_tar(name, *more, text=None):
    return member(b"./control", control_text(name) if text is None else text) + b"".join(more) + END


DATA = dir_(b"./usr/") + member(b"./usr/x", b"data") + END


def zstd(data):
    return subprocess.run(["zstd", "-1", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout


def package(name, data=DATA, control=None, data_name=b"data.tar", control_name=b"control.tar"):
    return MAGIC + VERSION + ar(control_name, control_tar(name) if control is None else control) + ar(data_name, data)


def case(name, outcome, *parts, **fields):
    assert name not in DEBS, name
    DEBS[name] = (b"".join(parts) if parts else package(name, **fields), outcome)


def members(name, outcome, *parts):
    case(name, outcome, MAGIC, *parts)


def control(name, outcome, *more, text=None):
    case(name, outcome, control=control_tar(name, *more, text=text))


def C(name):
    return ar(b"control.tar", control_tar(name))


D = ar(b"data.tar", DATA)

# ---- ar

case("plain", "ok usr/x")
members("ar-nothing", "not a Debian package: 'control.tar' is missing")
case("ar-other-magic", "ar: Unrecognized archive format", b"!<arch>X" + VERSION)
case("ar-thin", "ar: Unrecognized archive format", b"!<thin>\n", VERSION, C("ar-thin"), D)
members("ar-size-negative", "control.tar: Unrecognized archive format", VERSION, ar(b"control.tar", b"", b"-5"), D)
members("ar-size-garbage", "control.tar: Unrecognized archive format", VERSION, ar(b"control.tar", b"", b"many"), D)
members("ar-size-blank", "control.tar: Unrecognized archive format",
        VERSION, ar(b"control.tar", control_tar("ar-size-blank"), b" "), D)
members("ar-size-huge", "ar: after 'control.tar': Truncated input file (needed 10000000000 bytes, only 4668 available)",
        VERSION, ar(b"control.tar", control_tar("ar-size-huge"), b"9999999999"), D)
members("ar-size-of-data-huge", "ar: 'data.tar': Truncated ar archive",
        VERSION, C("ar-size-of-data-huge"), ar(b"data.tar", DATA, b"9999999999"))
members("ar-size-small", "control.tar: 'control': Truncated tar archive",
        VERSION, ar(b"control.tar", control_tar("ar-size-small"), b"512"), D)
members("ar-size-odd", "control.tar: after 'control': Truncated tar archive",
        VERSION, ar(b"control.tar", control_tar("ar-size-odd"), b"1535"), D)
members("ar-without-padding", "ar: after '_odd': Incorrect file header signature",
        VERSION, ar(b"_odd", b"x", pad=b""), C("ar-without-padding"), D)
members("ar-padded-with-zero", "ok", VERSION, ar(b"_odd", b"x", pad=b"\0"), C("ar-padded-with-zero"), D)
members("ar-end-of-header", "ar: after 'debian-binary': Incorrect file header signature",
        VERSION, ar(b"control.tar", control_tar("ar-end-of-header"), end=b"xx"), D)
members("ar-numbers-garbage", "ar: 'control.tar' is of a kind that no image can hold", VERSION,
        ar(b"control.tar", control_tar("ar-numbers-garbage"), date=b"later", owner=b"root", mode=b"rw"), D)
members("ar-garbage-at-the-end", "ok usr/x", VERSION, C("ar-garbage-at-the-end"), D, b"garbage" * 100)
members("ar-more-at-the-end", "ok usr/x", VERSION, C("ar-more-at-the-end"), D, ar(b"more", b"anything"), D)
members("ar-truncated-header", "not a Debian package: 'control.tar' is missing", VERSION, C("ar-truncated-header")[:30])
members("ar-cut-in-data", "ar: 'data.tar': Truncated ar archive", VERSION, C("ar-cut-in-data"), D[:700])
members("ar-data-first", "not a Debian package: 'data.tar' stands in the place of control.tar", VERSION, D, C("ar-data-first"))
members("ar-version-last", "not a Debian package: 'control.tar' stands in the place of debian-binary",
        C("ar-version-last"), D, VERSION)
members("ar-version-twice", "not a Debian package: 'debian-binary' stands in the place of control.tar",
        VERSION, VERSION, C("ar-version-twice"), D)
members("ar-control-twice", "not a Debian package: 'control.tar' stands in the place of data.tar",
        VERSION, C("ar-control-twice"), C("ar-control-twice"), D)
members("ar-no-version", "not a Debian package: 'control.tar' stands in the place of debian-binary", C("ar-no-version"), D)
members("ar-no-control", "not a Debian package: 'data.tar' stands in the place of control.tar", VERSION, D)
members("ar-no-data", "not a Debian package: 'data.tar' is missing", VERSION, C("ar-no-data"))
members("ar-slash-names", "ok usr/x", ar(b"debian-binary/", b"2.0\n"), ar(b"control.tar/", control_tar("ar-slash-names")),
        ar(b"data.tar/", DATA))
members("ar-bsd-name", "ok", ar(b"#1/13", b"debian-binary2.0\n"), C("ar-bsd-name"), D)
members("ar-bsd-name-huge", "ar: Bad input file size", ar(b"#1/999999999", b"2.0\n"), C("ar-bsd-name-huge"), D)
members("ar-bsd-name-climbs", "ar: path '../../control.tar' has a component '..'",
        VERSION, ar(b"#1/17", b"../../control.tar" + control_tar("ar-bsd-name-climbs")), D)
members("ar-gnu-names", "not a Debian package: '' stands in the place of debian-binary",
        ar(b"//", b"debian-binary/\n"), ar(b"/0", b"2.0\n"), C("ar-gnu-names"), D)
members("ar-gnu-name-beyond", "not a Debian package: '' stands in the place of debian-binary",
        ar(b"//", b"debian-binary/\n"), ar(b"/99999", b"2.0\n"), C("ar-gnu-name-beyond"), D)
members("ar-gnu-name-missing", "ar: Can't find long filename for GNU/SVR4 archive entry",
        ar(b"/0", b"2.0\n"), C("ar-gnu-name-missing"), D)
members("ar-symbol-table", "not a Debian package: '' stands in the place of control.tar",
        VERSION, ar(b"/", b"\0\0\0\1"), C("ar-symbol-table"), D)
members("ar-name-climbs", "has a component '..'", ar(b"../debian-binary", b"2.0\n"), C("ar-name-climbs"), D)
members("ar-name-with-escape", "not a Debian package: '\\033[31m' stands in the place of control.tar",
        VERSION, ar(b"\x1b[31m", b"x"), C("ar-name-with-escape"), D)
members("ar-name-empty", "ar: after 'debian-binary': Found entry with empty filename",
        VERSION, ar(b"", b"x"), C("ar-name-empty"), D)
members("ar-underscore-first", "not a Debian package: '_x' stands in the place of debian-binary",
        ar(b"_x", b"x"), VERSION, C("ar-underscore-first"), D)
members("ar-underscores-between", "ok usr/x", VERSION, ar(b"_a", b"x"), C("ar-underscores-between"), ar(b"_b", b"xx"), D)
members("ar-many-underscores", "ok usr/x", VERSION, *[ar(b"_%d" % i, b"x") for i in range(20000)], C("ar-many-underscores"), D)

# ---- the format

REFUSED = "is not the format 2.x"
for number, (text, outcome) in enumerate([
        (b"2.0", REFUSED), (b"2.1\n", "ok usr/x"), (b"2\n", REFUSED), (b"3.0\n", REFUSED), (b"", REFUSED),
        (b"0.939000\n", REFUSED), (b" 2.0\n", REFUSED), (b"2.0\nmore lines\n", "ok usr/x"),
        (b"2." + b"0" * 5000 + b"\n", "'debian-binary' is too large"), (b"2.\x1b[31m\n", "ok usr/x"), (b"2\0.0\n", REFUSED)]):
    members("version-%d" % number, outcome, ar(b"debian-binary", text), C("version-%d" % number), D)

# ---- compression

case("data-gz", "ok usr/x", data=gzip.compress(DATA), data_name=b"data.tar.gz")
case("data-gz-in-two", "ok usr/x", data=gzip.compress(DATA[:700]) + gzip.compress(DATA[700:]), data_name=b"data.tar.gz")
case("data-gz-then-garbage", "ok usr/x", data=gzip.compress(DATA) + b"garbage" * 9, data_name=b"data.tar.gz")
case("data-gz-cut", "data.tar.gz: truncated gzip input", data=gzip.compress(DATA)[:-20], data_name=b"data.tar.gz")
case("data-gz-twice", "data.tar.gz: is compressed more than once",
     data=gzip.compress(gzip.compress(DATA)), data_name=b"data.tar.gz")
case("data-xz-as-gz", "data.tar.gz: Unrecognized archive format", data=lzma.compress(DATA), data_name=b"data.tar.gz")
case("data-gz-as-plain", "data.tar: Unrecognized archive format", data=gzip.compress(DATA))
case("data-plain-as-gz", "ok usr/x", data_name=b"data.tar.gz")
case("data-xz", "ok usr/x", data=lzma.compress(DATA), data_name=b"data.tar.xz")
case("data-xz-cut", "data.tar.xz: Lzma library error:  No progress is possible",
     data=lzma.compress(DATA)[:-20], data_name=b"data.tar.xz")
case("data-xz-flipped", "data.tar.xz: Lzma library error: Corrupted input data",
     data=bytes(b ^ (i == 100) for i, b in enumerate(lzma.compress(DATA))), data_name=b"data.tar.xz")
case("data-bz2", "ok usr/x", data=bz2.compress(DATA), data_name=b"data.tar.bz2")
case("data-lzma", "ok usr/x", data=lzma.compress(DATA, lzma.FORMAT_ALONE), data_name=b"data.tar.lzma")
case("data-zst", "ok usr/x", data=zstd(DATA), data_name=b"data.tar.zst")
case("data-zst-cut", "data.tar.zst: Truncated zstd input", data=zstd(DATA)[:-9], data_name=b"data.tar.zst")
case("data-zst-window", "data.tar.zst: Zstd decompression failed: Frame requires too much memory for decoding",
     data=b"\x28\xb5\x2f\xfd\x00\xa8" + b"\x01\0\0", data_name=b"data.tar.zst")
case("data-unknown", "data.tar.br: the name tells of no known kind of archive", data_name=b"data.tar.br")
case("data-no-ending", "data.tarx: the name tells of no known kind of archive", data_name=b"data.tarx")
case("data-empty", "data.tar: Unrecognized archive format", data=b"")
case("data-of-zeros", "ok", data=bytes(1 << 16))
case("control-empty", "control.tar: Unrecognized archive format", control=b"")
case("control-garbage", "control.tar.gz: Unrecognized archive format", control=b"garbage" * 100, control_name=b"control.tar.gz")

# ---- the control archive

control("control-nul", "the control file holds a NUL", text=control_text("control-nul") + b"X: \0\n")
control("control-huge-name", "the control file's field 'Package' is no such thing",
        text=control_text("control-huge-name", Package="p" * 200))
control("control-climbing-name", "the control file's field 'Package' is no such thing: '../evil'",
        text=control_text("control-climbing-name", Package="../evil"))
control("control-version-escape", "the control file's field 'Version' is no such thing: '1\\033[31m'",
        text=control_text("control-version-escape", Version="1\x1b[31m"))
control("control-architecture", "the control file's field 'Architecture' is no such thing: '../all'",
        text=control_text("control-architecture", Architecture="../all"))
control("control-twice", "control member 'control' is there twice", member(b"control", b"Package: other\n"))
control("control-climbs", "control.tar: path '../../evil' has a component '..'", member(b"../../evil", b"x"))
control("control-below", "control member 'sub/postinst' is no plain file with a plain name", member(b"sub/postinst", b"x"))
control("control-dotfile", "control member '.hidden' is no plain file with a plain name", member(b".hidden", b"x"))
control("control-list", "control member 'list' is a name that dpkg keeps for itself", member(b"list", b"/etc/passwd\n"))
control("control-link", "control member 'postinst' is no plain file with a plain name", link(b"postinst", b"/etc/passwd"))
control("control-hardlink", "control member 'postinst' is no plain file with a plain name", hard(b"postinst", b"control"))
control("control-device", "control member 'postinst' is no plain file with a plain name",
        member(b"postinst", kind=b"3", major=1, minor=3))
control("control-fifo", "control member 'postinst' is no plain file with a plain name", member(b"postinst", kind=b"6"))
control("control-name-of-101", "is no plain file with a plain name", pax(record(b"path", b"a" * 101)), member(b"a", b"x"))
control("control-name-newline", "control member 'a\\nb' is no plain file with a plain name", member(b"a\nb", b"x"))
control("control-1100-members", "with 'f999': more than 1000 control files (limit 'control-members')",
        *[member(b"f%d" % i, b"x") for i in range(1100)])
control("control-size-lie", "with 'md5sums': more than 64 MiB of control files (limit 'control')", header(b"md5sums", 1 << 32))
control("conffile-climbs", "ok", member(b"conffiles", b"/../../etc/passwd\n"))
control("conffile-relative", "a conffile is no absolute path: 'etc/passwd'", member(b"conffiles", b"etc/passwd\n"))
control("conffile-nul", "ok", member(b"conffiles", b"/etc/\0x\n"))
control("conffiles-many", "ok usr/x", member(b"conffiles", b"/etc/x\n" * 100000))
control("md5sums-garbage", "ok usr/x", member(b"md5sums", b"\x1b[31m\0garbage"))
