# SPDX-License-Identifier: Apache-2.0
#
# The tests of recipes, from the recipe to exit status, messages and reports. (tests/unit/test-check.c has the small print.)
load ../lib/common
load ../lib/archive
load ../lib/store

setup() {
  setup_test
  own_store
  need jq
}

teardown() {
  [ -z "${ARCHIVE-}" ] || archive_end
}

# recipe_with: demo.yaml of local files, with the tests on standard input
recipe_with() {
  cat > demo.yaml <<'END'
name: demo
version: "1"
arch: [amd64]
users: [{name: app, uid: 10001, home: /srv, groups: [www]}]
groups: [{name: www, gid: 33}]
files:
  - {path: /etc/motd, content: "hello\n", mode: "0640", owner: app}
links:
  - {path: /bin/vi, to: vim}
config: {ports: [80]}
tests:
END
  cat >> demo.yaml
}

digest() {
  jq -r '.outputs[0].digest' <<< "$out"
}

# The report as others read it
junit() {
  python3 -c 'import sys, xml.etree.ElementTree as e
for s in e.parse(sys.argv[1]).getroot():
  print(s.get("name"), s.get("tests"), s.get("failures"))
  for c in s: print(" ", c.get("name") + ":", ["failed", c[0].text] if len(c) else "passed")' "$1"
}

