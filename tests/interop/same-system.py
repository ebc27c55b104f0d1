#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""same-system.py THEIRS OURS TABLE: tells where two systems of the same packages differ and TABLE does not say so.

A line of TABLE is KIND PATTERN REASON, the pattern a shell's with * for any text. KIND is what differs: theirs (only there),
ours (only here), kind, content, owner, mode, attributes. A line that nothing is found for is told too. Times are not
compared: theirs are those of the run.
"""
import fnmatch
import os
import stat
import sys

theirs_root, ours_root, table = sys.argv[1:]


def tree(root):
    paths = {}
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(folder, name)
            paths[os.path.relpath(path, root)] = os.lstat(path)
    return paths


def content(root, path, info):
    full = os.path.join(root, path)
    if stat.S_ISLNK(info.st_mode):
        return os.readlink(full)
    if stat.S_ISREG(info.st_mode):
        with open(full, "rb") as file:
            return file.read()
    return info.st_rdev


def attributes(root, path):
    full = os.path.join(root, path)
    return {name: os.getxattr(full, name, follow_symlinks=False) for name in os.listxattr(full, follow_symlinks=False)}


def differences(theirs, ours):
    for path in sorted(theirs.keys() | ours.keys()):
        if path not in ours:
            yield "theirs", path, ""
        elif path not in theirs:
            yield "ours", path, ""
        else:
            yield from parts_that_differ(path, theirs[path], ours[path])


def parts_that_differ(path, theirs, ours):
    if stat.S_IFMT(theirs.st_mode) != stat.S_IFMT(ours.st_mode):
        yield "kind", path, f"{theirs.st_mode:o} {ours.st_mode:o}"
        return
    if content(theirs_root, path, theirs) != content(ours_root, path, ours):
        yield "content", path, ""
    if (theirs.st_uid, theirs.st_gid) != (ours.st_uid, ours.st_gid):
        yield "owner", path, f"{theirs.st_uid}:{theirs.st_gid} {ours.st_uid}:{ours.st_gid}"
    if theirs.st_mode != ours.st_mode:
        yield "mode", path, f"{theirs.st_mode:o} {ours.st_mode:o}"
    if attributes(theirs_root, path) != attributes(ours_root, path):
        yield "attributes", path, f"{attributes(theirs_root, path)} {attributes(ours_root, path)}"


with open(table) as file:
    rows = [line.split(maxsplit=2) for line in file if line.strip() and not line.startswith("#")]
used, faults = set(), 0
for kind, path, more in differences(tree(theirs_root), tree(ours_root)):
    explained = [i for i, row in enumerate(rows) if row[0] == kind and fnmatch.fnmatchcase(path, row[1])]
    used.update(explained)
    if not explained:
        faults += 1
        print(f"{kind} {path} {more}")
for i, row in enumerate(rows):
    if i not in used:
        faults += 1
        print(f"in the table, and not so: {row[0]} {row[1]}")
sys.exit(bool(faults))
