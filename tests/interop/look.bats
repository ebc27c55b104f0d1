# SPDX-License-Identifier: Apache-2.0
#
# What ls, diff and inspect tell, beside what other programs tell of the same image laid out on disk
# shellcheck disable=SC2016 # dpkg-query's formats, and names with a backtick
load ../lib/common
load ../lib/image
load ../lib/store

setup() {
  setup_test
  shared_store
  need jq bsdtar dpkg-query
  need_root
  image system minbase ""
}

RELEASE=$(. /etc/os-release && echo "$VERSION_CODENAME")

# image NAME VARIANT FILES [PACKAGE...]: built and laid out in $IMAGES/NAME.root, once for the whole file
image() {
  local name=$1 variant=$2 files=$3
  shift 3
  IMAGES=$BATS_FILE_TMPDIR
  [ ! -e "$IMAGES/$name.root" ] || return 0
  cat > "$IMAGES/$name.yaml" <<END
name: $name
version: "1"
debian:
  suite: $RELEASE
  variant: $variant
  packages: [$(IFS=,; echo "$*")]
  scripts: skip
files:
  - {path: "/srv/a b#c=d\\\\e", content: "odd"}
$files
END
  ok build "$IMAGES/$name.yaml" -o "$IMAGES"
  image_open "$IMAGES/$name-1.oci.tar" "$IMAGES/$name"
  image_unpack "$IMAGES/$name"
  mv "$IMAGES/$name/rootfs" "$IMAGES/$name.root"
}

@test "ls --mtree says what bsdtar says of the unpacked image, and bsdtar reads it" {
  ok ls --mtree "$IMAGES/system-1.oci.tar"
  printf '%s\n' "$out" > ours.mtree
  bsdtar -cf theirs.mtree --format=mtree --options='!all,!use-set,type,mode,uid,gid,size,link,device,sha256' -C "$IMAGES/system.root" .
  # words in one order; the root is the folder's own; the mode of a symlink is the host's
  canonical() {
    sed -e 1d -e 's/ time=[^ ]*//' "$1" | awk '$1 != "." {
      name = $1; $1 = ""
      if ($0 ~ / type=link/) sub(/ mode=[0-7]+/, "")
      n = split($0, words, " "); asort_text = ""
      for (i = 1; i <= n; i++) for (j = i + 1; j <= n; j++) if (words[j] < words[i]) { w = words[i]; words[i] = words[j]; words[j] = w }
      for (i = 1; i <= n; i++) asort_text = asort_text " " words[i]
      print name asort_text }' | LC_ALL=C sort
  }
  canonical ours.mtree > ours
  canonical theirs.mtree > theirs
  [ "$(wc -l < ours)" -gt 3000 ]
  diff ours theirs
  [ "$(bsdtar -tf ours.mtree | wc -l)" = "$(($(wc -l < ours.mtree) - 1))" ]
}

@test "the package of origin is the one that dpkg -S names" {
  ok ls --json "$IMAGES/system-1.oci.tar"
  jq -r 'select(.path | startswith("/") and (contains(" ") | not)) | [.path, .type, .package // "-"] | @tsv' <<< "$out" > ours
  # dpkg -S looks for the spelling that the package's list has: as before /usr was merged, or after
  cut -f1 ours | sed 'p; s,^/usr/\(bin\|sbin\|lib\|lib32\|lib64\|libx32\)\(/\|$\),/\1\2,' | sort -u > paths
  xargs -a paths -d '\n' dpkg-query --admindir="$IMAGES/system.root/var/lib/dpkg" -S 2> /dev/null > found || true
  python3 - ours found <<'END'
import re, sys
owners = {}
for line in open(sys.argv[2]):
    # a diverted path is asked for below: what was moved aside belongs to whom it was taken from
    if line.startswith(('diversion by', 'local diversion')):
        continue
    names, path = line.rstrip('\n').split(': ', 1)
    path = re.sub(r'^/(bin|sbin|lib|lib32|lib64|libx32)(?=/|$)', r'/usr/\1', path) if path.count('/') > 1 else path
    owners.setdefault(path, set()).update(name.split(':')[0] for name in names.split(', '))
wrong, told = 0, 0
for line in open(sys.argv[1]):
    path, kind, package = line.rstrip('\n').split('\t')
    theirs = owners.get(path, set())
    if package == '-':
        # nobody's, or a folder or link that several ship
        good = not theirs or len(theirs) > 1 and kind in ('directory', 'symlink')
    else:
        good, told = package in theirs, told + 1
    if not good and not path.endswith(('.distrib', '/bin/sh', '.1.gz')):
        wrong += 1
        print(path, 'ours:', package, 'dpkg:', ', '.join(sorted(theirs)) or 'nobody')
print(told, 'files with a package')
sys.exit(1 if wrong or told < 2000 else 0)
END
}

