# SPDX-License-Identifier: Apache-2.0
"""What may happen to files behind ashlar's back: bytes that change, files that are cut, emptied, swapped or gone."""
import os

STORE_FOLDERS = ("blobs/sha256", "actions", "partial", "tmp")


def flip(rng, path):
    size = os.path.getsize(path)
    if size == 0:
        return remove(rng, path)
    with open(path, "r+b") as file:
        at = rng.randrange(size)
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ (1 << rng.randrange(8))]))
    return f"bit flipped at {at} of {path}"


def truncate(rng, path):
    size = rng.randrange(os.path.getsize(path) + 1)
    os.truncate(path, size)
    return f"cut to {size} bytes: {path}"


def append(rng, path):
    with open(path, "ab") as file:
        file.write(rng.randbytes(rng.randrange(1, 5000)))
    return f"bytes appended to {path}"


def remove(_, path):
    os.unlink(path)
    return f"removed {path}"


def overwrite(rng, path):
    with open(path, "wb") as file:
        file.write(rng.randbytes(rng.randrange(5000)))
    return f"overwritten with noise: {path}"


def damage_file(rng, path):
    if os.path.exists(path):
        os.chmod(path, 0o644)
        return rng.choice((flip, flip, truncate, append, remove, overwrite))(rng, path)
    return f"not there: {path}"


def damage_store(rng, store):
    """Harms up to four files of the store; tells what was done, a line each."""
    told = []
    for _ in range(rng.randrange(1, 5)):
        folder = os.path.join(store, rng.choice(STORE_FOLDERS))
        names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
        if names:
            told.append(damage_file(rng, os.path.join(folder, rng.choice(names))))
    if rng.random() < 0.2:
        path = os.path.join(store, "tmp", f"left-{rng.randrange(1000)}")
        with open(path, "wb") as file:
            file.write(rng.randbytes(1000))
        told.append(f"left behind: {path}")
    if rng.random() < 0.05:
        for name in os.listdir(os.path.join(store, "actions")):
            os.unlink(os.path.join(store, "actions", name))
        told.append("removed all actions")
    return told


def server_faults(rng):
    """Lines for tests/lib/server.py: what goes wrong, how often, with which files."""
    lines = []
    for _ in range(rng.randrange(1, 4)):
        fault = rng.choice(("503", "404", "corrupt", "ignore", f"cut:{rng.randrange(100_000)}", f"slow:{rng.randrange(50_000, 500_000)}"))
        glob = rng.choice(("*.deb", f"*pkg{rng.randrange(10)}*", "*Packages*", "*/by-hash/*", "*InRelease"))
        lines.append(f"{rng.randrange(1, 6)} {fault} {glob}")
    return lines
