# SPDX-License-Identifier: Apache-2.0
#
# A small signed Debian archive, made on the spot: load ../lib/archive
#
#   archive_new DIR                     an empty archive; sets ARCHIVE=DIR and MIRROR, a file: URL
#   root=$(deb_begin NAME VERSION [FIELD...])   a package's folder to put files into; FIELDs are control fields
#                                       ("Depends: a, b"); maintainer scripts go to $root/DEBIAN
#   deb_end NAME                        packs it into the pool
#   deb NAME VERSION [FIELD...]         a package with one file, usr/share/NAME/version
#   archive_publish                     writes indexes and Release, signs them; again after every change, each time with
#                                       a date an hour later
#
# What can be chosen: SUITE (stable), ARCHS ("amd64 arm64"), ARCHIVE_DATE (seconds), VALID_FOR (seconds; empty: for ever),
# SIGNED_WITH (a name of archive_key), DEB_COMPRESSION (gzip), DEB_OWNERS (root; kept: files keep theirs).
# Faults: archive_tamper (signed text changed), archive_unsigned, deb_corrupt NAME, deb_drop NAME, archive_key NAME.
# recipe_for NAME [PACKAGE...] writes NAME.yaml for such an archive into the current folder.
# shellcheck disable=SC2034 # what is set here is for the suites

SUITE=stable
ARCHS="amd64 arm64"
ARCHIVE_DATE=1750000000
VALID_FOR=
SIGNED_WITH=archive
DEB_COMPRESSION=gzip
DEB_OWNERS=root

archive_new() {
  ARCHIVE=$1
  MIRROR=file://$ARCHIVE/www
  mkdir -p "$ARCHIVE/www/pool" "$ARCHIVE/build"
  archive_key archive
  cp "$ARCHIVE/archive.gpg" "$ARCHIVE/keyring.gpg"
}

# A key pair of its own: private in DIR/NAME.home, public in DIR/NAME.gpg
archive_key() {
  local home=$ARCHIVE/$1.home
  mkdir -p "$home"
  chmod 700 "$home"
  gpg --homedir "$home" --batch --quiet --pinentry-mode loopback --passphrase '' \
    --quick-generate-key "$1 of the tests <$1@example.org>" ed25519 sign never 2> /dev/null
  gpg --homedir "$home" --batch --quiet --export > "$ARCHIVE/$1.gpg"
}

archive_end() {
  local home
  for home in "$ARCHIVE"/*.home; do
    gpgconf --homedir "$home" --kill gpg-agent 2> /dev/null || true
  done
}

deb_begin() {
  local name=$1 version=$2 field arch=all
  shift 2
  local root=$ARCHIVE/build/$name
  rm -rf "$root"
  mkdir -p "$root/DEBIAN"
  for field; do
    case $field in "Architecture: "*) arch=${field#*: } ;; esac
  done
  {
    printf '%s\n' "Package: $name" "Version: $version" "Maintainer: Tests <tests@example.org>"
    [ "$arch" != all ] || echo "Architecture: all"
    printf '%s\n' "$@"
    printf '%s\n' "Description: package $name of the tests" " It holds what a test needs."
  } | sed '/^$/d' > "$root/DEBIAN/control"
  echo "$root"
}

deb_end() {
  local root=$ARCHIVE/build/$1
  (cd "$root" && find . -type f ! -path './DEBIAN/*' -printf '%P\0' | sort -z | xargs -0r md5sum > DEBIAN/md5sums)
  chmod -R u+rwX "$root/DEBIAN"
  chmod 755 "$root" "$root/DEBIAN"
  local script owners=(--root-owner-group)
  [ "$DEB_OWNERS" = root ] || owners=()
  for script in preinst postinst prerm postrm config; do
    [ ! -e "$root/DEBIAN/$script" ] || chmod 755 "$root/DEBIAN/$script"
  done
  SOURCE_DATE_EPOCH=1700000000 dpkg-deb "-Z$DEB_COMPRESSION" "${owners[@]}" --build "$root" "$ARCHIVE/www/pool" > /dev/null
}

deb() {
  local root
  root=$(deb_begin "$@")
  mkdir -p "$root/usr/share/$1"
  echo "$2" > "$root/usr/share/$1/version"
  deb_end "$1"
}

# The index of the pool's packages for an architecture
archive_index() {
  (cd "$ARCHIVE/www" && apt-ftparchive --arch "$1" packages pool)
}

archive_publish() {
  local dist=$ARCHIVE/www/dists/$SUITE arch file sum
  rm -rf "$dist"
  ARCHIVE_DATE=$((ARCHIVE_DATE + 3600))
  for arch in $ARCHS; do
    mkdir -p "$dist/main/binary-$arch/by-hash/SHA256"
    archive_index "$arch" > "$dist/main/binary-$arch/Packages"
    xz -0 --keep "$dist/main/binary-$arch/Packages"
    for file in "$dist/main/binary-$arch"/Packages*; do
      sum=$(sha256sum "$file" | cut -d' ' -f1)
      cp "$file" "$dist/main/binary-$arch/by-hash/SHA256/$sum"
    done
  done
  {
    printf '%s\n' "Origin: Tests" "Label: Tests" "Suite: $SUITE" "Codename: $SUITE" "Components: main" \
      "Architectures: all $ARCHS" "Acquire-By-Hash: yes" "Date: $(rfc_date "$ARCHIVE_DATE")"
    [ -z "$VALID_FOR" ] || echo "Valid-Until: $(rfc_date $((ARCHIVE_DATE + VALID_FOR)))"
    echo "SHA256:"
    (cd "$dist" && find main -name 'Packages*' | sort | while read -r file; do
      printf ' %s %d %s\n' "$(sha256sum "$file" | cut -d' ' -f1)" "$(stat -c %s "$file")" "$file"
    done)
  } > "$dist/Release"
  archive_sign
}

rfc_date() {
  LC_ALL=C date -u -d "@$1" '+%a, %d %b %Y %H:%M:%S UTC'
}

archive_sign() {
  local dist=$ARCHIVE/www/dists/$SUITE
  rm -f "$dist/InRelease" "$dist/Release.gpg"
  gpg --homedir "$ARCHIVE/$SIGNED_WITH.home" --batch --quiet --clearsign --output "$dist/InRelease" "$dist/Release"
}

# The text that was signed is changed behind the signature's back
archive_tamper() {
  sed -i 's/^Label: Tests/Label: Testz/' "$ARCHIVE/www/dists/$SUITE/InRelease"
}

archive_unsigned() {
  rm -f "$ARCHIVE/www/dists/$SUITE/InRelease" "$ARCHIVE/www/dists/$SUITE/Release.gpg"
}

deb_file() {
  echo "$ARCHIVE"/www/pool/"$1"_*.deb
}

# One byte of the package in the pool is another one; its size stays
deb_corrupt() {
  local file
  file=$(deb_file "$1")
  printf '\377' | dd of="$file" bs=1 seek=$(($(stat -c %s "$file") / 2)) conv=notrunc status=none
}

deb_drop() {
  rm -f "$ARCHIVE"/www/pool/"$1"_*.deb
}

recipe_for() {
  local name=$1 package list=
  shift
  for package; do
    list="$list${list:+, }$package"
  done
  cp "$ARCHIVE/keyring.gpg" keyring.gpg
  cat > "$name.yaml" <<END
name: $name
version: "1"
arch: [amd64]
debian:
  suite: $SUITE
  mirror: $MIRROR
  keyring: keyring.gpg
  packages: [$list]
  scripts: skip
END
}
