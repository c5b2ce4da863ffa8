#!/usr/bin/env bash
# A Kubernetes cluster for the tests.
#
#   kubernetes.sh start    make sure that one answers; print its kubeconfig's path
#   kubernetes.sh stop     end the one that start made; another's is never touched
#   kubernetes.sh purge    also remove the programs built for it
#   kubernetes.sh status   print the path; exit 1 where none answers
#   kubernetes.sh env      print what a shell needs, for eval
#   kubernetes.sh owned    exit 0 where the cluster that start made is running
#   kubernetes.sh load TAR …    docker archives of images, for that cluster's node
#   kubernetes.sh has IMAGE …   exit 0 where a node has them
#   kubernetes.sh enter COMMAND…   in that cluster's namespaces
#   kubernetes.sh kubectl  print the directory of that cluster's own kubectl
#
# A cluster that the developer has (kind, k3s, a real one) is used where
# SANDBOXCTL_TEST_KUBECONFIG names its kubeconfig; KUBECONFIG is never looked at,
# since it may lead to somebody's production. Else a cluster of one node is
# started, in namespaces of its own: API server, controllers, scheduler, kubelet
# and etcd in one program that is built once (kubernetes/build.sh), containerd
# and runc from the distribution, and NetworkPolicy enforced. `stop` kills the
# namespaces' first process, and with it all that runs in them.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/kubernetes
# shellcheck source-path=SCRIPTDIR source=kubernetes/settings.sh
. "$here/settings.sh"

kubeconfig=$home/host.kubeconfig
pidfile=$home/init.pid # of the first process in the namespaces, as the host sees it
seconds_to_start=120
seconds_to_stop=20

# kubectl_at KUBECONFIG ARGS…: with the host's own kubectl, else with the cluster's.
kubectl_at() {
    local program=kubectl config=$1
    shift
    if ! have kubectl; then
        [[ -r $home/programs ]] || die "kubectl is needed to ask a cluster that is not ours"
        program=$(own_kubectl)/kubectl
    fi
    "$program" --kubeconfig "$config" --request-timeout=10s "$@"
}

own_kubectl() { echo "$(cat "$home/programs")/bin"; }

answers() { [[ -r $1 ]] && kubectl_at "$1" get --raw /readyz >/dev/null 2>&1; }

named() { printf '%s' "${SANDBOXCTL_TEST_KUBECONFIG:-}"; }

# owned: our cluster's first process runs. After a crash its pid can be anybody's.
owned() {
    local pid
    pid=$(cat "$pidfile" 2>/dev/null) && [[ -n $pid ]] && is_ours "$pid"
}

# is_ours PID: it runs our node's script, with our directory as its argument and
# before its eyes: in another root the same path is somebody else's cluster.
is_ours() {
    local argument
    [[ /proc/$1/root$home -ef $home ]] || return 1
    while IFS= read -r -d '' argument; do
        if [[ $argument == "--home=$home" ]]; then return 0; fi
    done 2>/dev/null <"/proc/$1/cmdline"
    return 1
}

# address: the kubeconfig of a cluster that answers; fails where there is none.
address() {
    local found
    found=$(named)
    if [[ -n $found && $found != "$kubeconfig" ]]; then
        answers "$found" || die "no cluster answers by $found, which SANDBOXCTL_TEST_KUBECONFIG names"
        echo "$found"
    else
        owned && answers "$kubeconfig" && echo "$kubeconfig"
    fi
}

start() {
    local found
    if found=$(address); then
        prepare "$found"
        return
    fi
    [[ -z $(named) || $(named) == "$kubeconfig" ]] || exit 1
    ((EUID == 0)) ||
        die "starting a cluster needs root; SANDBOXCTL_TEST_KUBECONFIG names one that is there"
    need pgrep procps sysctl procps containerd containerd runc runc openssl openssl iptables iptables conntrack conntrack curl curl ip iproute2
    [[ -x /usr/lib/cni/bridge ]] || install_packages containernetworking-plugins
    mkdir -p "$home"
    [[ -O $engines_dir && -O $home ]] || die "$home belongs to somebody else"
    exec 9>"$engines_dir/kubernetes.lock"
    flock 9
    if owned && answers "$kubeconfig"; then # a second start waited for the first one
        prepare "$kubeconfig"
        return
    fi
    if owned; then die "our cluster runs and does not answer; '$0 stop' ends it, its logs are in $home/log"; fi
    "$here/build.sh" 9>&- >"$engines_dir/kubernetes.programs"
    launch
    prepare "$kubeconfig"
}

