#!/usr/bin/env bash
# A Docker Engine for the tests.
#
#   docker.sh start    make sure that one answers; print its address (unix://…)
#   docker.sh stop     end the one that start made; another's is never touched
#   docker.sh purge    also remove its images and all that it kept
#   docker.sh status   print its address; exit 1 where none answers
#   docker.sh env      print what a shell needs, for eval
#   docker.sh owned    exit 0 where the engine that start made is running
#
# An engine that the developer has is used as it is: the one that
# SANDBOXCTL_TEST_DOCKER_HOST or DOCKER_HOST names (it has to answer), else the
# one that the docker client talks to by itself. Only where there is none, a
# private dockerd is started, with all that it keeps below one directory.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

home=$engines_dir/docker
socket=$home/docker.sock
pidfile=$home/dockerd.pid
log=$home/dockerd.log
seconds_to_start=60
seconds_to_stop=40 # dockerd gives its containers 15 s, then kills them

answers() {
    [[ -n $1 ]] && have docker &&
        timeout 10 docker --host "$1" version --format '{{.Server.Version}}' >/dev/null 2>&1
}

# The engine named by the developer, or nothing.
named() { printf '%s' "${SANDBOXCTL_TEST_DOCKER_HOST:-${DOCKER_HOST:-}}"; }

# The engine of the client's current context: /var/run/docker.sock, or what
# Docker Desktop and rootless Docker set up.
from_context() { docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null || true; }

# owned: our dockerd runs. After a crash its pid can be anybody's.
owned() {
    local pid
    pid=$(cat "$pidfile" 2>/dev/null) && [[ -n $pid ]] && is_ours "$pid" dockerd "--pidfile=$pidfile"
}

# is_ours PID COMMAND PREFIX: it runs this command with an argument that begins
# so, and has our directory before its eyes: in another root (a container, a
# chroot) the same path is somebody else's engine.
is_ours() {
    local command argument
    command=$(cat "/proc/$1/comm" 2>/dev/null) || return 1
    [[ $command == "$2"* && /proc/$1/root$home -ef $home ]] || return 1
    while IFS= read -r -d '' argument; do
        if [[ $argument == "$3"* ]]; then return 0; fi
    done 2>/dev/null <"/proc/$1/cmdline"
    return 1
}

# address: of an engine that answers; fails where there is none.
address() {
    local host
    for host in "$(named)" "unix://$socket" "$(from_context)"; do
        if answers "$host"; then
            echo "$host"
            return
        fi
        # A named engine that is silent is an error: the tests would run
        # elsewhere than the developer thinks.
        [[ -n $host && $host == "$(named)" ]] &&
            die "no engine answers at $host, which DOCKER_HOST or SANDBOXCTL_TEST_DOCKER_HOST names"
    done
    return 1
}

start() {
    need docker docker.io
    address && return
    ((EUID == 0)) ||
        die "no Docker Engine answers, and starting one needs root: start yours, or set DOCKER_HOST"
    # dockerd needs iptables for the network 'bridge'.
    need dockerd docker.io iptables iptables
    mkdir -p "$home"
    [[ -O $engines_dir && -O $home ]] || die "$home belongs to somebody else"
    # Two starts at once would give two daemons: the second waits, and then
    # finds the first one's engine.
    lock
    # Installing the package may have started the system's own engine.
    address && return
    if owned; then die "our dockerd runs and does not answer; '$0 stop' ends it, its log is $log"; fi
    launch
    wait_until_it_answers
    echo "unix://$socket"
}

lock() {
    exec 9>"$home/lock"
    flock 9
}

launch() {
    clear_leftovers
    # setsid and 9>&-: the daemon must outlive our terminal, and not hold our lock.
    # The storage driver is left to dockerd: overlay2, or vfs where the kernel
    # cannot stack it (in a container).
    setsid dockerd \
        --host="unix://$socket" \
        --data-root="$home/data" \
        --exec-root="$home/exec" \
        --pidfile="$pidfile" \
        </dev/null >"$log" 2>&1 9>&- &
    launched=$!
}

wait_until_it_answers() {
    local deadline=$((SECONDS + seconds_to_start))
    until answers "unix://$socket"; do
        if ! kill -0 "$launched" 2>/dev/null || ((SECONDS > deadline)); then
            tail -n 30 "$log" >&2
            kill "$launched" 2>/dev/null || true
            die "dockerd did not start; the whole log is $log"
        fi
        sleep 0.2
    done
}

stop() {
    [[ -d $home ]] || return 0
    lock
    if owned; then
        end_process "dockerd" "$(cat "$pidfile")" TERM "$seconds_to_stop"
    fi
    clear_leftovers
}

purge() {
    stop
    rm -rf "$home"
}

# clear_leftovers: what a daemon that was killed leaves behind: its containerd,
# for which its successor would wait, each container with its shim, mounts, and
# a pidfile, because of which dockerd refuses to start once the pid is in use again.
clear_leftovers() {
    local proc pid mount
    for proc in /proc/[0-9]*; do
        pid=${proc#/proc/}
        # containerd itself, and containerd-shim-…, whose only child is a
        # container's first process.
        is_ours "$pid" containerd "$home/exec/" || continue
        # shellcheck disable=SC2046 # one word per child
        kill -KILL $(cat "$proc/task/$pid/children" 2>/dev/null) "$pid" 2>/dev/null || true
    done
    while read -r _ mount _; do
        if [[ $mount == "$home"/* ]]; then umount -l "$mount" 2>/dev/null || true; fi
    done < <(tac /proc/mounts)
    rm -rf "$home/exec" "$pidfile" "$socket"
}

main() {
    local host
    case ${1:-} in
    start) start ;;
    stop) stop ;;
    purge) purge ;;
    status) address ;;
    owned) owned ;;
    env)
        host=$(address) || die "no Docker Engine answers; '$0 start' starts one"
        printf 'export DOCKER_HOST=%q\n' "$host"
        ;;
    *)
        sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2
        exit 64
        ;;
    esac
}

main "$@"
