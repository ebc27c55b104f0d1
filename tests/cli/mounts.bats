# SPDX-License-Identifier: Apache-2.0
#
# What steps mount: caches that outlive a build, and files of the recipe's folder
load ../lib/common
load ../lib/image
load ../lib/sandbox
load ../lib/store

setup() {
  setup_test
  own_store
  need_sandbox
}

teardown() { [ -n "${BATS_TEST_SKIPPED:-}" ] || nothing_left; }

@test "a cache is there again for the next step that has it, and in no image" {
  steps_for t <<'END'
run:
  - {name: first, shell: "ls /var/cache/x | wc -l; echo one > /var/cache/x/a; mkdir -m 700 /var/cache/x/d; echo > /out", cache: [/var/cache/x]}
  - {name: second, shell: "cat /deep/er/a; stat -c %u:%g:%a /deep/er /deep/er/d", cache: [{path: /deep/er, name: var.cache.x}]}
  - {name: none, shell: "ls /var /deep || true"}
END
  ok build t.yaml
  has "$err" "first | 0"
  has "$err" "second | one"
  has "$err" "second | 0:0:755"
  has "$err" "second | 0:0:700"
  has "$err" "/deep: No such file"
  ok ls t-1.oci.tar
  lacks "$out" /var
  lacks "$out" /deep
  has "$out" /out
  # of another recipe too
  steps_for u <<< 'run: [{name: third, shell: "cat /c/a", cache: [{path: /c, name: var.cache.x}]}]'
  ok build u.yaml
  has "$err" "third | one"
}

@test "what is in a cache decides no key, and where it is does" {
  steps_for t <<< 'run: [{name: s, shell: "echo ran; echo x >> /c/n; cat /c/n", cache: [/c]}]'
  ok build t.yaml
  has "$err" "s | ran"
  cp t-1.oci.tar one.tar
  sed -i 's/name: s,/name: r,/; s/"1"$/"2"/' t.yaml
  ok build t.yaml
  lacks "$err" "ran"
  sed -i 's|cache: \[/c\]|cache: [{path: /c, name: other}]|' t.yaml
  ok build t.yaml
  lacks "$err" "ran"
  sed -i 's|cache: .*|cache: [/c, /d]}]|' t.yaml
  ok build t.yaml
  has "$err" "r | ran"
}

@test "what the image has below a mount is hidden, and stays as it was" {
  mkdir -p site/sub && echo bound > site/index && ln -s index site/link && echo 1 > one.txt
  steps_for t <<'END'
run:
  - "mkdir /c /b; echo mine > /c/own; echo mine > /b/own; echo mine > /file; ln -s /c /to"
  - shell: "ls /c /b; echo c > /to/cached; cat /file"
    cache: [/to]
    bind: [{path: /b, from: site}, {path: /file, from: one.txt}]
  - "cat /c/own /b/own /file; ls /c /b"
END
  ok build t.yaml
  has "$err" "| index"
  has "$err" "| 1"
  [ "$(grep -c '| mine' <<< "$err")" = 3 ]
  ok ls t-1.oci.tar
  lacks "$out" cached
  lacks "$out" index
  has "$out" /c/own
}

@test "a bind is read-only, root's, of the epoch, and an input by content" {
  mkdir -p src/sub && echo a > src/a && echo b > src/sub/b && chmod 600 src/a && chmod 700 src/sub/b && ln -s ../../etc src/out
  steps_for t <<'END'
run:
  - name: s
    shell: |
      echo ran; cat /src/a; stat -c '%n %u:%g %a %Y' /src/a /src/sub /src/sub/b
      if echo x > /src/a; then exit 1; fi; if touch /src/new; then exit 1; fi
      if chmod 777 /src/a; then exit 1; fi
      cp -r /src/sub /copied
    bind: [{path: /src, from: src}]
END
  ok build t.yaml
  has "$err" "s | a"
  has "$err" "/src/a 0:0 644 1000000000"
  has "$err" "/src/sub 0:0 755"
  has "$err" "/src/sub/b 0:0 755 1000000000"
  cp t-1.oci.tar one.tar
  # not by time, mode of others, or place
  touch -d 2001-01-01 src/a
  chmod 644 src/a
  mkdir -p elsewhere && cp -rp t.yaml bin src elsewhere/
  (cd elsewhere && ok build t.yaml && lacks "$err" "ran" && same ../one.tar t-1.oci.tar)
  echo other > src/a
  ok build t.yaml --explain
  has "$err" "s | ran"
  has "$err" "s | other"
  has "$out" "local file src/a changed"
  # a name, a link, an executable bit
  for change in 'mv src/a src/A; ln -s A src/a' 'chmod 755 src/A' 'ln -sfn elsewhere src/out' 'rm src/out'; do
    eval "$change"
    ok build t.yaml
    has "$err" "s | ran"
  done
}

