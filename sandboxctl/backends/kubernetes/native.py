"""Kubernetes' words into ours: the inverse of templates/kubernetes, and a spec as a cluster can show it. Pure.

Seen on v1.34.4 with containerd 1.6. What a pod has no field for (pids, ulimits, a tmpfs's mode) is in neither side of a
comparison: `capabilities` says that it is weaker there.
"""

from __future__ import annotations

from calendar import timegm
from collections.abc import Callable, Mapping
from typing import Any, cast

from sandboxctl import derive, fields
from sandboxctl.backends.base import Json, Key, Listed, Observed
from sandboxctl.backends.kubernetes import condition, inspection, passed_on
from sandboxctl.backends.kubernetes.inspection import Surroundings
from sandboxctl.dataclass import dataclass, field
from sandboxctl.fields import Wanted, within
from sandboxctl.image_reference import normalise
from sandboxctl.ownership import IDENTITY, MANAGED, NAME, PREFIX, SALT, SPEC_HASH
from sandboxctl.problems import Path
from sandboxctl.spec import FileMount, Sandbox, Secret, SecretDigest, VolumeMount

HIDDEN: frozenset[Key] = frozenset(
    {
        ("image", "platform"),
        ("run",),
        ("lifecycle", "setup"),
        ("mounts", "*", "claimSize"),
    }
)
"""What a pod does not show; everything else is compared on every plan."""

_NO_FIELD: tuple[Key, ...] = (
    ("resources", "pids"),
    ("resources", "ulimits"),
    ("resources", "swap"),
    ("lifecycle", "autoRemove"),
    ("lifecycle", "stopSignal"),
    ("mounts", "*", "exec"),
    ("mounts", "*", "owner"),
    ("mounts", "*", "selinux"),
)
_SALT = "sandboxctl.dev.salt"  # the key in a Secret, which may hold no slash


def wanted(sandbox: Sandbox) -> Wanted:
    """The spec's fields as a cluster shows them."""
    generic = fields.wanted(sandbox)
    out = _Rewrite(values=dict(generic.fields), paths=dict(generic.paths), secrets=dict(generic.secrets))
    out.drop(lambda key: any(within(key, prefix) for prefix in _NO_FIELD))
    out.drop(lambda key: key[0] == "mounts" and key[-1] == "mode" and out.values.get((*key[:-1], "type")) == "tmpfs")
    _requests(out)
    _network(out, sandbox)
    _mounts(out, sandbox)
    _seconds(out)
    if sandbox.run == "idle":  # it is in what `sleep` is given
        out.drop(lambda key: key == ("lifecycle", "ttl"))
    if sandbox.security.runtime == "default":
        out.drop(lambda key: key == ("security", "runtime"))
    _placement(out, sandbox)
    for key, value, path in passed_on.wanted(sandbox.kubernetes.settings):
        out.put(key, value, path)
    if "service-account-token" in sandbox.security.allow:
        out.put(("kubernetes", "serviceAccountToken"), True, ("spec", "security", "allow"))
    return Wanted(fields=out.values, paths=out.paths, secrets=out.secrets)


@dataclass(slots=True, kw_only=True)
class _Rewrite:
    """The fields of a spec on their way into a cluster's words."""

    values: dict[Key, Json]
    paths: dict[Key, Path]
    secrets: dict[Key, Secret | SecretDigest]

    def drop(self, which: Callable[[Key], bool]) -> None:
        for key in [key for key in self.values if which(key)]:
            del self.values[key]

    def put(self, key: Key, value: Json, path: Path) -> None:
        self.values[key] = value
        self.paths.setdefault(key, path)


def _requests(out: _Rewrite) -> None:
    """Without a word about them they are the limits: a quota asks for both."""
    for name in ("cpu", "memory"):
        key: Key = ("resources", "requests", name)
        if key not in out.values:
            out.put(key, out.values["resources", name], ("spec", "resources", name))


def _network(out: _Rewrite, sandbox: Sandbox) -> None:
    """A closed policy is `none`, whichever words asked for it; a Service has no address of its own."""
    network = sandbox.network
    if network.mode == "bridge" and network.egress == ():
        out.values["network", "mode"] = "none"
    if not network.egress:
        out.drop(lambda key: key == ("network", "egress"))
    elif network.egress is not None:
        rules = [{"cidr": rule.cidr, "ports": [_with_protocol(port) for port in rule.ports]} for rule in network.egress]
        out.values["network", "egress"] = cast("Json", rules)
    if network.ports:
        ports = sorted((port.container, port.protocol, port.host or port.container) for port in network.ports)
        out.values["network", "ports"] = [
            {"container": container, "host": host, "protocol": protocol} for container, protocol, host in ports
        ]


def _placement(out: _Rewrite, sandbox: Sandbox) -> None:
    """A platform is asked for by the labels that every node has."""
    written = sandbox.kubernetes.settings.get("nodeSelector")
    selector: dict[str, Json] = dict(written) if isinstance(written, Mapping) else {}
    os, _, machine = (sandbox.image.platform or "").partition("/")
    if os:
        selector |= {"kubernetes.io/os": os, "kubernetes.io/arch": machine.partition("/")[0]}
    for name, text in selector.items():
        out.put(("kubernetes", "nodeSelector", name), text, ("spec", "kubernetes", "nodeSelector", name))


def _with_protocol(port: str) -> str:
    return port if "/" in port else f"{port}/tcp"


