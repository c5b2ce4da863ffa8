"""Our own image beside a sandbox: an ephemeral container in its pod, run to its end.

It can never be removed again, so a pod gets one, and later looks go by exec into the sandbox where that is enough.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from typing import Any

from sandboxctl import polling
from sandboxctl.backends.base import Helper, Json
from sandboxctl.backends.kubernetes.api import Api
from sandboxctl.backends.kubernetes.condition import SANDBOX
from sandboxctl.backends.kubernetes.reader import KubernetesReader
from sandboxctl.errors import FailedError, NotFoundError
from sandboxctl.runner import ExecResult

_PREFIX = "probe-"
_SECONDS = 20.0


def run(api: Api, reader: KubernetesReader, helper: Helper) -> ExecResult:
    """Its output and exit code. Raises FailedError where it does not come to its end."""
    pod = reader.pod(helper.container)
    if pod is None:
        raise NotFoundError(f"there is no pod {reader.name_of(helper.container)}")
    if any(each["name"].startswith(_PREFIX) for each in pod["spec"].get("ephemeralContainers") or []):
        raise FailedError(
            f"{pod['metadata']['name']} has had its probe", hint="what its own tools say is asked instead"
        )
    name = f"{_PREFIX}{secrets.token_hex(3)}"
    path = api.location("Pod", pod["metadata"]["name"])
    body: dict[str, Json] = {
        "metadata": {"uid": pod["metadata"]["uid"]},
        "spec": {"ephemeralContainers": [_container(name, helper)]},
    }
    query = {"fieldManager": "sandboxctl-probe", "fieldValidation": "Strict"}
    content_type = "application/strategic-merge-patch+json"
    api.send("PATCH", f"{path}/ephemeralcontainers", query, body, content_type=content_type)
    code = _wait(reader, helper.container, name)
    output = b"".join(api.stream(f"{path}/log", {"container": name}))
    return ExecResult(code=code, stdout=output)


def _container(name: str, helper: Helper) -> dict[str, Json]:
    """What the strictest Pod Security Standard admits; the pod's own user and seccomp profile hold for it too."""
    return {
        "name": name,
        "image": helper.image,
        "imagePullPolicy": "IfNotPresent",
        "command": list[Json](helper.command),
        "targetContainerName": SANDBOX,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }


def _wait(reader: KubernetesReader, ref: str, name: str) -> int:
    began = time.monotonic()
    while True:
        state = _state(reader.pod(ref) or {}, name)
        if "terminated" in state:
            return int(state["terminated"].get("exitCode", 1))
        waited = time.monotonic() - began
        if waited >= _SECONDS:
            why = (state.get("waiting") or {}).get("reason") or "it does not end"
            raise FailedError(
                f"the probe in {reader.name_of(ref)} cannot look: {why}", hint="see kubernetes.probeImage"
            )
        time.sleep(polling.pause(waited))


def _state(pod: Mapping[str, Any], name: str) -> dict[str, Any]:
    statuses = (pod.get("status") or {}).get("ephemeralContainerStatuses") or []
    return next((each.get("state") or {} for each in statuses if each["name"] == name), {})
