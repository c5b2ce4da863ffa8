"""The step from spec files to sandboxes, remembered: the same bytes under the same circumstances give the same result.

The key holds all that is known before anything is judged: the files, the variables, this Python, where we are. What is
known only afterwards stands in the entry, and is looked at again each time: the answers that this machine gave while
the specs were judged, and the state of every file of code and schema that judged them. Kept is only what has no error
and rests on questions that may be asked again at no cost. A variable of the environment, a file's content, a build, a
setup, a secret: none of these is kept, nor anything made of it (`exact` has no form for it).
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from sandboxctl import __version__, cache, exact
from sandboxctl.dataclass import dataclass, field
from sandboxctl.digest import sha256
from sandboxctl.facts import HostFacts, PathFacts, Unreadable
from sandboxctl.host import Host
from sandboxctl.problems import Path, Position, Range, errors
from sandboxctl.spec import Loaded, Source
from sandboxctl.spec_files import LoadResult, SpecFile
from sandboxctl.text import lines, without_mark

_JUDGES = ("sandboxctl", "yaml", "_yaml")
"""Whose code makes the result; the standard library goes with Python's version."""

_TICK = 0.03
"""Seconds; as exactly as a process and a file know when they began."""

_Row = list[Any]
_OF_PATH = ("real", "kind", "uid", "gid", "mode")


def judge(files: Sequence[SpecFile], variables: Mapping[str, str], told: Callable[[str], None]) -> LoadResult:
    """As `load.judge`, sooner where it was asked before. `told` hears why an entry was not believed."""
    key = _key(files, variables)
    facts = Host()
    known = _known(cache.read(key, told), files, facts)
    if known is not None:
        return known
    from sandboxctl import load

    asked = Asked(host=facts)
    result = load.judge(files, variables=variables, meant=variables, facts=asked)
    if asked.lasting and not errors(result.problems):
        _keep(key, result, asked, told)
    return result


def _key(files: Sequence[SpecFile], variables: Mapping[str, str]) -> str:
    here = (__version__, __file__, os.getcwd(), os.geteuid(), sys.version, tuple(sys.flags), sys.path)
    said = sorted(variables.items())
    of_files = [(file.name, file.in_directory, len(file.data)) for file in files]
    digest = sha256(repr((here, said, of_files)).encode("utf-8", "surrogatepass"))
    for file in files:
        digest.update(file.data)
    return digest.hexdigest()


@dataclass(slots=True, kw_only=True)
class Asked:
    """The facts of this machine, with all that was asked; `lasting`: whether every answer may be had again."""

    host: HostFacts
    looks: dict[str, PathFacts] = field(default_factory=dict)
    lasting: bool = True

    def variable(self, name: str) -> str | None:
        """See HostFacts; may be a secret."""
        self.lasting = False
        return self.host.variable(name)

    def text(self, path: str) -> str | Unreadable:
        """See HostFacts; may be a secret."""
        self.lasting = False
        return self.host.text(path)

    def digest(self, path: str) -> str | Unreadable:
        """See HostFacts; takes as long again."""
        self.lasting = False
        return self.host.digest(path)

    def build_context(self, directory: str, dockerfile: str) -> str | Unreadable:
        """See HostFacts; takes as long again."""
        self.lasting = False
        return self.host.build_context(directory, dockerfile)

    def look(self, path: str) -> PathFacts:
        """See HostFacts. One path whose answer changed while we asked is no ground to stand on."""
        found = self.host.look(path)
        self.lasting = self.lasting and self.looks.setdefault(path, found) == found
        return found

    def engine_sockets(self) -> tuple[str, ...]:
        """See HostFacts; asked again with each entry, whether it was asked or not."""
        return self.host.engine_sockets()

    def engine_directories(self) -> tuple[str, ...]:
        """See HostFacts; likewise."""
        return self.host.engine_directories()


def _keep(key: str, result: LoadResult, asked: Asked, told: Callable[[str], None]) -> None:
    code = list(judges())
    if any(each.sandbox.lifecycle.setup for each in result.loaded) or not is_ours(code):
        return
    try:
        loaded = [_loaded_form(each) for each in result.loaded]
        problems = exact.encode(result.problems)
    except ValueError:
        return  # it holds something that is not kept
    looks = [[path, *_answer(found)] for path, found in asked.looks.items()]
    entry = {"judges": code, "looks": looks, "engines": _engines(asked.host), "loaded": loaded, "problems": problems,
             "notes": list(result.notes)}  # fmt: skip
    cache.write(key, entry, told)


