# SPDX-License-Identifier: Apache-2.0
#
# ashlar report: the page as a file. What a browser makes of it is interop/report.bats.
load ../lib/common
load ../lib/archive
load ../lib/store

setup() {
  setup_test
  own_store
  need dpkg-deb apt-ftparchive gpg jq openssl perl
}

teardown() { archive_end; }

# an archive of two packages, and an image of both with files of its own
image() {
  local root
  archive_new "$T/archive"
  root=$(deb_begin large 1.0-1 "Source: big")
  mkdir -p "$root/usr/lib/large" "$root/usr/bin"
  head -c 300000 /dev/urandom > "$root/usr/lib/large/data"
  cp "$root/usr/lib/large/data" "$root/usr/lib/large/again"
  echo x > "$root/usr/bin/raise"
  chmod 4755 "$root/usr/bin/raise"
  deb_end large
  deb small 2.5
  archive_publish
  recipe_for web large small
  cat >> web.yaml <<'END'
description: a <b>site</b>
files:
  - {path: /srv/index.html, content: "hello\n"}
config: {entrypoint: [/bin/serve, --all], env: {MODE: "a<b"}}
END
  ok build web.yaml "$@"
}

@test "a page tells what the image is, holds and begins with, and its path is printed" {
  image
  ok report web-1.oci.tar
  [ "$out" = web-1.report.html ]
  page=$(< web-1.report.html)
  has "$page" "<title>web 1: report</title>"
  has "$page" "$(jq -r '.manifests[0].digest' < <(tar -xOf web-1.oci.tar index.json))"
  has "$page" "<td class=\"wide\">large</td><td>1.0-1</td><td class=\"minor\">big</td>"
  has "$page" "<td class=\"wide\">small</td><td>2.5</td>"
  has "$page" "linux/amd64"
  # what is twice, what raises privileges, what is of no package
  has "$page" "/usr/lib/large/again<br/>/usr/lib/large/data"
  has "$page" "<code>-rwsr-xr-x</code>"
  has "$page" "/<wbr/>srv/<wbr/>index.html"
  has "$page" '[&quot;/bin/serve&quot;,&quot;--all&quot;]'
  has "$page" "The image carries none."
  lacks "$page" 'id="timeline"'
}

@test "names that are markup stay names" {
  image
  ok report web-1.oci.tar
  page=$(< web-1.report.html)
  has "$page" "a &lt;b&gt;site&lt;/b&gt;"
  has "$page" "MODE=a&lt;b"
  mkdir "folder"
  echo 1 > 'folder/<script>alert(1)<'
  echo 2 > 'folder/"quoted" & '"'more'"
  printf '3' > "folder/$(printf 'esc\033[31m\nnew\344')"
  ok report folder -o folder.html
  page=$(< folder.html)
  [ "$(grep -c '<script' folder.html)" = 1 ]
  has "$page" '/&lt;script&gt;alert(1)&lt;'
  has "$page" '/&quot;quoted&quot; &amp; '"'more'"
  has "$page" '/esc\033[31m\012new\344'
  # nothing but text: no control character, all of it UTF-8
  iconv -f UTF-8 -t UTF-8 folder.html > /dev/null
  [ "$(tr -d '\n' < folder.html | tr -dc '\000-\037\177' | wc -c)" = 0 ]
}

@test "equal images give equal pages, wherever they lie" {
  image
  ok report web-1.oci.tar
  mkdir elsewhere
  cp web-1.oci.tar elsewhere/other.tar
  cd elsewhere
  TZ=Asia/Tokyo LC_ALL=C ok report other.tar
  [ "$out" = web-1.report.html ]
  same ../web-1.report.html web-1.report.html
}

@test "signatures are told, and that they are not verified" {
  ok keygen key
  image --sign key
  ok report web-1.oci.tar
  page=$(< web-1.report.html)
  has "$page" "1, not verified here"
  has "$page" "Nothing here was verified"
  has "$page" "$(openssl pkey -pubin -in key.pub -outform DER | sha256sum | cut -d' ' -f1)"
}

@test "style and script are allowed by their hashes alone, and nothing else is" {
  image
  ok report web-1.oci.tar
  for kind in style script; do
    hash=$(sed -n "/<$kind>/,/<\/$kind>/p" web-1.report.html | sed "1s/.*<$kind>//" | perl -0pe "s,</$kind>.*,,s" |
      openssl dgst -sha256 -binary | base64)
    has "$(< web-1.report.html)" "$kind-src 'sha256-$hash'"
  done
  has "$(< web-1.report.html)" "default-src 'none'"
  run ! grep -oE '(src|href|action)="[^#"]|url\(|@import|XMLHttpRequest|fetch\(' web-1.report.html
}

@test "a trace becomes the build's timeline" {
  image
  cat > trace.json <<'END'
{"traceEvents": [
 {"ph": "M", "name": "thread_name", "pid": 1, "tid": 1, "args": {"name": "worker <1>"}},
 {"ph": "X", "name": "unpack large", "cat": "unpack", "pid": 1, "tid": 1, "ts": 1000, "dur": 250000, "args": {"bytes": 300000}},
 {"ph": "X", "name": "fetch small", "cat": "fetch", "pid": 1, "tid": 2, "ts": 1000, "dur": 2000}
]}
END
  ok report web-1.oci.tar --trace trace.json -o page.html
  [ "$out" = page.html ]
  page=$(< page.html)
  has "$page" "How the build went"
  has "$page" "worker &lt;1&gt;"
  has "$page" "unpack large: 250 ms, from 0 µs; bytes 300000"
  has "$page" "250 ms, on 2 threads."
}

@test "what is no trace is refused, and no page is made" {
  image
  echo '{"name": "web"}' > trace.json
  fails 1 report web-1.oci.tar --trace trace.json
  has "$err" "'trace.json' is no trace of a build: there is no array 'traceEvents'"
  has "$err" "hint: 'ashlar build --trace FILE' writes one"
  head -c 20 web.yaml > trace.json
  fails 1 report web-1.oci.tar --trace trace.json
  has "$err" "'trace.json' is no JSON: line 1:"
  fails 1 report web-1.oci.tar --trace nowhere.json
  has "$err" "open 'nowhere.json': No such file or directory"
  [ ! -e web-1.report.html ]
}

@test "a page that cannot be written leaves the old one" {
  image
  echo old > page.html
  fails 1 report nothing.tar -o page.html
  [ "$(< page.html)" = old ]
  fails 1 report web-1.oci.tar -o nowhere/page.html
  has "$err" "nowhere"
  ok report web-1.oci.tar -o page.html
  has "$(head -c 15 page.html)" "<!doctype html>"
}

@test "an image for several platforms: one page each" {
  archive_new "$T/archive"
  deb one 1
  archive_publish
  recipe_for both one
  sed -i 's/^arch:.*/arch: [amd64, arm64]/' both.yaml
  ok build both.yaml
  ok report both-1.oci.tar --arch arm64
  [ "$out" = both-1-arm64.report.html ]
  has "$(< both-1-arm64.report.html)" "Digest for this platform"
  ok report both-1.oci.tar --arch amd64
  [ "$out" = both-1-amd64.report.html ]
}

@test "fifty thousand files make a page of less than a megabyte" {
  mkdir many
  (cd many && seq -f 'f%05.0f' 50000 | xargs touch && mkdir deep && seq 3000 | split -l 1 -a 4 - deep/g)
  ok report many -o many.html
  [ "$(stat -c %s many.html)" -lt 1000000 ]
  has "$(< many.html)" $'53\u202f000'
}
