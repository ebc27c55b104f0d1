# SPDX-License-Identifier: Apache-2.0
"""What the soak works on: archives that move on, and images whose recipes ask for their packages.

An Archive is made with tests/lib/archive.bash, so by dpkg-deb, apt-ftparchive and gpg; its pool keeps every version, so that
what a lock names stays to be had. An Image is a folder with a recipe, its keyring and files, the lock that ashlar made and the
outputs. Some images lie on a Base, have stages, run steps, or have dpkg run the scripts of their packages; one is a matrix. Every choice
comes from the random.Random that is handed in."""
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time

LIB = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib")
ENCODINGS = ("zstd", "gzip", "zstd:chunked")
LAYERS = ("single", "{by: package, most: 4}", "{by: package, most: 20}")
DEB_COMPRESSIONS = ("gzip", "xz", "zstd", "none")


def some_bytes(rng, most):
    """Noise, text that compresses, or nothing: of a length that is small more often than large."""
    size = int(most * rng.random() ** 3)
    if rng.random() < 0.5:
        return rng.randbytes(size)
    return (b"%d the quick brown fox\n" % rng.randrange(1000)) * (size // 24)


def fill_folder(rng, folder, most):
    """Files, links and folders of all kinds."""
    os.makedirs(folder, exist_ok=True)
    names = []
    for number in range(rng.randrange(1, 8)):
        below = os.path.join(folder, rng.choice(("", "sub", "sub/deeper", "ünï")))
        os.makedirs(below, exist_ok=True)
        path = os.path.join(below, f"file{number}")
        with open(path, "wb") as file:
            file.write(some_bytes(rng, most))
        os.chmod(path, rng.choice((0o644, 0o755, 0o600, 0o4755)))
        names.append(path)
    if rng.random() < 0.5:
        os.symlink(rng.choice(("file0", "../nowhere", "/etc/passwd")), os.path.join(folder, "symlink"))
    if rng.random() < 0.5:
        os.link(rng.choice(names), os.path.join(folder, "hardlink"))
    if rng.random() < 0.3:
        os.makedirs(os.path.join(folder, "empty"))


class Archive:
    """A signed Debian archive in @folder, read as files or, with @served, from the server that misbehaves."""

    def __init__(self, rng, folder, served):
        self.folder, self.date, self.version = folder, 1750000000, {}
        self.port_file = folder + ".port"
        self.server = None
        self.bash("archive_new \"$1\"; dpkg_debs", folder)
        for number in range(rng.randrange(6, 11)):
            self.add(rng, f"pkg{number}")
        self.publish()
        self.mirror = self.serve() if served else f"file://{folder}/www"

    def bash(self, script, *arguments):
        prelude = f'set -euo pipefail; . {LIB}/archive.bash; . {LIB}/dpkg.bash; ARCHIVE={self.folder}; ARCHS=amd64; ARCHIVE_DATE={self.date}; '
        done = subprocess.run(["bash", "-c", prelude + script, "soak", *arguments], stdout=subprocess.PIPE, check=True)
        return done.stdout.decode().strip()

    def add(self, rng, name):
        """The package @name in its next version."""
        self.version[name] = self.version.get(name, 0) + 1
        others = sorted(self.version)[:sorted(self.version).index(name)]
        fields = [f"Depends: {', '.join(rng.sample(others, min(2, len(others))))}"] if others else []
        root = self.bash('deb_begin "$@"', name, f"1.{self.version[name]}", *fields)
        fill_folder(rng, os.path.join(root, "usr/share", name), 400_000)
        if rng.random() < 0.5:
            with open(os.path.join(root, "DEBIAN/postinst"), "w", encoding="ascii") as script:
                script.write(f"#!/bin/sh\nset -e\nls -ln /usr/share/{name} | wc -l > /usr/share/{name}.made\n")
        self.bash('DEB_COMPRESSION=$2; deb_end "$1"', name, rng.choice(DEB_COMPRESSIONS))

    def publish(self):
        self.bash("archive_publish")
        self.date += 3600

    def move_on(self, rng):
        for name in rng.sample(sorted(self.version), rng.randrange(1, 4)):
            self.add(rng, name)
        self.publish()

    def serve(self):
        self.server = subprocess.Popen([sys.executable, os.path.join(LIB, "server.py"), self.folder + "/www", self.port_file])
        while not os.path.exists(self.port_file):
            time.sleep(0.05)
        with open(self.port_file, encoding="ascii") as port:
            return "http://127.0.0.1:" + port.read()

    def set_faults(self, lines):
        """What goes wrong from now on (see server.py); [] makes it well-behaved."""
        with open(self.port_file + ".new", "w", encoding="ascii") as file:
            file.writelines(line + "\n" for line in lines)
        os.rename(self.port_file + ".new", self.port_file + ".faults")

    def end(self):
        self.bash("archive_end")
        if self.server is not None:
            self.server.send_signal(signal.SIGTERM)
            self.server.wait()


class Base:
    """An OCI layout that images may start from: a shell and dpkg, and what ashlar made of them."""

    def __init__(self, ashlar, folder, archive):
        os.makedirs(folder)
        shutil.copy(os.path.join(archive.folder, "keyring.gpg"), folder)
        recipe = os.path.join(folder, "base.yaml")
        with open(recipe, "w", encoding="ascii") as out:
            out.write(f"name: base\nversion: '1'\narch: [amd64]\ndebian: {debian_of(archive, PROGRAMS, 'skip')}\n"
                      "files: [{path: /etc/base, content: base}]\noutputs: [{oci: {layout: true}}]\n")
        subprocess.run([ashlar, "build", recipe, "-o", folder, "-q", "--store", os.path.join(folder, "store")], check=True,
                       stdout=subprocess.DEVNULL)
        self.source = "oci:" + os.path.join(folder, "base-1.oci")


PROGRAMS = ["dash", "dpkg"]


def debian_of(archive, packages, scripts):
    return (f"{{suite: stable, mirror: '{archive.mirror}', keyring: keyring.gpg, scripts: {scripts}, "
            f"packages: [{', '.join(packages)}]}}")


def some_step(rng):
    """A step whose outcome its inputs decide, whatever is in its cache."""
    number = rng.randrange(1000)
    count = "find {} -type f | sort | while read -r f; do wc -c < \"$f\"; done > /made-{}"
    return rng.choice((
        f"{{shell: '{count.format('/srv', number)}'}}",
        f"{{shell: 'mkdir -p /var/made; cp -r /srv /var/made/{number}; rm -rf /srv/file0'}}",
        f"{{shell: 'date >> /kept/log; echo {number} > /made', cache: [/kept]}}",
        f"{{shell: '{count.format('/src', number)}', bind: [{{path: /src, from: files}}]}}",
        "{shell: 'wc -c < /run/secrets/token > /token-size', secrets: [token]}"))


class Output:
    """One tarball of an image: of its only one, or of a combination of its matrix."""

    def __init__(self, folder, name, combination):
        self.combination = combination  # "flavour=a", or ""
        self.lock = os.path.join(folder, f"image{'.' if combination else ''}{combination}.lock")
        self.path = os.path.join(folder, f"{name}-1.oci.tar")
        self.known = set()  # digests that it may have: those of whole outputs that were there before
        self.allowed = set()  # and those that a run that succeeds may make besides the right one


class Image:
    """A recipe in a folder of its own, with its outputs, signed where @key is not None."""

    def __init__(self, rng, folder, archive, base, key, matrix):
        self.folder, self.archive, self.base, self.key_file, self.matrix = folder, archive, base, key, matrix
        self.name = os.path.basename(folder)
        self.recipe = os.path.join(folder, "image.yaml")
        self.outputs = [Output(folder, f"{self.name}-{flavour}", f"flavour={flavour}") for flavour in "ab"] if matrix else [
            Output(folder, self.name, "")]
        self.generation = 0  # counts the changes of recipe and files
        self.features = []  # of the recipe, for the count
        os.makedirs(folder)
        shutil.copy(os.path.join(archive.folder, "keyring.gpg"), folder)
        with open(os.path.join(folder, "token"), "w", encoding="ascii") as token:
            token.write("a secret of the soak")
        self.choose(rng)
        self.change_files(rng)

    def allow(self, digests=frozenset()):
        for output in self.outputs:
            output.allowed = set(digests)

    def choose(self, rng):
        """What the recipe asks for, and how it is written."""
        self.generation += 1
        packages = rng.sample(sorted(self.archive.version), rng.randrange(1, 5))
        self.key = rng.choice((None, self.key_file))
        files, more, scripts, staged = ["{path: /srv, from: files/}"], "", "skip", rng.random() < 0.25
        based, runs = rng.random() < 0.4, rng.random() < 0.5
        if runs:
            steps = ", ".join(some_step(rng) for _ in range(rng.randrange(3)))
            more += f"secrets: {{token: {{file: token}}}}\nrun: [{steps}]\n"
            scripts = rng.choice(("skip", "auto", "run"))
            packages += [] if based else PROGRAMS
        if staged:
            more += (f"stages:\n  tool:\n    debian: {debian_of(self.archive, PROGRAMS + packages[:1], 'skip')}\n"
                     "    files: [{path: /in, from: files/}]\n"
                     f"    run: ['mkdir /out; ls -ln /in | wc -l > /out/tool; echo {rng.randrange(100)} >> /out/tool']\n")
            files.append("{path: /opt/tool, stage: tool, from: /out/tool}")
        if self.matrix:
            more += "params: {flavour: none}\nmatrix: {flavour: [a, b]}\n"
            files.append("{path: /etc/flavour, content: \"${flavour}\"}")
        self.features = [name for name, there in (("a base", based), ("steps", "run: [{" in more), ("a stage", staged), (
            f"scripts {scripts}", runs), ("a matrix", self.matrix)) if there]
        with open(self.recipe, "w", encoding="ascii") as out:
            out.write(f"name: {self.name}{'-${flavour}' if self.matrix else ''}\nversion: '1'\narch: [amd64]\n"
                      + (f"from: '{self.base.source}'\n" if based else "")
                      + f"debian: {debian_of(self.archive, packages, scripts)}\n"
                      f"files: [{', '.join(files)}]\n"
                      f"layers: {rng.choice(LAYERS)}\n"
                      f"outputs: [{{oci: {{compression: '{rng.choice(ENCODINGS)}'}}}}]\n{more}")

    def change_files(self, rng):
        self.generation += 1
        shutil.rmtree(os.path.join(self.folder, "files"), ignore_errors=True)
        fill_folder(rng, os.path.join(self.folder, "files"), 1_500_000)

    def inputs(self, output):
        """What decides the output's bytes, in a form that can be a key; None while there is no lock."""
        if not os.path.exists(output.lock):
            return None
        with open(output.lock, "rb") as lock:
            return output.path, self.generation, hashlib.sha256(lock.read()).hexdigest()
