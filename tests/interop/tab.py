#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tab.py SHELL SETUP KEYS EXPECTED: types KEYS into SHELL on a terminal of its own, after SETUP; the line must become EXPECTED."""
import os
import pty
import re
import select
import sys

shell, setup, keys, expected = sys.argv[1:]
pid, fd = pty.fork()
if pid == 0:
    os.environ.update(PS1="", TERM="dumb", INPUTRC="/dev/null")
    os.execvp(shell.split()[0], shell.split())


def read_until(pattern):
    seen = ""
    while not re.search(pattern, seen):
        if not select.select([fd], [], [], 30)[0]:
            sys.exit(f"not seen: {pattern!r} in {seen!r}")
        seen += os.read(fd, 4096).decode()
    return seen


os.write(fd, f"{setup}; echo re''ady\n".encode())
read_until("ready\r?\n")
for key in re.findall(r"[^\t]*\t?", keys):
    os.write(fd, key.encode())
read_until(re.escape(expected))
os.close(fd)
os.waitpid(pid, 0)
