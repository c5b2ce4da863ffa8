"""Reading kubeconfigs: files → the one cluster and user that a context means. No connection is made here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sandboxctl.dataclass import dataclass, field
from sandboxctl.errors import UnreachableError


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One context, taken apart. `directory` is that of its file; relative paths in it begin there."""

    context: str
    namespace: str
    cluster: Mapping[str, Any]
    user: Mapping[str, Any] = field(repr=False)
    cluster_name: str
    user_name: str
    directory: Path

    @property
    def place(self) -> str:
        """How a message names it."""
        return f"the kubeconfig's context {self.context}"

    def alone(self) -> dict[str, Any]:
        """A kubeconfig of this context and nothing else."""
        context = {"cluster": self.cluster_name, "user": self.user_name}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": self.context,
            "contexts": [{"name": self.context, "context": context}],
            "clusters": [{"name": self.cluster_name, "cluster": dict(self.cluster)}],
            "users": [{"name": self.user_name, "user": dict(self.user)}],
        }


def read(files: Sequence[Path], *, context: str | None) -> Entry:
    """The entry of `context`, else of the current one. Of several files the first to say something wins.

    Raises UnreachableError for a file that cannot be read or says nothing, and for a context that is not there.
    """
    documents = [(path, _document(path)) for path in files]
    name = context or next((str(each["current-context"]) for _, each in documents if each.get("current-context")), None)
    if not name:
        raise UnreachableError(
            f"{_named(files)} has no current context", hint="use --context, or `kubectl config use-context NAME`"
        )
    _, found = _find(documents, "contexts", "context", name, files)
    cluster_name, user_name = str(found.get("cluster", "")), str(found.get("user", ""))
    path, cluster = _find(documents, "clusters", "cluster", cluster_name, files)
    _, user = _find(documents, "users", "user", user_name, files) if user_name else (path, {})
    return Entry(
        context=name,
        namespace=str(found.get("namespace") or "default"),
        cluster=cluster,
        user=user,
        cluster_name=cluster_name,
        user_name=user_name,
        directory=path.resolve().parent,
    )


def _document(path: Path) -> Mapping[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UnreachableError(f"cannot read the kubeconfig {path}: {reason}", hint="use --kubeconfig") from error
    whole = _parsed(text, path)
    if not isinstance(whole, Mapping) or not whole:
        what = "is empty" if not whole else "is no mapping"
        raise UnreachableError(f"the kubeconfig {path} {what}", hint="`kubectl config view` shows what one has")
    return whole


def _parsed(text: str, path: Path) -> Any:
    """JSON is tried first: it is YAML as well, and read a hundred times as fast."""
    with suppress(ValueError):
        return json.loads(text)
    import yaml

    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  (both are safe)
    except yaml.YAMLError as error:
        raise UnreachableError(
            f"the kubeconfig {path} is no YAML", hint="`kubectl config view` shows what one has"
        ) from error


def _find(
    documents: Sequence[tuple[Path, Mapping[str, Any]]], kind: str, part: str, name: str, files: Sequence[Path]
) -> tuple[Path, Mapping[str, Any]]:
    known: list[str] = []
    for path, document in documents:
        entries = document.get(kind) or []
        for entry in entries if isinstance(entries, list) else []:
            if not isinstance(entry, Mapping):
                continue
            known.append(str(entry.get("name")))
            if entry.get("name") == name and isinstance(entry.get(part), Mapping):
                return path, entry[part]
    hint = f"it has: {', '.join(known)}" if known else "`kubectl config view` shows what it has"
    raise UnreachableError(f"{_named(files)} has no {part} {name}", hint=hint)


def _named(files: Sequence[Path]) -> str:
    return f"the kubeconfig {':'.join(str(path) for path in files)}"
