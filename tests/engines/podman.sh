#!/usr/bin/env bash
# A Podman service for the tests.
#
#   podman.sh start    make sure that one answers; print its address (unix://…)
#   podman.sh stop     end the one that start made; another's is never touched
#   podman.sh purge    also remove its images and all that it kept
#   podman.sh status   print its address; exit 1 where none answers
#   podman.sh env      print what a shell needs, for eval
#   podman.sh owned    exit 0 where the service that start made is running
#   podman.sh on-demand  start nothing; print what a shell needs, for eval, so that
#                      sandboxctl starts a service when it wants one
#   podman.sh cli …    Podman itself, with the storage and settings of our service
#
# A service that the developer names with SANDBOXCTL_TEST_PODMAN_HOST or
# CONTAINER_HOST is used as it is (it has to answer), else a private one is
# started, with all that it keeps below one directory: Podman needs no daemon, so
# there is nothing to be gained from the one that the system may have.
#
# SANDBOXCTL_TEST_INSECURE_REGISTRIES: addresses of registries (HOST:PORT, between
# spaces) that ours may speak plain HTTP with. It reads them once, at its start.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

home=$engines_dir/podman
socket=$home/podman.sock
pidfile=$home/service.pid
log=$home/service.log
conf=$home/containers.conf
storage_conf=$home/storage.conf
registries_conf=$home/registries.conf
seconds_to_start=30
seconds_to_stop=20

answers() {
    [[ -n $1 ]] && have podman &&
        timeout 10 podman --remote --url "$1" version --format '{{.Server.Version}}' >/dev/null 2>&1
}

# The service named by the developer, or nothing.
named() { printf '%s' "${SANDBOXCTL_TEST_PODMAN_HOST:-${CONTAINER_HOST:-}}"; }

# private ARGS: Podman with our storage; its settings come from CONTAINERS_CONF.
private() (
    # With an address of a service in sight it would ask that one, and know no --root.
    unset CONTAINER_HOST CONTAINER_CONNECTION
    CONTAINERS_CONF=$conf podman --root "$home/storage" --runroot "$home/run" "$@"
)

# owned: our service runs. After a crash its pid can be anybody's.
owned() {
    local pid
    pid=$(cat "$pidfile" 2>/dev/null) && [[ -n $pid ]] || return 1
    [[ $(cat "/proc/$pid/comm" 2>/dev/null) == podman && /proc/$pid/root$home -ef $home ]] || return 1
    tr '\0' '\n' <"/proc/$pid/cmdline" | grep -Fxq "unix://$socket"
}

# address: of a service that answers; fails where there is none.
address() {
    local host
    for host in "$(named)" "unix://$socket"; do
        if answers "$host"; then
            echo "$host"
            return
        fi
        # A named service that is silent is an error: the tests would run
        # elsewhere than the developer thinks.
        [[ -n $host && $host == "$(named)" ]] &&
            die "no Podman answers at $host, which CONTAINER_HOST or SANDBOXCTL_TEST_PODMAN_HOST names"
    done
    return 1
}

install_what_it_needs() {
    # catatonit is the init that Debian's podman only recommends; without it no
    # container with an init starts.
    need podman podman catatonit catatonit iptables iptables
    # Debian's podman only recommends what makes networks, and gives names in them.
    [[ -x /usr/lib/podman/netavark || -x /usr/libexec/podman/netavark ]] || install_packages netavark
    [[ -x /usr/lib/podman/aardvark-dns || -x /usr/libexec/podman/aardvark-dns ]] || install_packages aardvark-dns
}

start() {
    install_what_it_needs
    address && return
    mkdir -p "$home"
    [[ -O $engines_dir && -O $home ]] || die "$home belongs to somebody else"
    # Two starts at once would give two services: the second waits, and then
    # finds the first one's.
    exec 9>"$home/lock"
    flock 9
    address && return
    if owned; then die "our service runs and does not answer; '$0 stop' ends it, its log is $log"; fi
    launch
    wait_until_it_answers
    echo "unix://$socket"
}

