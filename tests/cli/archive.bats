# SPDX-License-Identifier: Apache-2.0
#
# An archive that is not what it should be
# shellcheck disable=SC2034 # what is set here is for lib/archive
load ../lib/common
load ../lib/archive
load ../lib/store

setup() {
  setup_test
  own_store
  need dpkg-deb apt-ftparchive gpg gpgv
  archive_new "$T/archive"
  deb hello 1.0 "Depends: libhello"
  deb libhello 1.0
  recipe_for demo hello
}

teardown() { archive_end; }

nothing_made() {
  [ ! -e demo.lock ]
  [ ! -e demo-1.oci.tar ]
}

@test "a Release whose signed text was changed is refused" {
  archive_publish
  archive_tamper
  fails 3 build demo.yaml
  has "$err" signature
  nothing_made
}

@test "a Release without a signature is refused" {
  archive_publish
  archive_unsigned
  run_ashlar build demo.yaml
  [ "$status" != 0 ]
  has "$err" Release
  nothing_made
}

@test "a Release signed by a key that is not in the keyring is refused" {
  archive_key stranger
  SIGNED_WITH=stranger
  archive_publish
  fails 3 build demo.yaml
  nothing_made
}

@test "Release and Release.gpg do in place of InRelease" {
  archive_publish
  dist=$ARCHIVE/www/dists/$SUITE
  gpg --homedir "$ARCHIVE/archive.home" --batch --quiet --detach-sign --armor --output "$dist/Release.gpg" "$dist/Release"
  rm "$dist/InRelease"
  ok build demo.yaml
}

@test "an expired Release is refused unless the recipe says otherwise" {
  VALID_FOR=86400
  archive_publish
  if apt-config dump | grep -qi 'Acquire::Check-Valid-Until "\(false\|0\|no\)"'; then
    skip "this host's apt configuration switches the check off"
  fi
  fails 3 build demo.yaml
  has "$err" expired
  nothing_made
  sed -i 's/^  suite: .*/&\n  check_valid_until: false/' demo.yaml
  ok build demo.yaml
}

@test "a Release older than one seen before does not count, and is refused where the newer one is gone" {
  archive_publish
  ok lock demo.yaml
  mv demo.lock newer.lock
  ARCHIVE_DATE=$((ARCHIVE_DATE - 1000000))
  archive_publish
  ok lock demo.yaml
  has "$err" "the mirror lags behind or is attacked"
  same demo.lock newer.lock
  rm demo.lock "$ASHLAR_STORE"/blobs/sha256/*
  fails 3 lock demo.yaml
  has "$err" "set back"
  has "$err" "hint:"
  nothing_made
}

@test "an index that is not what Release says is refused" {
  archive_publish
  find "$ARCHIVE/www/dists" -path '*binary-amd64*' -type f -name 'Packages*' -exec sh -c 'echo >> "$1"' - {} \;
  find "$ARCHIVE/www/dists" -path '*binary-amd64/by-hash*' -type f -exec sh -c 'echo >> "$1"' - {} \;
  run_ashlar build demo.yaml
  [ "$status" = 3 ] || [ "$status" = 1 ]
  has "$err" Packages
  nothing_made
}

@test "a package that is not what the index says is refused, and leaves nothing" {
  archive_publish
  deb_corrupt libhello
  run_ashlar build demo.yaml
  [ "$status" = 3 ] || [ "$status" = 1 ]
  has "$err" libhello
  [ ! -e demo-1.oci.tar ]
  ok store verify
}

@test "a package that is cut short is refused" {
  archive_publish
  file=$(deb_file libhello)
  truncate -s -10 "$file"
  run_ashlar build demo.yaml
  [ "$status" = 3 ] || [ "$status" = 1 ]
  has "$err" libhello
}

@test "a package that the archive lacks is named" {
  archive_publish
  deb_drop libhello
  fails 1 build demo.yaml
  has "$err" libhello
  [ ! -e demo-1.oci.tar ]
}

@test "a package whose members climb out is refused" {
  need python3 ar
  python3 - <<'END'
import io, tarfile
with tarfile.open("data.tar", "w") as tar:
    entry = tarfile.TarInfo("./usr/../../../escape")
    entry.size = 4
    tar.addfile(entry, io.BytesIO(b"evil"))
with tarfile.open("control.tar", "w") as tar:
    text = b"Package: evil\nVersion: 1.0\nArchitecture: all\nMaintainer: T <t@example.org>\nDescription: x\n"
    entry = tarfile.TarInfo("./control")
    entry.size = len(text)
    tar.addfile(entry, io.BytesIO(text))
END
  echo 2.0 > debian-binary
  ar rcU "$ARCHIVE/www/pool/evil_1.0_all.deb" debian-binary control.tar data.tar
  archive_publish
  recipe_for demo evil
  fails 1 build demo.yaml
  has "$err" evil
  [ ! -e demo-1.oci.tar ]
}

@test "a suite that is not there is told" {
  archive_publish
  sed -i 's/suite: stable/suite: nosuch/' demo.yaml
  fails 1 build demo.yaml
  has "$err" nosuch
}

@test "a keyring that is not there is told" {
  archive_publish
  sed -i 's/keyring.gpg/nokeys.gpg/' demo.yaml
  run_ashlar build demo.yaml
  [ "$status" != 0 ]
  has "$err" nokeys.gpg
}
