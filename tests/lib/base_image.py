# SPDX-License-Identifier: Apache-2.0
"""Images to start from, as other programs make them: base_image.py FOLDER NAME, or base_image.py FOLDER tars TAR..., of which each
is a layer. LAYERS of an image are tars, each in a compression
of its own; what a layer takes away of those below it is said by '.wh.' names."""
import gzip
import hashlib
import io
import subprocess
import sys
import tarfile

from odd_image import CONFIG, GZIP, INDEX, MANIFEST, PLAIN, ZSTD, Layout

DOCKER = "application/vnd.docker.image.rootfs.diff.tar"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def tar(*members):
    """(name, content or "type:target" or None for a folder, mode)"""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content, mode in members:
            info = tarfile.TarInfo(name)
            info.mode, info.mtime = mode, 1000000000
            if content is None:
                info.type = tarfile.DIRTYPE
            elif content.startswith("link:"):
                info.type, info.linkname = tarfile.SYMTYPE, content[5:]
            elif content.startswith("hard:"):
                info.type, info.linkname = tarfile.LNKTYPE, content[5:]
            else:
                info.size = len(content)
            archive.addfile(info, io.BytesIO((content or "").encode()) if info.isreg() else None)
    return out.getvalue()


def compressed(data, how):
    if how in (GZIP, DOCKER + ".gzip"):
        return gzip.compress(data, mtime=0)
    if how == ZSTD:
        return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout
    return data


def image(layout, layers, config=None, arch="amd64", history=True, docker=False):
    """The descriptor of a manifest; @layers: (tar, media type)."""
    blobs = [layout.put(compressed(data, how), how) for data, how in layers]
    document = {
        "architecture": arch, "os": "linux", "config": config or {},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(data).hexdigest() for data, _ in layers]},
    }
    if history:
        document["history"] = [{"created": "2001-09-09T01:46:40Z", "created_by": f"step {i}"} for i in range(len(layers))]
        document["history"].insert(1, {"created_by": "ENV A=1", "empty_layer": True})
    kind = DOCKER_MANIFEST if docker else MANIFEST
    manifest = {"schemaVersion": 2, "mediaType": kind,
                "config": layout.put(document, DOCKER_CONFIG if docker else CONFIG), "layers": blobs}
    return layout.put(manifest, kind, platform={"architecture": arch, "os": "linux"})


BOTTOM = tar(("etc/", None, 0o755), ("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nkeeper:x:100:100::/:/bin/sh\n", 0o644),
             ("etc/group", "root:x:0:\nkeeper:x:100:\n", 0o644), ("data/", None, 0o1777), ("data/one", "one", 0o644),
             ("data/two", "hard:data/one", 0o644), ("data/gone", "gone", 0o644), ("old/", None, 0o700),
             ("old/a", "a", 0o644), ("old/b", "b", 0o644), ("bin/", None, 0o755), ("bin/tool", "tool", 0o4755))
MIDDLE = tar(("data/", None, 0o1777), ("data/.wh.gone", "", 0o644), ("data/three", "three", 0o600), ("old/", None, 0o700),
             ("old/.wh..wh..opq", "", 0o644), ("old/c", "c", 0o644))
TOP = tar(("data/", None, 0o1777), ("data/link", "link:three", 0o777))
CONFIG_OF = {
    "User": "keeper", "ExposedPorts": {"80/tcp": {}}, "Env": ["PATH=/bin", "A=1", "B=2"], "Entrypoint": ["/bin/tool"],
    "Cmd": ["-v"], "Volumes": {"/data": {}}, "WorkingDir": "/data", "StopSignal": "SIGQUIT",
    "Labels": {"of.base": "yes", "both": "base", "org.opencontainers.image.version": "99"},
}


def mixed(layout):
    layout.index(image(layout, [(BOTTOM, GZIP), (MIDDLE, ZSTD), (TOP, PLAIN)], CONFIG_OF))


def other(layout):
    layout.index(image(layout, [(BOTTOM, GZIP), (TOP, GZIP)], CONFIG_OF))


def docker(layout):
    layout.index(image(layout, [(BOTTOM, DOCKER + ".gzip"), (MIDDLE, DOCKER)], CONFIG_OF, history=False, docker=True))


def two(layout):
    both = [image(layout, [(BOTTOM, GZIP)], {"Env": ["ARCH=" + arch]}, arch) for arch in ("amd64", "arm64")]
    layout.index(layout.put({"schemaVersion": 2, "mediaType": INDEX, "manifests": both}, INDEX))


def lies(layout):
    """Its configuration has another diff ID than its layer."""
    descriptor = image(layout, [(BOTTOM, GZIP)])
    wrong = layout.put({"architecture": "amd64", "os": "linux",
                        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + "0" * 64]}}, CONFIG)
    layer = layout.put(gzip.compress(BOTTOM, mtime=0), GZIP)
    del descriptor
    layout.index(layout.put({"schemaVersion": 2, "mediaType": MANIFEST, "config": wrong, "layers": [layer]}, MANIFEST))


def hostile(*members):
    return lambda layout: layout.index(image(layout, [(tar(*members), GZIP)]))


def through(layout):
    """A layer puts a file below what is a link in the one under it."""
    layout.index(image(layout, [(tar(("a", "link:/etc", 0o777)), GZIP), (tar(("a/passwd", "x", 0o644)), GZIP)]))


def twice(layout):
    layout.index(image(layout, [(tar(("f", "first", 0o644), ("g", "g", 0o644), ("f", "second", 0o600)), GZIP)]))


def tars(layout):
    layers = [(open(name, "rb").read(), GZIP) for name in sys.argv[3:]]
    layout.index(image(layout, layers, history=False))


def outer(layout):
    """A layer has further names of files of the layer under it, one of which it replaces afterwards, and one of its own."""
    layout.index(image(layout, [(BOTTOM, GZIP), (tar(
        ("new/", None, 0o755), ("new/one", "hard:data/one", 0o644), ("new/link", "hard:new/one", 0o644),
        ("new/tool", "hard:bin/tool", 0o4755), ("bin/tool", "another", 0o755), ("own", "own", 0o600), ("own2", "hard:own", 0o600),
        ("old", "hard:data/gone", 0o644)), GZIP)]))


IMAGES = {
    "outer": outer,
    "tars": tars,
    "mixed": mixed, "other": other, "docker": docker, "two": two, "lies": lies, "through": through, "twice": twice,
    "climbs": hostile(("../x", "x", 0o644)),
    "below-link": hostile(("a", "link:/etc", 0o777), ("a/passwd", "x", 0o644)),
    "hard-out": hostile(("a", "hard:etc/passwd", 0o644)),
    "bomb": lambda layout: layout.index(image(layout, [(tar(("f", "\0" * (64 << 20), 0o644)), GZIP)])),
}

if __name__ == "__main__":
    IMAGES[sys.argv[2]](Layout(sys.argv[1]))
