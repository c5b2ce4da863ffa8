# shellcheck shell=bash
# What the engine scripts share: words for the user, and packages from apt.
# Sourced, never run. No engine's name may be in here.

# Everything that a script here starts or unpacks is below this directory. It is
# short because a unix socket's path must be under 108 characters.
# shellcheck disable=SC2034 # the scripts that source this use it
engines_dir=${SANDBOXCTL_ENGINES_DIR:-/tmp/sandboxctl-engines-$UID}

# Those that Docker gives, and Podman by itself: a distribution may give fewer, and
# then a test could not tell what is given from what is not.
# shellcheck disable=SC2034 # likewise
default_capabilities='"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE",
    "NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"'

# Results go to standard output, so all that is only said goes to standard error.
say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
    say "$*"
    exit 1
}

# end_process WHAT PID SIGNAL SECONDS: sends it, and returns when the process is gone.
end_process() {
    local deadline=$((SECONDS + $4))
    kill "-$3" "$2"
    while [[ -e /proc/$2 ]]; do
        ((SECONDS <= deadline)) || die "$1 ($2) did not end in $4 s"
        sleep 0.1
    done
}

# A file of that name that cannot be run is none.
have() { [[ -x $(type -P "$1") ]]; }

# A plain user's PATH lacks the directories where daemons and iptables are.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# apt_get ARGS: apt-get without questions, waiting for another apt to finish.
apt_get() {
    DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" </dev/null
}

# install_packages NAME …: from apt, as root; else says what to install.
install_packages() {
    have apt-get || die "not installed: $*; install it with this system's package manager"
    ((EUID == 0)) || die "not installed: $*; run 'apt-get install $*' as root"
    say "installing $*"
    # To standard error: a caller reads our standard output.
    apt_get update >&2
    apt_get install -y --no-install-recommends "$@" >&2 || die "apt could not install $*"
}

# need COMMAND PACKAGE …: installs those packages whose command is missing.
need() {
    local missing=()
    while (($#)); do
        have "$1" || missing+=("$2")
        shift 2
    done
    ((${#missing[@]} == 0)) || install_packages "${missing[@]}"
}
