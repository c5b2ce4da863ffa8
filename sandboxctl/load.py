"""Paths → sandboxes and everything wrong with them: the one place where text, schema, decode and rules meet.

It reads spec files (`spec_files`) and, through `host`, what they name. What an engine could do is not asked here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, BinaryIO

from sandboxctl import rules, schema, spec_files, variables
from sandboxctl.broken import Broken
from sandboxctl.dataclass import dataclass, field, replace
from sandboxctl.decode import decode
from sandboxctl.document import Document, read
from sandboxctl.facts import HostFacts
from sandboxctl.host import Host
from sandboxctl.identity import same_identity
from sandboxctl.problems import Path, Problem, errors, ordered
from sandboxctl.spec import API_VERSION, Loaded, Sandbox
from sandboxctl.spec_files import LoadResult, SpecFile

if TYPE_CHECKING:
    from sandboxctl.overlay import Edits

_OTHER_KINDS = ("Config", "Policy")

OF_THIS_MACHINE = frozenset(
    {"bind-missing", "bind-kind", "bind-link", "bind-not-writable", "env-not-set", "file-unreadable",
     "workdir-not-writable"}
)  # fmt: skip
"""Codes of what is wrong with this machine at this moment, not with the spec: no reason to keep a sandbox."""


@dataclass(slots=True, kw_only=True)
class _Result:
    """What grows while files are judged one after the other."""

    host: HostFacts
    variables: Mapping[str, str]
    edits: Edits | None
    forgiven: frozenset[str] = frozenset()
    referenced: set[str] = field(default_factory=set)
    names: list[object] = field(default_factory=list)
    loaded: list[Loaded] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def load(
    paths: Sequence[str],
    *,
    variables: Mapping[str, str] | None = None,
    edits: Edits | None = None,
    stdin: BinaryIO | None = None,
    forgiven: frozenset[str] = frozenset(),
) -> LoadResult:
    """Every sandbox in files, directories (`*.yaml`, `*.yml` in it, not below) and `-`, a path given twice once.

    `edits` are laid over each, then `variables` replace `${NAME}`. Problems with a `forgiven` code do not count (see
    OF_THIS_MACHINE). All other problems of all files, by position. Raises LocalFileError for what cannot be read at
    all: a path that does not exist or is no file, a directory without a spec.
    """
    files = spec_files.read(paths, stdin)
    given = variables or {}
    return judge(files, variables=given, edits=edits, forgiven=forgiven, meant=given, facts=Host())


def judge(
    files: Iterable[SpecFile],
    *,
    variables: Mapping[str, str],
    edits: Edits | None = None,
    forgiven: frozenset[str] = frozenset(),
    meant: Collection[str] = (),
    facts: HostFacts,
) -> LoadResult:
    """The same for files that have been read; `facts` is asked all that lies outside of them.

    `meant` are those of the variables that somebody gave for these specs: a note says which of them none names.
    """
    result = _Result(host=facts, variables=variables, edits=edits, forgiven=forgiven)
    for file in files:
        _judge_file(file, result)
    result.problems.extend(_wrong_edits(result))
    result.problems.extend(_same_identity(result.loaded))
    result.notes.extend(_unused(meant, result))
    return LoadResult(
        loaded=tuple(result.loaded), problems=ordered(result.problems), notes=tuple(dict.fromkeys(result.notes))
    )


def _unused(meant: Collection[str], result: _Result) -> Iterator[str]:
    """Of what has errors nobody knows what else it names."""
    if not errors(result.problems):
        yield from (variables.unused(name, result.referenced) for name in meant if name not in result.referenced)


def _judge_file(file: SpecFile, result: _Result) -> None:
    documents, problems = read(file.data, filename=file.name)
    skipped: list[Document] = []
    for document in documents:
        note = _foreign(document) if file.in_directory else None
        if note is None:
            _judge(document, _inside((document,), problems), result)
        else:
            skipped.append(document)
            result.notes.append(f"{file.name}: {note}")
    foreign = set(_inside(skipped, problems))
    result.problems.extend(problem for problem in problems if problem not in foreign)


def _foreign(document: Document) -> str | None:
    """Why a document found in a directory is not for us; None where it is, or means to be."""
    version, kind = schema.identity(document)
    if version is None and kind is None:
        return "skipped, it has no apiVersion and no kind"
    if version is not None and version != API_VERSION:
        return f"skipped, its apiVersion is {version}"
    return f"skipped, its kind is {kind}" if kind in _OTHER_KINDS else None


def _inside(documents: Iterable[Document], problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems whose place lies in one of the documents."""
    places = [document.source.marks[()] for document in documents]
    return tuple(
        problem
        for problem in problems
        if problem.range and any(place.start <= problem.range.start < place.end for place in places)
    )