def _mounts(out: _Rewrite, sandbox: Sandbox) -> None:
    """The size of a claim is the claim's own, and only asked for when it is made; a sensitive file is in a Secret."""
    for mount in derive.mounts(sandbox):
        if isinstance(mount, FileMount):
            key = ("mounts", mount.target, "content")
            out.values["mounts", mount.target, "mode"] = f"{int(mount.mode, 8):04o}"
            if not isinstance(mount.content, str):
                del out.values[key]
                out.secrets[key] = mount.content
        if isinstance(mount, VolumeMount) and mount.size is not None:
            path = out.paths["mounts", mount.target, "size"]
            del out.values["mounts", mount.target, "size"]
            out.put(("mounts", mount.target, "claimSize"), mount.size, path)
    workdir = derive.workdir_beside_layer(sandbox)
    if workdir is not None:
        out.put(("mounts", workdir, "type"), "tmpfs", ("spec", "workdir"))
        out.put(("mounts", workdir, "size"), sandbox.resources.scratch, ("spec", "resources", "scratch"))


def _seconds(out: _Rewrite) -> None:
    """Kubernetes counts whole seconds, rounded up."""
    for key in (
        ("lifecycle", "stopGrace"),
        ("lifecycle", "ttl"),
        *(("health", name) for name in ("interval", "timeout", "startPeriod")),
    ):
        value = out.values.get(key)
        if isinstance(value, int):
            out.values[key] = -(-value // 1000) * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A pod as the API shows it, with what is its own around it."""

    pod: Mapping[str, Any]
    around: Surroundings = field(default_factory=Surroundings)


def labels(pod: Mapping[str, Any], around: Surroundings | None = None) -> dict[str, str]:
    """Selectors are labels there, the rest annotations, and the salt is in the Secret; ours are one map here."""
    metadata = pod["metadata"]
    ours = {name: text for name, text in (metadata.get("annotations") or {}).items() if name.startswith(PREFIX)}
    salt = inspection.plain(around.secret, _SALT) if around is not None and around.secret is not None else None
    return {**ours, **({SALT: salt} if salt else {}), **(metadata.get("labels") or {})}


def identity(pod: Mapping[str, Any], manager: str) -> str:
    """Where it is, if our field manager made it; else what no label of it says."""
    metadata = pod["metadata"]
    managers = {each.get("manager") for each in metadata.get("managedFields") or []}
    if manager not in managers:
        return "another field manager made it"
    return f"{metadata['namespace']}/{metadata['name']}"


def bound(namespace: str, name: str) -> dict[str, str]:
    """The label that binds the others."""
    return {IDENTITY: f"{namespace}/{name}"}


def listed(pod: Mapping[str, Any], manager: str) -> Listed:
    """One entry of a list."""
    metadata = pod["metadata"]
    status = condition.status(pod)
    return Listed(
        ref=metadata["uid"],
        name=metadata["name"],
        labels=labels(pod),
        image_id=image(pod),
        state=status.state,
        created=status.created,
        identity=identity(pod, manager),
    )


def is_of_a_sandbox(policy: Mapping[str, Any]) -> bool:
    """Whether sandboxctl made it for a sandbox of its name."""
    metadata = policy["metadata"]
    found = metadata.get("labels") or {}
    return found.get(MANAGED) == "true" and found.get(NAME) == metadata["name"]


def leftover(policy: Mapping[str, Any], manager: str) -> Listed:
    """A sandbox of which no more than its policy is there: never finished, or gone but for this."""
    metadata = policy["metadata"]
    return Listed(
        ref=metadata["uid"],
        name=metadata["name"],
        labels={**labels(policy), SPEC_HASH: "none", IDENTITY: identity(policy, manager)},
        image_id="",
        state="dead",
        created=condition.seconds(metadata.get("creationTimestamp")),
        identity=identity(policy, manager),
    )


def image(pod: Mapping[str, Any]) -> str:
    """The reference that the sandbox's container was made from."""
    return normalise(str(inspection.container(pod).get("image", "")))


def observed(found: Found, manager: str) -> Observed:
    """One pod in the spec's own words."""
    pod = found.pod
    metadata, spec = pod["metadata"], pod["spec"]
    container = inspection.container(pod)
    values: dict[Key, Json] = {}
    for part in (
        inspection.read_process(container, found.around),
        inspection.read_metadata(metadata),
        inspection.read_resources(spec, container, pod.get("status") or {}),
        inspection.read_network(pod, found.around),
        inspection.read_mounts(spec, container, found.around),
        inspection.read_security(spec, container),
        inspection.read_lifecycle(spec, container),
        passed_on.read(pod),
    ):
        values.update({key: value for key, value in part.items() if value is not None})
    return Observed(
        ref=metadata["uid"],
        name=metadata["name"],
        labels=labels(pod, found.around),
        image_id=image(pod),
        status=condition.status(pod),
        fields=values,
        ports=inspection.published(found.around.service),
        identity=identity(pod, manager),
        container=condition.container_id(pod),
        gate=condition.gate(pod),
    )


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def http_date(text: str) -> float:
    """The server's `Date` header (`Wed, 25 Nov 2026 03:29:22 GMT`) → seconds since the epoch."""
    _, day, month, year, clock, _ = text.split()
    hour, minute, second = clock.split(":")
    moment = (int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second))
    return float(timegm((*moment, 0, 0, 0)))
