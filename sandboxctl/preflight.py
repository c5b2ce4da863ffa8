"""What an engine lacks of what a spec names, found before the first write.

Looks at networks, pods and secrets; all else is given.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import cast

from sandboxctl import derive
from sandboxctl.backends.base import Backend, Engine, NetworkFacts, PodFacts, PodReader, SecretReader
from sandboxctl.dataclass import replace
from sandboxctl.plan import Desired
from sandboxctl.problems import Path, Problem, Severity, dotted
from sandboxctl.rules.host_paths import reaches_socket, reaches_system
from sandboxctl.spec import BindMount, KeyReference, ObjectMount, Sandbox, Secret, Source, VolumeMount


def lacking(desired: Desired, backend: Backend, engine: Engine) -> list[Problem]:
    """What this engine does not have of what a spec names."""
    sandbox, source = desired.sandbox, desired.loaded.source
    found = [*_image_problems(desired), *_host_problems(sandbox, source, engine)]
    network = sandbox.network
    there = backend.reader.network(network.name) if network.mode == "named" and network.name else None
    if there is not None and network.create:
        found.extend(_own_network_problems(sandbox, source, there))
    pod = sandbox.section(engine.backend).settings.get("pod")
    if engine.shared_pods and isinstance(pod, str):
        around = cast("PodReader", backend.reader).pod(pod)
        found.extend(_pod_problems(("spec", engine.backend, "pod"), pod, sandbox, source, around))
    if network.mode == "named" and network.name and not network.create and there is None:
        path: Path = ("spec", "network", "name") if source.written(("spec", "network", "name")) else ("spec", "network")
        found.append(
            _problem(source, path, "network-not-found", f"there is no network {network.name} on this engine",
                     hint="create it first, or use none or bridge")
        )  # fmt: skip
    if engine.keeps_secrets:
        found.extend(_secret_problems(sandbox, source, cast("SecretReader", backend.reader)))
    return found


def _secret_problems(sandbox: Sandbox, source: Source, reader: SecretReader) -> Iterator[Problem]:
    named: list[tuple[Path, str]] = [
        (("spec", "env", variable, "secret"), value.name)
        for variable, value in sandbox.env.items()
        if isinstance(value, KeyReference)
    ]
    named += [
        (("spec", "mounts", index, "name"), mount.name)
        for index, mount in enumerate(sandbox.mounts)
        if isinstance(mount, ObjectMount)
    ]
    there = {name: reader.has_secret(name) for _, name in named}
    for path, name in named:
        if not there[name]:
            yield _problem(source, path, "secret-not-found", f"there is no secret {name} on this engine",
                           hint=f"create it first, as in `podman secret create {name} FILE`")  # fmt: skip


def _own_network_problems(sandbox: Sandbox, source: Source, there: NetworkFacts) -> Iterator[Problem]:
    network = sandbox.network
    if not there.ours:
        yield _problem(source, ("spec", "network", "create"), "network-foreign",
                       f"there is a network {network.name} already, and sandboxctl did not make it",
                       hint="leave `create` out to use it as it is, or choose another name")  # fmt: skip
    elif there.internal != network.internal:
        yield _problem(source, ("spec", "network", "internal"), "network-differs",
                       f"there is a network {network.name} of ours already, which is "
                       f"{'internal' if there.internal else 'not internal'}",
                       hint="choose another name, or delete the sandboxes that are in it first")  # fmt: skip


def _pod_problems(path: Path, name: str, sandbox: Sandbox, source: Source, there: PodFacts | None) -> Iterator[Problem]:
    wanted = sandbox.network.name if sandbox.network.mode == "named" else sandbox.network.mode
    if there is None:
        return
    if not there.ours:
        yield _problem(source, path, "pod-foreign", f"there is a pod {name} already, and sandboxctl did not make it",
                       hint="choose another name: what is in a pod shares its network")  # fmt: skip
    elif there.network != wanted:
        yield _problem(source, path, "pod-differs", f"the pod {name} has the network {there.network}, not {wanted}",
                       hint="what is in a pod has its network; delete the others first")  # fmt: skip


def _image_problems(desired: Desired) -> list[Problem]:
    sandbox, source = desired.sandbox, desired.loaded.source
    found: list[Problem] = []
    image = sandbox.image
    if desired.image_id is None and image.pull == "never" and image.archive is None:
        found.append(
            _problem(source, ("spec", "image"), "image-not-found", f"the engine has no image {image.name}",
                     hint="pull is never: load or pull the image yourself, or leave `pull` out")
        )  # fmt: skip
    volumes = desired.image.volumes if desired.image else ()
    targets = {mount.target for mount in derive.mounts(sandbox)}
    for volume in volumes:
        if volume.rstrip("/") not in targets:  # a mount above it does not keep the engine from making the volume
            found.append(
                _problem(source, ("spec", "image"), "image-volume",
                         f"the image declares a volume at {volume}: a writable directory without a limit",
                         hint=f"mount something there, e.g. {{type: tmpfs, target: {volume}, size: 64Mi}}")
            )  # fmt: skip
    return found


def _host_problems(sandbox: Sandbox, source: Source, engine: Engine) -> Iterator[Problem]:
    security, resources = sandbox.security, sandbox.resources
    for name, value in (("apparmor", security.apparmor), ("selinux", security.selinux)):
        if value is not None and name not in engine.security_modules:
            yield _problem(source, ("spec", "security", name), "no-such-module",
                           f"this engine's host has no {name}: the engine would accept the field and ignore it",
                           hint="leave the field out, or run on a host that has it")  # fmt: skip
    if engine.milli_cpus and resources.cpu > engine.milli_cpus:
        yield _problem(source, ("spec", "resources", "cpu"), "too-many-cpus",
                       f"the engine's host has {engine.milli_cpus // 1000} CPUs",
                       hint="ask for no more than that")  # fmt: skip
    if not engine.local and _binds(sandbox):
        yield _problem(source, _binds(sandbox)[0], "remote-bind", "this engine is remote: its paths are not ours",
                       hint="use a volume, or an engine on this machine")  # fmt: skip
    if security.user_namespace == "keep-id" and not engine.rootless:
        yield _problem(source, ("spec", "security", "userNamespace"), "keep-id-of-root",
                       "this engine runs as root, and to keep root's id is to have no namespace at all",
                       hint="use auto, or an engine without root")  # fmt: skip
    if security.user_namespace == "private" and engine.rootless:
        yield _problem(source, ("spec", "security", "userNamespace"), "private-without-root",
                       "this engine runs without root, and all of its sandboxes have the ids of its user",
                       hint="use auto, or an engine that is root's")  # fmt: skip
    yield from _runtime_problems(security.runtime, source, engine)
    for index, mount in enumerate(sandbox.mounts):
        if isinstance(mount, VolumeMount) and mount.sub_path is not None and not (engine.sub_paths or engine.pods):
            yield _problem(source, ("spec", "mounts", index, "subPath"), "no-sub-paths",
                           f"{engine.backend} {engine.version} would mount the whole volume: it knows no subPath",
                           hint="mount the whole volume, or use a newer engine (Docker 26, Podman 5)")  # fmt: skip
    yield from _device_problems(sandbox, source, engine)
    yield from _engine_in_bind(sandbox, source, engine)
    yield from _shown_secrets(sandbox, source, engine)
    yield from _limit_problems(sandbox, source, engine)


def _device_problems(sandbox: Sandbox, source: Source, engine: Engine) -> Iterator[Problem]:
    for index, device in enumerate(sandbox.security.devices):
        if engine.local and not os.path.exists(device.source):
            yield _problem(source, ("spec", "security", "devices", index, "source"), "no-such-device",
                           f"there is no device {device.source} on this host",
                           hint="load its driver first, or leave it out")  # fmt: skip


def _engine_in_bind(sandbox: Sandbox, source: Source, engine: Engine) -> Iterator[Problem]:
    """The rules know the usual places, and the ones that the environment names; the engine knows its own."""
    socket = os.path.realpath(engine.endpoint.removeprefix("unix://")) if engine.endpoint.startswith("unix://") else ""
    for index, mount in enumerate(sandbox.mounts):
        if not isinstance(mount, BindMount) or f"host-path:{mount.source}" in sandbox.security.allow:
            continue
        path: Path = ("spec", "mounts", index, "source")
        if socket and reaches_socket(mount.source, (socket,)) and "engine-socket" not in sandbox.security.allow:
            yield _problem(source, path, "weakening-not-allowed", f"{mount.source} shows the socket of this engine",
                           hint="with it the sandbox rules the host; bind something smaller")  # fmt: skip
        elif engine.data_root and reaches_system(mount.source, (engine.data_root,)):
            hint = f"bind something smaller, or add `host-path:{mount.source}` to security.allow"
            message = f"{mount.source} shows this engine's own data"
            yield _problem(source, path, "weakening-not-allowed", message, hint=hint)


def _shown_secrets(sandbox: Sandbox, source: Source, engine: Engine) -> Iterator[Problem]:
    """One for each place: a file may give many variables."""
    if not engine.shows_env:
        return
    found: dict[Path, list[str]] = {}
    for name, value in sandbox.env.items():
        if isinstance(value, Secret):
            found.setdefault(value.path or ("spec", "env", name), []).append(name)
    for path, names in found.items():
        said = f"{', '.join(names[:3])}{f' and {len(names) - 3} more' if len(names) > 3 else ''}"
        message = f"{dotted(path)}: whoever may use this engine can read {said} in the container's inspect"
        hint = "a file of the sandbox (mounts, type: file) is shown to nobody else"
        yield replace(_problem(source, path, "secret-in-env", message, hint=hint), severity=Severity.WARNING)


def _runtime_problems(runtime: str, source: Source, engine: Engine) -> Iterator[Problem]:
    """Of a pod's runtime class the server itself says that it is not there, before anything is made."""
    if runtime == "default" or engine.pods or derive.runtime_program(runtime) in engine.runtimes:
        return
    known = ", ".join(engine.runtimes) or "none that it names"
    yield _problem(source, ("spec", "security", "runtime"), "no-such-runtime",
                   f"this engine's runtimes are: {known}; it would start the sandbox without {runtime}",
                   hint="set the engine up with it first, or leave the field out")  # fmt: skip


