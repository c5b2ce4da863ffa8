"""The API server's requests and its refusals: JSON in, JSON out, every status an error of ours. Knows no sandbox.

What the server says is shown as far as its first line: its 422 goes on with the whole object, values of variables
among it (v1.34.4).
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from sandboxctl.backends.base import Json
from sandboxctl.backends.kubernetes import complaints
from sandboxctl.dataclass import dataclass
from sandboxctl.engine_http import Answer, Endpoint, EngineHttp
from sandboxctl.errors import ConflictError, EngineError, InvalidError, SandboxctlError, SilentError, UnreachableError

FIELD_MANAGER = "sandboxctl"
_LOCATIONS: Mapping[str, str] = {
    "Pod": "/api/v1/namespaces/{namespace}/pods",
    "ConfigMap": "/api/v1/namespaces/{namespace}/configmaps",
    "Secret": "/api/v1/namespaces/{namespace}/secrets",
    "Service": "/api/v1/namespaces/{namespace}/services",
    "PersistentVolumeClaim": "/api/v1/namespaces/{namespace}/persistentvolumeclaims",
    "Event": "/api/v1/namespaces/{namespace}/events",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies",
}
_TOO_MANY_TRIES = 5
_LONGEST_PAUSE = 10.0  # seconds that a server may ask us to wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A `Status` that is no success."""

    status: int
    reason: str
    message: str
    causes: tuple[Mapping[str, str], ...] = ()