# In mount, network, pid, host name and IPC namespaces of its own, whose first
# process is node.sh; setsid and 9>&-: it must outlive our terminal, and not hold our lock.
launch() {
    clear_leftovers
    mkdir -p "$home/log"
    mv "$engines_dir/kubernetes.programs" "$home/programs"
    setsid unshare --mount --net --pid --uts --ipc --fork --kill-child --propagation private --mount-proc \
        "$here/node.sh" "--home=$home" "--programs=$(cat "$home/programs")" \
        </dev/null >"$home/log/node.log" 2>&1 9>&- &
    launched=$!
    wait_for "first process" find_first_process
    connect
    wait_for "ready node" test -e "$home/ready"
    sed "s#https://127.0.0.1:#https://$link_network.2:#" "$home/admin.kubeconfig" >"$kubeconfig"
    chmod 0600 "$kubeconfig"
}

find_first_process() { pgrep --parent "$launched" >"$pidfile"; }

# connect: a way in from the host; it goes with the namespace.
connect() {
    local inside
    inside=$(cat "$pidfile")
    ip link add "$link" type veth peer name uplink netns "$inside" ||
        die "cannot make the interface $link; SANDBOXCTL_TEST_KUBERNETES_LINK names another"
    ip address add "$link_network.1/30" dev "$link"
    ip link set "$link" up
    nsenter --target "$inside" --net ip address add "$link_network.2/30" dev uplink
    nsenter --target "$inside" --net ip link set uplink up
}

# wait_for WHAT COMMAND…: until it succeeds; the logs where the cluster died meanwhile.
wait_for() {
    local what=$1 deadline=$((SECONDS + seconds_to_start))
    shift
    until "$@"; do
        if ! kill -0 "$launched" 2>/dev/null || ((SECONDS > deadline)); then
            tail -n 5 "$home"/log/*.log >&2
            kill -KILL "$launched" 2>/dev/null || true
            die "the cluster has no $what; its logs are in $home/log"
        fi
        sleep 0.05
    done
}

# prepare KUBECONFIG: the tests' namespaces are there, one of which enforces `restricted`.
prepare() {
    kubectl_at "$1" apply --server-side --field-manager=sandboxctl-tests --filename "$here/namespaces.yaml" >/dev/null ||
        die "cannot make the tests' namespaces by $1"
    echo "$1"
}

load() {
    local archive
    owned || die "there is no cluster of ours; load images into yours by its own means"
    for archive in "$@"; do
        enter ctr --address "$containerd_socket" --namespace k8s.io images import "$archive" >&2
    done
}

# has IMAGE …: whether a node has each of them.
has() {
    local found image known
    found=$(address) || die "no cluster answers"
    known=$(kubectl_at "$found" get nodes --output 'jsonpath={.items[*].status.images[*].names[*]}')
    for image in "$@"; do
        [[ " $known " == *" $image "* ]] || return 1
    done
}

# enter COMMAND…: in the cluster's namespaces.
enter() { nsenter --target "$(cat "$pidfile")" --mount --net --pid --uts --ipc -- "$@"; }

stop() {
    [[ -d $home ]] || return 0
    exec 9>"$engines_dir/kubernetes.lock"
    flock 9
    if owned; then
        end_process "the cluster" "$(cat "$pidfile")" KILL "$seconds_to_stop"
    fi
    clear_leftovers
}

# clear_leftovers: the namespaces went with their first process; control groups
# and the directory stay. Groups are removed deepest first, once they are empty.
clear_leftovers() {
    local attempt
    for attempt in 1 2 3 4 5; do
        find /sys/fs/cgroup -depth -type d -path "*/$node*" -exec rmdir {} + 2>/dev/null && break
        sleep "0.$attempt"
    done
    ip link delete "$link" 2>/dev/null || true
    rm -rf "$home"
}

purge() {
    stop
    rm -rf "${XDG_CACHE_HOME:-$HOME/.cache}/sandboxctl-test/kubernetes"
}

main() {
    local found
    case ${1:-} in
    start) start ;;
    stop) stop ;;
    purge) purge ;;
    status) address ;;
    owned) owned ;;
    load) load "${@:2}" ;;
    has) has "${@:2}" ;;
    enter) enter "${@:2}" ;;
    kubectl) own_kubectl ;;
    env)
        found=$(address) || die "no cluster answers; '$0 start' starts one"
        printf 'export SANDBOXCTL_TEST_KUBECONFIG=%q\n' "$found"
        have kubectl || printf 'export PATH=%q\n' "$PATH:$(own_kubectl)"
        ;;
    *)
        sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2
        exit 64
        ;;
    esac
}

main "$@"