def _limit_problems(sandbox: Sandbox, source: Source, engine: Engine) -> Iterator[Problem]:
    """Without root an engine leaves out, without an error, the limits for which it has no control group of its own."""
    if not engine.rootless:
        return
    if engine.cgroup_version == 1:
        yield _problem(source, ("spec", "resources"), "limits-ignored",
                       "without root, and with control groups of version 1, this engine ignores cpu, memory and pids",
                       hint="boot the host with systemd.unified_cgroup_hierarchy=1, or use root's engine")  # fmt: skip
        return
    needed = {"cpu", "memory", "pids"} | ({"cpuset"} if sandbox.resources.cpuset is not None else set())
    missing = sorted(needed - set(engine.controllers)) if engine.controllers else []
    if missing:
        yield _problem(source, ("spec", "resources"), "limits-ignored",
                       f"this user's control groups lack {', '.join(missing)}: the engine would ignore those limits",
                       hint="delegate them: `Delegate=cpu cpuset memory pids` in user@.service")  # fmt: skip


def _binds(sandbox: Sandbox) -> list[Path]:
    return [("spec", "mounts", index) for index, each in enumerate(sandbox.mounts) if isinstance(each, BindMount)]


def _problem(source: Source, path: Path, code: str, message: str, *, hint: str) -> Problem:
    place = source.range(path)
    return Problem(code=code, message=message, range=place, path=path, hint=hint, line_text=source.line_text(place))
