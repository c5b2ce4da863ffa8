"""The bytes of a request to an engine. Pure; what is sent, and what comes back, is for `engine_http`."""

from __future__ import annotations

import json
from collections.abc import Mapping

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-~")


def request(path: str, query: Mapping[str, str] | None, headers: Mapping[str, str], *, method: str = "GET") -> bytes:
    """Of HTTP/1.0, which asks the engine for a plain body."""
    lines = {"Host": "engine", "Accept": "application/json", **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {_target(path, query)} HTTP/1.0\r\n{head}\r\n".encode("latin-1")


def post(path: str, body: Mapping[str, object] | None, *, upgrade: bool = False) -> bytes:
    """A small JSON document; with `upgrade` the connection is to become a stream."""
    content = b"" if body is None else json.dumps(body).encode("ascii")
    extra = "Connection: Upgrade\r\nUpgrade: tcp\r\n" if upgrade else ""
    version = "1.1" if upgrade else "1.0"
    head = f"POST {path} HTTP/{version}\r\nHost: engine\r\nContent-Type: application/json\r\n{extra}"
    return f"{head}Content-Length: {len(content)}\r\n\r\n".encode("ascii") + content


def _target(path: str, query: Mapping[str, str] | None) -> str:
    target = _quoted(path, safe="/:@")
    if query:
        target += "?" + "&".join(f"{_quoted(name)}={_quoted(value, safe='')}" for name, value in query.items())
    return target


def _quoted(text: str, *, safe: str = "/") -> str:
    if all(char in _PLAIN or char in safe for char in text):
        return text
    from urllib.parse import quote  # 2 ms, and most questions have nothing to quote

    return quote(text, safe=safe)
