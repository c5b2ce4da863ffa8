"""A server between sandboxctl and a real cluster: it passes everything on, but for what a test has it answer itself."""

from __future__ import annotations

import base64
import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Answered = tuple[int, Mapping[str, str], bytes]
_OF_ONE_CONNECTION = ("transfer-encoding", "connection", "content-length")


def status(code: int, reason: str, message: str, **details: Any) -> Answered:
    """A `Status` as the server words it."""
    whole = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "reason": reason,
             "details": details, "code": code}  # fmt: skip
    return code, {"Content-Type": "application/json"}, json.dumps(whole).encode()


@dataclass(slots=True, kw_only=True)
class Rule:
    """For the next `times` requests that match: an answer of ours; without one the cluster's, which nobody hears."""

    method: str
    path: re.Pattern[str]
    times: int
    answer: Answered | None = None
    last: bool = False


@dataclass(slots=True, kw_only=True)
class Between:
    """`kubeconfig` leads here. `seen` are method and path of each request, in order; `down`: nobody answers any more."""

    kubeconfig: str = ""
    rules: list[Rule] = field(default_factory=list)
    seen: list[tuple[str, str]] = field(default_factory=list)
    down: bool = False

    def answer(self, method: str, path: str, answer: Answered, *, times: int = 10**6) -> None:
        """These requests never reach the cluster; `path` is a regular expression for its end."""
        self.rules.append(Rule(method=method, path=re.compile(path + "$"), answer=answer, times=times))

    def lose(self, method: str, path: str, *, last: bool = False) -> None:
        """The cluster is asked once, and nobody hears its answer; `last`: nor anything else from it."""
        self.rules.append(Rule(method=method, path=re.compile(path + "$"), times=1, last=last))

    def rule_for(self, method: str, path: str) -> Rule | None:
        """The rule for a request, once less."""
        self.seen.append((method, path))
        rule = next(
            (each for each in self.rules if each.times and each.method == method and each.path.search(path)), None
        )
        if rule is not None:
            rule.times -= 1
            self.down = self.down or rule.last
        return rule

    def writes(self) -> list[tuple[str, str]]:
        """Every request that changes something, dry runs left out."""
        return [each for each in self.seen if each[0] != "GET" and "dryRun" not in each[1]]


class _Connection(BaseHTTPRequestHandler):
    """One request. The server is a `_Server`."""

    server: _Server

    def log_message(self, *_: Any) -> None:
        """Nothing."""

    def handle_one_request(self) -> None:
        """Any method."""
        self.raw_requestline = self.rfile.readline(65537)
        self.close_connection = True
        if self.raw_requestline and self.parse_request():
            self._pass_on(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def _pass_on(self, body: bytes) -> None:
        found = self.server.found
        if found.down:
            return
        rule = found.rule_for(self.command, self.path)
        if rule is not None and rule.answer is not None:
            self._reply(rule.answer)
            return
        answer = self.server.ask(self.command, self.path, body, self.headers.get("Content-Type", ""))
        if rule is None:
            self._reply(answer)

    def _reply(self, answer: Answered) -> None:
        code, headers, body = answer
        self.send_response(code)
        for name, text in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    """`ask` asks the cluster itself."""

    def __init__(self, found: Between, ask: Callable[[str, str, bytes, str], Answered]) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.found, self.ask = found, ask


@contextmanager
def between(kubeconfig: str, directory: Path) -> Iterator[Between]:
    """Such a server in front of the cluster that a kubeconfig names."""
    config = json.loads(Path(kubeconfig).read_text())
    found = Between(kubeconfig=str(directory / "between.kubeconfig"))
    with _Server(found, _asking(config, directory)) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        config["clusters"][0]["cluster"] = {"server": f"http://127.0.0.1:{server.server_address[1]}"}
        config["users"][0]["user"] = {"token": "a-token-of-ours"}
        Path(found.kubeconfig).write_text(json.dumps(config))
        yield found
        server.shutdown()


def _asking(config: Mapping[str, Any], directory: Path) -> Callable[[str, str, bytes, str], Answered]:
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    context = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    for name in ("client-certificate", "client-key"):
        (directory / name).write_bytes(base64.b64decode(user[f"{name}-data"]))
    context.load_cert_chain(directory / "client-certificate", directory / "client-key")
    url = urlsplit(cluster["server"])

    def ask(method: str, path: str, body: bytes, content_type: str) -> Answered:
        connection = HTTPSConnection(url.hostname or "", url.port, context=context, timeout=60)
        connection.request(method, path, body or None, {"Content-Type": content_type} if body else {})
        answer = connection.getresponse()
        headers = {name: text for name, text in answer.getheaders() if name.lower() not in _OF_ONE_CONNECTION}
        content = answer.read()
        connection.close()
        return answer.status, headers, content

    return ask
