#!/usr/bin/env bash
# The test cluster's programs, built from published Go modules: build.sh
#
#   kubebox   API server, controllers, scheduler, kubelet, etcd and kubectl, in one;
#             bin/kubectl is the last one by its own name
#   policy    what enforces NetworkPolicy
#   pause     the first process of every pod
#   gvisor/   runsc and its shim, for the runtime class `gvisor`
#
# Prints the directory that has them. They are kept in the user's cache directory,
# under the hash of these sources; the first run takes about seven minutes.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
# shellcheck source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=$(sed -n 's/^\tk8s.io\/kubernetes v//p' "$here/kubebox/go.mod")
sources=$(cd "$here" && cat build.sh {kubebox,policy,pause,gvisor}/* | sha256sum | cut -c1-12)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/sandboxctl-test/kubernetes/$version-$sources
least_go=1.26.3

export GOFLAGS=-buildvcs=false GOTOOLCHAIN=local

need_go() {
    PATH=$PATH:/usr/local/go/bin
    have go || die "the test cluster is built with Go $least_go or later, and there is no go: https://go.dev/dl"
    local found
    found=$(go env GOVERSION)
    [[ $(printf '%s\n' "go$least_go" "$found" | sort --version-sort | head -n1) == "go$least_go" ]] ||
        die "the test cluster is built with Go $least_go or later; this is $found"
}

# go_build DIRECTORY PACKAGE OUTPUT FLAGS…: moved into place when whole.
go_build() {
    local directory=$1 package=$2 output=$3
    shift 3
    [[ -x $output ]] && return
    say "building $(basename "$output")"
    (cd "$directory" && nice go build "$@" -o "$output.part" "$package") >&2
    mv "$output.part" "$output"
}

kubebox() {
    mkdir -p "$cache/bin"
    printf '#!/bin/sh\nexec "%s/kubebox" kubectl "$@"\n' "$cache" >"$cache/bin/kubectl"
    chmod +x "$cache/bin/kubectl"
    local stamp=k8s.io/component-base/version minor=${version#*.}
    go_build "$here/kubebox" . "$cache/kubebox" -ldflags "-s -w -X $stamp.gitVersion=v$version \
        -X $stamp.gitMajor=${version%%.*} -X $stamp.gitMinor=${minor%%.*} -X $stamp.gitTreeState=clean"
}

# edited NAME MODULE: a copy of what NAME/go.mod requires, with NAME/patch.py's edits, in $sources.
edited() {
    local name=$1 required=$2 module
    sources=$cache/$name.sources
    module=$(cd "$here/$name" && go mod download -json "$required" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
    rm -rf "$sources"
    cp -r "$module" "$sources"
    chmod -R u+w "$sources"
    python3 "$here/$name/patch.py" "$sources"
}

# With our main: upstream's runs inside a cluster only.
policy() {
    [[ -x $cache/policy ]] && return
    edited policy sigs.k8s.io/kube-network-policies
    rm -rf "$sources"/{cmd,tests}
    mkdir -p "$sources/cmd/policy"
    cp "$here/policy/main.go" "$sources/cmd/policy/"
    go_build "$sources" ./cmd/policy "$cache/policy" -ldflags '-s -w'
    rm -rf "$sources"
}

gvisor() {
    [[ -x $cache/gvisor/containerd-shim-runsc-v1 ]] && return
    edited gvisor gvisor.dev/gvisor
    mkdir -p "$cache/gvisor"
    CGO_ENABLED=0 go_build "$sources" ./runsc "$cache/gvisor/runsc" -ldflags '-s -w'
    CGO_ENABLED=0 go_build "$sources" ./shim "$cache/gvisor/shim" -ldflags '-s -w'
    rm -rf "$sources"
    cp "$here/gvisor/containerd-shim-runsc-v1" "$cache/gvisor/"
}

mkdir -p "$cache"
exec 9>"$cache/lock" # two runs at once: the second waits and then finds them
flock 9
for program in kubebox policy pause gvisor/containerd-shim-runsc-v1; do
    if [[ ! -x $cache/$program ]]; then need_go; fi
done
CGO_ENABLED=0 go_build "$here/pause" . "$cache/pause" -ldflags '-s -w'
policy
gvisor
kubebox
echo "$cache"
