#!/usr/bin/env bash
# The tests' images, made here from Debian packages: no registry is asked.
#
#   images.sh docker [HOST]    see that the engine has them; print NAME=VALUE lines
#   images.sh podman [HOST]    the same
#   images.sh kubernetes       the same for our own cluster's node; in another the
#                              images have to be
#   images.sh files            make only the files; print NAME=VALUE lines
#   images.sh clean            remove the files of every version of this script
#
#   busybox_image    busybox and a link per applet, nothing else: no /etc/passwd,
#                    and /tmp is 0755, the awkward case for a tmpfs there
#   python_image     Debian's minimal python3 with the standard library, and a
#                    busybox for the shell and its tools
#   busybox_rootfs   the first one's root file system as a tar
#   busybox_archive  the same as a `docker save` archive, which holds it under
#                    archived_image: no engine has that name until a test loads it
#
# The files are kept between runs, in the user's cache directory, under the hash
# of this script: an edit here makes new ones.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

busybox_image=localhost/sandboxctl-test/busybox:1
python_image=localhost/sandboxctl-test/python:3.11
archived_image=localhost/sandboxctl-test/archived:1

recipe=$(sha256sum "${BASH_SOURCE[0]}" | cut -c1-12)
cache_root=${XDG_CACHE_HOME:-$HOME/.cache}/sandboxctl-test
cache=$cache_root/$recipe
busybox_rootfs=$cache/busybox.rootfs.tar
python_rootfs=$cache/python.rootfs.tar
busybox_archive=$cache/busybox.docker-archive.tar

config=(
    'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
    'CMD ["sh"]'
)

# --- the files, for every engine ---------------------------------------------

# link_applets ROOT: ROOT/bin/NAME → busybox for every applet that ROOT has not.
# busybox lists itself: a link over the program would end it.
link_applets() {
    local applet
    for applet in $(busybox --list); do
        [[ -e $1/bin/$applet || -e $1/usr/bin/$applet ]] || ln -s busybox "$1/bin/$applet"
    done
}

# pack ROOT FILE: moved into place when whole, so a killed run leaves no half one.
pack() {
    tar --create --directory="$1" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner \
        --file="$2.part" .
    mv "$2.part" "$2"
}

busybox_tree() {
    mkdir -p "$1"/{bin,etc,proc,sys,dev,tmp}
    chmod -R 0755 "$1"
    cp "$(command -v busybox)" "$1/bin/busybox"
    link_applets "$1"
}

