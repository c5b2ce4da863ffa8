"""How a pod is: its phase, conditions and container states as one Status, with the reason it waits. Pure.

Seen on v1.34.4 (kubernetes.md, section 5). Exit code 137 alone means nothing there: deadline, eviction, out of memory
and a kill all give it, and the reason decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from sandboxctl.backends.base import RunState, Status

SANDBOX = "sandbox"
GATE = "network-gate"
_HOPELESS = frozenset(
    {
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
        "CrashLoopBackOff",
    }
)
"""Why a container waits, where time does not help."""

_TRIES = 3  # restarts after which a sandbox that has never been up is a crash loop


def status(pod: Mapping[str, Any]) -> Status:
    """The whole state of the sandbox in it."""
    metadata, found = pod["metadata"], pod.get("status") or {}
    container = _of(found.get("containerStatuses"), SANDBOX)
    ended = _ended(container)
    waiting, doomed = _waiting(found, container) if not metadata.get("deletionTimestamp") else (holders(pod), False)
    return Status(
        state=_state(metadata, found, container),
        exit_code=ended.get("exitCode"),
        oom_killed=ended.get("reason") == "OOMKilled",
        health=_health(pod, container),
        created=seconds(metadata.get("creationTimestamp")),
        started=seconds(((container.get("state") or {}).get("running") or {}).get("startedAt")),
        error=_error(found, ended),
        waiting=waiting,
        doomed=doomed,
    )


def holders(pod: Mapping[str, Any]) -> str:
    """Who keeps a pod that is to go: finalizers, which are somebody's to take away; else its node ends it."""
    finalizers = ", ".join(pod["metadata"].get("finalizers") or ())
    return f"held by the finalizer {finalizers}" if finalizers else "its node has not ended it yet"


def container_id(pod: Mapping[str, Any]) -> str:
    """The runtime's own id of the sandbox's container: `containerd://ID` without its scheme."""
    container = _of((pod.get("status") or {}).get("containerStatuses"), SANDBOX)
    return str(container.get("containerID") or "").rpartition("://")[2]


def gate(pod: Mapping[str, Any]) -> Literal["probe", "inside"] | None:
    """Who saw the network closed before the sandbox started: a probe image, or the sandbox's own."""
    found = _of((pod.get("status") or {}).get("initContainerStatuses"), GATE)
    if ((found.get("state") or {}).get("terminated") or {}).get("exitCode") != 0:
        return None
    containers = pod["spec"]
    own = _of(containers.get("containers"), SANDBOX).get("image")
    return "inside" if _of(containers.get("initContainers"), GATE).get("image") == own else "probe"


def _of(statuses: Sequence[Mapping[str, Any]] | None, name: str) -> Mapping[str, Any]:
    return next((each for each in statuses or () if each.get("name") == name), {})


def _ended(container: Mapping[str, Any]) -> Mapping[str, Any]:
    """How it ended; while it is being started again, how it ended the last time."""
    now = (container.get("state") or {}).get("terminated")
    last = (container.get("lastState") or {}).get("terminated")
    running = "running" in (container.get("state") or {})
    return now or ({} if running else last) or {}


def _state(metadata: Mapping[str, Any], found: Mapping[str, Any], container: Mapping[str, Any]) -> RunState:
    if metadata.get("deletionTimestamp"):
        return "removing"
    if found.get("phase") in ("Succeeded", "Failed"):
        return "exited"
    state = container.get("state") or {}
    if "running" in state:
        return "running"
    return "exited" if "terminated" in state and found.get("phase") != "Running" else "restarting"


def _health(pod: Mapping[str, Any], container: Mapping[str, Any]) -> Literal["starting", "healthy"] | None:
    spec = _of(pod["spec"].get("containers"), SANDBOX)
    if "readinessProbe" not in spec:
        return None
    return "healthy" if container.get("ready") else "starting"


def is_overdue(pod: Mapping[str, Any], now: float) -> bool:
    """Whether its health command has had all the tries that it has, and none was well; `now` in seconds."""
    container = _of((pod.get("status") or {}).get("containerStatuses"), SANDBOX)
    probe = _of(pod["spec"].get("containers"), SANDBOX).get("readinessProbe")
    started = seconds(((container.get("state") or {}).get("running") or {}).get("startedAt"))
    if probe is None or started is None or container.get("ready"):
        return False
    first = probe.get("initialDelaySeconds", 0) + 1  # the node does not begin with a second, and counts whole ones
    tries, period = probe.get("failureThreshold", 3), probe.get("periodSeconds", 10)
    return bool(now - started > first + tries * period + probe.get("timeoutSeconds", 1))


def _error(found: Mapping[str, Any], ended: Mapping[str, Any]) -> str:
    """`Evicted: …` and the like stand with the pod, `StartError: …` with its container."""
    for source in (found, ended):
        reason = source.get("reason")
        if reason and reason not in ("Completed", "Error"):
            message = str(source.get("message") or "").strip().partition("\n")[0]
            return f"{reason}: {message}" if message else str(reason)
    return ""


def _waiting(found: Mapping[str, Any], container: Mapping[str, Any]) -> tuple[str, bool]:
    """Why it does not run, and whether that is hopeless. A gate that has failed is."""
    for condition in found.get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return f"{condition.get('reason')}: {_line(condition.get('message'))}", False
    gate = _of(found.get("initContainerStatuses"), GATE)
    if ((gate.get("state") or {}).get("terminated") or {}).get("exitCode"):
        return f"network gate: {_line(gate['state']['terminated'].get('message'))}", True
    if _ended(container).get("reason") == "StartError":
        message = _line(_ended(container).get("message"))
        return f"StartError: {message[max(message.find('exec: '), 0) :].removesuffix(': unknown')}", True
    for each in (gate, container):
        reason = ((each.get("state") or {}).get("waiting")) or {}
        word = reason.get("reason")
        if word and word not in ("ContainerCreating", "PodInitializing"):
            return f"{word}: {_line(reason.get('message'))}".removesuffix(": "), word in _HOPELESS
    if (gate.get("state") or {}).get("running"):
        return "network gate: waiting until the network is refused", False
    if container.get("restartCount", 0) >= _TRIES and not container.get("ready"):
        return "it ends again and again", True
    return ("" if "running" in (container.get("state") or {}) else "ContainerCreating"), False


def _line(text: object) -> str:
    return " ".join(str(text or "").split())[:300]


def seconds(text: str | None) -> float | None:
    """RFC 3339 → seconds since the epoch."""
    return None if not text else datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
