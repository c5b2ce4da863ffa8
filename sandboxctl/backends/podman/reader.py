"""What a Podman service shows, over its libpod API. Only GET requests, each answer decoded at once (`native`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal

from sandboxctl.backends.base import Engine, ImageConfig, Listed, LocalImage, NetworkFacts, Observed, PodFacts, Status
from sandboxctl.backends.podman import native
from sandboxctl.backends.podman.inspection import Pod
from sandboxctl.backends.podman.service import Service
from sandboxctl.dataclass import replace
from sandboxctl.engine_http import Answer
from sandboxctl.errors import EngineError, NotFoundError, UnreachableError
from sandboxctl.multiplex import frames
from sandboxctl.ownership import MANAGED
from sandboxctl.timestamps import http_date

LIBPOD = "/v4.0.0/libpod"
"""The oldest form of the API that we speak: every service since answers it."""


_ASKED_AGAIN = 3

_OWN = f'{{"label":["{MANAGED}=true"]}}'


class PodmanReader:
    """Reads over the socket. The engine's version and clock come from the answers' headers, at no cost."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._headers: Mapping[str, str] = {}
        self._identity: Engine | None = None

    def engine(self) -> Engine:
        """Version from the `Server` header of the last answer (`Libpod/4.3.1 (linux)`)."""
        if self._identity is not None:
            return self._identity
        if not self._headers:
            self._get("/_ping")
        version = self._headers.get("server", "").partition("/")[2].partition(" ")[0]
        return native.any_engine(self._service.endpoint.url, version)

    def identify(self) -> Engine:
        """`/info`: id, rootless or not, control groups, security modules, runtime, default capabilities."""
        if self._identity is None:
            endpoint = self._service.endpoint
            self._identity = replace(native.engine(self._json("/info"), endpoint.url), local=endpoint.local)
        return self._identity

    def now(self) -> float:
        """The engine's clock at its last answer, in seconds since the epoch."""
        if not self._headers.get("date"):
            self._get("/_ping")
        return http_date(self._headers["date"])

    def containers(self) -> Sequence[Listed]:
        """`/containers/json?all=true`, less the pods' infra containers, which have the labels of their pod."""
        every = self._json("/containers/json", {"all": "true"}) or []
        return [native.listed(each) for each in every if not each.get("IsInfra")]

    def images(self) -> Sequence[LocalImage]:
        """`/images/json`; asked again where an image went away meanwhile, at which 4.3 fails as a whole."""
        for _ in range(_ASKED_AGAIN):
            try:
                return self._images()
            except EngineError as error:
                if "image not known" not in error.brief:
                    raise
        return self._images()

    def _images(self) -> list[LocalImage]:
        return [native.local_image(each) for each in self._json("/images/json") or []]

    def observe(self, ref: str) -> Observed | None:
        """`/containers/REF/json`."""
        inspected = self._optional(f"/containers/{ref}/json")
        return None if inspected is None else native.read(inspected, self._around(inspected))

    def _around(self, inspected: Mapping[str, Any]) -> Pod | None:
        """The pod that a container is in: two requests, only for one that is in one."""
        pod = self._optional(f"/pods/{inspected['Pod']}/json") if inspected.get("Pod") else None
        infra = pod.get("InfraContainerID") if pod is not None else None
        holder = self._optional(f"/containers/{infra}/json") if infra else None
        return None if pod is None or holder is None else Pod(pod=pod, holder=holder)

    def about_to_observe(self, refs: Sequence[str]) -> AbstractContextManager[None]:
        """Each of them is one request, but for those in a pod."""
        return self._service.http.ahead([f"{LIBPOD}/containers/{ref}/json" for ref in refs])

    def pod(self, name: str) -> PodFacts | None:
        """`/pods/NAME/json`."""
        found = self._optional(f"/pods/{name}/json")
        return None if found is None else native.pod(found)

    def status(self, ref: str) -> Status | None:
        """The state part of the inspect."""
        inspected = self._optional(f"/containers/{ref}/json")
        return None if inspected is None else native.status(inspected, now=self.now())

    def image_config(self, image: str) -> ImageConfig | None:
        """`/images/NAME/json`."""
        inspected = self._optional(f"/images/{image}/json")
        return None if inspected is None else native.image_config(inspected)

    def has_secret(self, name: str) -> bool:
        """`/secrets/NAME/json`, by the exact name: an id would do too."""
        found = self._optional(f"/secrets/{name}/json")
        return found is not None and (found.get("Spec") or {}).get("Name") == name

    def network(self, name: str) -> NetworkFacts | None:
        """By exact name: an inspect would also take the beginning of an id."""
        found = next((each for each in self._json("/networks/json") or [] if each.get("name") == name), None)
        if found is None:
            return None
        ours = (found.get("labels") or {}).get(MANAGED) == "true"
        return NetworkFacts(ours=ours, internal=bool(found.get("internal")))

    def volume_labels(self, name: str) -> Mapping[str, str] | None:
        """`/volumes/NAME/json`."""
        found = self._optional(f"/volumes/{name}/json")
        return None if found is None else found.get("Labels") or {}

    def own_volumes(self) -> Mapping[str, Mapping[str, str]]:
        """`/volumes/json`, by our label."""
        found = self._json("/volumes/json", {"filters": _OWN}) or []
        return {each["Name"]: each.get("Labels") or {} for each in found}

    def logs(self, ref: str, *, tail: int | None, follow: bool) -> Iterator[tuple[Literal[1, 2], bytes]]:
        """`/containers/REF/logs`, the engine's 8-byte frames taken off."""
        if self._optional(f"/containers/{ref}/json") is None:
            raise NotFoundError(f"there is no container {ref}")
        query = {"stdout": "true", "stderr": "true"}
        if tail is not None:
            query["tail"] = str(tail)
        if follow:
            query["follow"] = "true"
        return frames(self._service.http.stream(f"{LIBPOD}/containers/{ref}/logs", query))

    def close(self) -> None:
        """Nothing is kept open."""

    def _get(self, path: str, query: Mapping[str, str] | None = None) -> Answer:
        answer = self._service.http.get(LIBPOD + path, query)
        if not answer.headers.get("server", "").startswith("Libpod/"):
            url = self._service.endpoint.url
            raise UnreachableError(
                f"what answers at {url} is not Podman", hint="for a Docker socket use --backend docker"
            )
        self._headers = answer.headers
        return answer

    def _json(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        answer = self._get(path, query)
        return self._service.http.content(answer, path)

    def _optional(self, path: str) -> Any | None:
        answer = self._get(path)
        if answer.status == 404 or b"no such container" in answer.body:  # 500, where it goes at this very moment
            return None
        return self._service.http.content(answer, path)