def _known(entry: object, files: Sequence[SpecFile], facts: HostFacts) -> LoadResult | None:
    """The result of an entry, if it still stands. One that another form of this module wrote has none."""
    try:
        return _result(cast("Any", entry), files) if _stands(cast("Any", entry), facts) else None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return None


def _stands(entry: Mapping[str, Any], facts: HostFacts) -> bool:
    """Whether everything that the result rests on is as it was."""
    return (
        all(_state(path) == state for path, *state in entry["judges"])
        and entry["engines"] == _engines(facts)
        and all(_answer(facts.look(path)) == answer for path, *answer in entry["looks"])
    )


def _answer(found: PathFacts) -> list[str | int]:
    return [getattr(found, name) for name in _OF_PATH]


def _engines(facts: HostFacts) -> list[list[str]]:
    return [list(facts.engine_sockets()), list(facts.engine_directories())]


def judges() -> Iterator[_Row]:
    """Each file of code that is loaded, and the schemas, with its state."""
    from sandboxctl import resources

    modules = (module for name, module in list(sys.modules.items()) if name.partition(".")[0] in _JUDGES)
    files = (getattr(module, "__file__", None) for module in modules)
    schemas = (str(each) for each in resources.schemas().glob("*.json"))
    for path in sorted({*(each for each in files if each is not None), *schemas}):
        yield [path, *_state(path)]


def _state(path: str) -> list[int]:
    """All that changes where a file does; a time of change cannot be set back."""
    try:
        found = os.stat(path)
    except OSError:
        return []
    return [found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]


def is_ours(judges: Iterable[_Row]) -> bool:
    """Whether the code that lies there is what runs here: what changed since we began may not be."""
    began = (time.time() - _age()) * 1e9
    return all(state and state[-1] < began for _, *state in judges)


def _age() -> float:
    """Of this process, in seconds; field 22 of stat counts its start in ticks since the boot. Without it: for ever."""
    try:
        with open("/proc/self/stat", encoding="utf-8", errors="replace") as file:
            ticks = int(file.read().rpartition(")")[2].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK") + _TICK
    except (OSError, ValueError, IndexError):
        return float(2**31)


def _loaded_form(each: Loaded) -> dict[str, Any]:
    source = each.source
    if each.loosened or source.others:
        raise ValueError("an overlay is not kept")
    return {
        "sandbox": exact.encode(each.sandbox),
        "filename": source.filename,
        "document": source.document,
        "marks": _rows(source, source.marks),
        "keys": _rows(source, source.key_marks),
    }


def _rows(source: Source, marks: Mapping[Path, Range]) -> list[_Row]:
    rows: list[_Row] = []
    for path in marks:
        found = marks[path]
        if found.filename != source.filename:
            raise ValueError("an overlay is not kept")
        rows.append([list(path), found.start.line, found.start.column, found.end.line, found.end.column])
    return rows


def _result(entry: Mapping[str, Any], files: Sequence[SpecFile]) -> LoadResult:
    texts = {file.name: lines(without_mark(file.data.decode("utf-8"))) for file in files}
    loaded = tuple(
        Loaded(
            sandbox=cast("Any", exact.decode(each["sandbox"])),
            source=Source(
                filename=each["filename"],
                document=each["document"],
                marks=Marks(each["marks"], each["filename"]),
                key_marks=Marks(each["keys"], each["filename"]),
                lines=texts[each["filename"]],
            ),
        )
        for each in entry["loaded"]
    )
    problems = cast("Any", exact.decode(entry["problems"]))
    return LoadResult(loaded=loaded, problems=problems, notes=tuple(entry["notes"]))


class Marks(Mapping[Path, Range]):
    """The places of a spec as they were kept: a path and four numbers each."""

    __slots__ = ("_filename", "_found", "_rows")

    def __init__(self, rows: list[_Row], filename: str) -> None:
        self._rows = rows
        self._filename = filename
        self._found: dict[Path, _Row] | None = None

    def __getitem__(self, path: Path) -> Range:
        _, line, column, last_line, last_column = self._by_path()[path]
        start, end = Position(line=line, column=column), Position(line=last_line, column=last_column)
        return Range(filename=self._filename, start=start, end=end)

    def __contains__(self, path: object) -> bool:
        return path in self._by_path()

    def __iter__(self) -> Iterator[Path]:
        return iter(self._by_path())

    def __len__(self) -> int:
        return len(self._rows)

    def _by_path(self) -> dict[Path, _Row]:
        if self._found is None:
            self._found = {tuple(row[0]): row for row in self._rows}
        return self._found