@test "a diverted file is its owner's" {
  image diverted essential "" dash bash
  ok ls --package "$IMAGES/diverted-1.oci.tar" /usr/bin
  if grep -q '^/bin/sh.distrib\|/usr/bin/sh.distrib' "$IMAGES/diverted.root/var/lib/dpkg/diversions"; then
    [[ $out =~ dash\ +/usr/bin/sh\ -\>\ dash ]]
  fi
  has "$out" "bash "
}

@test "diff tells the files that diff -r tells of the unpacked images" {
  image other essential '  - {path: /srv/new, content: "n"}' busybox
  ok diff --json "$IMAGES/system-1.oci.tar" "$IMAGES/other-1.oci.tar"
  printf '%s' "$out" > told.json
  (cd "$IMAGES/system.root" && find . -mindepth 1 -printf '/%P\n' | sort) > before
  (cd "$IMAGES/other.root" && find . -mindepth 1 -printf '/%P\n' | sort) > after
  diff <(comm -13 before after) <(jq -r '.files.added[].path' told.json | sort)
  diff <(comm -23 before after) <(jq -r '.files.removed[].path' told.json | sort)
  LC_ALL=C diff -rq --no-dereference "$IMAGES/system.root" "$IMAGES/other.root" |
    sed -n "s,^\(Files\|Symbolic links\) $IMAGES/system.root\(/.*\) and .* differ\$,\2,p" | sort > differ
  [ -s differ ]
  diff differ <(jq -r '.files.changed[] | select(.content or .target) | .path' told.json | sort)
}

@test "an image is the same as the folder it was unpacked to, and as a tar of that" {
  ok diff --exit-code "$IMAGES/system-1.oci.tar" "$IMAGES/system.root"
  tar --numeric-owner --xattrs --xattrs-include='*' -cf root.tar -C "$IMAGES/system.root" .
  ok diff --exit-code "$IMAGES/system.root" root.tar
  bsdtar -cf bsd.tar.zst --zstd --numeric-owner -C "$IMAGES/system.root" .
  ok diff --exit-code root.tar bsd.tar.zst
}

@test "packages are those that dpkg lists" {
  ok inspect --json "$IMAGES/system-1.oci.tar"
  diff <(jq -r '.images[0].packages[] | [.name, .version, .architecture] | join(" ")' <<< "$out" | sort) \
    <(dpkg-query --admindir="$IMAGES/system.root/var/lib/dpkg" -W -f '${Package} ${Version} ${Architecture}\n' | sort)
}

@test "inspect tells the sizes that skopeo and zstd tell" {
  need skopeo zstd
  ok inspect --json "$IMAGES/system-1.oci.tar"
  diff <(jq -r '.images[0].layers[] | [.digest, .size] | join(" ")' <<< "$out") \
    <(skopeo inspect --raw "oci-archive:$IMAGES/system-1.oci.tar" | jq -r '.layers[] | [.digest, .size] | join(" ")')
  jq -r '.images[0].layers[] | [.digest[7:], .unpackedSize] | join(" ")' <<< "$out" | while read -r hex size; do
    [ "$(zstd -dcq "$IMAGES/system/layout/blobs/sha256/$hex" | wc -c)" = "$size" ]
  done
}

@test "diff --markdown is what it means to be when a forge renders it" {
  need cmark-gfm
  mkdir a b
  touch 'b/<script>alert(1)<b>' 'b/`x` | **y** @user [l](x)' "b/$(printf 'new\nline')" b/https:www.example.org b/plain
  ok diff --markdown a b
  cmark-gfm --unsafe -e table -e autolink -e strikethrough <<< "$out" > page.html
  [ "$(grep -c '<tr>' page.html)" = 6 ]
  run ! grep -E '<script|<strong>y|<a |<del' page.html
  python3 - page.html <<'END'
import html.parser, sys
class Cells(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.cells, self.inside = [], False
    def handle_starttag(self, tag, attributes):
        if tag == 'code':
            self.cells.append('')
            self.inside = True
    def handle_endtag(self, tag):
        if tag == 'code':
            self.inside = False
    def handle_data(self, data):
        if self.inside:
            self.cells[-1] += data
cells = Cells()
cells.feed(open(sys.argv[1]).read())
for name in '/<script>alert(1)<', '/`x` | **y** @user [l](x)', '/new\\012line', '/plain':
    assert any(cell.startswith(name) for cell in cells.cells), (name, cells.cells)
END
}
