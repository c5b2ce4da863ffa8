#!/usr/bin/env bash
# The test cluster's programs, built from published Go modules: build.sh
#
#   kubebox   API server, controllers, scheduler, kubelet, etcd and kubectl, in one
#   policy    what enforces NetworkPolicy
#   pause     the first process of every pod
#
# Prints the directory that has them. They are kept in the user's cache directory,
# under the hash of these sources; the first run takes about four minutes.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
# shellcheck source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=$(sed -n 's/^\tk8s.io\/kubernetes v//p' "$here/kubebox/go.mod")
sources=$(cd "$here" && cat build.sh {kubebox,policy,pause}/* | sha256sum | cut -c1-12)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/sandboxctl-test/kubernetes/$version-$sources
least_go=1.24

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
    local stamp=k8s.io/component-base/version minor=${version#*.}
    go_build "$here/kubebox" . "$cache/kubebox" -ldflags "-s -w -X $stamp.gitVersion=v$version \
        -X $stamp.gitMajor=${version%%.*} -X $stamp.gitMinor=${minor%%.*} -X $stamp.gitTreeState=clean"
}

# Upstream's sources with our edits, and our main among them.
policy() {
    [[ -x $cache/policy ]] && return
    local module sources=$cache/policy.sources
    module=$(cd "$here/policy" && go mod download -json sigs.k8s.io/kube-network-policies | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
    rm -rf "$sources"
    cp -r "$module" "$sources"
    chmod -R u+w "$sources"
    rm -rf "$sources"/{cmd,tests}
    python3 "$here/policy/patch.py" "$sources"
    mkdir -p "$sources/cmd/policy"
    cp "$here/policy/main.go" "$sources/cmd/policy/"
    go_build "$sources" ./cmd/policy "$cache/policy" -ldflags '-s -w'
    rm -rf "$sources"
}

mkdir -p "$cache"
exec 9>"$cache/lock" # two runs at once: the second waits and then finds them
flock 9
if [[ ! -x $cache/kubebox || ! -x $cache/policy || ! -x $cache/pause ]]; then need_go; fi
CGO_ENABLED=0 go_build "$here/pause" . "$cache/pause" -ldflags '-s -w'
policy
kubebox
echo "$cache"
