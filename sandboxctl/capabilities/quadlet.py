"""What each field comes to in a Quadlet unit: systemd runs the sandbox with Podman, and sandboxctl is not there. Data.

Keys as in the other tables. What sandboxctl would do itself on Podman is done by a unit, or refused here. A key of
Quadlet's own is used where 5.4 has it; it rejects a whole file for one that it does not know, so the rest is
`PodmanArgs=`.
"""

from __future__ import annotations

from collections.abc import Mapping

from sandboxctl.capabilities.cell import Cell, does, moot, no, ours

_NO_IMAGE = no("a unit names an image that is there, or can be pulled", "apply it once on Podman, or push the image")
_ELSEWHERE = moot("another backend's section")
_READ_BY_US = ours("read by sandboxctl alone; no unit says it")
_NO_COPY = no("Podman would change its owner at each start", "leave userNamespace out, or bind a directory")
_THE_PODS = no("that would be the pod's, for all that are in it", "leave one of the two out")
_NO_FILTER = no("Podman cannot filter by destination", "use `network: none`, or an internal network with a proxy in it")
_READABLE = "`Environment=`: whoever may read the unit's file can read it"

_PROCESS: Mapping[str, Cell] = {
    "metadata.name": does("the unit's name, and `ContainerName=`"),
    "metadata.project": does("`Label=` `sandboxctl.dev/project`"),
    "metadata.labels": does("`Label=`"),
    "metadata.annotations": does("`Annotation=`"),
    "backend": _READ_BY_US,
    "image": does("`Image=`"),
    "image.pull": does("`Pull=`"),
    "image.platform": does("`--platform`"),
    "image.build": _NO_IMAGE,
    "image.archive": _NO_IMAGE,
    "image.setup": _NO_IMAGE,
    "run": does("`Entrypoint=` sleep, or nothing said"),
    "command": does("`Entrypoint=`"),
    "args": does("`Exec=`"),
    "args/empty": no("Quadlet loses an empty word", "leave it out, or put the words into `command`"),
    "workdir": does("`WorkingDir=`; writable by a tmpfs, with a writable root too: no unit makes a directory in it"),
    "tty": does("`--tty`"),
    "stdin": does("`--interactive`"),
    "env": does("`Environment=`"),
    "env.fromEnv": does(_READABLE),
    "env.fromFile": does(_READABLE),
    "env.secret": does("`Secret=`; a Podman secret is one value, its key is not used"),
    "env.configMap": no("Podman has no config maps", "write the value, or use `fromFile`"),
    "envFiles": does(_READABLE),
}

_RESOURCES: Mapping[str, Cell] = {
    "resources.cpu": does("`--cpu-quota`, period 100 ms"),
    "resources.memory": does("`--memory`"),
    "resources.swap": does("`--memory-swap` = memory + swap"),
    "resources.swap/no": does("`--memory-swap` = memory"),
    "resources.pids": does("`PidsLimit=`"),
    "resources.requests.cpu": does("`--cpu-shares`, 1024 per CPU"),
    "resources.requests.memory": does("`--memory-reservation`, a soft limit"),
    "resources.cpuShares": does("`--cpu-shares`"),
    "resources.cpuset": does("`--cpuset-cpus`"),
    "resources.shm": does("`ShmSize=`; with a read-only root a tmpfs on /dev/shm"),
    "resources.disk": does("`--storage-opt size=`; only on overlay over xfs with quotas, else the start fails"),
    "resources.gpus": does("`AddDevice=` `nvidia.com/gpu=0`, …: by CDI, which the host has to have"),
    "resources.gpus/all": does("`AddDevice=` `nvidia.com/gpu=all`: by CDI, which the host has to have"),
    "resources.scratch": does("size of the tmpfs"),
    "resources.ulimits": does("`Ulimit=`"),
}

_LIFECYCLE: Mapping[str, Cell] = {
    "lifecycle.ttl": does("`--timeout`"),
    "lifecycle.ttl/idle": does("the `sleep` that is the process ends then"),
    "lifecycle.stopGrace": does("`StopTimeout=`"),
    "lifecycle.stopSignal": does("`StopSignal=`"),
    "lifecycle.stopSignal/SIGTERM": does("`StopSignal=`"),
    "lifecycle.init": does("`RunInit=`"),
    "lifecycle.restart": does("`Restart=` of the service"),
    "lifecycle.restart.max": no("systemd counts starts in a time, not restarts", "leave `max` out"),
    "lifecycle.setup": does("`ExecStartPost=` with `podman exec`, after each start"),
    "lifecycle.autoRemove": moot("a unit removes its container in any case"),
    "lifecycle.autoRemove/no": moot("a unit makes its container anew at each start"),
    "lifecycle.replace": moot("systemd stops the old one first"),
    "lifecycle.ready": moot("the unit is active when the container runs"),
    "health": does("`HealthCmd=`, …; run by systemd's timers"),
    "health.command/blank": no("Podman's client would split the one word at its blanks", "write a list of words"),
    "commit": no("nothing commits what a unit runs", "leave it out"),
}

