#!/usr/bin/env bash
# Runs a command with real engines: with.sh COMMAND…
#
# SANDBOXCTL_TEST_ENGINES (default: docker) names them, by words or commas; `here` is
# the one that this machine has: Docker where its package is, or where there is
# nothing else, else `podman-on-demand`, for which no service is started: that is
# then the command's own business. Each
# is started where none answers and given the tests' images; one that does not
# answer ends the run before the command. Those that were started here are
# stopped again, unless KEEP_ENGINES=1. The exit code is the command's, and
# nothing is printed after the command's last line.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export SANDBOXCTL_TEST_ENGINES=${SANDBOXCTL_TEST_ENGINES:-docker}
started=()

stop_started() {
    [[ ${KEEP_ENGINES:-0} == 1 ]] && return
    local engine
    for engine in "${started[@]}"; do
        "$here/$engine.sh" stop >&2 || say "$engine was not stopped"
    done
}

start() {
    local engine=$1 was_ours=no variables
    [[ -x $here/$engine.sh ]] || die "SANDBOXCTL_TEST_ENGINES names '$engine', and there is no $here/$engine.sh"
    if "$here/$engine.sh" owned; then was_ours=yes; fi
    # Before anything can fail: a half-started engine is stopped too.
    if [[ $was_ours == no ]]; then started+=("$engine"); fi
    "$here/$engine.sh" start >/dev/null
    variables=$("$here/$engine.sh" env)
    eval "$variables"
    "$here/images.sh" "$engine" >/dev/null
    say "$engine answers: $(sed -n '1s/^export //p' <<<"$variables")"
}

# The engine that this machine has.
here() {
    if [[ -n ${SANDBOXCTL_TEST_DOCKER_HOST:-}${DOCKER_HOST:-} ]] || have docker || ! have podman; then
        echo docker
    else
        echo podman-on-demand
    fi
}

podman_on_demand() {
    local variables
    variables=$("$here/podman.sh" on-demand)
    eval "$variables"
    "$here/images.sh" podman >/dev/null
    say "podman is there, and started by what needs it: ${variables#export }"
}

trap stop_started EXIT
for engine in ${SANDBOXCTL_TEST_ENGINES//,/ }; do
    if [[ $engine == here ]]; then engine=$(here); fi
    case $engine in
    podman-on-demand) podman_on_demand ;;
    *) start "$engine" ;;
    esac
done
"$@"
