"""Podman's words for what it does not like, from 4.3 to 5.8, with crun's and runc's among them. Data only.

The first line that matches counts, so what is special stands above what is general.
"""

from __future__ import annotations

from sandboxctl.complaints import complaint

_PROGRAM = "the image lacks this program: check command, or the image"
_FORBIDDEN = "the program is there, and this user may not execute it"

TABLE = (
    complaint("address already in use", "network.ports", "another program has this port: choose another, or host: 0"),
    complaint("cannot assign requested address", "network.ports", "the engine's host does not have this address"),
    complaint("/proc/sys/|open sysctl", "security.sysctls",
              "the kernel of the engine's host does not have this setting"),
    complaint('exec: "[^"]*": permission denied', "command", _FORBIDDEN),
    complaint("executable file .*not found|a command that was not found|exec format error", "command", _PROGRAM),
    complaint("no secret with name|no such secret", "", "create it first with `podman secret create`"),
    complaint("duplicate mount destination|invalid mount|error mounting|statfs|no such volume|mount destination",
              "mounts"),
    complaint("image not known|no such image", "image", "pull it first, or correct its name"),
    complaint("oci runtime .*not found|requested oci runtime|invalid runtime", "security.runtime",
              "set the engine up with it first, or leave the field out"),
    complaint("sysctl", "security.sysctls", "a sandbox has only some settings of its own: leave this one out"),
    complaint("CDI devices?", "resources.gpus",
              "describe the GPUs to the engine's host first: `nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml`"),
    complaint("stat /dev/|not a device node|device node", "security.devices",
              "the engine's host does not have it: load its driver first, or leave it out"),
    complaint("rlimit", "resources.ulimits",
              "the host forbids raising this limit: lower resources.ulimits, or give the engine CAP_SYS_RESOURCE"),
    complaint("catatonit", "lifecycle.init", "install the package catatonit, or set lifecycle.init to false"),
    complaint("cgroups in hybrid mode", "", 'crun cannot: set `runtime = "runc"` in containers.conf'),
    complaint("enough available ids", "security.userNamespace",
              "give `containers` a range in /etc/subuid and /etc/subgid: containers:100000:1048576"),
    complaint("enough unused ids", "security.userNamespace",
              "give `containers` a larger range in /etc/subuid and /etc/subgid"),
    complaint("apparmor", "security.apparmor", "load the profile on the engine's host first, or leave the field out"),
    complaint("selinux|relabel", "security.selinux"),
    complaint("seccomp", "security.seccomp"),
    complaint("user ?namespace|userns", "security.userNamespace"),
    complaint("capabilit", "security.capabilities"),
    complaint("/etc/(passwd|group): (is a|not a) directory", "mounts", "the engine reads this file itself"),
    complaint("unable to find (user|group)|no matching entries in", "security.user"),
    complaint("no such pod|pod .*not found", "podman.pod", "create the pod first, or leave the field out"),
    complaint("network not found|unable to find network|no such network", "network",
              "create it first, or use none or bridge"),
    complaint("sethostname|invalid hostname|host alias", "network"),
    complaint("cpuset|requested cpus", "resources.cpuset"),
    complaint(r"\bswap", "resources.swap"),
    complaint("memory reservation", "resources.requests.memory"),
    complaint(r"memory limit|limit memory|memory\.(max|limit)", "resources.memory"),
    complaint(r"\bpids", "resources.pids"),
    complaint(r"\bcpu", "resources.cpu"),
    complaint(r"\bshm", "resources.shm"),
    complaint("chdir to|working directory|workdir", "workdir"),
    complaint("log[- ]?driver|log[- ]?opt", "podman.logging"),
    complaint("no such file or directory: oci runtime attempted", "command", _PROGRAM),
    complaint("permission denied: oci", "command", _FORBIDDEN),
    complaint("no space left", "", "the engine's disk is full: `podman system df`"),
)  # fmt: skip
