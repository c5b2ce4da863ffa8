#!/usr/bin/env bash
# Runs a command as on a machine where Docker is not installed: without_docker.sh COMMAND…
#
# In a mount namespace of its own, where Docker's programs are no programs and /run is
# empty, so that no engine of this host is in sight. It needs root.
set -euo pipefail

if [[ ${1:-} != --inside ]]; then
    exec unshare --mount "${BASH_SOURCE[0]}" --inside "$@"
fi
shift
mount --make-rprivate /
mount -t tmpfs -o mode=0755 tmpfs /run
touch /run/nothing
while read -r program; do
    mount --bind /run/nothing "$program"
done < <(PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin type -aP docker dockerd | xargs -r realpath | sort -u)
unset DOCKER_HOST DOCKER_CONTEXT CONTAINER_HOST SANDBOXCTL_TEST_DOCKER_HOST SANDBOXCTL_TEST_PODMAN_HOST
exec "$@"
