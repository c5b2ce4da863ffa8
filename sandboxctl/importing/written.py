"""What is live, in comparable fields → a spec that says the same, as it would be written. Pure.

Everything is said here, defaults too; `importing` takes away again what goes without saying.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import cast

from sandboxctl import pod_patch
from sandboxctl.backends.base import ImageConfig, Json, Key
from sandboxctl.quantity import format_bytes, format_cpu, format_duration
from sandboxctl.rules.process import sounds_secret
from sandboxctl.spec import API_VERSION, BACKENDS, KIND, Sandbox, TmpfsMount, VolumeMount

Written = dict[str, Json]

_BYTES = frozenset({"memory", "swap", "shm", "disk", "size"})
_DURATIONS = frozenset({"ttl", "stopGrace", "interval", "timeout", "startPeriod"})
_KINDS = frozenset({"bind", "volume", "tmpfs", "file", "configMap", "secret"})
_MODES = ("none", "bridge", "host")
_SCRATCH = TmpfsMount(target="", exec=True)
_NOT_WRITTEN = frozenset({"owner", "medium"})
"""Parts of a mount that follow from other fields."""


def document(
    name: str,
    fields: Mapping[Key, Json],
    *,
    image: ImageConfig | None,
    project: str | None,
    secrets: frozenset[str] = frozenset(),
    applied: Sandbox | None = None,
    contents: Mapping[str, str] = MappingProxyType({}),
) -> Written:
    """A whole spec. The variables of `secrets`, and those that sound like one, are left to the environment.

    `contents` are those of files, by their target; any other file is left to be written (`sources`).

    `applied` says what runs in the words of the spec, where it is still that: inspect may show image and spec as one.
    """
    metadata: Written = {"name": name, "project": project, **_tables(fields, ("labels", "annotations"))}
    spec: Written = {
        "image": _image(fields),
        **(_process(fields, image) if applied is None else _applied_process(fields, applied)),
        "env": _environment(_without_the_pods(fields, applied), image, secrets),
        "resources": _resources(fields),
        "network": _network(name, fields),
        "mounts": _mounts(fields, contents, _sizes(applied)),
        "security": _security(fields),
        "lifecycle": _quantities(_below(fields, ("lifecycle",))),
        "health": _quantities(_below(fields, ("health",))),
        **{backend: _section(fields, backend, applied) for backend in BACKENDS},
    }
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {key: value for key, value in metadata.items() if value not in (None, {})},
        "spec": {key: value for key, value in spec.items() if value not in (None, {}, [])},
    }


def _section(fields: Mapping[Key, Json], backend: str, applied: Sandbox | None) -> Written:
    """Of a pod lists are shown item by item, and with what others added: what was applied says it better."""
    if backend == "kubernetes" and applied is not None:
        return cast("Written", dict(applied.kubernetes.settings))
    return _below(fields, (backend,))


def _without_the_pods(fields: Mapping[Key, Json], applied: Sandbox | None) -> Mapping[Key, Json]:
    """Without the variables that `kubernetes.pod` says."""
    pod = None if applied is None else applied.kubernetes.settings.get("pod")
    added = {("env", name) for _, name in pod_patch.variables(pod)}
    return {key: value for key, value in fields.items() if key not in added}


def _sizes(applied: Sandbox | None) -> Mapping[str, int]:
    """What volumes were asked to have, by their target: no pod shows it."""
    mounts = () if applied is None else applied.mounts
    return {mount.target: mount.size for mount in mounts if isinstance(mount, VolumeMount) and mount.size is not None}


def _below(fields: Mapping[Key, Json], prefix: Key) -> Written:
    """The fields below a prefix, nested again."""
    nested: Written = {}
    for key, value in sorted(fields.items()):
        if key[: len(prefix)] != prefix or len(key) == len(prefix) or value is None:
            continue
        level = nested
        for part in key[len(prefix) : -1]:
            level = cast("Written", level.setdefault(part, {}))
        level[key[-1]] = value
    return nested


def _tables(fields: Mapping[Key, Json], names: Iterable[str]) -> Written:
    return {name: _below(fields, (name,)) for name in names}


def _image(fields: Mapping[Key, Json]) -> Json:
    platform = fields.get(("image", "platform"))
    ref = fields[("image",)]
    return ref if platform is None else {"ref": ref, "platform": platform}


def _process(fields: Mapping[Key, Json], image: ImageConfig | None) -> Written:
    """`run` where the command says no more than that, the command where it does."""
    command, args = fields.get(("command",)), fields.get(("args",))
    own = {"tty": fields.get(("tty",)), "stdin": fields.get(("stdin",)), "workdir": _workdir(fields, image)}
    lifetime = _seconds(fields.get(("lifecycle", "ttl")))
    if command == ["sleep"] and args in (["infinity"], [lifetime]):
        return own
    of_image = (list(image.entrypoint) or None, list(image.command) or None) if image else (None, None)
    if (command, args) in ((None, None), of_image):
        return {"run": "image", **own}
    return {"command": None if command == of_image[0] else command, "args": args, **own}


def _applied_process(fields: Mapping[Key, Json], applied: Sandbox) -> Written:
    own = {"tty": fields.get(("tty",)), "stdin": fields.get(("stdin",)), "workdir": applied.workdir}
    words = {"command": applied.command, "args": applied.args}
    argv: Written = {name: list(words_of) for name, words_of in words.items() if words_of is not None}
    return {"run": applied.run, **argv, **own}


def _seconds(ttl: Json) -> str | None:
    return str(ttl // 1000) if isinstance(ttl, int) else None


def _workdir(fields: Mapping[Key, Json], image: ImageConfig | None) -> Json:
    live = fields.get(("workdir",))
    return None if image is not None and live == image.workdir else live


def _environment(fields: Mapping[Key, Json], image: ImageConfig | None, secrets: frozenset[str]) -> Written:
    of_image = image.env if image else {}
    found: Written = {}
    for key, value in sorted(fields.items()):
        if key[0] != "env" or of_image.get(key[1]) == value:
            continue
        hidden = isinstance(value, str) and value and (key[1] in secrets or sounds_secret(key[1].upper()))
        found[key[1]] = {"fromEnv": key[1]} if hidden else value
    return found


def _quantities(nested: Written) -> Written:
    """Sizes and durations as they are written."""
    return {name: _quantity(name, value) for name, value in nested.items()}


def _quantity(name: str, value: Json) -> Json:
    if isinstance(value, dict):
        return _quantities(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return value
    if name == "cpu":
        return format_cpu(value)
    if name in _BYTES:
        return format_bytes(value)
    return format_duration(value) if name in _DURATIONS else value


def _resources(fields: Mapping[Key, Json]) -> Written:
    nested = _quantities(_below(fields, ("resources",)))
    workdir = fields.get(("workdir",))
    if _is_scratch(fields, workdir):
        size = fields[("mounts", cast("str", workdir), "size")]
        nested["scratch"] = format_bytes(cast("int", size))
    return nested


def _is_scratch(fields: Mapping[Key, Json], workdir: Json) -> bool:
    """Whether the working directory is the tmpfs that is made without anybody asking."""
    if not isinstance(workdir, str) or fields.get(("security", "readOnlyRoot")) is not True:
        return False
    base = ("mounts", workdir)
    if not isinstance(fields.get((*base, "size")), int):
        return False
    usual = {("type",): "tmpfs", ("exec",): _SCRATCH.exec, ("mode",): _SCRATCH.mode}
    return all(fields.get((*base, *part)) in (value, None) for part, value in usual.items())


def _network(name: str, fields: Mapping[Key, Json]) -> Written:
    nested = _below(fields, ("network",))
    mode = nested.pop("mode", None)
    if nested.get("hostname") == name:
        del nested["hostname"]
    if nested.get("internal"):  # only what was applied says so, and it was a network of our own
        nested["create"] = True
    if "egress" in nested:
        rules = cast("list[Written]", nested["egress"])
        nested["egress"] = {"allow": [{part: value for part, value in rule.items() if value} for rule in rules]}
    return {**({"mode": mode} if mode in _MODES else {"name": mode}), **nested}


def _mounts(fields: Mapping[Key, Json], contents: Mapping[str, str], sizes: Mapping[str, int]) -> list[Json]:
    by_target = _below(fields, ("mounts",))
    scratch = fields.get(("workdir",)) if _is_scratch(fields, fields.get(("workdir",))) else None
    expected = sources(fields)
    found: list[Json] = []
    for target, parts in by_target.items():
        if target == scratch or not isinstance(parts, dict):
            continue
        own = {name: part for name, part in _quantities(parts).items() if name not in _NOT_WRITTEN}
        if own.get("type") == "bind" and own.get("propagation") == "rprivate":
            del own["propagation"]
        kind = own.pop("type", None)
        if kind not in _KINDS:
            continue  # of a pod; no spec has it as a mount, so it is told as a difference
        if target in sizes:
            own["size"] = format_bytes(sizes[target])
        own.pop("claimSize", None)
        if kind == "file":
            own = _file(own, contents.get(target), expected[target])
        found.append({"type": kind, "target": target, **own})
    return found


def digests(fields: Mapping[Key, Json]) -> Mapping[str, str | None]:
    """What inspect shows of the content of each file, by its target; None of a sensitive one."""
    targets = [
        key[1] for key, value in fields.items() if key[0] == "mounts" and key[2:] == ("type",) and value == "file"
    ]
    shown = {target: fields.get(("mounts", target, "content")) for target in targets}
    return {
        target: content if isinstance(content, str) and content.startswith("sha256:") else None
        for target, content in sorted(shown.items())
    }


def sources(fields: Mapping[Key, Json]) -> Mapping[str, str]:
    """Where the content of each file is expected that is not at hand: under its own name, or the whole of its path."""
    targets = list(digests(fields))
    names = [target.rpartition("/")[2] for target in targets]
    return {
        target: f"./{name if names.count(name) == 1 else target.strip('/').replace('/', '-')}"
        for target, name in zip(targets, names, strict=True)
    }


def _file(parts: Written, content: str | None, source: str) -> Written:
    """What is sensitive shows no digest of its content."""
    said: Written = {"mode": parts.get("mode", "0444")}
    if content is not None:
        return {**said, "content": content}
    shown = parts.get("content")
    secret = not isinstance(shown, str) or not shown.startswith("sha256:")
    return {**said, "source": source, **({"sensitive": True} if secret else {})}


def _security(fields: Mapping[Key, Json]) -> Written:
    nested = _below(fields, ("security",))
    if "user" not in nested:
        nested = {"profile": "baseline", **nested}  # the one word for: the image's own user
    capabilities = nested.get("capabilities")
    if isinstance(capabilities, dict) and "bounding" in capabilities:  # an engine that shows the outcome alone
        nested["capabilities"] = {"drop": ["ALL"], "add": capabilities["bounding"]}
    seccomp = nested.get("seccomp")
    if isinstance(seccomp, str) and seccomp.startswith("localhost:"):
        nested["seccomp"] = {"localhost": seccomp.removeprefix("localhost:")}
    devices = nested.get("devices")
    if isinstance(devices, dict):
        nested["devices"] = [{"target": target, **cast("Written", parts)} for target, parts in devices.items()]
    return nested
