#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Whether docs/reference is what the program says: reference.sh WEIR DIRECTORY. metrics.md has a test of its own.
made=$(mktemp -d) || exit 1
trap 'rm -rf "$made"' EXIT
"$1" plugins --markdown "$made" && diff -r -x metrics.md "$made" "$2" && exit 0
echo "Stale: ninja -C build reference" >&2
exit 1