# What a host without full powers needs, and no other is harmed by: containers
# that raise no limit, and runc where control groups are of version 1 or hybrid,
# of which crun understands nothing. The files of locks and networks are
# our own, so that the system's Podman and ours never meet.
write_conf() {
    local runtime=
    if have runc && [[ $(stat -f -c %T /sys/fs/cgroup) != cgroup2fs ]]; then runtime='runtime = "runc"'; fi
    cat >"$conf" <<END
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
default_capabilities = [$default_capabilities]
log_driver = "k8s-file"

[engine]
$runtime
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
tmp_dir = "$home/tmp"

[network]
network_config_dir = "$home/networks"
END
}

# What --root and --runroot say, for a Podman that somebody else starts.
write_storage_conf() {
    cat >"$storage_conf" <<END
[storage]
driver = "$(private info --format '{{.Store.GraphDriverName}}')"
graphroot = "$home/storage"
runroot = "$home/run"
END
}

# Where sandboxctl looks for a service before it starts one.
usual_socket() {
    if ((EUID == 0)); then
        echo unix:///run/podman/podman.sock
    else
        echo "unix://${XDG_RUNTIME_DIR:-/run/user/$UID}/podman/podman.sock"
    fi
}

on_demand() {
    install_what_it_needs
    local host
    for host in "$(named)" "$(usual_socket)"; do
        if answers "$host"; then
            printf 'export CONTAINER_HOST=%q\n' "$host"
            return
        fi
        [[ -n $host && $host == "$(named)" ]] && die "no Podman answers at $host"
    done
    mkdir -p "$home"
    install -d -m 0700 "$home/runtime"
    [[ -O $engines_dir && -O $home ]] || die "$home belongs to somebody else"
    write_conf
    write_storage_conf
    printf 'export CONTAINERS_CONF=%q CONTAINERS_STORAGE_CONF=%q XDG_RUNTIME_DIR=%q\n' \
        "$conf" "$storage_conf" "$home/runtime"
}

write_registries_conf() {
    local address
    for address in $SANDBOXCTL_TEST_INSECURE_REGISTRIES; do
        printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$address"
    done >"$registries_conf"
}

launch() {
    local registries=()
    write_conf
    if [[ -n ${SANDBOXCTL_TEST_INSECURE_REGISTRIES:-} ]]; then
        write_registries_conf
        registries=("CONTAINERS_REGISTRIES_CONF=$registries_conf")
    fi
    rm -f "$socket"
    # setsid and 9>&-: the service must outlive our terminal, and not hold our lock.
    # --chdir: conmon leaves a file `oom` where it runs when a container runs out of memory.
    setsid env --chdir="$home" CONTAINERS_CONF="$conf" "${registries[@]}" \
        podman --root "$home/storage" --runroot "$home/run" system service --time=0 "unix://$socket" \
        </dev/null >"$log" 2>&1 9>&- &
    launched=$!
    echo "$launched" >"$pidfile"
}

wait_until_it_answers() {
    local deadline=$((SECONDS + seconds_to_start))
    until answers "unix://$socket"; do
        if ! kill -0 "$launched" 2>/dev/null || ((SECONDS > deadline)); then
            tail -n 30 "$log" >&2
            kill "$launched" 2>/dev/null || true
            die "the Podman service did not start; the whole log is $log"
        fi
        sleep 0.1
    done
}

stop() {
    [[ -d $home ]] || return 0
    exec 9>"$home/lock"
    flock 9
    if owned; then
        # The containers go on without a service, so they are ended first.
        private stop --all --time 0 >/dev/null 9>&- || say "some containers were not stopped"
        end_process "the service" "$(cat "$pidfile")" TERM "$seconds_to_stop"
    fi
    rm -f "$socket" "$pidfile"
}

purge() {
    [[ -d $home ]] || return 0
    stop
    private rm --all --force --time 0 >/dev/null 2>&1 || true
    local mount
    while read -r _ mount _; do
        if [[ $mount == "$home"/* ]]; then umount -l "$mount" 2>/dev/null || true; fi
    done < <(tac /proc/mounts)
    rm -rf "$home"
}

main() {
    local host
    case ${1:-} in
    start) start ;;
    stop) stop ;;
    purge) purge ;;
    status) address ;;
    owned) owned ;;
    on-demand) on_demand ;;
    cli) shift && private "$@" ;;
    env)
        host=$(address) || die "no Podman answers; '$0 start' starts one"
        printf 'export CONTAINER_HOST=%q\n' "$host"
        ;;
    *)
        sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2
        exit 64
        ;;
    esac
}

main "$@"
