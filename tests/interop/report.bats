# SPDX-License-Identifier: Apache-2.0
#
# The report in a browser (Chromium, headless): with its script and without, in both colour schemes, on a narrow screen.
# browser.py fails where a page asks for anything but itself, or the browser complains.
load ../lib/common
load ../lib/archive
load ../lib/store

setup() {
  setup_test
  need chromium python3 dpkg-deb apt-ftparchive gpg
  own_store
}

teardown() { [ -z "${ARCHIVE:-}" ] || archive_end; }

# what the page says, with plain spaces for those that do not break
browse() {
  local status=0
  python3 "$TOP/tests/interop/browser.py" "$@" > .browsed || status=$?
  sed $'s/\302\240/ /g' .browsed
  return "$status"
}

# page.html, made once: of an image with a large package, some small ones and files of its own, and with a timeline
page() {
  local root i
  if [ -e "$BATS_FILE_TMPDIR/page.html" ]; then
    cp "$BATS_FILE_TMPDIR/page.html" page.html
    return
  fi
  archive_new "$T/archive"
  root=$(deb_begin alpha 1.0-1 "Source: first")
  mkdir -p "$root/usr/lib/alpha/deep" "$root/usr/bin"
  for i in 1 2 3; do
    head -c "${i}00000" /dev/urandom > "$root/usr/lib/alpha/lib$i.so"
    head -c "${i}0000" /dev/urandom > "$root/usr/lib/alpha/deep/$i"
  done
  head -c 200000 /dev/urandom > "$root/usr/bin/alpha"
  deb_end alpha
  for i in beta gamma delta; do
    root=$(deb_begin "$i" 2.5)
    mkdir -p "$root/usr/share/$i"
    head -c 90000 /dev/urandom > "$root/usr/share/$i/data"
    deb_end "$i"
  done
  archive_publish
  recipe_for web alpha beta gamma delta
  echo 'files: [{path: /srv/index.html, content: hello}]' >> web.yaml
  ok keygen key
  ok build web.yaml --sign key --trace trace.json
  ok report web-1.oci.tar -o page.html --trace trace.json
  cp page.html "$BATS_FILE_TMPDIR/"
}

@test "search, sorting and zoom do what they say" {
  page
  names='[...document.querySelectorAll("#package-table tbody tr")].filter(r => !r.hidden).map(r => r.cells[0].textContent).join(" ")'
  label='[...document.querySelectorAll(".trail")].find(t => t.offsetParent).innerText.split("\n").join(" ")'
  shown='[...document.querySelectorAll("#map-package > svg > svg")].filter(s => s.style.display != "none").map(s => s.dataset.n).join(" ")'
  browse page.html \
    eval "$names" \
    type '#find' 'AMM' eval "$names" eval 'document.getElementById("found").textContent' \
    type '#find' ' zzz' eval "$names" \
    eval 'document.getElementById("find").value = "", document.getElementById("find").dispatchEvent(new Event("input"))' \
    click '#package-table th:nth-child(1) button' eval "$names" \
    click '#package-table th:nth-child(1) button' eval "$names" \
    click '#package-table th:nth-child(5) button' eval "${names%.join*}[0]" \
    eval "$label" click '#map-package > svg > svg' eval "$label" eval "$shown" \
    key Escape eval "$label" \
    hover '#map-package > svg > svg:nth-of-type(2)' eval "$label.includes('90')" > said
  diff - said <<'END'
"alpha beta delta gamma"
"gamma"
"1 of 4"
""
true
"alpha beta delta gamma"
"gamma delta beta alpha"
"alpha"
"all packages"
"all packages › alpha alpha: 860.0 kB, 76.0 %, 7 files"
"alpha"
"all packages"
true
END
}

@test "the keyboard zooms too" {
  page
  browse page.html eval 'document.querySelector("#map-package [role=button]").focus(), document.activeElement.getAttribute("aria-label")' \
    key Enter eval 'document.querySelector("#map-package .trail button:disabled").textContent' > said
  diff - said <<'END'
"alpha: 860.0 kB, 76.0 %, 7 files. Zoom in"
"alpha"
END
}

