#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""odd.py tars|debs|images|archives FOLDER: writes odd archives into FOLDER and prints a line NAME|OUTCOME... for each (tars: one outcome each
for a package, a recipe that unpacks and a listing; images, which are OCI layouts: for `ls` and `inspect`). An outcome is words of the refusal, or "ok PATH..."."""
import os
import sys

import odd_archive
import odd_deb
import odd_image
import odd_tar_cases


def tars(folder):
    for name, (data, outcomes) in odd_tar_cases.TARS.items():
        with open(os.path.join(folder, name + ".tar"), "wb") as out:
            out.write(data)
        with open(os.path.join(folder, "odd-%s_1.0_all.deb" % name), "wb") as out:
            out.write(odd_deb.package(name, data=data))
        print("|".join([name] + [outcomes.get(reader, outcomes.get("all", "")) for reader in ("deb", "unpack", "look")]))


def debs(folder):
    for name, (data, outcome) in odd_deb.DEBS.items():
        with open(os.path.join(folder, "odd-%s_1.0_all.deb" % name), "wb") as out:
            out.write(data)
        print("%s|%s" % (name, outcome))


def images(folder):
    for name, (write, ls, inspect) in odd_image.IMAGES.items():
        write(os.path.join(folder, name))
        print("|".join((name, ls, inspect)))


def archives(folder):
    for name, (data, outcome) in odd_archive.ARCHIVES.items():
        with open(os.path.join(folder, name), "wb") as out:
            out.write(data)
        print("%s|%s" % (name, outcome))


{"tars": tars, "debs": debs, "images": images, "archives": archives}[sys.argv[1]](sys.argv[2])
