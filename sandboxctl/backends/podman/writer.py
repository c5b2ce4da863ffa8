"""Changes on a Podman service, through podman-py's transport. It is imported here and nowhere else.

Its keyword interface is not used: it drops safety options without an error, and the engine's warnings too. What is
posted is the rendered SpecGenerator, and paths are libpod's: the compat API's forced delete takes 10 s (engines.md).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import cast

from podman import PodmanClient
from podman.errors import APIError

from sandboxctl.backends import archives
from sandboxctl.backends.base import Helper, Json, Key, Payload
from sandboxctl.backends.podman import native, reported
from sandboxctl.backends.podman.complaints import TABLE
from sandboxctl.backends.podman.image_writer import Response, decoded
from sandboxctl.backends.podman.pod_writer import PodWriter
from sandboxctl.backends.podman.service import Service
from sandboxctl.complaints import engine_error
from sandboxctl.errors import EngineError, UnreachableError
from sandboxctl.fields import within
from sandboxctl.file_volumes import FILE
from sandboxctl.multiplex import frames
from sandboxctl.runner import ExecResult

API_VERSION = "4.0.0"
_RESTART = ("lifecycle", "restart")
_WAS_DOWN = 304
_STOPS = 200
_PAUSE = 0.02  # seconds between them
_LOOK_BACK = 60  # seconds: the event of an end that came before we asked


class PodmanWriter(PodWriter):
    """Writes to one service; threads may share it."""

    def __init__(self, service: Service, *, timeout: float) -> None:
        self._service = service
        self._timeout = timeout
        self._client = PodmanClient(base_url=service.endpoint.reached, version=API_VERSION, timeout=timeout)

    def create(self, payload: Payload, *, name: str) -> str:
        """A container that is not started, in its pod, which is made where it is not there yet. A warning of the
        engine's undoes it: a control was not applied."""
        *pods, container = payload.documents
        with self._in_pods(pods):
            return self._create({**container, "name": name})

    def _create(self, document: Mapping[str, object]) -> str:
        answer = self._json("post", "/containers/create", data=json.dumps(document))
        warnings = answer.get("Warnings") or []
        if warnings:
            self.delete(answer["Id"])
            raise engine_error(
                f"Podman would not apply all of it: {warnings[0]}",
                status=400,
                table=TABLE,
                hint="a control that is only half applied is refused; change the spec or the host",
            )
        return str(answer["Id"])

    def start(self, ref: str) -> None:
        """Starting what runs is no error."""
        self._send("post", f"/containers/{ref}/start")

    def check_health(self, ref: str) -> None:
        """Podman's checks are systemd's timers: where the host has no systemd, health is `starting` for ever."""
        self._send("get", f"/containers/{ref}/healthcheck", missing_is_done=True)

    def wait(self, ref: str) -> int:
        """By its event, which outlives it: before the start the wait call answers 0 at once, and after the end it may
        find nothing to ask about (4.3)."""
        query = {
            "filters": json.dumps({"container": [ref], "event": ["died"]}),
            "since": str(int(time.time()) - _LOOK_BACK),
            "stream": "true",
        }
        for line in self._send("get", "/events", query, stream=True, endless=True).iter_lines():
            if line.strip():
                return int(json.loads(line)["Actor"]["Attributes"]["containerExitCode"])
        raise UnreachableError("Podman does not say how the sandbox ended")

    def unpause(self, ref: str) -> None:
        """Lets a paused container go on."""
        self._send("post", f"/containers/{ref}/unpause")

    def stop(self, ref: str, *, grace: int) -> None:
        """Its stop signal, and KILL after `grace` seconds. What is just being restarted is no running container that
        could be stopped, so that is asked again until it was one, or stays down."""
        query = {"timeout": str(grace)}
        for _ in range(_STOPS):
            answer = self._send(
                "post", f"/containers/{ref}/stop", query, timeout=grace + self._timeout, missing_is_done=True
            )
            if answer.status_code != _WAS_DOWN or not self._comes_back(ref):
                return
            time.sleep(_PAUSE)
        raise EngineError(f"Podman: {ref[:12]} is restarted faster than it can be stopped", status=500)

    def _comes_back(self, ref: str) -> bool:
        inspected = self._send("get", f"/containers/{ref}/json", missing_is_done=True)
        if inspected.status_code == 404:
            return False
        return native.status(json.loads(inspected.content), now=time.time()).state in ("running", "restarting")

    def rename(self, ref: str, name: str) -> None:
        """Works on a running container (engines.md, section 13)."""
        self._send("post", f"/containers/{ref}/rename", {"name": name})

    def update(self, ref: str, changes: Mapping[Key, Json], payload: Payload) -> None:
        """All limits at once, as rendered: 5.1 and later take them, and inspect follows. The rlimits among them: 5.8
        drops those of a container whose update does not name them, from its next start on."""
        document = payload.documents[-1]
        body = {**cast("dict[str, Json]", document["resource_limits"]), "r_limits": document["r_limits"]}
        query = {}
        if any(within(key, _RESTART) for key in changes):
            query["restartPolicy"] = str(document["restart_policy"])
            if "restart_tries" in document:
                query["restartRetries"] = str(document["restart_tries"])
        self._send("post", f"/containers/{ref}/update", query, data=json.dumps(body))

    def delete(self, ref: str) -> None:
        """With its anonymous volumes, and with its pod where that is ours and nobody else is in it. Gone already is
        success."""
        pod = self._pod_of(ref)
        query = {"force": "true", "timeout": "0", "v": "true"}
        response = self._send("delete", f"/containers/{ref}", query, missing_is_done=True)
        for report in decoded(response.content or b"null", f"DELETE {ref[:12]}") or []:
            if isinstance(report, dict) and report.get("Err"):
                raise EngineError(f"Podman cannot remove {ref[:12]}: {report['Err']}", status=500)
        if pod:
            self._leave_pod(pod)

    def make_directory(self, ref: str, path: str, *, user: int, group: int) -> None:
        """By the archive call itself: the client's wrapper rewrites every owner to root."""
        found = self._send("head", f"/containers/{ref}/archive", {"path": path}, missing_is_done=True)
        if found.status_code != 200:
            self._put(ref, "/", archives.directory(path.strip("/"), user=user, group=group))

    def _put(self, ref: str, parent: str, archive: bytes) -> None:
        self._send("put", f"/containers/{ref}/archive", {"path": parent, "copyUIDGID": "false"}, data=archive)

    def create_helper(self, helper: Helper) -> str:
        """Named, labelled, never started."""
        return self._create(_standing(helper))

    def create_volume(self, name: str, *, labels: Mapping[str, str], user: int, group: int, helper: Helper) -> None:
        """Owner by option, so that no container's first use changes it; the mode by a container never started."""
        options = {"o": f"uid={user},gid={group}"}
        self._send("post", "/volumes/create", data=json.dumps({"Name": name, "Label": labels, "Options": options}))
        with self._beside(name, helper) as ref:
            self._put(ref, "/volume", archives.directory(".", user=user, group=group))

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
        """Written through a container that is never started; works on a remote service as well."""
        user, group = owner
        if self._send("get", f"/volumes/{volume}/exists", missing_is_done=True).status_code == 404:
            self._send("post", "/volumes/create", data=json.dumps({"Name": volume, "Label": dict(labels)}))
        archive = archives.file(FILE, content, user=user, group=group, mode=mode)
        with self._beside(volume, helper) as ref:
            self._put(ref, "/volume", archive)
        return f"{self._json('get', f'/volumes/{volume}/json')['Mountpoint']}/{FILE}"

    @contextmanager
    def _beside(self, volume: str, helper: Helper) -> Iterator[str]:
        """A container with the volume on `/volume`."""
        ref = self._create({
            **_standing(helper), "volumes": [{"Name": volume, "Dest": "/volume", "Options": ["nocopy"]}],
        })  # fmt: skip
        try:
            yield ref
        finally:
            self.delete(ref)

    def delete_volume(self, name: str) -> None:
        """Gone already is success."""
        self._send("delete", f"/volumes/{name}", missing_is_done=True)

    def run_probe(self, helper: Helper, *, name: str) -> ExecResult:
        """A helper container: created, run to its end, read, removed."""
        ref = self._create({"name": name, **_helper_document(helper)})
        try:
            self.start(ref)
            code = int(self._json("post", f"/containers/{ref}/wait", {"condition": ["exited", "stopped"]}))
            query = {"stdout": "true", "stderr": "true"}
            output = {1: b"", 2: b""}
            for stream, chunk in frames([self._send("get", f"/containers/{ref}/logs", query).content]):
                output[stream] += chunk
        finally:
            self.delete(ref)
        return ExecResult(code=code, stdout=output[1], stderr=output[2])

    def close(self) -> None:
        """Closes the session."""
        self._client.close()  # type: ignore[no-untyped-call]  # podman-py types but few of its methods

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | list[str]] | None = None,
        *,
        data: object = None,
        headers: Mapping[str, str] | None = None,
        stream: bool = False,
        timeout: float | None = None,
        endless: bool = False,
        missing_is_done: bool = False,
    ) -> Response:
        """One request. `endless`: no deadline for the answer, `timeout` seconds for the connection still."""
        call = getattr(self._client.api, method)
        options: dict[str, object] = {} if data is None else {"data": data}
        if headers:
            options["headers"] = headers
        if stream:
            options["stream"] = True
        seconds = timeout or self._timeout
        url = self._service.endpoint.url  # starts our own service again, if it has ended since
        try:
            response = call(path, params=query, timeout=(self._timeout, None) if endless else seconds, **options)
        except APIError as error:
            raise reported.unreachable(url, error) from error
        if response.status_code >= 400 and not (missing_is_done and response.status_code == 404):
            raise reported.refused(response.status_code, response.content)
        return cast("Response", response)