class Api:
    """One API server and one namespace in it. Threads may share it."""

    def __init__(self, endpoint: Endpoint, *, namespace: str, timeout: float) -> None:
        self.http = EngineHttp(endpoint, timeout=timeout)
        self.namespace = namespace
        self.headers: Mapping[str, str] = {}

    def location(self, kind: str, name: str = "") -> str:
        """The path of a kind's objects in our namespace, or of one of them."""
        base = _LOCATIONS[kind].format(namespace=self.namespace)
        return f"{base}/{name}" if name else base

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """The object, or the list. Raises for every refusal."""
        return self._decoded(self._answer(self._patiently("GET", path, query, b"", "")), f"GET {path}")

    def find(self, path: str) -> Any | None:
        """The object; None where it is not there."""
        answer = self._answer(self._patiently("GET", path, None, b"", ""))
        return None if answer.status == 404 else self._decoded(answer, f"GET {path}")

    def items(self, kind: str, query: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """A list of our namespace."""
        return list(self.get(self.location(kind), query).get("items") or [])

    def stream(self, path: str, query: Mapping[str, str]) -> Iterator[bytes]:
        """A body as it comes."""
        return self.http.stream(path, query)

    def apply(self, document: Mapping[str, Json], *, manager: str = FIELD_MANAGER, dry_run: bool = False) -> Any:
        """Server-side apply, validated strictly; what is not there is made. ConflictError names the field's manager."""
        metadata = document["metadata"]
        assert isinstance(metadata, dict)
        path = self.location(str(document["kind"]), str(metadata["name"]))
        query = {"fieldManager": manager, "fieldValidation": "Strict", **({"dryRun": "All"} if dry_run else {})}
        return self.send("PATCH", path, query, document, content_type="application/apply-patch+yaml")

    def create(self, document: Mapping[str, Json], *, dry_run: bool = False) -> Any:
        """A POST: ConflictError where the name is taken."""
        query = {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict", **({"dryRun": "All"} if dry_run else {})}
        return self.send("POST", self.location(str(document["kind"])), query, document)

    def delete(self, path: str, *, uid: str | None = None, grace: int | None = None) -> None:
        """Gone already is success; another object of this name is a conflict. `grace` in seconds, else its own."""
        body: dict[str, Json] = {} if uid is None else {"preconditions": {"uid": uid}}
        if grace is not None:
            body["gracePeriodSeconds"] = grace
        answer = self._answer(self._patiently("DELETE", path, None, _encoded(body), "application/json"))
        if answer.status != 404:
            self._decoded(answer, f"DELETE {path}")

    def send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        document: Mapping[str, Json],
        *,
        content_type: str = "application/json",
    ) -> Any:
        """A request with a document; the server's answer."""
        answer = self._answer(self._patiently(method, path, query, _encoded(document), content_type))
        return self._decoded(answer, f"{method} {path}")

    def _patiently(
        self, method: str, path: str, query: Mapping[str, str] | None, body: bytes, content_type: str
    ) -> Answer:
        """Waits and asks again where the server says so (429): nothing was done then. Raises UnreachableError."""
        for _ in range(_TOO_MANY_TRIES):
            if method == "GET":
                answer = self.http.get(path, query)
            else:
                answer = self._sent(method, path, query, body, content_type)
            if answer.status == 410 and method == "GET":  # it has forgotten the state that it began to list
                continue
            if answer.status != 429:
                return answer
            after = answer.headers.get("retry-after", "1")
            time.sleep(min(float(after) if after.isdecimal() else 1.0, _LONGEST_PAUSE))
        raise UnreachableError("Kubernetes has too much to do: it went on asking us to wait", hint="try again later")

    def _sent(
        self, method: str, path: str, query: Mapping[str, str] | None, body: bytes, content_type: str
    ) -> Answer:  # fmt: skip
        """Once more where the answer was lost: what was done then changes nothing the second time, but for a POST."""
        try:
            return self.http.send(method, path, query, body=body, content_type=content_type)
        except SilentError:
            raise
        except UnreachableError:
            if method == "POST":
                raise
            return self.http.send(method, path, query, body=body, content_type=content_type)

    def _answer(self, answer: Answer) -> Answer:
        self.headers = answer.headers
        return answer

    def _decoded(self, answer: Answer, step: str) -> Any:
        if answer.status >= 300:
            refuse(answer, self.http.endpoint.url)
        try:
            return json.loads(answer.body)
        except ValueError as error:
            url = self.http.endpoint.url
            raise UnreachableError(f"what answers at {url} is not Kubernetes ({step})") from error


def _encoded(document: Mapping[str, Json]) -> bytes:
    """JSON that reads as the same YAML, as which the server takes an apply: it knows no pairs of surrogates there."""
    text = json.dumps(document, separators=(",", ":"))
    if "\\ud" in text:
        text = _PAIR.sub(lambda found: json.loads(f'"{found[1]}"') if found[1] else found[0], text)
    return text.encode()


_PAIR = re.compile(r"\\\\|(\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2})")  # an escaped backslash begins none


def refuse(answer: Answer, url: str) -> NoReturn:
    """Raises what a refusal means."""
    raise error_of(_refusal(answer), url)


def _refusal(answer: Answer) -> Refusal:
    try:
        status = json.loads(answer.body)
        causes = (status.get("details") or {}).get("causes") or []
        return Refusal(
            status=answer.status,
            reason=str(status.get("reason") or ""),
            message=first_line(str(status.get("message") or "")),
            causes=tuple({name: first_line(str(text)) for name, text in each.items()} for each in causes),
        )
    except (ValueError, AttributeError, TypeError):
        return Refusal(status=answer.status, reason="", message=first_line(answer.body.decode("utf-8", "replace")))


def first_line(text: str) -> str:
    """As far as is safe to show: a 422 prints the whole object from its second line on."""
    line = text.strip().partition("\n")[0]
    return line.partition("core.PodSpec{")[0].strip()[:500]


_NO_RIGHT = re.compile(r'User "(?P<user>[^"]*)" cannot (?P<verb>\w+) resource "(?P<resource>[^"]*)"')


def error_of(refusal: Refusal, url: str) -> SandboxctlError:
    """The error of ours, with the exit code that a caller relies on, and the field that its words name."""
    return complaints.placed(_error_of(refusal, url))


def _error_of(refusal: Refusal, url: str) -> SandboxctlError:
    text = refusal.message
    match refusal.status:
        case 401:
            return UnreachableError(f"Kubernetes at {url} does not know us: the login is missing or has expired",
                                    hint="log in again, or choose another context with --context")  # fmt: skip
        case 403:
            return _forbidden(text)
        case 404 if "namespaces" in text and "not found" in text:
            return InvalidError(f"Kubernetes: {text}")
        case 409:
            return _conflict(refusal)
        case 400 | 413 | 422:
            return InvalidError(f"Kubernetes refuses it: {text}{_reasons(refusal)}")
        case 500 if "not declared in schema" in text or "duplicate entries" in text:
            return InvalidError(f"Kubernetes refuses it: {text}")
        case 500 if "webhook" in text:
            return UnreachableError(f"Kubernetes: {text}", hint="an admission webhook of the cluster does not answer")
    if refusal.status in (502, 503, 504):
        return UnreachableError(f"Kubernetes at {url} is not ready: {text}", hint="is it starting? try again")
    return EngineError(f"Kubernetes answered {refusal.status}: {text}", status=refusal.status)


def _reasons(refusal: Refusal) -> str:
    """The fields that a 422 names; never what it says of the pod's spec as a whole."""
    found = [
        f"{cause.get('field')}: {cause.get('message', '')}"
        for cause in refusal.causes
        if cause.get("field") not in (None, "", "spec") and cause.get("message", "") not in refusal.message
    ]
    return f" ({'; '.join(found[:3])})" if found else ""


def _forbidden(text: str) -> SandboxctlError:
    """A right that is missing is exit 4; what admission, Pod Security or a quota refuses is the spec's affair."""
    right = _NO_RIGHT.search(text)
    if right is not None:
        return UnreachableError(
            f"no permission in the cluster: {text}",
            hint=f"ask for a role that may {right['verb']} {right['resource']}",
        )
    standard = "the namespace enforces a standard that `security.profile: restricted` meets"
    return InvalidError(f"Kubernetes refuses it: {text}", hint=standard if "violates PodSecurity" in text else None)


def _conflict(refusal: Refusal) -> SandboxctlError:
    """Another manager's field names both; everything else names what it found."""
    managers = [cause for cause in refusal.causes if cause.get("reason") == "FieldManagerConflict"]
    if managers:
        fields = "; ".join(
            f"{cause.get('field', '').lstrip('.')}: {cause.get('message', '')}" for cause in managers[:3]
        )
        return ConflictError(
            f"others manage what the spec sets: {fields}", hint="let go of it there, or leave it out of the spec"
        )
    if "object is being deleted" in refusal.message:
        return ConflictError(f"Kubernetes: {refusal.message}", hint="it is still ending; a finalizer may hold it")
    return ConflictError(f"Kubernetes: {refusal.message}")
