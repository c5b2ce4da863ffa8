"""What changes a Docker Engine, through the official SDK's low-level client. The SDK is imported by the writer's
modules and nowhere else.

`containers.create()` of docker-py 7.2.0 is not used: it cannot set `stop_timeout` and throws the engine's warnings
away (engines.md, section 1.2). Updates are a closed JSON body, since `update_container` lacks cpu and pids.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from docker.tls import TLSConfig

from sandboxctl.backends import archives
from sandboxctl.backends.base import Helper, Json, Key, Payload
from sandboxctl.backends.docker.client import Client
from sandboxctl.backends.docker.complaints import TABLE
from sandboxctl.backends.docker.endpoint import Certificates
from sandboxctl.backends.docker.image_writer import ImageWriter
from sandboxctl.backends.docker.reported import reported
from sandboxctl.complaints import engine_error
from sandboxctl.engine_http import Endpoint
from sandboxctl.fields import within
from sandboxctl.file_volumes import FILE
from sandboxctl.runner import ExecResult

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


class DockerWriter(ImageWriter):
    """Writes to one engine; threads may share it."""

    def __init__(
        self, endpoint: Endpoint, *, certificates: Certificates | None, api_version: str, timeout: float
    ) -> None:
        with reported():
            self._api = Client(base_url=endpoint.reached, version=api_version, timeout=timeout, tls=_tls(certificates))
        # A proxy or CA variable of the caller's has nothing to do with this engine, and would beat `verify` (D7).
        self._api.trust_env = False

    def create(self, payload: Payload, *, name: str) -> str:
        """A container that is not started. A warning of the engine's undoes it: a control was not applied."""
        document = dict(payload.documents[0])
        host = cast("dict[str, Any]", document.pop("host_config"))
        platform = cast("str | None", document.pop("platform", None))
        with reported():
            config = self._api.create_container_config(
                # `command` is required, and None leaves it to the image
                **{"command": None, **document},
                host_config=self._api.create_host_config(**_host_arguments(host)),
            )
            answer = self._api.create_container_from_config(config, name=name, platform=platform)
        warnings = answer.get("Warnings") or []
        if warnings:
            self.delete(answer["Id"])
            raise engine_error(
                f"Docker would not apply all of it: {warnings[0]}",
                status=201,
                table=TABLE,
                hint="a control that is only half applied is refused; change the spec or the host",
            )
        return str(answer["Id"])

    def start(self, ref: str) -> None:
        """Starting what runs is no error."""
        with reported():
            self._api.start(ref)

    def check_health(self, ref: str) -> None:
        """Nothing to do: the daemon runs the health command itself."""

    def wait(self, ref: str) -> int:
        """For as long as it takes; `removed` waits for the removal too, so that nothing is left to look at."""
        with reported():
            return int(self._api.wait(ref, timeout=None, condition="removed")["StatusCode"])

    def unpause(self, ref: str) -> None:
        """Lets a paused container go on."""
        with reported():
            self._api.unpause(ref)

    def stop(self, ref: str, *, grace: int) -> None:
        """TERM, and KILL after `grace` seconds."""
        with reported(missing_is_done=True):
            self._api.stop(ref, timeout=grace)

    def rename(self, ref: str, name: str) -> None:
        """Works on a running container (engines.md, section 13)."""
        with reported():
            self._api.rename(ref, name)

    def update(self, ref: str, changes: Mapping[Key, Json], payload: Payload) -> None:
        """One closed body with every changed field; memory and swap always go together."""
        host = cast("dict[str, Json]", payload.documents[0]["host_config"])
        body: dict[str, Json] = {}
        for prefix, names in _UPDATES:
            if any(within(key, prefix) for key in changes):
                body.update({theirs: host[ours] for theirs, ours in names.items() if ours in host})
        with reported():
            url = f"{self._api.base_url}/v{self._api.api_version}/containers/{ref}/update"
            response = self._api.post(url, json=body, timeout=self._api.timeout)
            self._api._raise_for_status(response)
        warnings = response.json().get("Warnings") or []
        if warnings:
            raise engine_error(f"Docker would not apply all of it: {warnings[0]}", status=200, table=TABLE)

    def delete(self, ref: str) -> None:
        """With its anonymous volumes. Gone already, or going, is success."""
        with reported(missing_is_done=True):
            self._api.remove_container(ref, v=True, force=True)

    def make_directory(self, ref: str, path: str, *, user: int, group: int) -> None:
        """By the archive call, without `copyUIDGID` (with it 20.10 answers 500 for ids that are not in passwd).

        A create has made the working directory already, as root; one that is of the image, and so is no addition of
        this container's layer, is left as it is.
        """
        with reported():
            changed = self._api.diff(ref) or []
            if not any(each["Path"] == path and each["Kind"] == _ADDED for each in changed):
                stat = f"{self._api.base_url}/v{self._api.api_version}/containers/{ref}/archive"
                if self._api.head(stat, params={"path": path}, timeout=self._api.timeout).status_code == 200:
                    return
            self._api.put_archive(ref, "/", archives.directory(path.strip("/"), user=user, group=group))

    def create_helper(self, helper: Helper) -> str:
        """Named, labelled, never started."""
        with reported():
            return self._create_helper(helper, {})

    def _create_helper(self, helper: Helper, host: Mapping[str, Any]) -> str:
        config = self._api.create_container_config(
            image=helper.image, entrypoint=list(helper.command), command=[], labels=dict(helper.labels),
            host_config=self._api.create_host_config(network_mode="none", **host),
        )  # fmt: skip
        return str(self._api.create_container_from_config(config, name=helper.name)["Id"])

    def create_volume(self, name: str, *, labels: Mapping[str, str], user: int, group: int, helper: Helper) -> None:
        """The owner is set through the helper, which is never started (engines.md, section 7)."""
        with reported():
            self._api.create_volume(name, labels=dict(labels))
            self._fill_volume(name, archives.directory("volume", user=user, group=group), helper)

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
        """Written through the helper, which is never started; works on a remote engine as well."""
        user, group = owner
        archive = archives.file(f"volume/{FILE}", content, user=user, group=group, mode=mode)
        with reported():
            self._api.create_volume(volume, labels=dict(labels))
            self._fill_volume(volume, archive, helper)
            return f"{self._api.inspect_volume(volume)['Mountpoint']}/{FILE}"

    def _fill_volume(self, volume: str, archive: bytes, helper: Helper) -> None:
        """The archive has all below `volume/`."""
        mount = {"Type": "volume", "Source": volume, "Target": "/volume", "VolumeOptions": {"NoCopy": True}}
        ref = self._create_helper(helper, {"mounts": [mount]})
        try:
            self._api.put_archive(ref, "/", archive)
        finally:
            self._api.remove_container(ref, v=True, force=True)

    def create_network(self, name: str, *, internal: bool, labels: Mapping[str, str]) -> None:
        """With `check_duplicate`: 20.10 makes a second one of the same name otherwise."""
        with reported():
            self._api.create_network(
                name, driver="bridge", internal=internal, labels=dict(labels), check_duplicate=True
            )

    def delete_network(self, name: str) -> None:
        """Gone already is success."""
        with reported(missing_is_done=True):
            self._api.remove_network(name)

    def delete_volume(self, name: str) -> None:
        """Gone already is success."""
        with reported(missing_is_done=True):
            self._api.remove_volume(name)

    def run_probe(self, helper: Helper, *, name: str) -> ExecResult:
        """A helper container: created, run to its end, read, removed."""
        beside = f"container:{helper.container}"
        program, *arguments = helper.command
        with reported():
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


def _tls(certificates: Certificates | None) -> TLSConfig | None:
    """With `verify` always: without it docker-py 7.2.0 checks nothing (engines.md, D6)."""
    if certificates is None:
        return None
    return TLSConfig(client_cert=certificates.client, ca_cert=certificates.authority, verify=True)


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
