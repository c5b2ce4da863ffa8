"""What every backend is to the rest of the code: a Reader, a Writer, and facts. No engine's words, no I/O here.

Reads and writes are separate, so that a plan is given nothing that can write. A `ref` is the engine's own id of an
object; every destructive call takes the ref seen in the plan, never a name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import IO, TYPE_CHECKING, Literal, Protocol

from sandboxctl.dataclass import dataclass, field

if TYPE_CHECKING:
    from sandboxctl.fields import Wanted
    from sandboxctl.runner import ExecResult, Runner
    from sandboxctl.spec import Commit, Image, ImageBuild, Sandbox

Key = tuple[str, ...]
"""One comparable field: `("resources", "memory")`, `("mounts", "/data", "readOnly")`, see `fields`."""

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Facts about an engine, from its answers. `id` may be empty until `Reader.identify` has asked for it.

    `default_capabilities` are what a container has that drops none, () where the engine does not say;
    `added_capabilities_reach_users`: one that is added becomes effective for a user that is not root.
    `controllers` are those of its control groups, () where it does not say. `health_on_demand`: nobody may be running
    the health command there, so that `Writer.check_health` does.
    `namespace` is where names are unique, "" for the whole engine. `node_images`: each node pulls for itself, so a
    reference is its own id. `restarts`: what has ended can be started again. `lists_only_ours`: the list of containers
    leaves strangers out. `pods`: a sandbox is one container of a pod, so pid 1 may be another's, the network is closed
    by rules that nothing inside can see, and the node decides about the control groups' namespace. `data_root` is its
    own directory on its host; `shows_env`: whoever may ask it reads every variable of a container.
    `storage` is the driver of its layers. `sub_paths`: a part of a volume can be mounted; an older engine mounts the
    whole of it, and says nothing. `shared_pods`: its reader is a PodReader; `keeps_secrets`: a SecretReader.
    `adds_nothing`: the variables, labels and commands that its inspect shows are the image's and the request's alone.
    """

    backend: str
    endpoint: str
    version: str
    id: str = ""
    staging: Literal["rename", "marker"] = "rename"
    local: bool = True
    rootless: bool = False
    cgroup_version: Literal[1, 2] = 1
    controllers: tuple[str, ...] = ()
    security_modules: tuple[str, ...] = ()
    runtimes: tuple[str, ...] = ()
    milli_cpus: int = 0
    default_capabilities: tuple[str, ...] = ()
    added_capabilities_reach_users: bool = False
    health_on_demand: bool = False
    namespace: str = ""
    node_images: bool = False
    restarts: bool = True
    lists_only_ours: bool = False
    pods: bool = False
    data_root: str = ""
    storage: str = ""
    shows_env: bool = False
    sub_paths: bool = False
    shared_pods: bool = False
    keeps_secrets: bool = False
    adds_nothing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalImage:
    """One image of the engine: its id, normalised references (with tag) and repo digests (`name@sha256:…`)."""

    id: str
    references: tuple[str, ...]
    digests: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    created: float = 0.0  # by the engine's clock, in seconds since the epoch


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageConfig:
    """What an image itself says, as far as it matters: needed for a create, never for a no-op."""

    id: str
    user: str = ""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    workdir: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    volumes: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFacts:
    """A network that exists; `ours`: sandboxctl made it."""

    ours: bool
    internal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PodFacts:
    """A pod that exists, for several sandboxes; `ours`: sandboxctl made it, with this network (mode, or name)."""

    ours: bool
    network: str


