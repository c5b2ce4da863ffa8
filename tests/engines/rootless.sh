#!/usr/bin/env bash
# A Podman service of a plain user, made for a test and gone with it. Needs root.
#
#   rootless.sh start NAME DIR    make the user NAME, start its service below DIR; print its address
#   rootless.sh stop NAME DIR     end all that the user runs, remove it and DIR
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

name=${2:-} home=${3:-}
socket=$home/podman.sock
seconds_to_start=30
seconds_to_stop=20

answers() { curl --silent --fail --max-time 5 --unix-socket "$socket" http://engine/_ping >/dev/null 2>&1; }

# As the user, with nothing of ours in the environment. Its runtime directory is where Podman keeps its state.
as_user=(
    setpriv --reuid="$name" --regid="$name" --init-groups
    env --ignore-environment --chdir="$home" PATH="$PATH" HOME="$home" USER="$name"
    XDG_RUNTIME_DIR="$home/run" CONTAINERS_CONF="$home/containers.conf"
)

# useradd gives it a range in /etc/subuid and /etc/subgid.
start() {
    ((EUID == 0)) || die "a user is made by root"
    need podman podman catatonit catatonit newuidmap uidmap curl curl
    mkdir --mode=0755 "$home"
    useradd --home-dir "$home" --no-create-home --shell /bin/sh "$name"
    install --directory --owner="$name" --group="$name" --mode=0700 "$home/run"
    chown "$name:$name" "$home"
    write_conf
    "${as_user[@]}" setsid podman system service --time=0 "unix://$socket" </dev/null >"$home/log" 2>&1 &
    echo $! >"$home/pid"
    local deadline=$((SECONDS + seconds_to_start))
    until answers; do
        if ((SECONDS > deadline)); then
            tail -n 30 "$home/log" >&2
            die "the service of $name did not start"
        fi
        sleep 0.1
    done
    echo "unix://$socket"
}

write_conf() {
    local runtime=
    if have runc && [[ $(stat -f -c %T /sys/fs/cgroup) != cgroup2fs ]]; then runtime='runtime = "runc"'; fi
    cat >"$home/containers.conf" <<END
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
log_driver = "k8s-file"

[engine]
$runtime
cgroup_manager = "cgroupfs"
events_logger = "file"
END
}

# Only what is known by its pid: another process may well have the user's number, in some container.
stop() {
    id -u "$name" >/dev/null 2>&1 || return 0
    if answers; then
        "${as_user[@]}" timeout 60 podman --remote --url "unix://$socket" rm --all --force --time 0 >/dev/null || true
    fi
    end_monitors
    end_pid "$home/pid"
    end_pid "$home/run/libpod/tmp/pause.pid"
    while read -r mount; do umount -l "$mount" || true; done < <(cut -d' ' -f2 /proc/mounts | grep "^$home/" | tac)
    remove_user
    rm -rf "$home"
}

# What cleans up after a container goes on for a moment. Somebody else's process may have the number as well.
remove_user() {
    local deadline=$((SECONDS + 5))
    until userdel "$name" 2>/dev/null; do
        if ((SECONDS > deadline)); then
            userdel --force "$name" 2>/dev/null || true
            return
        fi
        sleep 0.2
    done
}

# The monitor of an exec waits for five minutes, in case that somebody asks how it ended.
end_monitors() {
    local process
    for process in /proc/[0-9]*; do
        [[ $(cat "$process/comm" 2>/dev/null) == conmon ]] || continue
        tr '\0' ' ' <"$process/cmdline" | grep --quiet --fixed-strings " $home/" || continue
        kill -KILL "${process#/proc/}" 2>/dev/null || true
    done
}

# end_pid FILE: the process whose pid is in it, if it is the user's Podman.
end_pid() {
    local pid deadline=$((SECONDS + seconds_to_stop))
    pid=$(cat "$1" 2>/dev/null) || return 0
    [[ $(stat -c %U "/proc/$pid" 2>/dev/null) == "$name" ]] || return 0
    [[ $(cat "/proc/$pid/comm") =~ ^(podman|catatonit) ]] || return 0
    kill -TERM "$pid"
    while [[ -e /proc/$pid ]]; do
        ((SECONDS <= deadline)) || die "Podman ($pid) of $name did not end"
        sleep 0.05
    done
}

case ${1:-} in
start) start ;;
stop) stop ;;
*)
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2
    exit 64
    ;;
esac
