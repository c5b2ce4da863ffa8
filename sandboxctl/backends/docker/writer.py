"""What changes a Docker Engine, through the official SDK's low-level client. The SDK is imported here and nowhere else.

`containers.create()` of docker-py 7.2.0 is not used: it cannot set `stop_timeout` and throws the engine's warnings
away (engines.md, section 1.2). Updates are a closed JSON body, since `update_container` lacks cpu and pids.
"""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, Any, cast

import requests
from docker import APIClient
from docker import errors as sdk

from sandboxctl import engine_exec
from sandboxctl.backends.base import ExecResult, Helper, Json, Key, Payload
from sandboxctl.engine_exec import Command
from sandboxctl.engine_http import Endpoint, EngineHttp
from sandboxctl.errors import ConflictError, EngineError, InvalidError, SandboxctlError, UnreachableError
from sandboxctl.fields import within

_NOT_THERE = ("manifest unknown", "not found", "does not exist", "no such", "repository name not known")

_ADDED = 1  # the kind of a change in `docker diff`
_UPDATES: tuple[tuple[Key, dict[str, str]], ...] = (
    (("resources", "cpu"), {"NanoCpus": "nano_cpus"}),
    (("resources", "memory"), {"Memory": "mem_limit", "MemorySwap": "memswap_limit"}),
    (("resources", "swap"), {"Memory": "mem_limit", "MemorySwap": "memswap_limit"}),
    (("resources", "requests", "memory"), {"MemoryReservation": "mem_reservation"}),
    (("resources", "pids"), {"PidsLimit": "pids_limit"}),
    (("resources", "cpuset"), {"CpusetCpus": "cpuset_cpus"}),
    (("resources", "cpuShares"), {"CpuShares": "cpu_shares"}),
    (("lifecycle", "restart"), {"RestartPolicy": "restart_policy"}),
)
"""What can be changed in place: the field, and its name in the update body and in the rendered host_config."""


