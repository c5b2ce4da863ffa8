#!/usr/bin/env bash
# Other versions of an engine, each in a root of its own, for `make test-matrix`.
#
#   elsewhere.sh ENGINE SUITE start      make the root, start the engine; print its address
#   elsewhere.sh ENGINE SUITE run CMD…   run a command in the engine's network, with its address set
#   elsewhere.sh ENGINE SUITE stop       end the one that start made
#   elsewhere.sh ENGINE SUITE purge      also remove the root and all that it kept
#
# ENGINE is docker or podman, SUITE a release of Debian (trixie, sid). The root has
# its own mount and network namespace. It is entered by pivot_root: in a chroot the
# kernel refuses user namespaces, and every start of a container fails.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

engine=${1:-} suite=${2:-}
name=$engine-$suite
root=$engines_dir/root-$suite
home=$engines_dir/$name
socket=$home/$engine.sock
pidfile=$home/pid
log=$home/log
checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
seconds_to_start=60
seconds_to_stop=40

packages=podman,catatonit,netavark,aardvark-dns,docker.io,runc,iptables,iproute2,mount,procps

answers() { curl --silent --fail --max-time 5 --unix-socket "$socket" http://engine/_ping >/dev/null 2>&1; }

# owned: our engine runs, or is on its way. After a crash its pid can be anybody's.
owned() {
    local pid line
    pid=$(cat "$pidfile" 2>/dev/null) && [[ -n $pid && /proc/$pid/root$home -ef $home ]] || return 1
    line=$(tr '\0' ' ' <"/proc/$pid/cmdline") || return 1
    [[ $line == *"unix://$socket "* || $line == *"$engine $suite inside "* ]]
}

start() {
    ((EUID == 0)) || die "a root of its own needs root"
    need mmdebstrap mmdebstrap curl curl
    mkdir -p "$home"
    exec 9>"$engines_dir/elsewhere.lock"
    flock 9
    if ! answers; then
        make_root
        launch
    fi
    echo "unix://$socket"
}

# Packages are only unpacked and configured: nothing of the root is ever started
# by its own init.
make_root() {
    [[ -e $root/.made ]] && return
    say "making a root of Debian $suite"
    rm -rf "$root"
    # A mirror may be older than the date up to which its index is said to be fresh;
    # that it is signed is checked all the same.
    mmdebstrap --quiet --variant=apt --include="$packages" --aptopt='Acquire::Check-Valid-Until "false"' \
        "$suite" "$root" >&2
    mkdir -p "$root$engines_dir" "$root$checkout" "$root/old"
    touch "$root/.made"
}

launch() {
    rm -f "$socket"
    # 9>&-: the engine must not hold our lock.
    setsid unshare --mount --net "${BASH_SOURCE[0]}" "$engine" "$suite" inside </dev/null >"$log" 2>&1 9>&- &
    local launched=$! deadline=$((SECONDS + seconds_to_start))
    echo "$launched" >"$pidfile"
    until answers; do
        if ! kill -0 "$launched" 2>/dev/null || ((SECONDS > deadline)); then
            tail -n 30 "$log" >&2
            die "$name did not start; the whole log is $log"
        fi
        sleep 0.2
    done
}

# In the new namespaces: the root becomes ours, and then this shell the engine.
inside() {
    mount --make-rprivate /
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/run"
    # What bind mounts name has to be at the same place there.
    mount --rbind /tmp "$root/tmp"
    mkdir -p "$root$home"
    mountpoint -q "$root$home" || mount --bind "$home" "$root$home"
    mount --bind "$checkout" "$root$checkout"
    ip link set lo up
    cd "$root"
    pivot_root . old
    cd /
    umount --lazy /old
    hash -r
    "serve_$engine"
}

serve_podman() {
    mkdir -p "$home"
    podman_conf >"$home/containers.conf"
    export CONTAINERS_CONF=$home/containers.conf
    exec podman --root "$home/storage" --runroot "$home/run" system service --time=0 "unix://$socket"
}

serve_docker() {
    exec dockerd --host="unix://$socket" --data-root="$home/data" --exec-root="$home/exec" --pidfile="$home/dockerd.pid"
}

# The same as podman.sh's, but for the programs of this root.
podman_conf() {
    cat <<END
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
default_capabilities = [$default_capabilities]
log_driver = "k8s-file"

[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
tmp_dir = "$home/tmp"

[network]
firewall_driver = "iptables"
network_config_dir = "$home/networks"
END
}

run() {
    local variable=SANDBOXCTL_TEST_${engine^^}_HOST pid
    owned || die "$name does not run; '$0 $engine $suite start' starts it"
    pid=$(cat "$pidfile")
    if [[ $engine == podman ]]; then write_program "$pid"; fi
    env "$variable=unix://$socket" SANDBOXCTL_TEST_ENGINES="$engine" PATH="$home/bin:$PATH" \
        nsenter --net="/proc/$pid/ns/net" "$@"
}

# What starts a service without being asked (sandboxctl, where none runs) is to start
# this version's. Our own client is another matter: it reads files of this host.
write_program() {
    mkdir -p "$home/bin"
    cat >"$home/bin/podman.part" <<END
#!/bin/sh
case " \$* " in *" --remote "*) exec "$(PATH=${PATH//$home\/bin:/} command -v podman)" "\$@" ;; esac
export CONTAINERS_CONF=$home/containers.conf
exec nsenter --mount=/proc/$1/ns/mnt /usr/bin/podman "\$@"
END
    chmod +x "$home/bin/podman.part"
    mv "$home/bin/podman.part" "$home/bin/podman"
}

stop() {
    local pid deadline=$((SECONDS + seconds_to_stop))
    if owned; then
        end_containers
        pid=$(cat "$pidfile")
        kill "$pid"
        while [[ -e /proc/$pid ]]; do
            ((SECONDS <= deadline)) || die "$name ($pid) did not end in $seconds_to_stop s"
            sleep 0.2
        done
    fi
    rm -f "$socket" "$pidfile"
}

# Podman's containers go on without a service.
end_containers() {
    [[ $engine == podman ]] || return 0
    curl --silent --unix-socket "$socket" 'http://engine/v4.0.0/libpod/containers/json' |
        grep -o '"Id":"[0-9a-f]\{64\}"' | cut -d'"' -f4 | while read -r id; do
        curl --silent --unix-socket "$socket" -X DELETE \
            "http://engine/v4.0.0/libpod/containers/$id?force=true&timeout=0" >/dev/null
    done
}

main() {
    [[ $engine =~ ^(docker|podman)$ && -n $suite ]] || set -- usage usage usage
    case ${3:-} in
    start) start ;;
    run) shift 3 && run "$@" ;;
    stop) stop ;;
    inside) inside ;;
    purge) stop && rm -rf "$home" "$root" ;;
    *)
        sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2
        exit 64
        ;;
    esac
}

main "$@"
