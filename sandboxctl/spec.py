"""What a sandbox is: the resolved spec, every default filled in (spec.md). Data only; no I/O and no engine's words.

Quantities are integers: `Bytes`, `MilliCpu`, `Milliseconds`. `None` means what the spec's page says where nothing is
written: the image's own (user, workdir, command), the engine's own (userNamespace), or nothing at all. Every name is
the spec's in snake case.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from sandboxctl.dataclass import dataclass, field
from sandboxctl.digest import hexadecimal
from sandboxctl.problems import Path, Problem, Range
from sandboxctl.quantity import Bytes, MilliCpu, Milliseconds

API_VERSION = "sandboxctl.dev/v1"
KIND = "Sandbox"
DEFAULT_WORKDIR = "/workspace"
BACKENDS = ("docker", "podman", "kubernetes")
FORMS = (*BACKENDS, "quadlet")
"""What a spec can be rendered as: the request to an engine each, or systemd's units for Podman."""

RESERVED_SUFFIXES = ("new", "old", "probe", "helper")
SETUP_REPOSITORY = "localhost/sandboxctl-setup"
ARCHIVE_REPOSITORY = "localhost/sandboxctl-archive"
BUILD_REPOSITORY = "localhost/sandboxctl-build"
OWN_REPOSITORIES = (SETUP_REPOSITORY, ARCHIVE_REPOSITORY, BUILD_REPOSITORY)


class Secret:
    """A sensitive text. Its value leaves only through `reveal`; printing or comparing by accident shows nothing."""

    __slots__ = ("_text", "origin", "path")

    def __init__(self, text: str, *, origin: str, path: Path = ()) -> None:
        self._text = text
        self.origin = origin  # where it came from, e.g. "fromEnv: TOKEN"; never the value
        self.path = path  # where the spec says so, if that is not at the variable's own name

    def reveal(self) -> str:
        """The value itself, for the engine's request."""
        return self._text

    def fingerprint(self, salt: bytes) -> str:
        """scrypt of the value under the object's own salt, 32 hex digits."""
        import hashlib  # OpenSSL, which only secrets need

        digest = hashlib.scrypt(self._text.encode("utf-8", "surrogatepass"), salt=salt, n=2**14, r=8, p=1, dklen=16)
        return digest.hex()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return f"Secret(origin={self.origin!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyReference:
    """One key of a Kubernetes Secret or ConfigMap, or of a Podman secret: the engine reads it, not we."""

    kind: Literal["secret", "configMap"]
    name: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretDigest:
    """All that an object remembers of a Secret: where it came from, and its fingerprint under the object's salt."""

    origin: str
    fingerprint: str


class TextDigest(str):
    """All that an object remembers of a plain file's content: `sha256:…`. It is never taken for the content itself."""

    __slots__ = ()


