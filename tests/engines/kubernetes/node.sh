#!/usr/bin/env bash
# The one node of the test cluster with all that a cluster is: node.sh --home=DIR --programs=DIR
#
# The first process of its namespaces; kubernetes.sh starts it. Makes the file
# DIR/ready when pods can be made, then only waits: when it is killed, so is
# everything here. Every cure of a trap has its reason beside it.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
# shellcheck source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=settings.sh
. "$here/settings.sh"
[[ ${1:-} == "--home=$home" ]] || die "is started by kubernetes.sh"
programs=${2#--programs=}
# shellcheck source-path=SCRIPTDIR source=credentials.sh
. "$here/credentials.sh"

etcd_client=http://127.0.0.1:12379
etcd_peer=http://127.0.0.1:12380

# run NAME COMMAND…: in the background, its words in a log of its own.
run() {
    local name=$1
    shift
    "$@" >"$home/log/$name.log" 2>&1 &
}

until_true() {
    until "$@"; do sleep 0.05; done
}

# note WHAT: when it was reached, in milliseconds from the start.
note() { echo "$1 $((($(date +%s%N) - began) / 1000000)) ms" >>"$home/log/times"; }

# --- the machine ---------------------------------------------------------------

directories() {
    # /run of its own: where Podman ran once, the host's /run/netns is bound over
    # itself, and network namespaces made in it can then not be removed.
    mount -t tmpfs tmpfs /run
    mkdir -p /run/netns "$home"/{pod-logs,container-logs,cni} /var/log/pods /var/log/containers
    mount --bind "$home/pod-logs" /var/log/pods
    mount --bind "$home/container-logs" /var/log/containers
}

network() {
    hostname "$node"
    ip link set lo up
    # Bridges, since not every kernel has dummy links.
    ip link add node0 type bridge
    ip address add "$node_address/32" dev node0
    ip link set node0 up
    # Without a default route a service's address has no way out of the host at all.
    ip link add default0 type bridge
    ip address add 10.124.0.1/30 dev default0
    ip link set default0 up
    ip route add default via 10.124.0.2 dev default0
    sysctl -qw net.ipv4.ip_forward=1
}

# The kubelet's own groups, apart from those of any other kubelet on this host.
control_groups() {
    if [[ -e /sys/fs/cgroup/cgroup.controllers ]]; then
        mkdir -p "/sys/fs/cgroup/$node"
        sed 's/\(^\| \)/ +/g' /sys/fs/cgroup/cgroup.controllers >/sys/fs/cgroup/cgroup.subtree_control 2>/dev/null || true
        return
    fi
    local controller file
    for controller in $(awk '$3 > 0 && $1 !~ /#/ {print $1}' /proc/cgroups) systemd unified; do
        if [[ -d /sys/fs/cgroup/$controller ]]; then mkdir -p "/sys/fs/cgroup/$controller/$node"; fi
    done
    for file in cpuset.cpus cpuset.mems; do # a new group begins without any
        cat "/sys/fs/cgroup/cpuset/$file" >"/sys/fs/cgroup/cpuset/$node/$file" 2>/dev/null || true
    done
}

# --- containers ----------------------------------------------------------------

containerd_configuration() {
    # restrict_oom_score_adj: without CAP_SYS_RESOURCE a lower score is refused,
    # and every pod would fail with "can't get final child's PID from pipe: EOF".
    containerd config default | sed \
        -e "s#^root = .*#root = \"$home/containerd\"#" \
        -e "s#^state = .*#state = \"${containerd_socket%/*}\"#" \
        -e "s#/run/containerd/containerd.sock#$containerd_socket#" \
        -e "s#sandbox_image = .*#sandbox_image = \"$pause_image\"#" \
        -e 's/restrict_oom_score_adj = false/restrict_oom_score_adj = true/' \
        -e 's#bin_dir = .*#bin_dir = "/usr/lib/cni"#' \
        -e "s#conf_dir = \"/etc/cni.*#conf_dir = \"$home/cni\"#"
}

pod_network_configuration() {
    cat <<JSON
{"cniVersion": "0.4.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "pods0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "/run/cni-addresses",
            "ranges": [[{"subnet": "$pod_network"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
JSON
}

# Systrap is the platform that needs no /dev/kvm.
gvisor_configuration() {
    local runtime='plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runsc'
    cat <<TOML
[$runtime]
  runtime_type = "io.containerd.runsc.v1"
[$runtime.options]
  TypeUrl = "io.containerd.runsc.v1.options"
  ConfigPath = "$home/runsc.toml"
TOML
    cat >"$home/runsc.toml" <<TOML
[runsc_config]
  platform = "systrap"
TOML
}

containers() {
    containerd_configuration >"$home/containerd.toml"
    gvisor_configuration >>"$home/containerd.toml"
    pod_network_configuration >"$home/cni/10-pods.conflist"
    PATH=$programs/gvisor:$PATH run containerd containerd --config "$home/containerd.toml"
    until_true ctr --address "$containerd_socket" version >/dev/null 2>&1
    pause_archive
    ctr --address "$containerd_socket" --namespace k8s.io images import "$home/pause.tar" >/dev/null
    note containerd
}

pause_image=localhost/sandboxctl-test/pause:1

pause_archive() {
    mkdir -p "$home/pause"
    cp "$programs/pause" "$home/pause/pause"
    tar --create --directory="$home/pause" --mtime=@0 --owner=0 --group=0 --file="$home/pause.rootfs.tar" pause
    "$here/archive.sh" "$pause_image" "$home/pause.rootfs.tar" '"Entrypoint": ["/pause"], "User": "65535:65535"' >"$home/pause.tar"
}

# --- the control plane ---------------------------------------------------------

etcd() {
    run etcd "$programs/kubebox" etcd --data-dir "$home/etcd" --unsafe-no-fsync \
        --listen-client-urls "$etcd_client" --advertise-client-urls "$etcd_client" \
        --listen-peer-urls "$etcd_peer" --initial-advertise-peer-urls "$etcd_peer" \
        --initial-cluster "default=$etcd_peer"
}

api_server() {
    run apiserver "$programs/kubebox" kube-apiserver --etcd-servers="$etcd_client" \
        --secure-port="$api_port" --bind-address=0.0.0.0 --advertise-address="$node_address" \
        --tls-cert-file="$keys/apiserver.crt" --tls-private-key-file="$keys/apiserver.key" \
        --client-ca-file="$keys/ca.crt" \
        --service-account-issuer=https://kubernetes.default.svc \
        --service-account-key-file="$keys/accounts.pub" --service-account-signing-key-file="$keys/accounts.key" \
        --service-cluster-ip-range="$service_network" --authorization-mode=Node,RBAC --allow-privileged=true \
        --kubelet-client-certificate="$keys/admin.crt" --kubelet-client-key="$keys/admin.key" \
        --kubelet-certificate-authority="$keys/ca.crt" --kubelet-preferred-address-types=InternalIP,Hostname
}

controllers() {
    run controllers "$programs/kubebox" kube-controller-manager --kubeconfig="$home/controllers.kubeconfig" \
        --use-service-account-credentials --service-account-private-key-file="$keys/accounts.key" \
        --root-ca-file="$keys/ca.crt" --leader-elect=false --secure-port=0 \
        --allocate-node-cidrs --cluster-cidr=10.244.0.0/16
    run scheduler "$programs/kubebox" kube-scheduler --kubeconfig="$home/scheduler.kubeconfig" \
        --leader-elect=false --secure-port=0
}

# status_of PATH: the API server's answer, as a number; needs no client of its own.
status_of() {
    curl --silent --output /dev/null --write-out '%{http_code}' --cacert "$keys/ca.crt" \
        --cert "$keys/admin.crt" --key "$keys/admin.key" "https://127.0.0.1:$api_port$1" || true
}

there() { [[ $(status_of "$1") == 200 ]]; }

# --- the node ------------------------------------------------------------------

kubelet_configuration() {
    cat <<JSON
{"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
 "authentication": {"anonymous": {"enabled": false}, "webhook": {"enabled": true},
                    "x509": {"clientCAFile": "$keys/ca.crt"}},
 "authorization": {"mode": "Webhook"},
 "tlsCertFile": "$keys/kubelet.crt", "tlsPrivateKeyFile": "$keys/kubelet.key",
 "containerRuntimeEndpoint": "unix://$containerd_socket",
 "cgroupDriver": "cgroupfs", "cgroupRoot": "/$node", "failCgroupV1": false, "failSwapOn": false,
 "port": $kubelet_port, "healthzPort": 20248, "readOnlyPort": 0,
 "resolvConf": "/etc/resolv.conf", "clusterDNS": ["10.96.0.10"], "clusterDomain": "cluster.local",
 "evictionHard": {"imagefs.available": "1%", "nodefs.available": "1%", "memory.available": "50Mi"},
 "imageGCHighThresholdPercent": 100, "podPidsLimit": 512, "nodeStatusUpdateFrequency": "2s",
 "serializeImagePulls": false}
JSON
}

kubelet() {
    kubelet_configuration >"$home/kubelet.json"
    run kubelet "$programs/kubebox" kubelet --config="$home/kubelet.json" --kubeconfig="$home/kubelet.kubeconfig" \
        --hostname-override="$node" --node-ip="$node_address" \
        --root-dir="$home/kubelet" --cert-dir="$home/kubelet-keys" -v=2
}

kubectl() { "$programs/kubebox" kubectl --kubeconfig "$home/admin.kubeconfig" "$@"; }

node_is_ready() {
    kubectl get node "$node" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}' 2>/dev/null | grep -q True
}

main() {
    began=$(date +%s%N)
    trap 'exit 0' TERM
    directories
    network
    control_groups
    credentials
    note credentials
    etcd
    api_server
    containers
    until_true there /readyz
    note api-server
    controllers
    kubelet
    until_true node_is_ready
    note node
    until_true there /api/v1/namespaces/default/serviceaccounts/default
    kubectl create --filename "$here/gvisor/runtime-class.yaml" >/dev/null
    # The controller takes it away as well, but seconds later.
    kubectl taint node "$node" node.kubernetes.io/not-ready- >/dev/null 2>&1 || true
    run policy "$programs/policy" --kubeconfig "$home/admin.kubeconfig" --node "$node"
    note ready
    touch "$home/ready"
    while :; do
        sleep 1000 &
        wait $! || true
    done
}

main
