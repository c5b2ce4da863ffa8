# shellcheck shell=bash disable=SC2034,SC2154
# What the launcher and the node of the test cluster agree on. Sourced, never run.

home=$engines_dir/kubernetes # everything that the cluster keeps; gone after a stop
node=sandboxctl-test         # the node's name, and that of its control groups

# Addresses in the cluster's own network namespace. The node's may not be a loopback one.
node_address=10.123.0.1
pod_network=10.244.0.0/24
service_network=10.96.0.0/16
api_port=16443
kubelet_port=20250

# The way in from the host: a pair of interfaces. They can be moved where these are taken.
link=${SANDBOXCTL_TEST_KUBERNETES_LINK:-sbx-kube}
link_network=${SANDBOXCTL_TEST_KUBERNETES_NETWORK:-10.125.0}

containerd_socket=/run/containerd-test/containerd.sock # inside: /run is the cluster's own
