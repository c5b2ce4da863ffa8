"""What a Docker Engine shows. Only GET requests, each answer decoded at once (`native`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal

from sandboxctl.backends import kept_images
from sandboxctl.backends.base import Engine, ImageConfig, Listed, LocalImage, NetworkFacts, Observed, Status
from sandboxctl.backends.docker import native
from sandboxctl.dataclass import replace
from sandboxctl.engine_http import Answer, Endpoint, EngineHttp
from sandboxctl.errors import NotFoundError, UnreachableError
from sandboxctl.multiplex import frames
from sandboxctl.ownership import MANAGED
from sandboxctl.timestamps import http_date

_SUB_PATHS = (1, 45)

_OWN = f'{{"label":["{MANAGED}=true"]}}'


class DockerReader:
    """Reads over the socket. The engine's version and clock come from the answers' headers, at no cost."""

    def __init__(self, endpoint: Endpoint, *, timeout: float, cache: bool = True) -> None:
        self._http = EngineHttp(endpoint, timeout=timeout)
        self._cache = cache
        self._headers: Mapping[str, str] = {}
        self._identity: Engine | None = None

    def engine(self) -> Engine:
        """Version from the `Server` header of the last answer (`Docker/20.10.24 (linux)`)."""
        if self._identity is not None:
            return self._identity
        if not self._headers:
            self._get("/_ping")
        server = self._headers.get("server", "")
        version = server.partition("/")[2].partition(" ")[0]
        return Engine(backend="docker", endpoint=self._http.endpoint.url, version=version, adds_nothing=True)

    def api_version(self) -> str:
        """The newest API version of the engine, from the `Api-Version` header."""
        if not self._headers:
            self._get("/_ping")
        return self._headers.get("api-version", "1.41")

    def identify(self) -> Engine:
        """`/info`: id, cgroups, security modules, runtimes."""
        if self._identity is None:
            info = self._json("/info")
            sub_paths = _number(self.api_version()) >= _SUB_PATHS
            self._identity = replace(
                native.engine(info),
                endpoint=self._http.endpoint.url,
                local=self._http.endpoint.local,
                sub_paths=sub_paths,
            )
        return self._identity

    def now(self) -> float:
        """The engine's clock at its last answer, in seconds since the epoch."""
        if not self._headers.get("date"):
            self._get("/_ping")
        return http_date(self._headers["date"])

    def containers(self) -> Sequence[Listed]:
        """`/containers/json?all=1`."""
        return [native.listed(each) for each in self._json("/containers/json", {"all": "1"})]

    def images(self) -> Sequence[LocalImage]:
        """`/images/json`."""
        return [native.local_image(each) for each in self._json("/images/json")]

    def observe(self, ref: str) -> Observed | None:
        """`/containers/REF/json`."""
        inspected = self._optional(f"/containers/{ref}/json")
        return None if inspected is None else native.read(inspected)

    def about_to_observe(self, refs: Sequence[str]) -> AbstractContextManager[None]:
        """Each of them is one request."""
        return self._http.ahead([f"/containers/{ref}/json" for ref in refs])

    def status(self, ref: str) -> Status | None:
        """The state part of the inspect."""
        inspected = self._optional(f"/containers/{ref}/json")
        return None if inspected is None else native.status(inspected)

    def image_config(self, image: str) -> ImageConfig | None:
        """`/images/NAME/json`; by its id once on this machine."""
        return kept_images.config(image, self._ask_image) if self._cache else self._ask_image(image)

    def _ask_image(self, image: str) -> ImageConfig | None:
        inspected = self._optional(f"/images/{image}/json")
        return None if inspected is None else native.image_config(inspected)

    def network(self, name: str) -> NetworkFacts | None:
        """By name, among all networks: 20.10 allows two of one name, and inspect then answers 404 or 400."""
        found = next((each for each in self._json("/networks") if each.get("Name") == name), None)
        if found is None:
            return None
        ours = (found.get("Labels") or {}).get(MANAGED) == "true"
        return NetworkFacts(ours=ours, internal=bool(found.get("Internal")))

    def volume_labels(self, name: str) -> Mapping[str, str] | None:
        """`/volumes/NAME`."""
        found = self._optional(f"/volumes/{name}")
        return None if found is None else found.get("Labels") or {}

    def own_volumes(self) -> Mapping[str, Mapping[str, str]]:
        """`/volumes`, by our label."""
        found = self._json("/volumes", {"filters": _OWN})["Volumes"] or []
        return {each["Name"]: each.get("Labels") or {} for each in found}

    def logs(self, ref: str, *, tail: int | None, follow: bool) -> Iterator[tuple[Literal[1, 2], bytes]]:
        """`/containers/REF/logs`, the engine's 8-byte frames taken off; with a tty there are none."""
        inspected = self._optional(f"/containers/{ref}/json")
        if inspected is None:
            raise NotFoundError(f"there is no container {ref}")
        query = {"stdout": "1", "stderr": "1", "tail": "all" if tail is None else str(tail)}
        if follow:
            query["follow"] = "1"
        chunks = self._http.stream(f"/containers/{ref}/logs", query)
        if inspected["Config"]["Tty"]:
            return ((1, chunk) for chunk in chunks if chunk)
        return frames(chunks)

    def close(self) -> None:
        """Nothing is kept open."""

    def _get(self, path: str, query: Mapping[str, str] | None = None) -> Answer:
        answer = self._http.get(path, query)
        if not answer.headers.get("server", "").startswith("Docker/"):
            url = self._http.endpoint.url
            raise UnreachableError(
                f"what answers at {url} is not Docker", hint="for a Podman socket use --backend podman"
            )
        self._headers = answer.headers
        return answer

    def _json(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        answer = self._get(path, query)
        return self._http.content(answer, path)

    def _optional(self, path: str) -> Any | None:
        answer = self._get(path)
        if answer.status == 404:
            return None
        return self._http.content(answer, path)


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())
