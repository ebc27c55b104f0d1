# SPDX-License-Identifier: Apache-2.0
#
# Access control lists: of bases, of what steps leave, and in the layers
load ../lib/common
load ../lib/image
load ../lib/sandbox
load ../lib/store

setup() {
  setup_test
  own_store
  need_sandbox
  need setfacl getfacl python3
  setfacl -m u:7:r . 2> /dev/null && setfacl -b . || skip "this file system has no access control lists"
}

teardown() { [ -n "${BATS_TEST_SKIPPED:-}" ] || nothing_left; }

# shows FILE LIST: the list of FILE, its entries with a space between them, is LIST
shows() {
  local list
  list=$(getfacl --absolute-names --numeric --omit-header --no-effective "$1" | grep -v '^$' | paste -sd ' ')
  [ "$list" = "$2" ] || { echo "$1: $list"; return 1; }
}

# value IMAGE PATH: the canonical list of PATH, in hexadecimal
value() {
  "$ASHLAR" ls --json "$1" "$2" | jq -r 'select(.path == "'"$2"'") | .xattrs["system.posix_acl_'"${3:-access}"'"] // "none"' |
    { read -r text; [ "$text" = none ] && echo none || base64 -d <<< "$text" | od -An -v -tx1 | tr -d ' \n'; }
}

# what setfacl -m u:7:rwx,g:8:r makes of mode 0644
LIST=0200000001000600ffffffff020007000700000004000400ffffffff080004000800000010000700ffffffff20000400ffffffff

recipe() {
  steps_for t
  programs_for t setfacl getfacl
}

@test "what a step sets is in the image, and there for the next step, for root and an ordinary user alike" {
  need_root
  need newuidmap setpriv
  { [ -e /etc/subuid ] && [ -e /etc/subgid ]; } || skip "there is no /etc/subuid"
  P=$(mktemp -d)
  chmod 755 "$P"
  cd "$P"
  cp "$ASHLAR" ashlar
  recipe <<'END'
run:
  - |
    mkdir -p /srv/d
    for f in kept gone plain link; do echo x > /srv/$f; done
    setfacl -m u:7:rwx,g:8:r /srv/kept /srv/gone /srv/link
    ln -f /srv/link /srv/link2
    setfacl -m u:7:r /srv/plain; setfacl -b /srv/plain
    setfacl -m d:u:7:rx /srv/d
    echo y > /srv/d/inherits
    chown 7:8 /srv/kept
  - |
    getfacl -nc /srv/kept | grep -x user:7:rwx
    getfacl -nc /srv/d | grep -x default:user:7:r-x
    echo z > /srv/d/later
    setfacl -b /srv/gone
END
  ok build t.yaml
  [ "$(value t-1.oci.tar /srv/kept)" = $LIST ] || told /srv/kept
  [ "$(value t-1.oci.tar /srv/link)" = $LIST ] || told /srv/link
  [ "$(value t-1.oci.tar /srv/gone)$(value t-1.oci.tar /srv/plain)" = nonenone ]
  ok ls --json t-1.oci.tar /srv
  jq -se 'map(select(.path == "/srv/kept") | [.mode, .uid, .gid]) == [["0674", 7, 8]]' <<< "$out" || told /srv/kept
  image_open t-1.oci.tar i
  image_unpack i
  shows i/rootfs/srv/kept "user::rw- user:7:rwx group::r-- group:8:r-- mask::rwx other::r--"
  shows i/rootfs/srv/d/inherits "user::rw- user:7:r-x group::r-x mask::r-- other::r--"
  shows i/rootfs/srv/d/later "user::rw- user:7:r-x group::r-x mask::r-- other::r--"
  # the same where the first step is remembered, and its files are laid out for the second
  cp t-1.oci.tar first.tar
  sed 's/echo z/echo  z/' t.yaml > u.yaml
  ok build u.yaml --output out
  same first.tar out/t-1.oci.tar
  mkdir user
  cp -r t.yaml bin programs user
  chown -R 54321:54321 user
  as_subordinate env -u ASHLAR_STORE HOME="$P/user" ./ashlar build user/t.yaml -o user > user.log 2>&1 || { cat user.log; false; }
  same first.tar user/t-1.oci.tar
  rm -rf "$P"
}