@test "files of a bind belong to whoever is asked for nothing: another user reads them" {
  echo hi > f
  chmod 600 f
  steps_for t <<'END'
users: [{name: app, uid: 1234}]
run:
  - {name: s, shell: "cat /f; echo mine > /c/x; stat -c %u /c /c/x", user: app, bind: [{path: /f, from: f}], cache: [/c]}
  - {name: r, shell: "cat /c/x; stat -c %u /c", cache: [/c]}
END
  ok build t.yaml
  has "$err" "s | hi"
  [ "$(grep -c 's | 1234' <<< "$err")" = 2 ]
  has "$err" "r | mine"
  has "$err" "r | 0"
}

@test "two builds with the same cache take turns, and Ctrl-C ends the wait" {
  for name in a b c; do
    steps_for $name <<END
run: [{name: $name, shell: "test ! -e /c/taken; echo $name > /c/taken; echo in; while [ ! -e /c/go ]; do sleep 0.05; done; rm /c/taken", cache: [/c]}]
END
  done
  "$ASHLAR" build a.yaml > a.log 2>&1 &
  a=$!
  until grep -q 'a | in' a.log; do kill -0 $a; sleep 0.05; done
  "$ASHLAR" build b.yaml > b.log 2>&1 &
  b=$!
  "$ASHLAR" build c.yaml > c.log 2>&1 &
  c=$!
  until grep -q "the step 'b' waits for the cache 'c'" b.log && grep -q "the step 'c' waits" c.log; do kill -0 $b $c; sleep 0.05; done
  kill -INT $c
  status=0
  wait $c || status=$?
  [ "$status" = 130 ]
  lacks "$(< b.log)" "b | in"
  touch "$(echo "$ASHLAR_STORE"/caches/c,*/root)/go"
  wait $a
  wait $b
  has "$(< b.log)" "b | in"
}

@test "store info tells of caches, and gc removes those used longest ago" {
  steps_for t <<'END'
run:
  - {shell: "head -c 30000 /dev/zero > /a/x; mkdir -m 0 /a/closed; chown 5 /a/closed", cache: [{path: /a, name: old}]}
  - {shell: "head -c 20000 /dev/zero > /a/x", cache: [{path: /a, name: young}]}
END
  ok build t.yaml
  ok store info --json
  jq -e '[.caches, .cache_bytes] == [2, 50000]' <<< "$out"
  ok store info
  has "$out" "caches    2, 48.8"
  ok store gc --max-size 10G --caches 40000 --json
  jq -e '[.removed_caches, .removed_cache_bytes, .kept_cache_bytes] == [1, 30000, 20000]' <<< "$out"
  [ -n "$(ls -d "$ASHLAR_STORE"/caches/young,*)" ]
  [ -z "$(ls -d "$ASHLAR_STORE"/caches/old,* 2> /dev/null)" ]
  fails 2 store gc --max-size 10G --caches some
  ok store gc --max-size 0
  [ -z "$(ls "$ASHLAR_STORE/caches")" ]
}

@test "gc leaves the cache that a step has" {
  steps_for t <<< 'run: [{name: s, shell: "echo x > /c/x; echo in; while [ ! -e /c/go ]; do sleep 0.05; done; cat /c/x", cache: [/c]}]'
  "$ASHLAR" build t.yaml > log 2>&1 &
  pid=$!
  until grep -q 's | in' log; do kill -0 $pid; sleep 0.05; done
  fails 1 store gc --max-size 0
  [ -e "$(ls -d "$ASHLAR_STORE"/caches/c,*)/root/x" ]
  touch "$(echo "$ASHLAR_STORE"/caches/c,*/root)/go"
  wait $pid
}

