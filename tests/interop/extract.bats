# SPDX-License-Identifier: Apache-2.0
#
# What is extracted from an image equals what dpkg-deb extracts from the same packages, content and metadata, save what
# normalisation changes by rule:
#   - times later than the epoch are clamped to it, and folders bear time 0
#   - /bin, /lib, /lib64 and /sbin lie in /usr (merged /usr)
#   - dpkg's database, and what is done natively in place of scripts (accounts, alternatives, certificates), is added
load ../lib/common
load ../lib/image
load ../lib/store

setup() {
  setup_test
  shared_store
  need jq dpkg-deb python3
  need_root
}

# recipe PACKAGE...: writes image.yaml with nothing excluded
recipe() {
  local IFS=, list
  list="$*"
  cat > image.yaml <<END
name: image
version: "1"
debian:
  suite: $(. /etc/os-release && echo "$VERSION_CODENAME")
  packages: [$list]
  scripts: skip
END
}

# compare: image.yaml is built; its tree is held against the packages'
compare() {
  ok build image.yaml
  image_open image-1.oci.tar "$T/i"
  image_unpack "$T/i"
  debs_of image.lock debs
  plain
  run ! grep -E '^d.* [0-9]{4}-[0-9]{2}-[0-9]{2} ' <(image_list "$T/i" | grep -v ' 1970-01-01 00:00:00 ')
  python3 "$TOP/tests/interop/same-tree.py" plain i/rootfs "$(image_config "$T/i" | jq -r .created)"
}

# what dpkg-deb gives of all packages in debs/, one over the other where /usr is merged
plain() {
  local name
  for name in bin sbin lib lib32 lib64 libx32; do
    mkdir -p plain/usr/$name
    ln -s usr/$name plain/$name
  done
  for deb in debs/*.deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C plain --numeric-owner --keep-directory-symlink -p
  done
  for name in bin sbin lib lib32 lib64 libx32; do
    rmdir --ignore-fail-on-non-empty plain/usr/$name
    [ -e plain/usr/$name ] || rm plain/$name
  done
}

@test "a small set is what dpkg-deb extracts" {
  recipe busybox base-files base-passwd
  compare
}

@test "setuid programs, hardlinks and sticky folders of real packages" {
  recipe passwd perl-base mount util-linux git
  compare
}

@test "a large set is what dpkg-deb extracts" {
  recipe python3 nginx openssh-server ca-certificates tzdata
  compare
}

@test "dpkg -V is silent, and dpkg -l lists what the lock names" {
  recipe nginx base-files base-passwd
  ok build image.yaml
  image_open image-1.oci.tar "$T/i"
  image_unpack "$T/i"
  seen=$(dpkg --root="$T/i/rootfs" -V 2>&1) || true
  [ -z "$seen" ] || { echo "$seen"; return 1; }
  dpkg-query --admindir="$T/i/rootfs/var/lib/dpkg" -W -f '${db:Status-Abbrev} ${Package} ${Version} ${Architecture}\n' | sort > have
  jq -r '.packages[] | .[] | "ii  " + .name + " " + .version + " " + .arch' image.lock | sort > want
  diff want have
}

@test "what is excluded, and only that, is missing to dpkg -V" {
  recipe nginx base-files base-passwd
  sed -i 's|^  scripts: skip|&\n  exclude: ["/usr/share/man/*", "/usr/share/doc/*"]|' image.yaml
  ok build image.yaml
  image_open image-1.oci.tar "$T/i"
  image_unpack "$T/i"
  dpkg --root="$T/i/rootfs" -V > seen 2>&1 || true
  run ! grep -vE '^missing +/usr/share/(man|doc)/' seen
}
