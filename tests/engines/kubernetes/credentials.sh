# shellcheck shell=bash disable=SC2154 # of settings.sh
# The test cluster's keys, certificates and kubeconfigs. Sourced by node.sh.

keys=$home/keys

# certificate NAME SUBJECT EXTENSIONS
certificate() {
    local name=$1 subject=$2 extensions=$3
    openssl ecparam -name prime256v1 -genkey -noout -out "$keys/$name.key"
    openssl req -new -key "$keys/$name.key" -out "$keys/$name.csr" -subj "$subject"
    openssl x509 -req -in "$keys/$name.csr" -CA "$keys/ca.crt" -CAkey "$keys/ca.key" -CAcreateserial -days 30 \
        -out "$keys/$name.crt" -extfile <(printf '%b' "$extensions") 2>/dev/null
}

authority() {
    openssl ecparam -name prime256v1 -genkey -noout -out "$keys/ca.key"
    openssl req -x509 -new -key "$keys/ca.key" -out "$keys/ca.crt" -days 30 -subj /CN=sandboxctl-test
}

# kubeconfig NAME: by the certificate of this name.
kubeconfig() {
    cat >"$home/$1.kubeconfig" <<JSON
{"apiVersion": "v1", "kind": "Config", "current-context": "test",
 "contexts": [{"name": "test", "context": {"cluster": "test", "user": "$1"}}],
 "clusters": [{"name": "test", "cluster": {
   "server": "https://127.0.0.1:$api_port", "certificate-authority-data": "$(base64 -w0 "$keys/ca.crt")"}}],
 "users": [{"name": "$1", "user": {
   "client-certificate-data": "$(base64 -w0 "$keys/$1.crt")", "client-key-data": "$(base64 -w0 "$keys/$1.key")"}}]}
JSON
}

credentials() {
    local name
    umask 077
    mkdir -p "$keys"
    authority
    # Every address by which it is reached, the host's way in among them.
    certificate apiserver /CN=kube-apiserver "subjectAltName=IP:127.0.0.1,IP:10.96.0.1,IP:$node_address,IP:$link_network.2,DNS:localhost,DNS:kubernetes.default.svc"
    # The kubelet serves exec and logs at the node's address.
    certificate kubelet "/O=system:nodes/CN=system:node:$node" \
        "subjectAltName=IP:$node_address,DNS:$node\nextendedKeyUsage=serverAuth,clientAuth"
    certificate admin /O=system:masters/CN=admin extendedKeyUsage=clientAuth
    certificate controllers /CN=system:kube-controller-manager extendedKeyUsage=clientAuth
    certificate scheduler /CN=system:kube-scheduler extendedKeyUsage=clientAuth
    openssl genrsa -out "$keys/accounts.key" 2048 2>/dev/null
    openssl rsa -in "$keys/accounts.key" -pubout -out "$keys/accounts.pub" 2>/dev/null
    for name in admin kubelet controllers scheduler; do kubeconfig "$name"; done
    umask 022
}