class DockerWriter:
    """Writes to one engine; threads may share it."""

    def __init__(self, endpoint: Endpoint, *, api_version: str, timeout: float) -> None:
        url = f"http+unix://{endpoint.path}" if endpoint.path else endpoint.url
        with _reported():
            self._api = APIClient(base_url=url, version=api_version, timeout=timeout)
        self._api.trust_env = False  # a proxy or CA variable of the caller's has nothing to do with this socket
        self._http = EngineHttp(endpoint, timeout=timeout)

    def pull(self, image: str, *, platform: str | None, progress: Callable[[str], None]) -> str:
        """Every line of the engine's stream is read: an error comes as a line, with status 200."""
        repository, tag = _repository_and_tag(image)
        with _reported():
            try:
                lines = self._api.pull(repository, tag=tag, platform=platform, stream=True, decode=True)
            except sdk.APIError as error:
                raise _pull_error(image, str(error.explanation)) from error
            for line in lines:
                if "error" in line:
                    raise _pull_error(image, str(line["error"]))
                if line.get("id") is None and "status" in line:
                    progress(str(line["status"]))
            return str(self._api.inspect_image(image)["Id"])

    def load(self, path: str, *, reference: str) -> str:
        """`docker load` for an archive with a manifest, else `docker import` of a root file system."""
        repository, _, tag = reference.rpartition(":")
        with _reported():
            if not _is_image_archive(path):
                self._api.import_image_from_file(path, repository=repository, tag=tag)
                return str(self._api.inspect_image(reference)["Id"])
            with open(path, "rb") as archive:
                loaded = "".join(str(line.get("stream", "")) for line in self._api.load_image(archive))
            name = loaded.rpartition("Loaded image")[2].partition(":")[2].strip()
            self._api.tag(name.splitlines()[-1] if name else "", repository, tag)
            return str(self._api.inspect_image(reference)["Id"])

    def create(self, payload: Payload, *, name: str) -> str:
        """A container that is not started. A warning of the engine's undoes it: a control was not applied."""
        document = dict(payload.documents[0])
        host = cast("dict[str, Any]", document.pop("host_config"))
        platform = cast("str | None", document.pop("platform", None))
        with _reported():
            config = self._api.create_container_config(
                # `command` is required, and None leaves it to the image
                **{"command": None, **document},
                host_config=self._api.create_host_config(**_host_arguments(host)),
            )
            answer = self._api.create_container_from_config(config, name=name, platform=platform)
        warnings = answer.get("Warnings") or []
        if warnings:
            self.delete(answer["Id"])
            raise EngineError(
                f"Docker would not apply all of it: {warnings[0]}",
                status=201,
                hint="a control that is only half applied is refused; change the spec or the host",
            )
        return str(answer["Id"])

    def start(self, ref: str) -> None:
        """Starting what runs is no error."""
        with _reported():
            self._api.start(ref)

    def check_health(self, ref: str) -> None:
        """Nothing to do: the daemon runs the health command itself."""

    def wait(self, ref: str) -> int:
        """For as long as it takes; `removed` waits for the removal too, so that nothing is left to look at."""
        with _reported():
            return int(self._api.wait(ref, timeout=None, condition="removed")["StatusCode"])

    def unpause(self, ref: str) -> None:
        """Lets a paused container go on."""
        with _reported():
            self._api.unpause(ref)

    def stop(self, ref: str, *, grace: int) -> None:
        """TERM, and KILL after `grace` seconds."""
        with _reported(missing_is_done=True):
            self._api.stop(ref, timeout=grace)

    def rename(self, ref: str, name: str) -> None:
        """Works on a running container (engines.md, section 13)."""
        with _reported():
            self._api.rename(ref, name)

    def update(self, ref: str, changes: Mapping[Key, Json], payload: Payload) -> None:
        """One closed body with every changed field; memory and swap always go together."""
        host = cast("dict[str, Json]", payload.documents[0]["host_config"])
        body: dict[str, Json] = {}
        for prefix, names in _UPDATES:
            if any(within(key, prefix) for key in changes):
                body.update({theirs: host[ours] for theirs, ours in names.items() if ours in host})
        with _reported():
            url = f"{self._api.base_url}/v{self._api.api_version}/containers/{ref}/update"
            response = self._api.post(url, json=body, timeout=self._api.timeout)
            self._api._raise_for_status(response)
        warnings = response.json().get("Warnings") or []
        if warnings:
            raise EngineError(f"Docker would not apply all of it: {warnings[0]}", status=200)

    def delete(self, ref: str) -> None:
        """With its anonymous volumes. Gone already, or going, is success."""
        with _reported(missing_is_done=True):
            self._api.remove_container(ref, v=True, force=True)

    def make_directory(self, ref: str, path: str, *, user: int, group: int) -> None:
        """By the archive call, without `copyUIDGID` (with it 20.10 answers 500 for ids that are not in passwd).

        A create has made the working directory already, as root; one that is of the image, and so is no addition of
        this container's layer, is left as it is.
        """
        with _reported():
            changed = self._api.diff(ref) or []
            if not any(each["Path"] == path and each["Kind"] == _ADDED for each in changed):
                stat = f"{self._api.base_url}/v{self._api.api_version}/containers/{ref}/archive"
                if self._api.head(stat, params={"path": path}, timeout=self._api.timeout).status_code == 200:
                    return
            self._api.put_archive(ref, "/", _directory_tar(path.strip("/"), user=user, group=group))

    def create_volume(self, name: str, *, labels: Mapping[str, str], user: int, group: int, image: str) -> None:
        """The owner is set through a helper container that is never started (engines.md, section 7)."""
        with _reported():
            self._api.create_volume(name, labels=dict(labels))
            mount = {"Type": "volume", "Source": name, "Target": "/volume", "VolumeOptions": {"NoCopy": True}}
            config = self._api.create_container_config(
                image=image, command=["true"], host_config=self._api.create_host_config(mounts=[mount])
            )
            helper = self._api.create_container_from_config(config)["Id"]
            try:
                self._api.put_archive(helper, "/", _directory_tar("volume", user=user, group=group))
            finally:
                self._api.remove_container(helper, force=True)

    def delete_volume(self, name: str) -> None:
        """Gone already is success."""
        with _reported(missing_is_done=True):
            self._api.remove_volume(name)

    def exec(
        self,
        ref: str,
        command: Sequence[str],
        *,
        user: str | None = None,
        workdir: str | None = None,
        env: Mapping[str, str] | None = None,
        stdin: IO[bytes] | None = None,
        stdout: Callable[[bytes], None] | None = None,
        stderr: Callable[[bytes], None] | None = None,
    ) -> ExecResult:
        """See `engine_exec`."""
        out, err = io.BytesIO(), io.BytesIO()
        what = Command(argv=command, user=user, workdir=workdir, env=env or {})
        code = engine_exec.run(
            self._http,
            ref,
            what,
            stdin=None if stdin is None else stdin.fileno(),
            stdout=stdout or _into(out),
            stderr=stderr or _into(err),
        )
        return ExecResult(code=code, stdout=out.getvalue(), stderr=err.getvalue())

    def interactive(self, ref: str, command: Sequence[str], *, user: str | None, workdir: str | None) -> int:
        """On the caller's terminal."""
        import os
        import sys

        def write(chunk: bytes) -> None:
            os.write(sys.stdout.fileno(), chunk)

        what = Command(argv=command, user=user, workdir=workdir, env=_terminal(), tty=True)
        return engine_exec.run(self._http, ref, what, stdin=sys.stdin.fileno(), stdout=write, stderr=write)

    def run_probe(self, helper: Helper, *, name: str) -> ExecResult:
        """A helper container: created, run to its end, read, removed."""
        beside = f"container:{helper.container}"
        program, *arguments = helper.command
        with _reported():
            host = self._api.create_host_config(
                network_mode=beside,
                pid_mode=beside,
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
                read_only=True,
                mem_limit=helper.memory,
                memswap_limit=helper.memory,
                pids_limit=helper.pids,
            )
            config = self._api.create_container_config(
                image=helper.image,
                entrypoint=[program],
                command=arguments,
                user=None if helper.user is None else "{}:{}".format(*helper.user),
                labels=dict(helper.labels),
                host_config=host,
            )
            ref = self._api.create_container_from_config(config, name=name)["Id"]
            try:
                self._api.start(ref)
                code = self._api.wait(ref, timeout=self._api.timeout)["StatusCode"]
                out = self._api.logs(ref, stdout=True, stderr=False)
                err = self._api.logs(ref, stdout=False, stderr=True)
            finally:
                self._api.remove_container(ref, v=True, force=True)
        return ExecResult(code=int(code), stdout=out, stderr=err)

    def close(self) -> None:
        """Closes the session."""
        self._api.close()


