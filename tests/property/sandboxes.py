"""Any sandbox: strategies for the model, each value one that a spec could say."""

from __future__ import annotations

from hypothesis import strategies as st

from sandboxctl.quantity import Bytes, MilliCpu, Milliseconds
from sandboxctl.spec import (
    BackendSection,
    BindMount,
    Capabilities,
    Commit,
    Device,
    Dns,
    FileMount,
    Health,
    Image,
    ImageArchive,
    KeyReference,
    Lifecycle,
    Mount,
    Network,
    ObjectMount,
    Port,
    Ready,
    Requests,
    Resources,
    Restart,
    Sandbox,
    Seccomp,
    Secret,
    Security,
    Selinux,
    TmpfsMount,
    Ulimit,
    VolumeMount,
)

NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,10}[a-z0-9]", fullmatch=True)
VARIABLES = st.from_regex(r"[A-Z][A-Z0-9_]{0,8}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
PATHS = st.from_regex(r"/[a-z]{1,6}(/[a-z .]{1,6}[a-z])?", fullmatch=True)
BYTES = st.integers(1, 2**40).map(Bytes)
TIMES = st.integers(0, 100_000).map(lambda seconds: Milliseconds(seconds * 1000))
IDS = st.integers(0, 2**31)
WORDS = st.lists(TEXTS, min_size=1, max_size=3).map(tuple)


def optional(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.none() | strategy


SECRETS = st.builds(Secret, TEXTS, origin=st.just("fromEnv: X"))
IMAGES = st.builds(
    Image,
    ref=NAMES.map(lambda name: f"docker.io/library/{name}:1"),
    pull=st.sampled_from(["missing", "always", "never"]),
    platform=optional(st.just("linux/amd64")),
) | st.builds(Image, archive=st.builds(ImageArchive, path=PATHS, digest=st.just("ab" * 32)))
ENV = st.dictionaries(
    VARIABLES,
    TEXTS | st.builds(KeyReference, kind=st.sampled_from(["secret", "configMap"]), name=NAMES, key=NAMES),
    max_size=3,
)
RESOURCES = st.builds(
    Resources,
    cpu=st.integers(10, 64_000).map(MilliCpu),
    memory=BYTES,
    swap=BYTES,
    pids=st.integers(1, 4096),
    requests=st.builds(Requests, memory=optional(BYTES)),
    cpu_shares=optional(st.integers(2, 262144)),
    cpuset=optional(st.just("0-1")),
    shm=BYTES,
    scratch=BYTES,
    ulimits=st.dictionaries(
        st.sampled_from(["nofile", "core", "nproc"]), st.builds(Ulimit, soft=IDS, hard=IDS), max_size=2
    ),
)
PORTS = st.builds(
    Port, container=st.integers(1, 65535), host=st.integers(0, 65535), protocol=st.sampled_from(["tcp", "udp"])
)
NETWORKS = st.builds(
    Network,
    mode=st.sampled_from(["none", "bridge"]),
    ports=st.lists(PORTS, max_size=2).map(tuple),
    dns=st.builds(Dns, servers=st.just(()) | st.just(("192.0.2.1",))),
    hosts=st.dictionaries(NAMES, st.just("192.0.2.9"), max_size=2),
    hostname=optional(NAMES),
)
MOUNTS: st.SearchStrategy[Mount] = st.one_of(
    st.builds(BindMount, target=PATHS, source=PATHS, read_only=st.booleans()),
    st.builds(VolumeMount, target=PATHS, source=NAMES, read_only=st.booleans(), keep=st.booleans()),
    st.builds(TmpfsMount, target=PATHS, size=BYTES, exec=st.booleans(), mode=st.sampled_from(["0700", "1777"])),
    st.builds(FileMount, target=PATHS, content=TEXTS),
    st.builds(ObjectMount, target=PATHS, kind=st.sampled_from(["configMap", "secret"]), name=NAMES),
)
SECURITY = st.builds(
    Security,
    user=optional(IDS),
    group=optional(IDS),
    groups=st.lists(IDS, max_size=2, unique=True).map(lambda found: tuple(sorted(found))),
    fs_group=optional(IDS),
    read_only_root=st.booleans(),
    capabilities=st.builds(
        Capabilities, drop=st.sampled_from([(), ("ALL",)]), add=st.sampled_from([(), ("NET_ADMIN",)])
    ),
    no_new_privileges=st.booleans(),
    seccomp=st.sampled_from([Seccomp(), Seccomp(kind="unconfined"), Seccomp(kind="file", profile="{}")]),
    selinux=optional(st.builds(Selinux, type=optional(NAMES), disable=st.booleans())),
    privileged=st.booleans(),
    devices=st.lists(st.builds(Device, source=PATHS, target=PATHS), max_size=1).map(tuple),
    sysctls=st.dictionaries(st.just("net.core.somaxconn"), st.just("77")),
    allow=st.sampled_from([(), ("root-user",)]),
)
LIFECYCLES = st.builds(
    Lifecycle,
    ttl=optional(TIMES),
    stop_grace=TIMES,
    stop_signal=st.sampled_from(["SIGTERM", "SIGINT"]),
    init=st.booleans(),
    restart=st.builds(Restart, policy=st.sampled_from(["never", "on-failure", "always"])),
    replace=st.sampled_from(["stop-first", "start-first"]),
    ready=st.builds(Ready, min_seconds=TIMES),
)


def _sandbox(**parts: object) -> Sandbox:
    """With one mount for each target, and a process of one of the four kinds."""
    mounts = {mount.target: mount for mount in parts.pop("mounts")}  # type: ignore[attr-defined]
    run, command, args = parts.pop("process")  # type: ignore[misc]
    return Sandbox(**parts, mounts=tuple(mounts.values()), run=run, command=command, args=args)  # type: ignore[arg-type]


PROCESSES = st.one_of(
    st.just(("idle", None, None)),
    st.just(("image", None, None)),
    st.tuples(st.none(), WORDS, optional(WORDS)),
    st.tuples(st.none(), st.none(), WORDS),
)
SANDBOXES = st.builds(
    _sandbox,
    name=NAMES,
    project=optional(NAMES),
    labels=st.dictionaries(NAMES, TEXTS, max_size=2),
    annotations=st.dictionaries(NAMES.map(lambda name: f"a/{name}"), TEXTS, max_size=1),
    image=IMAGES,
    process=PROCESSES,
    workdir=optional(PATHS),
    tty=st.booleans(),
    stdin=st.booleans(),
    env=ENV,
    resources=RESOURCES,
    network=NETWORKS,
    mounts=st.lists(MOUNTS, max_size=3),
    security=SECURITY,
    lifecycle=LIFECYCLES,
    health=optional(st.builds(Health, command=WORDS, interval=TIMES)),
    commit=optional(st.builds(Commit, image=NAMES)),
    docker=st.builds(BackendSection, probe_image=optional(NAMES), accept=st.sampled_from([(), ("network",)])),
)
"""Without secrets, whose fingerprints take their time."""
