#!/usr/bin/env bash
# The contract suite on other versions of the engines than this host's: `make test-matrix`.
#
#   matrix.sh PYTEST …    the command that runs pytest, and its options
#
# Each version has a root of its own (elsewhere.sh; 500 MB and a minute each, made once
# and kept), is started, tested and stopped, one after the other. One that fails does
# not keep the next from its turn. MATRIX="ENGINE/SUITE …" runs only some of them.
# The exit code is 0 where all of them passed, and were the versions named below.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
elsewhere=$here/elsewhere.sh

# What Debian's releases have: the version, and where it is from.
declare -A expected=(
    [podman/trixie]=5.4
    [podman/sid]=5.8
    [docker/trixie]=26.1
    [docker/sid]=28.5
)
all=(podman/trixie podman/sid docker/trixie docker/sid)

# Tests of these files start an engine of their own, which is this host's in any case.
left_out=(tests/contract/test_gvisor.py tests/contract/test_registry.py tests/contract/test_rootless.py)

version() {
    curl --silent --fail --max-time 10 --unix-socket "${1#unix://}" http://engine/version |
        grep -o '"Version": *"[^"]*"' | head -n 1 | cut -d'"' -f4
}

# try ENGINE SUITE PYTEST …: sets `outcome` to one line; fails where the suite did.
try() {
    local engine=$1 suite=$2 address found wanted log code=0
    shift 2
    wanted=${expected[$engine/$suite]:-}
    log=$engines_dir/$engine-$suite.tests.log
    if ! address=$("$elsewhere" "$engine" "$suite" start); then
        outcome="did not start"
        return 1
    fi
    found=$(version "$address")
    say "$engine $found of Debian $suite"
    "$elsewhere" "$engine" "$suite" run "$@" -rs 2>&1 | tee "$log" || code=$?
    "$elsewhere" "$engine" "$suite" stop >&2 || code=$?
    outcome="$found: $(tail -n 1 "$log" | tr -d '=' | xargs)"
    [[ -z $wanted || $found == "$wanted".* || $found == "$wanted" ]] || {
        outcome+="; $suite had $wanted when this was written: name what it has now in ${0##*/}"
        code=1
    }
    return "$code"
}

main() {
    if (($# == 0)); then
        sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2
        exit 64
    fi
    mkdir -p "$engines_dir"
    local names failed=0 lines=() each outcome ignored=() mark
    read -ra names <<<"${MATRIX:-${all[*]}}"
    for each in "${left_out[@]}"; do ignored+=("--ignore=$each"); done
    for each in "${names[@]}"; do
        mark=ok
        try "${each%/*}" "${each#*/}" "$@" "${ignored[@]}" || {
            mark=FAILED
            failed=1
        }
        lines+=("$(printf '%-7s %s %s' "$mark" "${each%/*}" "$outcome")")
    done
    printf '\nleft out, since they start an engine or a registry of this host by themselves: %s\n' "${left_out[*]}"
    printf '%s\n' "${lines[@]}"
    return "$failed"
}

main "$@"
