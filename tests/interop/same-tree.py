#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""same-tree.py WANTED HAVE EPOCH: tells where the tree HAVE differs from WANTED, by the rules in extract.bats.

EPOCH is RFC 3339. What stands in WANTED must be in HAVE with the same kind, bytes, link, mode, owner, extended attributes,
hard links and time; what HAVE has besides must be one of the things that are added by rule.
"""
import datetime
import hashlib
import os
import re
import stat
import sys

wanted_root, have_root, created = sys.argv[1:]
epoch = int(datetime.datetime.fromisoformat(created.replace("Z", "+00:00")).timestamp())

# added or changed natively, in place of maintainer scripts
NATIVE = re.compile(
    r"^(var/lib/dpkg(/.*)?|etc/(passwd|group|shadow|gshadow)-?|etc/alternatives(/.*)?|etc/ssl/certs(/.*)?"
    r"|etc/ca-certificates\.conf|etc/(shells|resolv\.conf|hosts|hostname)|usr/local/share/ca-certificates|var/run|var/lock"
    r"|usr/bin/ssh-agent"  # dpkg-statoverride
    r"|bin|sbin|lib|lib32|lib64|libx32|var|var/lib|usr|usr/(bin|sbin|lib|lib32|lib64|libx32)|etc|etc/ssl)$"
)
# what the same scripts would have made beside
ADDED = re.compile(
    r"^(etc/(dpkg/origins/default|motd|opt|profile|environment|localtime|timezone|security/opasswd)"
    r"|etc/(hosts\.(allow|deny)|inputrc|python3(/debian_config)?|rc[0-6S]\.d/[KS]01[a-z]+)"
    r"|etc/systemd/system/[a-z-]+\.target\.wants(/.*)?|var/lib/systemd/deb-systemd-helper-enabled(/.*)?"
    r"|var/lib/(ucf/(hashfile|registry)|python(/python[0-9.]+_installed)?)|var/log/nginx/(access|error)\.log"
    r"|etc/(nginx/sites-enabled/default|pam\.d/common-[a-z-]+)|var/lib/(apt|apt/extended_states|pam|pam/[a-z-]+)"
    r"|media|mnt|opt|srv|root/\.(bashrc|profile)|run/lock|usr/local(/.*)?|usr/share/info/dir|usr/sbin/rmt"
    r"|var/log/(btmp|lastlog|wtmp)|var/(mail|opt|spool/mail)|var/www(/.*)?)$"
)
ALTERNATIVES = re.compile(r"^usr/(bin|share/man)/")


def tree(root):
    found, inodes = {}, {}
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(folder, name)
            below = os.path.relpath(path, root)
            info = os.lstat(path)
            found[below] = info
            if info.st_nlink > 1 and stat.S_ISREG(info.st_mode):
                inodes.setdefault(info.st_ino, set()).add(below)
    return found, {path: frozenset(paths) for paths in inodes.values() for path in paths}


def content(root, path, info):
    full = os.path.join(root, path)
    if stat.S_ISLNK(info.st_mode):
        return os.readlink(full)
    if stat.S_ISREG(info.st_mode):
        with open(full, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") \
                else hashlib.sha256(file.read()).hexdigest()
    return info.st_rdev


def attributes(root, path):
    full = os.path.join(root, path)
    return {name: os.getxattr(full, name, follow_symlinks=False) for name in os.listxattr(full, follow_symlinks=False)}


# a folder's own time is lost as soon as a later layer puts something into it: extract.bats looks at the layers for those
def times(want, got):
    return (0, 0) if stat.S_ISDIR(want.st_mode) else (min(int(want.st_mtime), epoch), int(got.st_mtime))


faults = []
wanted, wanted_links = tree(wanted_root)
have, have_links = tree(have_root)
for path, want in sorted(wanted.items()):
    got = have.get(path)
    if got is None:
        faults.append(f"missing: {path}")
        continue
    if NATIVE.match(path):
        continue
    if stat.S_IFMT(want.st_mode) != stat.S_IFMT(got.st_mode):
        faults.append(f"kind: {path}: {want.st_mode:o}, here {got.st_mode:o}")
        continue
    for what, left, right in (
        ("content", content(wanted_root, path, want), content(have_root, path, got)),
        ("owner", (want.st_uid, want.st_gid), (got.st_uid, got.st_gid)),
        ("time", *times(want, got)),
        ("attributes", attributes(wanted_root, path), attributes(have_root, path)),
        ("hard links", wanted_links.get(path), have_links.get(path)),
        ("mode", oct(want.st_mode), oct(got.st_mode)),
    ):
        if left != right:
            faults.append(f"{what}: {path}: {left}, here {right}")
for path in sorted(set(have) - set(wanted)):
    link = stat.S_ISLNK(have[path].st_mode) and os.readlink(os.path.join(have_root, path)).startswith("/etc/alternatives/")
    if not NATIVE.match(path) and not ADDED.match(path) and not (link and ALTERNATIVES.match(path)):
        faults.append(f"added: {path}")
print("\n".join(faults[:200]))
print(f"{len(wanted)} wanted, {len(have)} here, {len(faults)} faults")
sys.exit(bool(faults))
