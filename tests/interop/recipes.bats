# SPDX-License-Identifier: Apache-2.0
#
# The recipes that ship: each builds from the host's own mirror, and its program runs
load ../lib/common
load ../lib/store
load lib

setup() {
  setup_test
  shared_store
  need jq
}

teardown() { judges_end; }

# built NAME: a copy of recipes/NAME is built and unpacked for a runtime as $T/bundle
built() {
  cp -r "$TOP/recipes/$1" .
  rm -f "$1"/*.lock
  ok build "$1/$1.yaml" -o .
  TAR=$(echo "$1"-*.oci.tar)
  unpack_bundle "$TAR" "$T/bundle"
}

@test "every recipe is without faults" {
  for recipe in "$TOP"/recipes/*/*.yaml; do
    ok lint "$recipe"
  done
  [ "$(ls "$TOP"/recipes/*/*.yaml | wc -l)" -ge 3 ]
}

@test "base: a shell with names, times and certificates, under runc and crun" {
  built base
  script='id -un; date -u -d @0 +%Y; TZ=Europe/Berlin date -d @0 +%z; ls /etc/ssl/certs | grep -c "\.0$" | sed "s/[0-9]*/certificates/"; . /etc/os-release; echo $ID'
  expected=$'root\n1970\n+0100\ncertificates\ndebian'
  [ "$(runc_bundle "$T/bundle" sh -c "$script")" = "$expected" ]
  [ "$(crun_bundle "$T/bundle" sh -c "$script")" = "$expected" ]
}

@test "web: nginx serves the site as an ordinary user, under crun" {
  need crun
  built web
  [ "$(runc_bundle "$T/bundle" /usr/sbin/nginx -t 2>&1 | grep -c 'test is successful')" = 1 ]
  [ "$(jq -r '.process.user | "\(.uid):\(.gid)"' bundle/config.json)" = 10001:10001 ]
  # a network of the container's own is the host's, in this test
  port=$(free_port)
  sed -i "s/listen 8080/listen 127.0.0.1:$port/" bundle/rootfs/etc/nginx/nginx.conf
  jq '.linux.namespaces |= map(select(.type != "network"))' bundle/config.json > c && mv c bundle/config.json
  (prepare_bundle bundle /usr/sbin/nginx && crun_here --root "$T/rc" run --bundle bundle web-$$ > log 2>&1 < /dev/null 3>&-) &
  server=$!
  await $server log curl -sf "http://127.0.0.1:$port/healthy"
  curl -sf "http://127.0.0.1:$port/" | cmp - "$TOP/recipes/web/site/index.html"
  curl -sfI "http://127.0.0.1:$port/style.css" | grep -i 'content-type: text/css'
  crun_here --root "$T/rc" kill web-$$ QUIT
  wait $server
}

@test "python: the service answers with the time of a zone, under crun" {
  need crun
  built python
  [ "$(runc_bundle "$T/bundle" python3 -c 'import ssl, sqlite3, zoneinfo; print(zoneinfo.ZoneInfo("Asia/Tokyo"))')" = Asia/Tokyo ]
  port=$(free_port)
  jq --arg port "$port" '.linux.namespaces |= map(select(.type != "network")) | .process.env += ["PORT=" + $port]
    | .process.args = ["/usr/bin/python3", "-B", "/app/service.py"]' bundle/config.json > c && mv c bundle/config.json
  (prepare_bundle bundle && crun_here --root "$T/rc" run --bundle bundle python-$$ > log 2>&1 < /dev/null 3>&-) &
  server=$!
  await $server log curl -sf "http://127.0.0.1:$port/healthy"
  curl -sf "http://127.0.0.1:$port/time?zone=Europe/Berlin" | jq -e '.zone == "Europe/Berlin"'
  [ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/time?zone=No/Where")" = 400 ]
  crun_here --root "$T/rc" kill python-$$ TERM
  wait $server || true
}

@test "postgres: the database is made at the first start, and takes queries, under crun" {
  need crun
  # shellcheck source=tests/lib/sandbox.bash
  source "$TOP/tests/lib/sandbox.bash"
  need_sandbox
  built postgres
  user=$(jq -r '.process.user | "\(.uid):\(.gid)"' bundle/config.json)
  [ "$user" = "$(awk -F: '$1 == "postgres" {print $3 ":" $4}' bundle/rootfs/etc/passwd)" ]
  # a volume keeps the owner that its folder has in the image, where umoci mounts an empty one of root's
  jq '.mounts |= map(select(.destination != "/var/lib/postgresql/data"))' bundle/config.json > c && mv c bundle/config.json
  prepare_bundle bundle
  (crun_here --root "$T/cr" run --bundle bundle "postgres-$$" > log 2>&1 < /dev/null 3>&-) &
  server=$!
  query() { crun_here --root "$T/cr" exec --user "$user" "postgres-$$" psql -h /tmp -d postgres -Atc "$1"; }
  await $server log query 'select 1'
  query 'create table stones (name text, length int)'
  query "insert into stones select 'ashlar', generate_series(1, 1000)"
  [ "$(query 'select sum(length) from stones')" = 500500 ]
  crun_here --root "$T/cr" kill "postgres-$$" INT
  wait $server
  grep -q 'database system is shut down' log
}

@test "web runs in podman" {
  cp -r "$TOP/recipes/web" .
  ok build web/web.yaml -o .
  podman_here load -i web-1.0.oci.tar > loaded
  name=$(sed -n 's/^Loaded image.*: //p' loaded | head -n 1)
  podman_here run "${PODMAN_RUN[@]}" --entrypoint /usr/sbin/nginx "$name" -t 2>&1 | grep 'test is successful'
}