_SECTIONS: Mapping[str, Cell] = {
    "docker": _ELSEWHERE,
    "docker.logging": _ELSEWHERE,
    "docker.options": _ELSEWHERE,
    "podman": ours("read by sandboxctl alone"),
    "podman.logging": does("`LogDriver=`, `LogOpt=`"),
    "podman.pod": does("`Pod=`, and a .pod file, the same for all that are in it, which shares the network alone"),
    "podman.pod/beside network host": _THE_PODS,
    "podman.pod/beside network.ports": _THE_PODS,
    "podman.pod/beside network.dns": _THE_PODS,
    "podman.pod/beside network.hosts": _THE_PODS,
    "podman.pod/beside userNamespace": _THE_PODS,
    "podman.options": no("it holds keys of Podman's API", "leave it out, and write `PodmanArgs=` into a drop-in"),
    "kubernetes": _ELSEWHERE,
    "kubernetes.namespace": _ELSEWHERE,
    "kubernetes.serviceAccount": _ELSEWHERE,
    "kubernetes.imagePullSecrets": _ELSEWHERE,
    "kubernetes.nodeSelector": _ELSEWHERE,
    "kubernetes.affinity": _ELSEWHERE,
    "kubernetes.tolerations": _ELSEWHERE,
    "kubernetes.priorityClass": _ELSEWHERE,
    "kubernetes.topologySpread": _ELSEWHERE,
    "kubernetes.pod": _ELSEWHERE,
}

_NETWORK: Mapping[str, Cell] = {
    "network": does("`Network=`"),
    "network.mode": does("`Network=`"),
    "network.mode/none": does("`Network=` none: no interface but lo"),
    "network.mode/host": does("`Network=` host"),
    "network.mode/named": does("`Network=` NAME"),
    "network.name": does("`Network=` NAME"),
    "network.create": does("a .network file of its own; the network stays when the unit stops"),
    "network.create/no": does("nothing to do"),
    "network.internal": does("`Internal=` of the .network file"),
    "network.internal/no": does("nothing to do"),
    "network.ports": does("`PublishPort=`"),
    "network.ports.address": does("`PublishPort=`"),
    "network.dns": does("`DNS=`, `DNSSearch=`, `DNSOption=`"),
    "network.hosts": does("`AddHost=`"),
    "network.hostname": does("`HostName=`"),
    "network.egress": _NO_FILTER,
    "network.egress.allow.domain": _NO_FILTER,
}

_MOUNTS: Mapping[str, Cell] = {
    "mounts.bind": does("`Mount=` type=bind; a missing source is an error"),
    "mounts.bind/yes": does("`Mount=` type=bind"),
    "mounts.bind.selinux": does("`Mount=` with relabel"),
    "mounts.volume": does("`Volume=`, and a .volume file that gives a new one to the sandbox's user"),
    "mounts.volume/mapped": _NO_COPY,
    "mounts.volume.subPath": does("`Mount=` with subpath", since="5.4"),
    "mounts.volume.size": no("a local volume has no size", "leave it out: the disk of the host is the bound"),
    "mounts.volume.keep": does("nothing deletes it"),
    "mounts.volume.keep/no": no("no unit deletes a volume", "leave `keep` out, and delete it by hand"),
    "mounts.tmpfs": does("`Mount=` type=tmpfs"),
    "mounts.tmpfs.exec": does("`Mount=` with noexec"),
    "mounts.tmpfs.exec/yes": does("`Mount=` without noexec"),
    "mounts.tmpfs.mode": does("`Mount=` with tmpfs-mode"),
    "mounts.file": no("a unit brings no file along", "write the file on the host, and bind it"),
    "mounts.configMap": no("Podman has no config maps", "bind a file or a directory"),
    "mounts.secret": no("which of its keys are files is not said there", "use `env` with `secret`, or bind a file"),
    "mounts.secret.items": no("a Podman secret is one value", "use `env` with `secret`, or bind a file"),
}

_SECURITY: Mapping[str, Cell] = {
    "security.profile": ours("sets the defaults of this section"),
    "security.allow": ours("names what may be weaker than the profile"),
    "security.user": does("`User=`"),
    "security.group": does("`Group=`"),
    "security.groups": does("`GroupAdd=`"),
    "security.fsGroup": does("owns the tmpfs and new volumes, and is one of the groups"),
    "security.fsGroup/apart": no(
        "Podman gives a tmpfs to the user and its own group", "leave it out, or make `group` the same"
    ),
    "security.readOnlyRoot": does("`ReadOnly=`, and no writable tmpfs of Podman's own"),
    "security.capabilities.drop": does("`DropCapability=`"),
    "security.capabilities.add": does("`AddCapability=`; effective for every user"),
    "security.noNewPrivileges": does("`NoNewPrivileges=`"),
    "security.seccomp": does("Podman's own profile"),
    "security.seccomp.file": does("`SeccompProfile=`, a file of this host"),
    "security.seccomp.localhost": no(
        "Podman has no directory of profiles that a path could be below", "name the file with `file`"
    ),
    "security.apparmor": does("`--security-opt apparmor=`"),
    "security.selinux": does("`--security-opt label=`, where the host has SELinux"),
    "security.selinux.disable": does("`--security-opt label=disable`"),
    "security.userNamespace": does("`UserNS=`"),
    "security.userNamespace/host": does("`UserNS=` host"),
    "security.userNamespace/keep-id": does("`UserNS=` keep-id, for a user's own units"),
    "security.userNamespace/private": does("`UIDMap=`, `GIDMap=`: ids of its own, for root's units"),
    "security.runtime": does("`--runtime`, before `run`: Podman's client knows it, other than its API"),
    "security.runtime/default": does("the engine's own"),
    "security.privileged": does("`--privileged`"),
    "security.privileged/no-new-privileges": does("`--privileged`, `NoNewPrivileges=`"),
    "security.devices": does("`AddDevice=`"),
    "security.sysctls": does("`Sysctl=`"),
}

CELLS: Mapping[str, Cell] = {**_PROCESS, **_RESOURCES, **_LIFECYCLE, **_SECTIONS, **_NETWORK, **_MOUNTS, **_SECURITY}
