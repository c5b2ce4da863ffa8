#!/usr/bin/env bash
# Image registries for the tests, on the loopback, each on a port of its own.
#
#   registry.sh start [KIND]   make sure that one runs; print NAME=VALUE lines
#   registry.sh stop [KIND]    end the one that start made, and remove what it kept;
#                              without KIND every one
#   registry.sh status [KIND]  print the same lines as start; exit 1 where none runs
#
#   KIND is open (the default) or login, which wants a name and a password.
#
#   address    127.0.0.1:PORT, as an image's name begins there
#   username, password    of login alone
#
# They speak plain HTTP. Docker takes that from the loopback; Podman has to be told
# (podman.sh, SANDBOXCTL_TEST_INSECURE_REGISTRIES).
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

kinds=(open login)
username=tester
password=open-sesame
seconds_to_start=20
seconds_to_stop=20

# use KIND: what belongs to it.
use() {
    kind=$1
    home=$engines_dir/registry/$kind
    pidfile=$home/pid
    log=$home/log
    conf=$home/config.yml
}

# owned: our registry runs. After a crash its pid can be anybody's.
owned() {
    local pid
    pid=$(cat "$pidfile" 2>/dev/null) && [[ -n $pid ]] || return 1
    # The kernel keeps 15 characters of a program's name.
    [[ $(cat "/proc/$pid/comm" 2>/dev/null) == docker-registry && /proc/$pid/root$home -ef $home ]] || return 1
    tr '\0' '\n' <"/proc/$pid/cmdline" | grep -Fxq "$conf"
}

# The port is the kernel's choice: the log says which.
address() { sed -n 's/.*listening on \(127\.0\.0\.1:[0-9]*\).*/\1/p' "$log" 2>/dev/null | head -n 1; }

status() {
    owned && [[ -n $(address) ]] || return 1
    echo "address=$(address)"
    [[ $kind == login ]] || return 0
    echo "username=$username"
    echo "password=$password"
}

install_what_it_needs() {
    if ! have docker-registry; then
        [[ ! -d /run/systemd/system ]] ||
            die "not installed: docker-registry; the package also starts a service, so install it yourself"
    fi
    need docker-registry docker-registry htpasswd apache2-utils
}

start() {
    install_what_it_needs
    mkdir -p "$home"
    [[ -O $engines_dir && -O $home ]] || die "$home belongs to somebody else"
    # Two starts at once would give two registries: the second waits, and then
    # finds the first one's.
    exec 9>"$home.lock"
    flock 9
    status && return
    if owned; then die "our registry runs and does not say where; '$0 stop $kind' ends it, its log is $log"; fi
    write_conf
    launch
    wait_until_it_listens
    status
}

write_conf() {
    cat >"$conf" <<END_OF_CONF
version: 0.1
log: {level: info}
storage:
  filesystem: {rootdirectory: $home/data}
  delete: {enabled: true}
http:
  addr: 127.0.0.1:0
END_OF_CONF
    [[ $kind == login ]] || return 0
    htpasswd -nbB "$username" "$password" >"$home/htpasswd" # it takes no other hash than bcrypt
    cat >>"$conf" <<END_OF_CONF
auth:
  htpasswd: {realm: tests, path: $home/htpasswd}
END_OF_CONF
}

launch() {
    # setsid and 9>&-: it must outlive our terminal, and not hold our lock.
    setsid docker-registry serve "$conf" </dev/null >"$log" 2>&1 9>&- &
    launched=$!
    echo "$launched" >"$pidfile"
}

wait_until_it_listens() {
    local deadline=$((SECONDS + seconds_to_start))
    until [[ -n $(address) ]]; do
        if ! kill -0 "$launched" 2>/dev/null || ((SECONDS > deadline)); then
            tail -n 30 "$log" >&2
            kill "$launched" 2>/dev/null || true
            die "the registry did not start; the whole log is $log"
        fi
        sleep 0.1
    done
}

stop() {
    [[ -d $home ]] || return 0
    exec 9>"$home.lock"
    flock 9
    if owned; then
        end_process "the registry" "$(cat "$pidfile")" TERM "$seconds_to_stop"
    fi
    rm -rf "$home"
}

usage() {
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2
    exit 64
}

main() {
    local each
    case ${2:-open} in
    open | login) use "${2:-open}" ;;
    *) usage ;;
    esac
    case ${1:-} in
    start) start ;;
    status) status ;;
    stop)
        (($# > 1)) && kinds=("$2")
        for each in "${kinds[@]}"; do
            use "$each"
            stop
        done
        ;;
    *) usage ;;
    esac
}

main "$@"