def _into(buffer: io.BytesIO) -> Callable[[bytes], None]:
    def write(chunk: bytes) -> None:
        buffer.write(chunk)

    return write


def _terminal() -> dict[str, str]:
    import os

    return {"TERM": os.environ.get("TERM", "xterm")}


def _host_arguments(host: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has no tuples, and the SDK takes a port's address and number only as one."""
    arguments = dict(host)
    bindings = arguments.get("port_bindings")
    if bindings:
        arguments["port_bindings"] = {
            port: [tuple(place) if isinstance(place, list) else place for place in places]
            for port, places in bindings.items()
        }
    return arguments


def _directory_tar(name: str, *, user: int, group: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.type, entry.mode, entry.uid, entry.gid = tarfile.DIRTYPE, 0o700, user, group
        entry.mtime = int(time.time())
        archive.addfile(entry)
    return buffer.getvalue()


def _is_image_archive(path: str) -> bool:
    """A docker or OCI archive has its manifest or index at the top."""
    try:
        with tarfile.open(path) as archive:
            return any(entry.name.removeprefix("./") in ("manifest.json", "index.json") for entry in archive)
    except tarfile.TarError as error:
        raise InvalidError(f"{path} is not an archive of an image: {error}") from error


def _repository_and_tag(image: str) -> tuple[str, str]:
    if "@" in image:
        repository, _, digest = image.partition("@")
        return repository, digest
    repository, _, tag = image.rpartition(":")
    return (repository, tag) if repository and "/" not in tag else (image, "latest")


def _pull_error(image: str, text: str) -> SandboxctlError:
    brief = f"cannot pull {image}: {' '.join(text.split())[:300]}"
    if any(words in text.lower() for words in _NOT_THERE) and "lookup" not in text.lower():
        return InvalidError(brief, hint="check the name and the tag; for a private one, log in first")
    return UnreachableError(brief, hint="is the registry reachable from the engine, and are you logged in?")


@contextmanager
def _reported(*, missing_is_done: bool = False) -> Iterator[None]:
    """The SDK's errors as ours."""
    try:
        yield
    except sdk.NotFound as error:
        if not missing_is_done:
            raise _engine_error(error) from error
    except sdk.APIError as error:
        if missing_is_done and error.response is not None and error.response.status_code == 409:
            return  # "removal of container … is already in progress"
        raise _engine_error(error) from error
    except sdk.DockerException as error:
        raise UnreachableError(f"Docker cannot be reached: {error}") from error
    except requests.exceptions.Timeout as error:
        raise UnreachableError("Docker did not answer in time", hint="--timeout waits longer") from error
    except requests.exceptions.RequestException as error:
        raise UnreachableError(f"the connection to Docker broke: {error}") from error


def _engine_error(error: sdk.APIError) -> SandboxctlError:
    status = error.response.status_code if error.response is not None else 500
    text = " ".join(str(error.explanation or error).split())
    if status == 409:
        return ConflictError(f"Docker: {text}")
    return EngineError(f"Docker: {text}", status=status, hint=_hint(text))


def _hint(text: str) -> str | None:
    """What usually mends the commonest refusals."""
    table = {
        "port is already allocated": "another program or container has this port: choose another, or host: 0",
        "address already in use": "another program has this port: choose another, or host: 0",
        "executable file not found": "the image lacks this program: check command, or the image",
        "no such file or directory: unknown": "the image lacks this program: check command, or the image",
        "no space left": "the engine's disk is full: `docker system df`",
        "rlimit": "the host forbids raising this limit: lower resources.ulimits, or give the engine CAP_SYS_RESOURCE",
    }
    return next((hint for words, hint in table.items() if words in text), None)
