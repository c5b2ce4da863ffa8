"""What each field of the process, its image, its resources and its life comes to on each backend. Data only.

A key is the field's dotted path, without list indexes and the keys of free maps; below a row all is as the row says.
`network.mode/none` holds for that kind of value only. Sources: engines.md, kubernetes.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from sandboxctl.capabilities.cell import Row, does, everywhere, moot, no, node, ours, weaker

_READ_BY_US = everywhere(ours("read by sandboxctl alone; the engine never sees it"))
_ELSEWHERE = moot("another backend's section")
_NO_IMAGES = "a cluster takes images from a registry only"
_PUSH = "push the image to a registry that the cluster reaches, and name it in `image`"

_NAME_THERE = (
    "a name is there at most 63 letters, digits, `-`, `_` and `.`, with a letter or a digit at both ends, "
    "behind the domain of its owner and a `/` where it has one"
)
_VALUE_THERE = (
    "a label's value is there at most 63 letters, digits, `-`, `_` and `.`, with a letter or a digit at both ends"
)
_LARGE_THERE = "all annotations are together at most 256 KiB there, ours among them"

_METADATA: Mapping[str, Row] = {
    "metadata.name": everywhere(does("the object's name")),
    "metadata.project": everywhere(does("label `sandboxctl.dev/project`")),
    "metadata.labels": everywhere(does("labels")),
    "metadata.labels/oddly named": (does("labels"), does("labels"), no(_NAME_THERE, "choose a name of that form")),
    "metadata.labels/of an odd value": (does("labels"), does("labels"), no(_VALUE_THERE, "make it an annotation")),
    "metadata.annotations": (does("labels: there are no annotations"), does("annotations"), does("annotations")),
    "metadata.annotations/oddly named": (
        does("labels: there are no annotations"),
        does("annotations"),
        no(_NAME_THERE, "choose a name of that form"),
    ),
    "metadata.annotations/very large": (
        does("labels: there are no annotations"),
        does("annotations"),
        no(_LARGE_THERE, "put it into a file"),
    ),
    "backend": _READ_BY_US,
}

_IMAGE: Mapping[str, Row] = {
    "image": everywhere(does("the image")),
    "image.pull": (ours("pulled before the create"), ours("pulled before the create"), does("`imagePullPolicy`")),
    "image.platform": (does("`platform`"), ours("pulled for it"), does("`nodeSelector` on os and arch")),
    "image.build": (
        ours("built by the engine, kept by a name that holds its content, and used again"),
        ours("built by the engine, kept by a name that holds its content, and used again"),
        no(_NO_IMAGES, _PUSH),
    ),
    "image.archive": (ours("loaded before the create"), ours("loaded before the create"), no(_NO_IMAGES, _PUSH)),
    "image.setup": (
        ours("run once in a throw-away container, kept as an image, and used again"),
        ours("run once in a throw-away container, kept as an image, and used again"),
        no(_NO_IMAGES, _PUSH),
    ),
}

_PROCESS: Mapping[str, Row] = {
    "run": everywhere(does("`sleep` as the process, or nothing said")),
    "command": (does("`Entrypoint`"), does("`entrypoint`"), does("`command`")),
    "args": (does("`Cmd`"), does("`command`"), does("`args`")),
    "workdir": (
        does("`WorkingDir`; writable by a tmpfs, or a directory made in the layer"),
        does("`work_dir`; writable by a tmpfs, or a directory made in the layer"),
        does("`workingDir`; writable by an emptyDir; another one in a writable root is made by the node, as root's"),
    ),
    "tty": everywhere(does("a terminal for the process")),
    "stdin": everywhere(does("standard input kept open")),
    "env": (does("`Env`"), does("`env`"), does("`env`")),
    "env.fromEnv": (
        does("`Env`: whoever may inspect the container can read it"),
        does("`env`: whoever may inspect the container can read it"),
        does("a Secret, by `secretKeyRef`"),
    ),
    "env.fromFile": (
        does("`Env`: whoever may inspect the container can read it"),
        does("`env`: whoever may inspect the container can read it"),
        does("a Secret, by `secretKeyRef`"),
    ),
    "env.secret": (
        no("Docker has no store of secrets", "use `fromEnv` or `fromFile`"),
        does("`secret_env`; a Podman secret is one value, its key is not used"),
        does("`secretKeyRef`"),
    ),
    "env.configMap": (
        no("Docker has no config maps", "write the value, or use `fromFile`"),
        no("Podman has no config maps", "write the value, or use `fromFile`"),
        does("`configMapKeyRef`"),
    ),
    "envFiles": (ours("read here, sent as `Env`"), ours("read here, sent as `env`"), ours("read here, in a Secret")),
}

_RESOURCES: Mapping[str, Row] = {
    "resources.cpu": (does("`NanoCpus`"), does("`cpu.quota`, period 100 ms"), does("`limits.cpu`")),
    "resources.memory": (does("`Memory`"), does("`memory.limit`"), does("`limits.memory`")),
    "resources.swap": (
        does("`MemorySwap` = memory + swap"),
        does("`memory.swap` = memory + swap"),
        no("swap is the node's affair", "leave it out: a pod then has none"),
    ),
    "resources.swap/no": (does("`MemorySwap` = memory"), does("`memory.swap` = memory"), node("no swap for pods")),
    "resources.pids": (
        does("`PidsLimit`"),
        does("`pids.limit`"),
        weaker("no limit of its own: the kubelet's `podPidsLimit` holds for every pod of the node"),
    ),
    "resources.requests.cpu": (
        does("`CpuShares`, 1024 per CPU"),
        does("`cpu.shares`, 1024 per CPU"),
        does("`requests.cpu`"),
    ),
    "resources.requests.memory": (
        does("`MemoryReservation`, a soft limit"),
        does("`memory.reservation`, a soft limit"),
        does("`requests.memory`"),
    ),
    "resources.cpuShares": (
        does("`CpuShares`"),
        does("`cpu.shares`"),
        no("shares follow from the request", "write `resources.requests.cpu`: 1024 shares are one CPU"),
    ),
    "resources.cpuset": (
        does("`CpusetCpus`"),
        does("`cpu.cpus`"),
        no("the node's CPU manager gives out whole CPUs", "leave it out; whole CPUs in `resources.cpu` may be pinned"),
    ),
    "resources.shm": (
        does("`ShmSize`"),
        does("`shm_size`; with a read-only root a tmpfs on /dev/shm"),
        does("the runtime's 64Mi, or an emptyDir in memory on /dev/shm"),
    ),
    "resources.shm/gvisor": (
        does("`ShmSize`"),
        does("`shm_size`; with a read-only root a tmpfs on /dev/shm"),
        weaker("gVisor has a /dev/shm of its own, which only the memory limit bounds"),
    ),
    "resources.disk": (
        does("`StorageOpt.size`; only on overlay over xfs with quotas, else the create fails"),
        does("`storage_opts.size`; only on overlay over xfs with quotas, else the create fails"),
        does("`limits.ephemeral-storage`: looked at about once a minute, then evicted"),
    ),
    "resources.gpus": (
        does("`DeviceRequests`, where the engine has the driver"),
        does("`devices` `nvidia.com/gpu=0`, …: by CDI, which the engine's host has to have", since="4.1"),
        does("`limits[nvidia.com/gpu]`"),
    ),
    "resources.gpus/all": (
        does("`DeviceRequests`, where the engine has the driver"),
        does("`devices` `nvidia.com/gpu=all`: by CDI, which the engine's host has to have", since="4.1"),
        no("a pod asks for a number of GPUs", "write how many"),
    ),
    "resources.scratch": (does("size of the tmpfs"), does("size of the tmpfs"), does("`emptyDir.sizeLimit`")),
    "resources.ulimits": (
        does("`Ulimits`"),
        does("`r_limits`"),
        weaker("no rlimits of its own: those of the node's container runtime"),
    ),
}

_LIFECYCLE: Mapping[str, Row] = {
    "lifecycle.ttl": (
        ours(
            "past its end it is `expired`: `list` says so, `apply` replaces it, `prune --expired` removes it",
            left="the engine does not end a command: it runs on until somebody runs `sandboxctl prune --expired`",
        ),
        does("`timeout`; past its end it is `expired`, although Podman counts from each start"),
        does("`activeDeadlineSeconds`"),
    ),
    "lifecycle.ttl/idle": everywhere(ours("the `sleep` that is the process ends then")),
    "lifecycle.stopGrace": (does("`StopTimeout`"), does("`stop_timeout`"), does("`terminationGracePeriodSeconds`")),
    "lifecycle.stopSignal": (
        does("`StopSignal`"),
        does("`stop_signal`"),
        no("pods are sent SIGTERM", "leave it out, and let the process answer SIGTERM"),
    ),
    "lifecycle.stopSignal/SIGTERM": (does("`StopSignal`"), does("`stop_signal`"), does("what pods are sent")),
    "lifecycle.init": (
        does("`Init`"),
        does("`init`"),
        ours("`shareProcessNamespace`: the pod's pause process is PID 1 and reaps"),
    ),
    "lifecycle.restart": (does("`RestartPolicy`"), does("`restart_policy`"), does("`restartPolicy`")),
    "lifecycle.restart.max": (
        does("`MaximumRetryCount`"),
        does("`restart_tries`"),
        no("a pod restarts without end", "leave `max` out"),
    ),
    "lifecycle.setup": everywhere(ours("run by exec after each start by sandboxctl, before it counts as ready")),
    "lifecycle.autoRemove": (
        does("`AutoRemove`"),
        does("`remove`"),
        no("a pod stays when it ends", "leave it out, and delete it with `prune --expired`"),
    ),
    "lifecycle.autoRemove/no": everywhere(does("kept when it ends")),
    "lifecycle.replace": _READ_BY_US,
    "lifecycle.ready": _READ_BY_US,
    "health": (
        does("`Healthcheck`"),
        does("`healthconfig`; run by systemd's timers, and by sandboxctl itself while it waits for readiness"),
        does("`readinessProbe`"),
    ),
}

_SECTIONS: Mapping[str, Row] = {
    "commit": (
        ours("an image is made of the writable layer, at the time that the spec names"),
        ours("an image is made of the writable layer, at the time that the spec names"),
        no("a pod's file system cannot become an image", "leave it out"),
    ),
    "docker": (ours("read by sandboxctl alone"), _ELSEWHERE, _ELSEWHERE),
    "docker.logging": (does("`LogConfig`"), _ELSEWHERE, _ELSEWHERE),
    "docker.options": (does("keyword arguments of the create call, from a closed list"), _ELSEWHERE, _ELSEWHERE),
    "podman": (_ELSEWHERE, ours("read by sandboxctl alone"), _ELSEWHERE),
    "podman.logging": (_ELSEWHERE, does("`log_configuration`"), _ELSEWHERE),
    "podman.pod": (
        _ELSEWHERE,
        ours("a pod of our own that shares its network alone, made before the first sandbox in it, gone with the last"),
        _ELSEWHERE,
    ),
    "podman.pod/beside network host": (
        _ELSEWHERE,
        no("a pod of the host's network has nothing of its own to share", "leave one of the two out"),
        _ELSEWHERE,
    ),
    **{
        f"podman.pod/beside {name}": (
            _ELSEWHERE,
            no(f"{name} would be the pod's, for all that are in it", "leave one of the two out"),
            _ELSEWHERE,
        )
        for name in ("network.ports", "network.dns", "network.hosts", "userNamespace")
    },
    "podman.pod/beside autoRemove": (
        _ELSEWHERE,
        no("nobody would remove the pod after the last in it", "leave one of the two out"),
        _ELSEWHERE,
    ),
    "podman.options": (_ELSEWHERE, does("keys of the create request, from a closed list"), _ELSEWHERE),
    "kubernetes": (_ELSEWHERE, _ELSEWHERE, ours("read by sandboxctl alone")),
    "kubernetes.namespace": (_ELSEWHERE, _ELSEWHERE, does("`metadata.namespace`")),
    "kubernetes.serviceAccount": (_ELSEWHERE, _ELSEWHERE, does("`serviceAccountName`")),
    "kubernetes.imagePullSecrets": (_ELSEWHERE, _ELSEWHERE, does("`imagePullSecrets`")),
    "kubernetes.nodeSelector": (_ELSEWHERE, _ELSEWHERE, does("`nodeSelector`")),
    "kubernetes.affinity": (_ELSEWHERE, _ELSEWHERE, does("`affinity`")),
    "kubernetes.tolerations": (_ELSEWHERE, _ELSEWHERE, does("`tolerations`")),
    "kubernetes.priorityClass": (_ELSEWHERE, _ELSEWHERE, does("`priorityClassName`")),
    "kubernetes.topologySpread": (_ELSEWHERE, _ELSEWHERE, does("`topologySpreadConstraints`")),
    "kubernetes.pod": (_ELSEWHERE, _ELSEWHERE, does("merged into the pod: what no field renders, from a closed list")),
}

ROWS: Mapping[str, Row] = {**_METADATA, **_IMAGE, **_PROCESS, **_RESOURCES, **_LIFECYCLE, **_SECTIONS}