RunState = Literal["created", "running", "paused", "restarting", "removing", "exited", "dead"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How the object is, right now. Times are seconds since the epoch, by the engine's clock.

    `waiting` is why it does not run yet, in the engine's words; `doomed`: that will not heal by itself.
    """

    state: RunState
    exit_code: int | None = None
    oom_killed: bool = False
    health: Literal["starting", "healthy", "unhealthy"] | None = None
    pid: int | None = None
    created: float | None = None
    started: float | None = None
    error: str = ""
    waiting: str = ""
    doomed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One object as the engine's list shows it: enough to know whose it is, not what it is.

    `identity` is what its own label of that name must repeat, where that binds the labels and not the image's id.
    """

    ref: str
    name: str
    labels: Mapping[str, str]
    image_id: str
    state: RunState
    created: float | None = None
    identity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """One live object in the spec's own words, as far as its inspect shows them.

    `container` is the runtime's id of its container, where that is not the ref; `file_volumes` the volumes of ours that
    hold its files, by target. `gate` is who saw, before it started,
    that its network is closed: a probe image, or only its own. `inherited` is what it has from its image, None where
    nobody has asked for that.

    `filled_in` are those of `fields` that the engine sets by itself, where nobody else sets them to that.

    `fields` holds only what is set, by the keys of `fields.Wanted`. What this kind of inspect can never show is
    listed in the backend's `hidden` (see `Backend`), and covered by the spec hash.
    """

    ref: str
    name: str
    labels: Mapping[str, str]
    image_id: str
    status: Status
    fields: Mapping[Key, Json] = field(repr=False)  # env values among them, sensitive ones too
    ports: tuple[str, ...] = ()
    identity: str = ""
    container: str = ""
    file_volumes: Mapping[str, str] = field(default_factory=dict)
    filled_in: frozenset[Key] = frozenset()
    gate: Literal["probe", "inside"] | None = None
    inherited: Mapping[Key, Json] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """A rendered sandbox in the backend's own words, checked against the closed payload schema.

    `documents` are what is sent, in the order of creation (one for a container, several manifests on Kubernetes).
    `masked` are the same with every sensitive value covered, for showing; `secrets` are those values.
    """

    backend: str
    name: str
    documents: tuple[dict[str, Json], ...] = field(repr=False)
    masked: tuple[dict[str, Json], ...]
    secrets: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Helper:
    """A container of ours for a moment. One that looks is in the pid and network namespaces of `container`.

    It runs as the same user (None: the image's), with no capabilities and nothing writable (engines.md, section 13).
    """

    image: str
    container: str = ""
    command: tuple[str, ...] = ("true",)
    name: str = ""
    user: tuple[int, int] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    memory: int = 64 * 2**20
    pids: int = 64


class Reader(Protocol):
    """Looks, and never changes anything. Every method raises UnreachableError where the engine does not answer."""

    def engine(self) -> Engine:
        """What the answers so far say about the engine; makes a request only if there was none."""

    def identify(self) -> Engine:
        """The engine with its id and all facts: one more request."""

    def containers(self) -> Sequence[Listed]:
        """Every container that exists, foreign ones included. One request."""

    def images(self) -> Sequence[LocalImage]:
        """Every local image. One request."""

    def observe(self, ref: str) -> Observed | None:
        """One object by ref or name; None if it is not there. One request."""

    def about_to_observe(self, refs: Sequence[str]) -> AbstractContextManager[None]:
        """Inside, exactly these are observed next, in this order: an engine may be asked ahead. It decides nothing."""

    def status(self, ref: str) -> Status | None:
        """Its run state alone."""

    def image_config(self, image: str) -> ImageConfig | None:
        """What an image says; None if it is not there."""

    def network(self, name: str) -> NetworkFacts | None:
        """The network of this name; None if it is not there."""

    def volume_labels(self, name: str) -> Mapping[str, str] | None:
        """The labels of a volume; None if it is not there."""

    def own_volumes(self) -> Mapping[str, Mapping[str, str]]:
        """The volumes that carry our label, with their labels. Empty where a sandbox's files are in none."""

    def now(self) -> float:
        """The engine's clock, in seconds since the epoch, as of its last answer."""

    def logs(self, ref: str, *, tail: int | None, follow: bool) -> Iterator[tuple[Literal[1, 2], bytes]]:
        """Chunks of (1 = stdout, 2 = stderr)."""

    def close(self) -> None:
        """Lets connections go."""


class PodReader(Reader, Protocol):
    """What a reader can do besides, where `Engine.shared_pods`."""

    def pod(self, name: str) -> PodFacts | None:
        """The pod of this name; None if it is not there."""


class SecretReader(Reader, Protocol):
    """What a reader can do besides, where `Engine.keeps_secrets`."""

    def has_secret(self, name: str) -> bool:
        """Whether the engine's own store has a secret of this name."""


class Writer(Protocol):
    """Changes things. What is gone already is success. Raises EngineError, UnreachableError or ConflictError."""

    def pull(self, image: str, *, platform: str | None, progress: Callable[[str], None]) -> str:
        """Pulls a reference; returns the image id. InvalidError for what does not exist there."""

    def load(self, path: str, *, reference: str) -> str:
        """Loads an archive (docker, OCI or a root file system tar) under `reference`; returns the image id."""

    def build(self, image: Image, how: ImageBuild, context: IO[bytes], *, progress: Callable[[str], None]) -> str:
        """Builds from the tar of its context, under `image.base`; returns the image id.

        Raises FailedError with its last lines where a step of it fails.
        """

    def create(self, payload: Payload, *, name: str) -> str:
        """Creates under `name`; returns the ref. A warning about a security or resource field raises EngineError."""

    def start(self, ref: str) -> None:
        """Starts it."""

    def check_health(self, ref: str) -> None:
        """Runs the health command once, where `Engine.health_on_demand`; the engine then tells how it went."""

    def wait(self, ref: str) -> int:
        """Blocks until it ends; its exit code. Asked before a start where the engine removes what has ended."""

    def unpause(self, ref: str) -> None:
        """Lets it go on."""

    def stop(self, ref: str, *, grace: int) -> None:
        """Asks it to end, kills it after `grace` seconds."""

    def rename(self, ref: str, name: str) -> None:
        """The commit point."""

    def update(self, ref: str, changes: Mapping[Key, Json], payload: Payload) -> None:
        """Changes live fields in place."""

    def delete(self, ref: str) -> None:
        """Removes it, with its anonymous volumes, running or not."""

    def make_directory(self, ref: str, path: str, *, user: int, group: int) -> None:
        """A directory in the writable layer of a created container, owned by these ids."""

    def create_volume(self, name: str, *, labels: Mapping[str, str], user: int, group: int, helper: Helper) -> None:
        """A named volume owned by these ids, mode 0700. `helper` is what may be needed for that, and is gone then."""

    def delete_volume(self, name: str) -> None:
        """Removes a volume."""

    def run_probe(self, helper: Helper, *, name: str) -> ExecResult:
        """Runs a helper container to its end and removes it."""

    def close(self) -> None:
        """Lets connections go."""


class RenamingWriter(Writer, Protocol):
    """What a writer can do besides, where `Engine.staging` is `rename`."""

    def create_helper(self, helper: Helper) -> str:
        """A container that is never started and only stands there, with its name and labels; returns the ref."""


class LayerWriter(Writer, Protocol):
    """What a writer can do besides, where the engine itself keeps images and layers (not `Engine.node_images`)."""

    def commit(self, ref: str, commit: Commit, *, labels: Mapping[str, str], process: ImageConfig | None = None) -> str:
        """Makes an image of the writable layer under `commit.image`, with these labels; returns its id.

        It runs what the container ran, or what `process` says.
        """

    def delete_image(self, reference: str) -> None:
        """Takes a name from an image, and the image away with its last one, but nothing that it was made from.

        Gone already is success; ConflictError for one in use.
        """

    def create_network(self, name: str, *, internal: bool, labels: Mapping[str, str]) -> None:
        """A bridge of its own; `internal` has no way out."""

    def delete_network(self, name: str) -> None:
        """Gone already is success; one with somebody in it is an error."""

    def create_file(
        self,
        volume: str,
        content: bytes,
        *,
        mode: int,
        owner: tuple[int, int],
        labels: Mapping[str, str],
        helper: Helper,
    ) -> str:
        """One file in a volume of its own (`file_volumes`); returns where the engine has it."""


class MarkingWriter(Writer, Protocol):
    """What a writer can do besides, where `Engine.staging` is `marker`: one name, no rename, a mark written last."""

    def ready_for(self, sandbox: Sandbox) -> Sandbox:
        """The spec with all that its render needs to know of this engine, looked at now.

        Raises FailedError where that shows that a promise could never be proved.
        """

    def rehearse(self, payload: Payload, *, replaces: bool) -> None:
        """Asks the engine whether it would take it, in the place of one that is there or not; nothing is done."""

    def capture(self, ref: str) -> Payload:
        """The live object with all that belongs to it, as it could be made again."""

    def mark(self, ref: str, text: str) -> None:
        """The commit point: from here on it is finished, and is what `text` says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How the command line, the spec and the environment say an engine is reached. None: the engine's own default.

    `acknowledged`: whoever says it knows that an address may be plain TCP, off the loopback. `cache`: what never
    changes may be kept on this machine. `timeout` in seconds.
    """

    docker_host: str | None = None
    docker_context: str | None = None
    podman_uri: str | None = None
    kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None
    acknowledged: bool = False
    cache: bool = True
    timeout: float = 30.0


class Backend(Protocol):
    """One engine kind: its reader, its writer, and what is special in how it sees a spec (its `native` module).

    `sdk` is the Python package that its writer needs.
    """

    name: str
    reader: Reader
    hidden: frozenset[Key]
    sdk: str | None

    @property
    def dormant(self) -> bool:
        """Whether nothing of it runs, so that the first question would start something. Asks nothing itself."""

    @property
    def runner(self) -> Runner:
        """Made on first use."""

    @property
    def writer(self) -> Writer:
        """Made, and its SDK imported, on first use. Raises MissingSdkError."""

    def wanted(self, sandbox: Sandbox) -> Wanted:
        """The comparable fields of a spec in the form in which this engine shows them."""

    def close(self) -> None:
        """Lets connections go."""