EnvValue = str | Secret | SecretDigest | KeyReference


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageBuild:
    """Built from a context directory, with the sha256 (hex) of what is sent of it once it has been read.

    `dockerfile` is relative to the context.
    """

    context: str
    digest: str
    dockerfile: str = "Dockerfile"
    target: str | None = None
    args: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSetup:
    """Commands that prepare the image once, in a throw-away container."""

    run: tuple[tuple[str, ...], ...]
    network: str = "bridge"
    user: str = "0:0"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageArchive:
    """A local archive, with the sha256 of its bytes (hex) once it has been read."""

    path: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """Exactly one of `ref` (normalised: `docker.io/library/busybox:1`), `build`, `archive`."""

    ref: str | None = None
    pull: Literal["missing", "always", "never"] = "missing"
    platform: str | None = None
    build: ImageBuild | None = None
    archive: ImageArchive | None = None
    setup: ImageSetup | None = None

    @property
    def base(self) -> str:
        """The reference of what is named, before any setup; of an archive or a build one that holds its digest."""
        if self.build is not None:
            build = self.build
            said = repr((build.digest, build.dockerfile, build.target, sorted(build.args.items()), self.platform))
            return f"{BUILD_REPOSITORY}:{hexadecimal(said.encode())[:32]}"
        if self.archive is not None:
            return f"{ARCHIVE_REPOSITORY}:{self.archive.digest[:32]}"
        return self.ref or ""

    @property
    def name(self) -> str:
        """The reference by which an engine knows the image that is run; of a prepared one, one that says from what."""
        if self.setup is None:
            return self.base
        said = repr((self.base, self.setup.run, self.setup.network, self.setup.user, self.platform))
        return f"{SETUP_REPOSITORY}:{hexadecimal(said.encode())[:32]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ulimit:
    """One rlimit; -1 is unlimited."""

    soft: int
    hard: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """The scheduling share, where written."""

    cpu: MilliCpu | None = None
    memory: Bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """Hard limits. `swap` is on top of `memory`."""

    cpu: MilliCpu = MilliCpu(1000)
    memory: Bytes = Bytes(512 * 2**20)
    swap: Bytes = Bytes(0)
    pids: int = 256
    requests: Requests = field(default_factory=Requests)
    cpu_shares: int | None = None
    cpuset: str | None = None
    shm: Bytes = Bytes(64 * 2**20)
    disk: Bytes | None = None
    gpus: str | int | None = None
    scratch: Bytes = Bytes(256 * 2**20)
    ulimits: Mapping[str, Ulimit] = field(
        default_factory=lambda: {"nofile": Ulimit(soft=1024, hard=1024), "core": Ulimit(soft=0, hard=0)}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """One published port; `host` 0 is any free one."""

    container: int
    host: int
    address: str = "127.0.0.1"
    protocol: Literal["tcp", "udp", "sctp"] = "tcp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dns:
    """The resolver of the sandbox."""

    servers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressRule:
    """One destination that may be reached: a CIDR with ports, or a domain."""

    cidr: str | None = None
    domain: str | None = None
    ports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """`mode` `named` is an existing (or, with `create`, our own) network called `name`."""

    mode: Literal["none", "bridge", "host", "named"] = "none"
    name: str | None = None
    create: bool = False
    internal: bool = False
    ports: tuple[Port, ...] = ()
    dns: Dns = field(default_factory=Dns)
    hosts: Mapping[str, str] = field(default_factory=dict)
    hostname: str | None = None
    egress: tuple[EgressRule, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BindMount:
    """A directory or file of the host. `source` is absolute; its owner and mode are judged by `rules`."""

    target: str
    source: str
    read_only: bool = True
    propagation: str | None = None
    selinux: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeMount:
    """A named volume or claim."""

    target: str
    source: str
    read_only: bool = False
    sub_path: str | None = None
    size: Bytes | None = None
    keep: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TmpfsMount:
    """Memory, owned by the sandbox's user."""

    target: str
    size: Bytes = Bytes(64 * 2**20)
    exec: bool = False
    mode: str = "0700"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMount:
    """One read-only file; `content` is a Secret where it is sensitive."""

    target: str
    content: str | Secret | SecretDigest
    mode: str = "0444"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectMount:
    """A ConfigMap or Secret of the engine as files."""

    target: str
    kind: Literal["configMap", "secret"]
    name: str
    items: Mapping[str, str] = field(default_factory=dict)


Mount = BindMount | VolumeMount | TmpfsMount | FileMount | ObjectMount


@dataclass(frozen=True, slots=True, kw_only=True)
class Seccomp:
    """`file` holds the profile's own JSON, canonical, in `profile`; `localhost` a path on the node."""

    kind: Literal["default", "unconfined", "file", "localhost"] = "default"
    path: str | None = None
    profile: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selinux:
    """SELinux options, as given."""

    user: str | None = None
    role: str | None = None
    type: str | None = None
    level: str | None = None
    disable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """Upper case, without `CAP_`, sorted; `drop` may be `("ALL",)`."""

    drop: tuple[str, ...] = ("ALL",)
    add: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One device node of the host."""

    source: str
    target: str
    permissions: str = "rw"


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """Resolved from the profile and what is written; `user` None is the image's."""

    profile: Literal["restricted", "baseline", "privileged"] = "restricted"
    user: int | None = 10001
    group: int | None = 10001
    groups: tuple[int, ...] = ()
    fs_group: int | None = 10001
    read_only_root: bool = True
    capabilities: Capabilities = field(default_factory=Capabilities)
    no_new_privileges: bool = True
    seccomp: Seccomp = field(default_factory=Seccomp)
    apparmor: str | None = None
    selinux: Selinux | None = None
    user_namespace: Literal["host", "auto", "keep-id", "private"] | None = None
    runtime: str = "default"
    privileged: bool = False
    devices: tuple[Device, ...] = ()
    sysctls: Mapping[str, str] = field(default_factory=dict)
    allow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """When the engine starts it again; `max` only with `on-failure`."""

    policy: Literal["never", "on-failure", "always"] = "never"
    max: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """When a start counts as done."""

    min_seconds: Milliseconds = Milliseconds(500)
    timeout: Milliseconds = Milliseconds(60_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """From start to end."""

    ttl: Milliseconds | None = None
    stop_grace: Milliseconds = Milliseconds(5_000)
    stop_signal: str = "SIGTERM"
    init: bool = True
    restart: Restart = field(default_factory=Restart)
    setup: tuple[tuple[str, ...], ...] = ()
    auto_remove: bool = False
    replace: Literal["stop-first", "start-first"] = "stop-first"
    ready: Ready = field(default_factory=Ready)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """A command that says whether the sandbox is well."""

    command: tuple[str, ...]
    interval: Milliseconds = Milliseconds(10_000)
    timeout: Milliseconds = Milliseconds(5_000)
    retries: int = 3
    start_period: Milliseconds = Milliseconds(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """When and as what the sandbox's layer becomes an image."""

    image: str
    when: Literal["manual", "before-replace", "before-delete", "on-exit"] = "manual"
    overwrite: bool = False
    message: str | None = None
    author: str | None = None
    pause: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendSection:
    """`docker`, `podman` or `kubernetes`: what only that backend knows. `settings` are the rest, JSON as written."""

    probe_image: str | None = None
    accept: tuple[str, ...] = ()
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """One sandbox, whole. `command` and `args` are as written; `run` is None where either is."""

    name: str
    project: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    backend: Literal["auto", "docker", "podman", "kubernetes"] = "auto"
    image: Image
    run: Literal["idle", "image"] | None = "idle"
    command: tuple[str, ...] | None = None
    args: tuple[str, ...] | None = None
    workdir: str | None = DEFAULT_WORKDIR
    tty: bool = False
    stdin: bool = False
    env: Mapping[str, EnvValue] = field(default_factory=dict)
    resources: Resources = field(default_factory=Resources)
    network: Network = field(default_factory=Network)
    mounts: tuple[Mount, ...] = ()
    security: Security = field(default_factory=Security)
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    health: Health | None = None
    commit: Commit | None = None
    docker: BackendSection = field(default_factory=BackendSection)
    podman: BackendSection = field(default_factory=BackendSection)
    kubernetes: BackendSection = field(default_factory=BackendSection)

    def secrets(self) -> tuple[Secret, ...]:
        """Every sensitive value in it."""
        files = (mount.content for mount in self.mounts if isinstance(mount, FileMount))
        return tuple(value for value in (*self.env.values(), *files) if isinstance(value, Secret))

    def section(self, backend: str) -> BackendSection:
        """The section of one backend; Podman's of its units too."""
        sections = {"docker": self.docker, "podman": self.podman, "kubernetes": self.kubernetes, "quadlet": self.podman}
        return sections[backend]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a sandbox was read: `marks` says where each written path is, so it also says what was written at all.

    Keys of `marks` are whole document paths (`("spec", "resources", "memory")`); the range is that of the value, of
    the key too in `key_marks`. `lines` is the text of the file for carets; `others` the same of overlays, by name.
    """

    filename: str
    document: int = 0
    marks: Mapping[Path, Range] = field(default_factory=dict)
    key_marks: Mapping[Path, Range] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def written(self, path: Path) -> bool:
        """Whether the spec itself says this, so that it is no default."""
        return path in self.marks

    def range(self, path: Path) -> Range | None:
        """The place of `path`, or of the nearest thing that holds it: of a map that lacks it, the map's key."""
        found = self._nearest(path)
        if found == path or self._says(found):
            return self.marks.get(found)
        return self.key_marks.get(found) or self.marks.get(found)

    def says(self, path: Path) -> bool:
        """Whether the spec itself says this, if only by a word that stands for a whole map; else it is a default."""
        found = self._nearest(path)
        return found == path or self._says(found)

    def _nearest(self, path: Path) -> Path:
        while path and path not in self.marks:
            path = path[:-1]
        return path

    def _says(self, path: Path) -> bool:
        """Of a written path: whether nothing is written below it, so that it is a word, and no map or list."""
        return bool(path) and not any(each[: len(path)] == path and each != path for each in self.marks)

    def line_text(self, place: Range | None) -> str | None:
        """The source line a range starts on."""
        if place is None:
            return None
        lines = self.lines if place.filename == self.filename else self.others.get(place.filename, self.lines)
        return lines[place.start.line - 1] if 0 < place.start.line <= len(lines) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A sandbox and where it came from; `loosened` are the warnings about what an overlay made weaker than its spec."""

    sandbox: Sandbox
    source: Source
    loosened: tuple[Problem, ...] = ()
