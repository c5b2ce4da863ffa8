#!/usr/bin/env bash
# A docker archive of a root file system, without an engine: archive.sh NAME ROOTFS CONFIG
#
# CONFIG is what stands in the image's configuration, as JSON without its braces.
# The archive goes to standard output.
set -euo pipefail

name=$1 rootfs=$2 config=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

case $(uname -m) in
x86_64) architecture=amd64 ;;
aarch64) architecture=arm64 ;;
*) architecture=$(uname -m) ;;
esac
ln -s "$(realpath "$rootfs")" "$work/layer.tar"
cat >"$work/config.json" <<JSON
{"architecture": "$architecture", "os": "linux", "config": {$config},
 "rootfs": {"type": "layers", "diff_ids": ["sha256:$(sha256sum "$rootfs" | cut -d' ' -f1)"]}}
JSON
echo "[{\"Config\": \"config.json\", \"RepoTags\": [\"$name\"], \"Layers\": [\"layer.tar\"]}]" >"$work/manifest.json"
tar --create --dereference --directory="$work" --mtime=@0 --owner=0 --group=0 manifest.json config.json layer.tar
