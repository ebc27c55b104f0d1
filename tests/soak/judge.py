# SPDX-License-Identifier: Apache-2.0
"""What is right: the bytes of an undisturbed build in a fresh store, and what other programs say of an output."""
import hashlib
import os
import re
import shutil
import subprocess

# an error names a file, a package, an address or a digest
NAMED = re.compile(r"'[^']+'|\bhttps?://|\bfile:|sha256:[0-9a-f]{64}|limit of \d+ open files|\bpkg\d+ ")


def digest_of(path):
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


class Judge:
    def __init__(self, ashlar, folder, public_key):
        self.ashlar, self.folder, self.public_key = ashlar, folder, public_key
        self.references = {}
        self.counts = {"references": 0, "judged by others": 0}

    def reference(self, image, output):
        """The digest that the @image's @output has where nothing goes wrong, or None while its lock does not hold."""
        inputs = image.inputs(output)
        if inputs is not None and inputs not in self.references:
            self.references[inputs] = self.build_undisturbed(image, output)
        return self.references.get(inputs)

    def build_undisturbed(self, image, output):
        self.counts["references"] += 1
        shutil.rmtree(self.folder, ignore_errors=True)
        copy = os.path.join(self.folder, image.name)
        os.makedirs(self.folder)
        subprocess.run(["cp", "-a", image.folder, copy], check=True)
        command = [self.ashlar, "build", os.path.join(copy, "image.yaml"), "-o", os.path.join(self.folder, "out"), "--locked", "-q",
                   "--store", os.path.join(self.folder, "store")] + (["--sign", image.key] if image.key else [])
        command += ["--only", output.combination] if output.combination else []
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        return digest_of(os.path.join(self.folder, "out", os.path.basename(output.path)))

    def message_fault(self, status, text):
        """What is wrong with how a run of ashlar ended, or None."""
        if status < 0:
            return f"ended by signal {-status}"
        if status not in (0, 1, 3, 130):
            return f"ended with status {status}"
        if status in (1, 3) and not NAMED.search(text):
            return "failed without naming anything"
        return None

    def others_fault(self, image, output):
        """What other programs have against the @output of @image, or None."""
        self.counts["judged by others"] += 1
        copy = os.path.join(self.folder, "copied")
        shutil.rmtree(copy, ignore_errors=True)
        commands = [["bsdtar", "-tf", output.path],
                    ["skopeo", "copy", "--quiet", f"oci-archive:{output.path}", f"dir:{copy}"]]
        if image.key:
            commands.append([self.ashlar, "verify", output.path, "--key", self.public_key])
        for command in commands:
            if shutil.which(command[0]) is None:
                continue
            done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
            if done.returncode != 0:
                return f"{' '.join(command)}: {done.stderr.decode(errors='replace')}"
        return None