@test "a folder of the host above the store bequeaths nothing to the image" {
  recipe <<< 'run: ["mkdir -p /srv/d; echo x > /srv/d/f", {shell: "echo x > /scratch/f; cp -a /scratch/f /srv", cache: [/scratch]}]'
  ok build t.yaml
  mkdir -m 755 heir
  setfacl -m d:u:7:rwx,d:g:8:rwx,d:o::rwx heir
  for memory in '' 512M; do
    own_store "$T/heir/store$memory"
    # bounded memory: the tree is on the disk
    [ -z "$memory" ] || sed -i "s|{shell: |{memory: $memory, shell: |" t.yaml
    ok build t.yaml --output "out$memory"
    same t-1.oci.tar "out$memory/t-1.oci.tar"
  done
}

@test "a base's lists are read in either form, seen by steps, and no change where nothing changed them" {
  need bsdtar
  mkdir -p root/data
  echo x > root/data/f
  chmod 644 root/data/f
  setfacl -m u:7:rwx,g:8:r root/data/f
  setfacl -m d:u:7:rx root/data
  bsdtar --acls --format pax -cf text.tar -C root data
  tar --xattrs --xattrs-include='*' -cf binary.tar -C root data
  for form in text binary; do
    rm -rf base t.lock
    python3 -B "$TOP/tests/lib/base_image.py" base tars $form.tar
    recipe <<'END'
from: oci:base
run:
  - getfacl -nc /data/f | grep -x user:7:rwx; getfacl -nc /data | grep -x default:user:7:r-x
  - setfacl -x g:8 /data/f
  - chmod 600 /data/f
END
    ok build t.yaml --output $form
    rm -rf i
    image_open $form/t-1.oci.tar i
    image_unpack i
    shows i/rootfs/data/f "user::rw- user:7:rwx group::r-- mask::--- other::---"
    shows i/rootfs/data "user::rwx group::r-x other::r-x default:user::rwx default:user:7:r-x default:group::r-x default:mask::r-x default:other::r-x"
    ok ls --json --layer 0 $form/t-1.oci.tar
    [ "$(jq -r 'select(.path == "/data/f") | .xattrs["system.posix_acl_access"]' <<< "$out" | base64 -d | od -An -v -tx1 | tr -d ' \n')" = $LIST ]
    ok diff --json oci:base $form/t-1.oci.tar
    [ "$(jq -c '.files.changed | map([.path, .xattrs != null])' <<< "$out")" = '[["/data/f",true]]' ]
  done
}

@test "a folder to start from gives no lists: they are of users of its machine" {
  mkdir root
  setfacl -m u:7:rwx,d:u:7:rx root
  echo x > root/f
  setfacl -m u:7:rwx root/f
  printf '%s\n' 'name: t' 'version: "1"' from:\ dir:root > t.yaml
  ok build t.yaml
  ok ls --json t-1.oci.tar
  lacks "$out" posix_acl
}

@test "what no list is is refused by name, and told by who only looks" {
  python3 - <<'END'
import tarfile
with tarfile.open("odd.tar", "w", format=tarfile.PAX_FORMAT) as archive:
    info = tarfile.TarInfo("etc/f")
    info.pax_headers = {"SCHILY.xattr.system.posix_acl_access": "\2\0\0\0\1\0\7\0"}
    archive.addfile(info)
END
  python3 -B "$TOP/tests/lib/base_image.py" base tars odd.tar
  steps_for t <<< 'from: oci:base'
  fails 1 build t.yaml
  has "$err" "'etc/f': access control list 'system.posix_acl_access' has 8 bytes, which is no list's length"
  ok ls --json odd.tar
  has "$out" system.posix_acl_access
}

@test "a list of users whom the sandbox does not have is an error that says who may have them" {
  need_root
  need setpriv
  echo x > f
  setfacl -m u:7:rwx f
  tar --xattrs --xattrs-include='*' -cf layer.tar f
  P=$(mktemp -d)
  chmod 755 "$P"
  cp "$ASHLAR" "$P/ashlar"
  cd "$P"
  python3 -B "$TOP/tests/lib/base_image.py" base tars "$T/layer.tar"
  steps_for t <<'END'
from: oci:base
run: [":"]
END
  mkdir home
  chown -R 65534:65534 .
  status=0
  as_nobody env -u ASHLAR_STORE HOME="$P/home" ./ashlar build t.yaml > "$T/log" 2>&1 || status=$?
  [ "$status" = 1 ]
  has "$(< "$T/log")" "'/f' has an access control list of users or groups, whom this sandbox does not have"
  has "$(< "$T/log")" "hint: give the user who builds subordinate ids"
  rm -rf "$P"
}
