# SPDX-License-Identifier: Apache-2.0
#
# What `scripts: run` needs, as two small packages made of this machine's own programs: load ../lib/dpkg (after archive)
#
#   dpkg_debs            adds dash (with busybox for the other programs that scripts call) and dpkg to the archive

# what dpkg looks for, and what scripts of tests run
DPKG_APPLETS="basename cat chmod chown cmp cp cut date diff dirname find grep head id ln ls mkdir mktemp mv rm rmdir sed seq sleep sort stat
  start-stop-daemon tail touch tr true wc xargs"
DPKG_PROGRAMS="dpkg dpkg-deb dpkg-split dpkg-query dpkg-trigger dpkg-divert dpkg-statoverride tar"

# dpkg_copy ROOT PROGRAM: with its libraries; all below /usr, where the links of the merged /usr lead
dpkg_copy() {
  local program library
  program=$(command -v "$2")
  mkdir -p "$1/usr/bin"
  cp -L "$program" "$1/usr/bin"
  ldd "$program" | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "$1/usr${library%/*}"
    cp -Lu "$library" "$1/usr$library"
  done
}

dpkg_debs() {
  local root applet program native
  native=$(dpkg --print-architecture)
  root=$(deb_begin dash 1.0 "Architecture: $native" "Essential: yes" "Pre-Depends: dpkg")
  dpkg_copy "$root" dash
  ln -s dash "$root/usr/bin/sh"
  mkdir -p "$root/usr/sbin"
  cp "$(command -v busybox)" "$root/usr/bin/busybox"
  for applet in $DPKG_APPLETS; do ln -s busybox "$root/usr/bin/$applet"; done
  ln -s ../bin/true "$root/usr/sbin/ldconfig"
  # whose libraries the other has, too
  rm -rf "$root"/usr/lib*
  DEB_COMPRESSION=none deb_end dash
  root=$(deb_begin dpkg 1.0 "Architecture: $native" "Essential: yes")
  for program in $DPKG_PROGRAMS; do dpkg_copy "$root" "$program"; done
  DEB_COMPRESSION=none deb_end dpkg
}