@test "without its script all is there, and nothing that does not work" {
  page
  browse page.html --no-script \
    eval 'document.querySelectorAll("#package-table tbody tr").length' \
    eval 'getComputedStyle(document.getElementById("search")).display' \
    eval 'document.querySelectorAll("th button").length' \
    eval 'document.getElementById("map-package").offsetHeight > 600 && document.getElementById("map-folder").offsetHeight' \
    click 'label[for=by-folder]' \
    eval 'document.getElementById("map-folder").offsetHeight > 600 && document.getElementById("map-package").offsetHeight' \
    eval 'document.querySelector("#map-package title").textContent' \
    eval 'document.querySelectorAll(".timeline .track").length > 1' > said
  diff - said <<'END'
4
"none"
0
0
0
"alpha: 860.0 kB, 76.0 %, 7 files"
true
END
}

@test "the parts of the treemap lie within it, side by side, with and without the script" {
  page
  cat > apart.js <<'END'
(() => {
  const map = document.querySelector("#map-package > svg").getBoundingClientRect();
  const boxes = [...document.querySelectorAll("#map-package > svg > svg > rect")].map(r => r.getBoundingClientRect());
  const inside = boxes.every(b => b.left >= map.left - 1 && b.right <= map.right + 1 && b.top >= map.top - 1 && b.bottom <= map.bottom + 1);
  const apart = boxes.every((a, i) => boxes.every((b, k) => k <= i ||
    a.right <= b.left + 1.5 || b.right <= a.left + 1.5 || a.bottom <= b.top + 1.5 || b.bottom <= a.top + 1.5));
  const area = boxes.reduce((sum, b) => sum + b.width * b.height, 0) / (map.width * map.height);
  return [boxes.length, inside, apart, area > 0.97 && area < 1.03].join(" ");
})()
END
  browse page.html eval "$(< apart.js)" > said
  browse page.html --no-script eval "$(< apart.js)" >> said
  browse page.html --width 360 eval "$(< apart.js)" >> said
  [ "$(sort -u said)" = '"5 true true true"' ] || { cat said; return 1; }
}

@test "text can be read in both colour schemes, and nothing sticks out of a narrow screen" {
  page
  cat > contrast.js <<'END'
(() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const light = (colour) => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const contrast = (a, b) => (Math.max(light(a), light(b)) + .05) / (Math.min(light(a), light(b)) + .05);
  const style = (selector) => getComputedStyle(document.querySelector(selector));
  const paper = style("body").backgroundColor;
  const pairs = ["body", ".note", "a", "dt", "thead th", ".track small"].map(s => [s, contrast(style(s).color, paper)]);
  for (const text of document.querySelectorAll(".map text, .timeline .l text"))
    pairs.push([text.textContent, contrast(getComputedStyle(text).fill, getComputedStyle(text.parentElement.querySelector("rect")).fill)]);
  return pairs.filter(p => p[1] < 4.5).join(" ") + (light(paper) > .5 ? "light" : "dark");
})()
END
  browse page.html eval "$(< contrast.js)" > said
  browse page.html --dark --width 360 eval "$(< contrast.js)" eval 'document.documentElement.scrollWidth' >> said
  diff - said <<'END'
"light"
"dark"
360
END
}

@test "names that are markup run nothing, and neither does what somebody writes into the page" {
  mkdir folder
  for name in '<img src=x onerror=document.title=1>' '"><script>document.title=2<' '&lt;b&gt;'; do
    head -c 5000 /dev/urandom > "folder/$name"
  done
  ok report folder -o folder.html
  browse folder.html eval 'document.images.length + document.scripts.length' eval 'document.title' \
    eval '[...document.querySelectorAll("td.path")].map(c => c.textContent).sort().join(" ")' > said
  diff - said <<'END'
1
"folder: report"
"/\"><script>document.title=2< /&lt;b&gt; /<img src=x onerror=document.title=1>"
END
  sed 's|<footer>|<footer><script>document.title=3</script><img src="other.png" onerror="document.title=4">|' folder.html > changed.html
  run browse changed.html eval 'document.title'
  [ "$status" = 1 ]
  has "$output" '"folder: report"'
  has "$output" "Content Security Policy"
}

@test "html-validate finds no fault" {
  need node
  [ -e "$ASHLAR_JUDGES/node_modules/html-validate/package.json" ] || skip "html-validate is not installed (scripts/bootstrap --judges)"
  page
  cat > .htmlvalidate.json <<'END'
{"root": true, "extends": ["html-validate:standard"],
 "rules": {"void-style": ["error", {"style": "selfclose"}], "no-trailing-whitespace": "off", "long-title": "off",
           "doctype-style": "off", "attribute-boolean-style": "off", "attribute-empty-style": "off"}}
END
  node "$ASHLAR_JUDGES/node_modules/html-validate/bin/html-validate.mjs" page.html
}