# With an empty status file apt resolves and fetches every package that python3
# needs, from the sources, keys and proxies that this host has. They are only
# unpacked: their set-up scripts need a whole Debian.
python_tree() {
    local debs=$1.debs deb
    mkdir -p "$1"/{bin,etc,proc,sys,dev,tmp} "$debs/partial"
    chmod 1777 "$1/tmp"
    apt_get update >&2
    apt_get -o Dir::State::status=/dev/null -o Dir::Cache::archives="$debs" \
        -o APT::Sandbox::User=root -o Debug::NoLocking=1 \
        --yes --no-install-recommends --download-only \
        install python3-minimal libpython3-stdlib busybox-static >&2
    for deb in "$debs"/*.deb; do
        dpkg-deb --extract "$deb" "$1"
    done
    rm -rf "$1"/usr/share/{doc,man,locale,lintian,info}
    link_applets "$1"
    ln -s python3 "$1/usr/bin/python"
    echo 'root:x:0:0:root:/root:/bin/sh' >"$1/etc/passwd"
    echo 'root:x:0:' >"$1/etc/group"
}

# build KIND FILE
build() {
    [[ -e $2 ]] && return
    say "building $(basename "$2")"
    local root=$work/$1
    "$1_tree" "$root"
    pack "$root" "$2"
}

files() {
    need busybox busybox-static
    mkdir -p "$cache"
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    # Two runs at once: the second waits and then finds the files.
    exec 9>"$cache/lock"
    flock 9
    build busybox "$busybox_rootfs"
    build python "$python_rootfs"
}

print() {
    local name
    for name in "$@"; do echo "$name=${!name}"; done
}

# --- Docker ------------------------------------------------------------------

# The import's comment tells which version of this script made the image.
docker_has() {
    [[ $(docker image inspect --format '{{.Comment}}' "$1" 2>/dev/null) == "recipe $recipe" ]]
}

docker_import() {
    docker_has "$2" && return
    say "importing $2"
    local changes=() change
    for change in "${config[@]}"; do changes+=(--change "$change"); done
    docker import --message "recipe $recipe" "${changes[@]}" "$1" "$2" >/dev/null
}

docker_archive() {
    [[ -e $busybox_archive ]] && return
    docker tag "$busybox_image" "$archived_image"
    docker save --output "$busybox_archive.part" "$archived_image"
    docker rmi "$archived_image" >/dev/null
    mv "$busybox_archive.part" "$busybox_archive"
}

docker_images() {
    files
    docker_import "$busybox_rootfs" "$busybox_image"
    docker_import "$python_rootfs" "$python_image"
    docker_archive
    print busybox_image python_image archived_image busybox_rootfs busybox_archive
}

# --- Podman ------------------------------------------------------------------

# The service that CONTAINER_HOST names; where it names none, the storage itself.
podman_client() {
    if [[ -n ${CONTAINER_HOST:-} ]]; then
        podman --remote "$@"
    else
        podman "$@"
    fi
}

podman_has() {
    [[ $(podman_client image inspect --format '{{.Comment}}' "$1" 2>/dev/null) == "recipe $recipe" ]]
}

podman_import() {
    podman_has "$2" && return
    say "importing $2"
    local changes=() change
    for change in "${config[@]}"; do changes+=(--change "$change"); done
    podman_client import --message "recipe $recipe" "${changes[@]}" "$1" "$2" >/dev/null
}

# Docker's form of an archive, which both engines load.
podman_archive() {
    [[ -e $busybox_archive ]] && return
    podman_client tag "$busybox_image" "$archived_image"
    podman_client save --format docker-archive --output "$busybox_archive.part" "$archived_image" >/dev/null
    podman_client untag "$archived_image" "$archived_image"
    mv "$busybox_archive.part" "$busybox_archive"
}

podman_images() {
    files
    podman_import "$busybox_rootfs" "$busybox_image"
    podman_import "$python_rootfs" "$python_image"
    podman_archive
    print busybox_image python_image archived_image busybox_rootfs busybox_archive
}

# --- Kubernetes --------------------------------------------------------------

# Only our own cluster's node can be given images; a developer's cluster is asked
# whether its nodes have them, and told how it gets them.
kubernetes_images() {
    files
    local cluster archives=() name archive
    cluster=$(dirname "${BASH_SOURCE[0]}")/kubernetes.sh
    for name in busybox python; do
        local image=${name}_image rootfs=${name}_rootfs
        archive=$cache/$name.named-archive.tar
        archives+=("$archive")
        [[ -e $archive ]] && continue
        "$(dirname "${BASH_SOURCE[0]}")/kubernetes/archive.sh" "${!image}" "${!rootfs}" \
            '"Cmd": ["sh"], "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]' >"$archive.part"
        mv "$archive.part" "$archive"
    done
    if "$cluster" owned; then
        "$cluster" load "${archives[@]}"
    elif ! "$cluster" has "$busybox_image" "$python_image"; then
        die "the cluster's nodes lack the tests' images; load ${archives[*]} (kind load image-archive, k3s ctr images import)"
    fi
    print busybox_image python_image busybox_rootfs
}

main() {
    case ${1:-} in
    docker)
        if [[ -n ${2:-} ]]; then export DOCKER_HOST=$2; fi
        docker_images
        ;;
    podman)
        if [[ -n ${2:-} ]]; then export CONTAINER_HOST=$2; fi
        podman_images
        ;;
    kubernetes) kubernetes_images ;;
    files)
        files
        print busybox_rootfs python_rootfs
        ;;
    clean) rm -rf "$cache_root" ;;
    *)
        sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2
        exit 64
        ;;
    esac
}

main "$@"