def _wrong_edits(result: _Result) -> tuple[Problem, ...]:
    """What is wrong with the overlays by themselves, or was for no sandbox at all."""
    if result.edits is None:
        return ()
    from sandboxctl.overlay.merging import unused

    return (*result.edits.problems, *unused(result.edits, result.names))


def _judge(document: Document, known: tuple[Problem, ...], result: _Result) -> None:
    """One document with what is laid over it, and what that makes weaker."""
    if result.edits is None:
        _judge_merged(document, known, result)
        return
    from sandboxctl.overlay import merging, safety

    merged = merging.merged(document, result.edits)
    result.names.append(merging.sandbox_name(document))
    result.problems.extend(merged.problems)
    after = _judge_merged(merged.document, (*known, *result.edits.problems, *merged.problems), result)
    before = _alone(document, result)
    if after is not None and before is not None:
        warnings = safety.loosened(before, after, merged.removed, facts=result.host)
        result.problems.extend(warnings)
        result.loaded[-1] = replace(after, loosened=warnings)


def _alone(document: Document, result: _Result) -> Loaded | None:
    """The spec without what is laid over it, whatever else is wrong with it; None where it is no spec at all."""
    alone = _Result(host=result.host, variables=result.variables, edits=None)
    document, _ = variables.interpolate(document, result.variables)
    broken = Broken(_broken_by(problem) for problem in errors(schema.check(document)))
    sandbox = _decoded(document, broken, [], alone)
    return None if sandbox is None else Loaded(sandbox=sandbox, source=document.source)


def _judge_merged(document: Document, known: tuple[Problem, ...], result: _Result) -> Loaded | None:
    """Takes one document as far as it goes. What has an error is left out of what comes after."""
    if result.variables:
        result.referenced.update(variables.referenced(document.root))
    document, unset = variables.interpolate(document, result.variables)
    found = [*unset, *schema.check(document)]
    broken = Broken((*document.flawed, *(_broken_by(problem) for problem in errors(found))))
    sandbox = _decoded(document, broken, found, result)
    found = [problem for problem in found if problem.code not in result.forgiven]
    result.problems.extend(found)
    if sandbox is None or errors(known) or errors(found):
        return None
    loaded = Loaded(sandbox=sandbox, source=document.source)
    result.loaded.append(loaded)
    return loaded


def _decoded(document: Document, broken: Broken, found: list[Problem], result: _Result) -> Sandbox | None:
    """What can be made of the rest; a problem that hangs on what is broken is no news. None where there is no rest."""
    whole = broken.cut(document.value)
    if not isinstance(whole, dict):
        return None
    sandbox, problems = decode(replace(document, value=_named(whole) if broken else whole), facts=result.host)
    if sandbox is not None:
        loaded = Loaded(sandbox=sandbox, source=document.source)
        worse = Broken((*broken.whole, *(problem.path for problem in errors(problems))))
        problems += rules.check(loaded, facts=result.host, broken=worse)
    found.extend(problem for problem in problems if not broken.touches(problem.path))
    return sandbox


def _broken_by(problem: Problem) -> Path:
    """What cannot be used for an error of the schema: of a missing image that, of keys that exclude each other all."""
    match problem.code, problem.path:
        case "missing-key", ("spec",):
            return ("spec", "image")
        case "exclusive-keys", path:
            return path[:-1]
        case _, path:
            return path


def _named(whole: dict[str, object]) -> dict[str, object]:
    """A document with an error is no sandbox; it gets a name all the same, so that the rest of it is looked at."""
    metadata = whole.get("metadata")
    named = metadata if isinstance(metadata, dict) else {}
    return {**whole, "metadata": named if named.get("name") else {**named, "name": "unnamed"}}


def _same_identity(loaded: Iterable[Loaded]) -> Iterator[Problem]:
    """By what the specs say; a command that knows the engine of each looks again (`same_identity`)."""

    def identity(each: Loaded) -> tuple[object, ...]:
        sandbox = each.sandbox
        namespace = sandbox.kubernetes.settings.get("namespace") if sandbox.backend == "kubernetes" else None
        return sandbox.backend, namespace, sandbox.name

    yield from same_identity(loaded, identity)
