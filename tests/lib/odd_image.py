# SPDX-License-Identifier: Apache-2.0
"""OCI layouts that no program writes, or that somebody writes on purpose. IMAGES: NAME -> (write(folder), wanted of `ls`, wanted of
`inspect`), where wanted is words of the refusal or "ok WORD..."."""
import gzip
import hashlib
import json
import os

from odd_tar import END, hard, link, member

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"
PLAIN = "application/vnd.oci.image.layer.v1.tar"
IMAGES = {}


def text(value):
    return value if isinstance(value, bytes) else json.dumps(value).encode()


class Layout:
    """An image of one layer that is right, until something of it is written anew."""

    def __init__(self, folder):
        self.folder = folder
        self.blobs = os.path.join(folder, "blobs", "sha256")
        os.makedirs(self.blobs)
        self.write("oci-layout", {"imageLayoutVersion": "1.0.0"})

    def write(self, name, value):
        with open(os.path.join(self.folder, name), "wb") as out:
            out.write(text(value))

    def put(self, value, media_type, **more):
        """A blob and its descriptor."""
        data = text(value)
        digest = hashlib.sha256(data).hexdigest()
        with open(os.path.join(self.blobs, digest), "wb") as out:
            out.write(data)
        return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(data)} | more

    def image(self, tar=member(b"f", b"data") + END, layer=None, config=None, **members):
        layer = layer or self.put(gzip.compress(tar, mtime=0), GZIP)
        layers = layer if isinstance(layer, list) else [layer]
        diff_ids = ["sha256:" + hashlib.sha256(tar).hexdigest()] * len(layers)
        config = config or {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": diff_ids}}
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": self.put(config, CONFIG), "layers": layers} | members
        self.index(self.put(manifest, MANIFEST))
        return layer

    def index(self, *descriptors):
        self.write("index.json", {"schemaVersion": 2, "manifests": descriptors})

    def path(self, descriptor):
        return os.path.join(self.blobs, descriptor["digest"][7:])


def odd(name, ls, inspect=None):
    def add(write):
        IMAGES[name] = (lambda folder: write(Layout(folder)), ls, inspect or ls)
        return write
    return add


def replaced(name, wanted, make):
    """In place of the layer stands what @make makes."""
    @odd(name, wanted)
    def _(layout):
        path = layout.path(layout.image())
        os.unlink(path)
        make(path)


@odd("right", "ok /f", "ok amd64")
def _(layout):
    layout.image()


# ---- what lies in the folder

replaced("blob-is-a-symlink", "is not a regular file", lambda path: os.symlink("/etc/passwd", path))
replaced("blob-is-a-pipe", "is not a regular file", os.mkfifo)
replaced("blob-is-a-folder", "is not a regular file", os.mkdir)
replaced("blob-leads-nowhere", "is not a regular file", lambda path: os.symlink("nowhere", path))


def special(name, file, make, wanted):
    @odd(name, wanted)
    def _(layout):
        layout.image()
        path = os.path.join(layout.folder, file)
        os.unlink(path)
        make(path)


for file in ("index.json", "oci-layout"):
    for what, make in (("a-pipe", os.mkfifo), ("a-folder", os.mkdir), ("zeros", lambda path: os.symlink("/dev/zero", path)),
                       ("gone", lambda path: None)):
        special("%s-is-%s" % (file, what), file, make, file)


@odd("blob-of-another-name", "is not named by a SHA-256")
def _(layout):
    layout.image()
    layout.write("blobs/sha256/\x1b[31mred", b"x")


# ---- JSON

DEEP = b"[" * 100000


@odd("deep-index", "index.json")
def _(layout):
    layout.image()
    layout.write("index.json", DEEP)


@odd("deep-inside-an-index", "index.json")
def _(layout):
    layout.image()
    layout.write("index.json", b'{"schemaVersion":2,"manifests":[],"x":' + DEEP + b"]" * len(DEEP) + b"}")


@odd("deep-configuration", "sha256:")
def _(layout):
    layout.image(config=b'{"architecture":"amd64","os":"linux","x":' + b'{"a":' * 50000 + b"1" + b"}" * 50001)


@odd("numbers-without-end", "index.json")
def _(layout):
    layout.image()
    layout.write("index.json", b'{"schemaVersion":2,"x":1e999999999,"manifests":[]}')


@odd("not-utf8", "index.json")
def _(layout):
    layout.image()
    layout.write("index.json", b'{"schemaVersion":2,"x":"\xff","manifests":[]}')


@odd("zero-byte-in-a-string", "index.json")
def _(layout):
    layout.image()
    layout.write("index.json", b'{"schemaVersion":2,"x":"a\\u0000b","manifests":[]}')


for wrong in ("sha256:../../../../../../etc/passwd", "sha256:" + "A" * 64, "sha512:" + "a" * 128, "sha256:", "", "sha256:" + "a" * 65):
    def other_digest(layout, wrong=wrong):
        layout.image()
        layout.index({"mediaType": MANIFEST, "digest": wrong, "size": 3})
    odd("digest-" + (wrong.replace("/", "_") or "of-nothing"), "digest")(other_digest)


@odd("size-of-exabytes", "descriptor says 9223372036854775807")
def _(layout):
    layout.image()
    layout.index(layout.put({}, MANIFEST) | {"size": (1 << 63) - 1})


@odd("escape-in-a-label", "ok /f", "ok u001B[31m")
def _(layout):
    tar = member(b"f", b"data") + END
    layout.image(tar, config={"architecture": "amd64", "os": "linux", "config": {"Labels": {"a\x1b[31m": "b\x1b[31m\x07"}},
                              "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(tar).hexdigest()]}})


# ---- layers

def layer(name, ls, data, media_type=GZIP, inspect="ok sha256:"):
    @odd(name, ls, inspect)
    def _(layout):
        layout.image(layer=layout.put(data() if callable(data) else data, media_type))


RIGHT = member(b"f", b"data") + END
layer("layer-climbs", "has a component '..'", gzip.compress(member(b"../x", b"y") + END, mtime=0))
layer("layer-climbs-by-whiteout", "has a component '..'", gzip.compress(member(b"../.wh.x") + END, mtime=0))
layer("layer-links-outside", "has a component '..'", gzip.compress(hard(b"x", b"../../etc/passwd") + END, mtime=0))
layer("layer-under-a-link", "ok /d /d/x", gzip.compress(link(b"d", b"/etc") + member(b"d/x", b"y") + END, mtime=0))
layer("layer-cut-short", "layer 0", gzip.compress(RIGHT, mtime=0)[:-12])
layer("layer-of-nothing", "ok", b"")
layer("layer-of-text", "layer 0", b"no tar at all, but text of some length" * 40)
layer("layer-plain-called-gzip", "ok /f", RIGHT)
layer("layer-gzip-called-zstd", "ok /f", gzip.compress(RIGHT, mtime=0), ZSTD)
layer("layer-gzip-called-plain", "ok /f", gzip.compress(RIGHT, mtime=0), PLAIN)
layer("layer-gzip-in-gzip", "layer 0", gzip.compress(gzip.compress(RIGHT, mtime=0), mtime=0))
layer("layer-encrypted", "layer 0", b"x" * 1000, GZIP + "+encrypted")
# 128 GiB of window: what a decoder would have to hold in memory
layer("layer-of-a-vast-window", "layer 0", b"\x28\xb5\x2f\xfd\x00\xd8\x01\x00\x00", ZSTD)
layer("layer-bomb", "limit 'ratio'", lambda: gzip.compress(member(b"zeros", bytes(20 << 20)) + END, mtime=0))


@odd("layers-two-thousand", "more than 1024 layers (limit 'layers')")
def _(layout):
    one = layout.put(gzip.compress(RIGHT, mtime=0), GZIP)
    layout.image(RIGHT, layer=[one] * 2000)


@odd("index-in-index", "too deep")
def _(layout):
    layout.image()
    with open(os.path.join(layout.folder, "index.json"), "rb") as old:
        at = json.load(old)["manifests"][0]
    for _ in range(8):
        at = layout.put({"schemaVersion": 2, "mediaType": INDEX, "manifests": [at]}, INDEX)
    layout.index(at)