def _standing(helper: Helper) -> dict[str, object]:
    """What is created and never started."""
    return {
        "name": helper.name, "labels": dict(helper.labels), "image": helper.image, "entrypoint": list(helper.command),
        "command": [], "netns": {"nsmode": "none"}, "image_volume_mode": "ignore",
    }  # fmt: skip


def _helper_document(helper: Helper) -> dict[str, object]:
    program, *arguments = helper.command
    beside = {"nsmode": "container", "value": helper.container}
    document: dict[str, object] = {
        "image": helper.image,
        "image_volume_mode": "ignore",
        "entrypoint": [program],
        "command": arguments,
        "labels": dict(helper.labels),
        "netns": beside,
        "pidns": beside,
        "cap_drop": ["ALL"],
        "no_new_privileges": True,
        "read_only_filesystem": True,
        "read_write_tmpfs": False,
        "httpproxy": False,
        "r_limits": [
            {"type": "nofile", "soft": 1024, "hard": 1024},
            {"type": "nproc", "soft": native.PROCESSES, "hard": native.PROCESSES},
        ],
        "log_configuration": {"driver": "k8s-file"},
        "resource_limits": {
            "memory": {"limit": helper.memory, "swap": helper.memory},
            "pids": {"limit": helper.pids},
        },
    }
    return document if helper.user is None else {**document, "user": "{}:{}".format(*helper.user)}
