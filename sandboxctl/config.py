"""Where the engines are: the user's and the project's config files, read and joined. What uses them is not known here.

A file that is there and cannot be read, or is wrong, stops everything. Decisions:
- `backends` is the user's alone: a project must not send a sandbox to whatever cluster is current.
- A target that both have is the user's: a project must not lead a name that the user gave somewhere else.
- A file that is named (`--config`) is the user's word, and is read instead of both.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from sandboxctl.dataclass import dataclass, field
from sandboxctl.errors import LocalFileError
from sandboxctl.host import read_regular
from sandboxctl.problems import Problem, errors, ordered
from sandboxctl.spec import BACKENDS, Source
from sandboxctl.text import MAX_BYTES

if TYPE_CHECKING:
    from sandboxctl.decode.value import Value
    from sandboxctl.document import Document
    from sandboxctl.findings import Findings

KIND = "Config"
PROJECT = ".sandboxctl.yaml"
USER = "config.yaml"
_ALIASES = {"k8s": "kubernetes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A named connection. `settings` are the words of the backend's section in a spec, and `kubeconfig`.

    `own`: the user has written it, and not a project.
    """

    name: str
    backend: str
    settings: Mapping[str, str]
    filename: str
    own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What the files say together; `backends` is None where none says it."""

    backends: tuple[str, ...] | None = None
    targets: Mapping[str, Target] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The config, and what is wrong with its files."""

    config: Config
    problems: tuple[Problem, ...]


def load(*, named: str | None, user_directory: str | None, working_directory: str) -> Found:
    """The named file alone, else the user's and the nearest project's. Raises LocalFileError."""
    if named is not None:
        config, problems = _one(named, whole=True)
        return Found(config=config, problems=problems)
    user = os.path.join(user_directory, USER) if user_directory else None
    own, wrong = _one(user, whole=True) if user and os.path.lexists(user) else (Config(), ())
    project = _nearest(working_directory)
    theirs, faults = _one(project, whole=False) if project else (Config(), ())
    joined = Config(backends=own.backends, targets={**theirs.targets, **own.targets})
    return Found(config=joined, problems=ordered([*wrong, *faults]))


def _nearest(directory: str) -> str | None:
    """The project's file in a directory or the nearest above it."""
    directory = os.path.abspath(directory)
    while True:
        path = os.path.join(directory, PROJECT)
        if os.path.lexists(path):
            return os.path.relpath(path) if directory == os.path.abspath(os.curdir) else path
        above = os.path.dirname(directory)
        if above == directory:
            return None
        directory = above


def _one(path: str, *, whole: bool) -> tuple[Config, tuple[Problem, ...]]:
    """One file; `whole`: it may say which backends are in use."""
    from sandboxctl import schema  # most machines have no such file, and need none of this
    from sandboxctl.document import read
    from sandboxctl.findings import Findings

    documents, problems = read(_content(path), filename=path, kind=KIND)
    problems = (*problems, *(problem for document in documents for problem in schema.check(document, schema.CONFIG)))
    if errors(problems) or not documents:
        return Config(), problems
    document, *more = documents
    findings = Findings(document.source)
    for each in more:
        extra = Findings(each.source)
        extra.error("config-form", (), "a config file is one document", hint="put all into the first")
        problems = (*problems, *extra.problems)
    config = _decoded(document, findings, whole=whole)
    return config, (*problems, *findings.problems)


def _content(path: str) -> bytes:
    try:
        return read_regular(path, MAX_BYTES + 1)
    except FileNotFoundError:
        raise LocalFileError(f"the config file {path} does not exist") from None
    except OSError as error:
        raise LocalFileError(f"the config file {path}: {(error.strerror or str(error)).lower()}") from None


def _decoded(document: Document, findings: Findings, *, whole: bool) -> Config:
    from sandboxctl.decode.value import Value

    spec = Value(raw=document.value, path=(), findings=findings).at("spec")
    backends = spec.at("backends")
    if backends.written and not whole:
        backends.error(
            "config-backends", "a project cannot say which backends are in use", key=True,
            hint="write it into the user's own config.yaml, or `backend` into the spec",
        )  # fmt: skip
    listed = tuple(dict.fromkeys(_ALIASES.get(word, word) for word in backends.texts()))
    if backends.written and not listed:
        backends.error("config-backends", "no backend at all would be in use", hint="name one, or leave it out")
    targets = spec.at("targets")
    return Config(
        backends=listed or None,
        targets={name: _target(name, value, document.source, own=whole) for name, value in targets.entries()},
    )


def _target(name: str, value: Value, source: Source, *, own: bool) -> Target:
    backend = next(each for each in BACKENDS if value.at(each).written)
    settings = {key: setting.text() for key, setting in value.at(backend).entries()}
    if "kubeconfig" in settings:
        beside = os.path.dirname(source.filename)
        settings["kubeconfig"] = os.path.join(beside, os.path.expanduser(settings["kubeconfig"]))
    return Target(name=name, backend=backend, settings=settings, filename=source.filename, own=own)
