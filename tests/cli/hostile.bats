# SPDX-License-Identifier: Apache-2.0
#
# Input made to harm, and whoever sits before a terminal
load ../lib/common
load ../lib/archive
load ../lib/store
load ../lib/odd

setup() {
  setup_test
  own_store
  need dpkg-deb apt-ftparchive gpg gpgv python3 zstd
  archive_new "$T/archive"
}

teardown() { archive_end; }

# odd_deb NAME < PYTHON: the package NAME 1.0 whose data.tar the text fills (entry(), CONTROL, FIRST and COMPRESS are at hand)
odd_deb() {
  cat > odd.py
  python3 - "$1" "$ARCHIVE/www/pool/$1_1.0_all.deb" << 'END'
import io, subprocess, sys, tarfile
NAME, OUT = sys.argv[1:]
CONTROL = f"Package: {NAME}\nVersion: 1.0\nArchitecture: all\nMaintainer: T <t@example.org>\nDescription: x\n"
FIRST, COMPRESS = [], None
def entry(name, kind=tarfile.REGTYPE, link="", data=b""):
    e = tarfile.TarInfo(name)
    e.type, e.linkname, e.size = kind, link, len(data)
    tar.addfile(e, io.BytesIO(data))
data = io.BytesIO()
tar = tarfile.open(fileobj=data, mode="w", format=tarfile.GNU_FORMAT)
exec(open("odd.py").read())
tar.close()
control = io.BytesIO()
with tarfile.open(fileobj=control, mode="w") as t:
    e = tarfile.TarInfo("./control")
    e.size = len(CONTROL.encode())
    t.addfile(e, io.BytesIO(CONTROL.encode()))
body = data.getvalue()
if COMPRESS:
    body = subprocess.run(COMPRESS, input=body, stdout=subprocess.PIPE, check=True).stdout
members = FIRST + [("debian-binary", b"2.0\n"), ("control.tar", control.getvalue()),
                   ("data.tar.zst" if COMPRESS else "data.tar", body)]
with open(OUT, "wb") as f:
    f.write(b"!<arch>\n")
    for name, text in members:
        f.write(b"%-16s%-12d%-6d%-6d%-8s%-10d`\n" % (name.encode(), 0, 0, 0, b"100644", len(text)))
        f.write(text + b"\n" * (len(text) % 2))
END
}

# refused PART...: the build fails, its message holds every PART, and nothing is left of it
refused() {
  fails 1 build demo.yaml
  for part; do has "$err" "$part"; done
  [ ! -e demo-1.oci.tar ]
  ok store verify
}

@test "members that climb out, hide in links or stand for something else are refused" {
  while IFS='|' read -r reason code <&4; do
    rm -rf "$ASHLAR_STORE" "$ARCHIVE"/www/pool/* demo.lock
    odd_deb odd <<< "$code"
    publish_as odd
    refused "package 'odd" "$reason"
  done 4<< 'END'
..|entry("./usr/../../x")
/usr/evil|entry("./usr/evil", tarfile.SYMTYPE, "/tmp"); entry("./usr/evil/x")
/usr|entry("./usr", tarfile.SYMTYPE, "/tmp"); entry("./usr/x")
hardlink|entry("./usr/h", tarfile.LNKTYPE, "../../etc/passwd")
hardlink|entry("./usr/h", tarfile.LNKTYPE, "./usr/h")
twice|entry("./usr/a"); entry("./usr/a", data=b"x")
.wh.|entry("./usr/.wh.a")
empty|entry("")
root directory|entry(".", tarfile.SYMTYPE, "/tmp")
4095|entry("./" + "d/" * 3000 + "x")
../evil|FIRST = [("../evil", b"x")]
END
}

@test "a package that unpacks through another one's link is refused" {
  odd_deb odd <<< 'entry("./usr/foo", tarfile.SYMTYPE, "/tmp")'
  odd_deb other <<< 'entry("./usr/foo/x")'
  publish_as odd other
  refused "/usr/foo"
}

@test "a package that is another one than the index says is refused" {
  odd_deb odd <<< 'CONTROL = CONTROL.replace("odd", "something-else")'
  publish_as odd
  refused "Package 'something-else', where the archive's index has 'odd'"
  rm demo.lock
  odd_deb odd <<< 'CONTROL = CONTROL.replace("1.0", "9.9")'
  publish_as odd
  refused "Version '9.9', where the archive's index has '1.0'"
}

@test "a control file with two stanzas is refused by its package's name" {
  odd_deb odd <<< 'CONTROL += "\nPackage: second\n"'
  publish_as odd
  refused "package 'odd 1.0'"
}

@test "a bomb of zeros makes a small image" {
  odd_deb odd <<< 'COMPRESS = ["zstd", "-1", "-c"]; entry("./usr/zeros", data=bytes(200 << 20))'
  publish_as odd
  ok build demo.yaml
  [ "$(stat -c %s demo-1.oci.tar)" -lt 1000000 ]
}

@test "a file larger than the memory allowed is built and spliced" {
  [ -x /usr/bin/time ] || skip "GNU time is not installed"
  need_plain "keeps memory of its own"
  mkdir big
  head -c 300M /dev/urandom > big/noise
  printf '%s\n' 'name: big' 'version: "1"' 'arch: [amd64]' 'files: [{path: /srv, from: big/}]' > big.yaml
  for round in new spliced; do
    [ "$round" = new ] || echo 'description: another' >> big.yaml
    /usr/bin/time -f %M -o peak "$ASHLAR" build big.yaml -q
    [ "$(tail -n 1 peak)" -lt 200000 ] || { echo "$round: $(< peak) KiB"; return 1; }
  done
}

@test "control characters of a folder's name do not reach the terminal" {
  deb hello 1.0
  archive_publish
  recipe_for demo hello
  folder=$'esc\e[31mape'
  mkdir "$folder" ünï
  cp demo.yaml keyring.gpg "$folder"
  ok build "$folder/demo.yaml" -o "$folder"
  lacks "$err" $'\e'
  has "$err" 'esc\x1b[31mape/demo.lock'
  fails 2 build "$folder/none.yaml"
  lacks "$err" $'\e'
  ok build "$folder/demo.yaml" -o ünï
  has "$err" ünï/demo-1.oci.tar
}

@test "a key that never comes does not hold up the end for ever" {
  deb hello 1.0
  archive_publish
  recipe_for demo hello
  ok build demo.yaml
  mkfifo key
  "$ASHLAR" verify demo-1.oci.tar --key key 2> err &
  pid=$!
  sleep 0.5
  kill -TERM "$pid"
  status=0
  wait "$pid" || status=$?
  [ "$status" = 130 ]
}

@test "store --help tells the commands of the group" {
  ok store --help
  for command in "store info" "store verify" "store gc"; do
    has "$out" "$command"
  done
  fails 2 store
  fails 2 nosuch --help
}

@test "init into what is no folder is told as such" {
  touch file
  fails 1 init file
  has "$err" "Not a directory"
}

@test "messages never go into a file that took a closed descriptor's number" {
  deb hello 1.0
  archive_publish
  recipe_for demo hello
  ok build demo.yaml
  mv demo-1.oci.tar whole
  rm -rf "$ASHLAR_STORE" demo.lock
  "$ASHLAR" build demo.yaml 2>&- > /dev/null
  same demo-1.oci.tar whole
  ok store verify
  rm -rf "$ASHLAR_STORE" demo.lock demo-1.oci.tar
  status=0
  "$ASHLAR" build demo.yaml 0<&- 1>&- 2>&- || status=$?
  [ "$status" = 1 ]
  same demo-1.oci.tar whole
  ok store verify
}