@test "slips in mounts are found before anything runs" {
  steps_for t <<'END'
run:
  - {shell: a, cache: [relative]}
  - {shell: a, cache: [/, /proc/x]}
  - {shell: a, cache: [/a/b, /a, /a]}
  - {shell: a, cache: [{path: /a, name: ../up}]}
  - {shell: a, cache: [{path: /a, name: x}, {path: /b, name: x}]}
  - {shell: a, bind: [{path: /a}, {from: b}, {path: /a, from: ../x}]}
  - {shell: a, cache: [/c], bind: [{path: /c/d, from: x}]}
END
  fails 2 build t.yaml
  has "$err" "an absolute path in the image"
  has "$err" "'/' cannot be mounted on"
  has "$err" "'/proc/x' cannot be mounted on: /proc is the sandbox's own"
  has "$err" "'/a' is mounted on twice"
  has "$err" "'/a/b' lies in '/a', which is mounted on too"
  has "$err" "beginning with none of the latter two"
  has "$err" "the step has the cache 'x' twice"
  has "$err" "'/c/d' lies in '/c', which is mounted on too"
  [ ! -e "$ASHLAR_STORE/sandboxes" ]
}

@test "what cannot be bound or mounted on is told with its place" {
  ln -s /etc/passwd out
  mkfifo pipe
  for from in nothing out pipe; do
    steps_for t <<< "run: [{shell: 'true', bind: [{path: /x, from: $from}]}]"
    fails 2 build t.yaml
    has "$err" "t.yaml:7:"
  done
  steps_for t <<< 'run: ["echo > /file", {shell: "true", cache: [/file]}]'
  fails 1 build t.yaml
  has "$err" "the image has '/file' already, and that is no folder to mount on"
  steps_for t <<< 'run: ["ln -s nowhere /link", {shell: "true", cache: [/link]}]'
  fails 1 build t.yaml
  has "$err" "'/link' already"
  steps_for t <<< 'run: ["ln -s /proc /p", {shell: "true", cache: [/p/sys]}]'
  sed -i 's|^files: \[|files: [{path: /proc/sys/keep, content: x}, |' t.yaml
  fails 1 build t.yaml
  has "$err" "'/p/sys' leads to '/proc/sys', which is the sandbox's own"
  steps_for t <<< 'run: ["ln -s /proc /p", {shell: "true", cache: [/p/sys]}]'
  fails 1 build t.yaml
  has "$err" "'/p/sys' cannot be mounted on: '/p' of the image leads to no folder"
}

@test "what changes between its digest and its use ends the build" {
  mkdir src && echo a > src/a && mkfifo "$T/gate"
  steps_for t <<'END'
secrets: {key: {command: [sh, -c, "echo changed > src/a; echo secret"]}}
run:
  - {shell: "cat /run/secrets/key > /dev/null", secrets: [key]}
  - {name: s, shell: "cat /src/a", bind: [{path: /src, from: src}]}
END
  sed -i "s|echo changed|cd '$T'; echo changed|" t.yaml
  "$ASHLAR" build t.yaml > log 2>&1 || true
  # what the step saw is what its key is of: the change is seen, or refused
  if grep -q 's | ' log; then grep -q 's | changed' log; else grep -q "changed while the image was built" log; fi
}

@test "both runtimes mount alike, and so does an ordinary user's build" {
  need runc crun
  echo b > f
  steps_for t <<< 'run: [{name: s, shell: "cat /b; echo x >> /c/n; wc -l < /c/n; ls -la /c / > /dev/null; echo > /made", cache: [/c], bind: [{path: /b, from: f}]}]'
  ok build t.yaml --runtime crun
  cp t-1.oci.tar crun.tar
  own_store "$T/second"
  ok build t.yaml --runtime runc
  same crun.tar t-1.oci.tar
  need_root
  need setpriv
  P=$(mktemp -d)
  chmod 755 "$P"
  cp -r "$ASHLAR" t.yaml bin f "$P"
  cd "$P"
  chown -R 54321:54321 .
  for n in 1 2; do
    setpriv --reuid 54321 --regid 54321 --clear-groups --inh-caps=-all env -u ASHLAR_STORE HOME="$P" ./ashlar build t.yaml > log 2>&1 || { cat log; false; }
    same "$T/crun.tar" t-1.oci.tar
    has "$(< log)" "s | $n"
    rm -rf .cache/ashlar/actions/* t-1.oci.tar
  done
  setpriv --reuid 54321 --regid 54321 --clear-groups --inh-caps=-all env -u ASHLAR_STORE HOME="$P" ./ashlar store gc --max-size 0 > log 2>&1 || { cat log; false; }
  [ -z "$(ls .cache/ashlar/caches)" ]
  cd "$T"
  rm -rf "$P"
}