@test "what holds passes, and is told as a number only" {
  recipe_with <<'END'
  - {file: /etc/motd, type: file, mode: "0640", owner: app, group: app, contains: hello, size: {most: 1K}}
  - {file: /bin/vi, target: vim}
  - {absent: /usr/share/doc/*}
  - {user: app, uid: 10001, gid: 10001, home: /srv, shell: /usr/sbin/nologin, groups: [www]}
  - {port: 80/tcp}
  - {size: {most: 1M}}
  - elf
  - {links: {except: [/bin/vi]}}
  - {owned: {except: [/etc/motd, /bin/vi]}}
  - setuid
  - world_writable
END
  ok build demo.yaml
  has "$err" "2 new, 0 reused, 11 tests passed"
  [ "$(wc -l <<< "$out")" = 1 ]
  lacks "$err" motd
  ok build demo.yaml
  has "$err" "nothing to do: ./demo-1.oci.tar is as it should be, 11 tests passed ("
}

@test "all that fails is told at once, at its place; nothing is written" {
  recipe_with <<'END'
  - {file: /etc/motd, mode: "0644", owner: root, contains: bye}
  - {name: an editor, file: /bin/vi}
  - {file: /etc/issue}
  - {absent: /etc/m*}
  - {user: app, uid: 7, groups: [wheel]}
  - {user: games}
  - {port: 81}
  - {size: {most: 1}}
  - links
  - owned
  - {file: /etc/motd}
END
  fails 1 build demo.yaml
  [ -z "$out" ]
  [ ! -e demo-1.oci.tar ]
  grep -v '^\(merge\|splice\) ' <<< "$err" > told
  cat > expected <<'END'
demo.yaml:12:5: error: '/etc/motd' has mode 0640, not 0644
 12 |   - {file: /etc/motd, mode: "0644", owner: root, contains: bye}
    |     ^
  '/etc/motd' belongs to app (10001), not root
  '/etc/motd' does not contain 'bye': it holds 'hello\n'
demo.yaml:13:5: error: an editor: '/bin/vi' is a link to 'vim', which leads nowhere
 13 |   - {name: an editor, file: /bin/vi}
    |     ^
demo.yaml:14:5: error: '/etc/issue' is not there
 14 |   - {file: /etc/issue}
    |     ^
demo.yaml:15:5: error: '/etc/motd' is there, and must not be
 15 |   - {absent: /etc/m*}
    |     ^
demo.yaml:16:5: error: the user 'app' has uid 10001, not 7
 16 |   - {user: app, uid: 7, groups: [wheel]}
    |     ^
  the user 'app' is no member of 'wheel': there is no such group
demo.yaml:17:5: error: there is no user 'games'
 17 |   - {user: games}
    |     ^
demo.yaml:18:5: error: the port 81/tcp is not exposed, but 80/tcp
 18 |   - {port: 81}
    |     ^
demo.yaml:19:5: error: the image has 114 bytes, more than 1 bytes
 19 |   - {size: {most: 1}}
    |     ^
demo.yaml:20:5: error: '/bin/vi' leads nowhere: it points to 'vim'
 20 |   - links
    |     ^
hint: what is meant to be so goes into the test's 'except'
demo.yaml:21:5: error: '/bin/vi' belongs to no package
 21 |   - owned
    |     ^
  '/etc/motd' belongs to no package
hint: what is meant to be so goes into the test's 'except'
10 of 11 tests failed
END
  diff -u expected told
}

@test "an output that is there already stays as it was" {
  recipe_with <<< '  - {file: /etc/motd}'
  ok build demo.yaml
  cp demo-1.oci.tar before.tar
  sed -i 's/hello/bye/; s/{file: \/etc\/motd}/{file: \/etc\/motd, contains: hello}/' demo.yaml
  fails 1 build demo.yaml
  has "$err" "'/etc/motd' does not contain 'hello': it holds 'bye\\n'"
  same before.tar demo-1.oci.tar
}

@test "tests decide no byte of the image, nor the lock" {
  recipe_with <<< '  - {file: /etc/motd}'
  ok build demo.yaml --json
  first=$(digest)
  sed -i '/^tests:/,$d' demo.yaml
  ok build demo.yaml --json
  [ "$(digest)" = "$first" ]
  [ "$(jq 'has("tests")' <<< "$out")" = false ]
  archive_new "$T/archive"
  deb hello 1.0
  archive_publish
  recipe_for locked hello
  ok build locked.yaml
  cp locked.lock before
  echo 'tests: [{file: /usr/share/hello/version, contains: "1.0"}]' >> locked.yaml
  ok build locked.yaml --locked
  has "$err" "1 test passed"
  same before locked.lock
}

@test "an image is reused only where exactly these tests passed" {
  recipe_with <<< '  - {file: /etc/motd}'
  ok build demo.yaml --json
  jq -e '.tests == [{arch: "amd64", kind: "file", name: "file /etc/motd", passed: true, reused: false, seconds: .tests[0].seconds}]' <<< "$out"
  ok build demo.yaml --json
  jq -e '.tests[0].reused and .tests[0].passed' <<< "$out"
  # another name and other places are the same test
  sed -i 's/{file: /{name: "the message", file: /; s/^tests:/\n&/' demo.yaml
  ok build demo.yaml --json
  jq -e '.tests[0] | .reused and .name == "the message"' <<< "$out"
  # a further one is not: the image is known, and tested nevertheless
  echo '  - {file: /etc/motd, contains: bye}' >> demo.yaml
  fails 1 build demo.yaml
  fails 1 build demo.yaml
  has "$err" "1 of 2 tests failed"
  sed -i 's/bye/hello/' demo.yaml
  ok build demo.yaml --json
  jq -e '[.tests[].reused] == [false, false]' <<< "$out"
  # another image, the same tests
  sed -i 's/hello\\n/hello!/' demo.yaml
  ok build demo.yaml --json
  jq -e '[.tests[].reused] == [false, false]' <<< "$out"
  # two forms of one image are tested once
  echo 'outputs: [oci, {oci: {compression: gzip, layout: true}}]' >> demo.yaml
  ok build demo.yaml --json
  jq -e '[.tests[].reused] == [false, false]' <<< "$out"
  ok build demo.yaml --json
  jq -e '[.tests[].reused] == [true, true]' <<< "$out"
}

@test "each architecture is tested, and named where there are several" {
  archive_new "$T/archive"
  for arch in amd64 arm64; do
    root=$(deb_begin tool 1.0 "Architecture: $arch")
    mkdir -p "$root/usr/share/tool"
    echo $arch > "$root/usr/share/tool/arch"
    deb_end tool
  done
  archive_publish
  recipe_for demo tool
  sed -i 's/^arch: .*/arch: [amd64, arm64]/' demo.yaml
  echo 'tests: [{file: /usr/share/tool/arch, contains: amd}, {file: /usr/share/tool/arch, matches: "^a"}]' >> demo.yaml
  fails 1 build demo.yaml --junit report.xml
  has "$err" "demo.yaml:10:9: error: arm64: '/usr/share/tool/arch' does not contain 'amd': it holds 'arm64\\n'"
  lacks "$err" "error: amd64"
  has "$err" "1 of 4 tests failed"
  need python3
  [ "$(junit report.xml | grep demo | head -n 2)" = "$(printf '%s\n' "demo amd64 2 0" "demo arm64 2 1")" ]
  ok build demo.yaml --arch amd64 --json
  jq -e '[.tests[] | .arch + (.reused | tostring)] == ["amd64true", "amd64true"]' <<< "$out"
}

@test "libraries that programs need are looked for in the packages" {
  need gcc
  archive_new "$T/archive"
  arch=$(dpkg --print-architecture) triplet=$(gcc -print-multiarch)
  echo 'int answer(void) { return 42; }' > part.c
  echo 'int answer(void); int _start(void) { return answer(); }' > tool.c
  gcc -shared -nostdlib -fPIC -Wl,-soname,libpart.so.1 -o libpart.so.1 part.c
  ln -s libpart.so.1 libpart.so
  root=$(deb_begin libpart1 1.0 "Architecture: $arch")
  mkdir -p "$root/usr/lib/$triplet"
  cp libpart.so.1 "$root/usr/lib/$triplet"
  deb_end libpart1
  for way in plain runpath; do
    root=$(deb_begin tool-$way 1.0 "Architecture: $arch")
    mkdir -p "$root/usr/bin" "$root/usr/lib/tool" "$root/lib"
    flags=()
    [ $way = plain ] || flags=(-Wl,--enable-new-dtags "-Wl,-rpath,\$ORIGIN/../lib/tool")
    gcc -nostdlib -pie -Wl,--dynamic-linker,/lib/ld-own.so.1 "${flags[@]}" -o "$root/usr/bin/tool" tool.c -L. -lpart
    cp libpart.so.1 "$root/lib/ld-own.so.1"
    [ $way = plain ] || cp libpart.so.1 "$root/usr/lib/tool"
    deb_end tool-$way
  done
  archive_publish
  recipe_for demo tool-plain
  sed -i "s/^arch: .*/arch: [$arch]/" demo.yaml
  echo 'tests: [elf, owned]' >> demo.yaml
  fails 1 build demo.yaml
  has "$err" "demo.yaml:10:9: error: '/usr/bin/tool' needs 'libpart.so.1', which is not in the image"
  has "$err" "hint: add the package that has it; what is meant to be so goes into the test's 'except'"
  has "$err" "1 of 2 tests failed"
  sed -i 's/packages: .*/packages: [tool-plain, libpart1]/' demo.yaml
  ok build demo.yaml
  sed -i 's/packages: .*/packages: [tool-runpath]/' demo.yaml
  ok build demo.yaml
  has "$err" "2 tests passed"
  # a recipe's own removal is seen
  echo 'remove: [/usr/lib/tool]' >> demo.yaml
  fails 1 build demo.yaml
  has "$err" "'/usr/bin/tool' needs 'libpart.so.1', which is not in the image"
}

@test "malformed ELF files are told, whatever they say of themselves" {
  need gcc
  echo 'int _start(void) { return 0; }' > tool.c
  gcc -nostdlib -pie -o tool tool.c
  mkdir bin
  cp tool bin/whole
  printf '\177ELF' > bin/magic
  head -c 70 tool > bin/headers
  head -c "$(($(stat -c %s tool) / 4))" tool > bin/quarter
  cp tool bin/offsets
  # e_phoff, at 32 where words have 64 bits and at 28 where they have 32
  printf '\377\377\377\377\377\377\377\377' | dd of=bin/offsets bs=1 seek=32 conv=notrunc status=none
  head -c 4096 /dev/zero | tr '\0' '\377' > noise
  { printf '\177ELF\002\001\001'; cat noise; } > bin/noise
  sed 's/^  //' > demo.yaml <<'END'
  name: demo
  version: "1"
  files: [{path: /usr/bin, from: bin}]
  tests: [{elf: {except: [/usr/bin/whole]}}]
END
  fails 1 build demo.yaml
  for file in headers magic offsets quarter; do
    has "$err" "'/usr/bin/$file' is no sound ELF file: "
  done
  lacks "$err" "'/usr/bin/whole'"
  has "$err" "1 of 1 test failed"
  sed -i 's|/usr/bin/whole|/usr/bin/*|' demo.yaml
  ok build demo.yaml
}

@test "setuid and open files of packages are told, but for those that are meant" {
  archive_new "$T/archive"
  root=$(deb_begin tool 1.0)
  mkdir -p "$root/usr/bin" "$root/srv/open" "$root/srv/drop"
  touch "$root/usr/bin/su" "$root/usr/bin/wall" "$root/srv/file"
  chmod 4755 "$root/usr/bin/su"
  chmod 2755 "$root/usr/bin/wall"
  chmod 0777 "$root/srv/open"
  chmod 1777 "$root/srv/drop"
  chmod 0666 "$root/srv/file"
  deb_end tool
  archive_publish
  recipe_for demo tool
  cat >> demo.yaml <<'END'
tests:
  - {setuid: {except: [/bin/su]}}
  - world_writable
END
  fails 1 build demo.yaml
  has "$err" "demo.yaml:11:5: error: '/usr/bin/wall' is setgid (mode 2755)"
  has "$err" "demo.yaml:12:5: error: '/srv/file' can be written by everybody (mode 0666)"
  has "$err" "  '/srv/open' can be written by everybody (mode 0777)"
  lacks "$err" /usr/bin/su
  lacks "$err" /srv/drop
}

@test "files of no package are told: dpkg's lists decide, as dpkg -S does" {
  archive_new "$T/archive"
  deb hello 1.0
  archive_publish
  recipe_for demo hello
  mkdir site
  touch site/index.html
  cat >> demo.yaml <<'END'
users: [{name: app}]
files: [{path: /srv/site, from: site}]
tests: [owned]
END
  fails 1 build demo.yaml
  has "$err" "demo.yaml:12:9: error: '/srv/site/index.html' belongs to no package"
  lacks "$err" /etc/passwd
  lacks "$err" dpkg
  sed -i 's|^tests: .*|tests: [{owned: {except: [/srv/site/*]}}]|' demo.yaml
  ok build demo.yaml
}

@test "many culprits are counted" {
  mkdir site
  for i in {100..299}; do ln -s nowhere site/$i; done
  sed 's/^  //' > demo.yaml <<'END'
  name: demo
  version: "1"
  files: [{path: /srv, from: site}]
  tests: [links]
END
  fails 1 build demo.yaml --junit report.xml
  has "$err" "error: '/srv/100' leads nowhere: it points to 'nowhere'"
  has "$err" "  '/srv/119' leads nowhere"
  lacks "$err" /srv/120
  has "$err" "  ... and 180 more"
  grep -q '/srv/199' report.xml
  grep -q '^\.\.\. and 100 more</failure>' report.xml
}

@test "--junit tells each test, of a build that fails too" {
  need python3
  recipe_with <<'END'
  - {name: "<a> & \"b\"", file: /etc/motd}
  - {file: /etc/motd, contains: "\e[1m]]>"}
END
  fails 1 build demo.yaml --junit report.xml
  has "$err" "'/etc/motd' does not contain '\\x1b[1m]]>': it holds 'hello\\n'"
  junit report.xml > read
  cat > expected <<'END'
demo amd64 2 1
  <a> & "b": passed
  file /etc/motd: ['failed', "demo.yaml:13:5\n'/etc/motd' does not contain '\\x1b[1m]]>': it holds 'hello\\n'"]
END
  diff -u expected read
  # several recipes in one report; what an earlier build knew is there too
  sed -i '$d' demo.yaml
  sed 's/name: demo/name: other/' demo.yaml > other.yaml
  ok build demo.yaml
  ok build demo.yaml other.yaml --junit report.xml
  [ "$(junit report.xml | grep -v passed)" = "$(printf '%s\n' 'demo amd64 1 0' 'other amd64 1 0')" ]
}

@test "--junit of a build that comes to no test is empty, and one that cannot be written is an error" {
  recipe_with <<< '  - {file: /etc/motd, mod: "0644"}'
  fails 2 build demo.yaml --junit report.xml
  has "$err" "hint: did you mean 'mode'?"
  [ "$(tail -n 2 report.xml)" = "$(printf '%s\n' '<testsuites>' '</testsuites>')" ]
  sed -i 's/, mod: "0644"//' demo.yaml
  fails 1 build demo.yaml --junit nowhere/report.xml
  has "$err" "'nowhere'"
  [ ! -e demo-1.oci.tar ]
}

@test "--progress json counts the tests" {
  recipe_with <<< '  - {file: /etc/motd}'
  ok build demo.yaml --progress json
  [ "$(jq -r 'select(.event == "end") | .tests' <<< "$err")" = 1 ]
}

@test "included files bring their tests" {
  echo 'tests: [{file: /etc/motd, contains: bye}]' > base.yaml
  recipe_with <<< '  - {file: /etc/motd}'
  echo 'include: [base.yaml]' >> demo.yaml
  fails 1 build demo.yaml
  has "$err" "base.yaml:1:9: error: '/etc/motd' does not contain 'bye'"
  has "$err" "1 of 2 tests failed"
}
