#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what weir needs from Debian's packages; prints nothing and asks nothing when all of it is there.
#
#   packaging/install-deps.sh build    to build and run it
#   packaging/install-deps.sh test     to run tests/run.sh as well
set -eu

build='gcc libc6-dev meson ninja-build pkgconf
  libcurl4-openssl-dev libdeflate-dev libevent-dev libjansson-dev liblz4-dev libpcre2-dev librdkafka-dev libxxhash-dev
  libyaml-dev libzstd-dev'
# A real Kafka is fetched with maven and runs on java, and its client for Python comes by pip.
# clang is the second compiler, and the one with a fuzzer; strace kills the agent at chosen system calls.
test='check clang-14 libclang-rt-14-dev clang-format-14 make python3 python3-pytest strace
  clickhouse-server influxdb maven nginx openjdk-17-jre-headless openssl python3-avro python3-pip python3-protobuf
  python3-snappy python3-zstandard'

# The fastest gzip is there for some processors only.
case $(dpkg --print-architecture 2>/dev/null) in
amd64 | arm64) build="$build libisal-dev" ;;
esac

case "${1-}" in
build) wanted=$build ;;
test) wanted="$build $test" ;;
*)
  echo "usage: $0 build|test" >&2
  exit 2
  ;;
esac

missing() {
  for package in $wanted; do
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || echo "$package"
  done
}

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  echo "This is not Debian: install what these packages of Debian 12 hold, if it is not there yet:" $wanted >&2
  exit 0
fi
lacking=$(missing)
if [ -z "$lacking" ]; then
  exit 0
fi
if [ "$(id -u)" != 0 ]; then
  echo "Not installed yet:" $lacking >&2
  echo "Run this as root once, or: sudo apt-get install --no-install-recommends" $lacking >&2
  exit 1
fi

echo "installing:" $lacking
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Mirrors hiccup and other programs hold the lock: each step has a few tries.
try() {
  for pause in 2 10 30 0; do
    if "$@" </dev/null >"$log" 2>&1; then
      return 0
    fi
    [ "$pause" = 0 ] || sleep "$pause"
  done
  cat "$log" >&2
  echo "could not install the packages; the lines above say why" >&2
  exit 1
}
try apt-get -q update
try apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 install --no-install-recommends $lacking
