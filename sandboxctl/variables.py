"""`${NAME}` in the string values of a document → the values given on the command line. No environment, no files.

Decisions (spec.md, "Reading it"):
- `:-` and `:?` take an empty value for an unset one, as in a shell and in Compose.
- `$NAME`, `$$` and `$(…)` are text; `$${` is `${`; any other `${…}` is an error, never passed through.
- Only text is replaced: keys, and `content` of a file mount, stay as they are.
- A plain (unquoted) scalar that is nothing but one reference takes the type of its value, by the same rules as if it
  stood in the file: `no` or `0777` is ambiguous there too, and quoting the reference makes it text. An empty value
  stays empty text. Lists and mappings are not made from values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import assert_never

from sandboxctl import ambiguity
from sandboxctl.dataclass import dataclass, field, replace
from sandboxctl.document import Document
from sandboxctl.errors import UsageError
from sandboxctl.nodes import Alias, Entries, Items, Node, Scalar, place
from sandboxctl.problems import Path, Problem, Range, suggestion

_TOKEN = re.compile(r"\$\$\{|\$\{(?P<body>[^}]*)\}")
_OPEN = re.compile(r"\$\$\{|\$\{(?P<body>)")
_REPORTED = 100
"""How many problems of one value are told: nobody reads more, and a value may have a hundred thousand."""
_BODY = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::(?P<operator>[-?])(?P<rest>.*))?", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def parse_assignment(text: str) -> tuple[str, str]:
    """`NAME=VALUE` of `--var`. Raises UsageError."""
    name, equals, value = text.partition("=")
    if _NAME.fullmatch(name) is None:
        raise UsageError(
            f"--var {name}: no reference can name this",
            hint="a name has letters, digits and _, and begins with no digit",
        )
    if not equals:
        raise UsageError(f"--var {name}: a variable is written NAME=VALUE", hint=f"write --var {name}=…")
    return name, value


def interpolate(document: Document, variables: Mapping[str, str]) -> tuple[Document, tuple[Problem, ...]]:
    """The document with its references replaced; marks stay those of the text."""
    replacing = _Replacing(document=document, variables=variables)
    value = replacing.value(document.root, ())
    flawed = document.flawed | {problem.path for problem in replacing.problems}
    return replace(document, value=value, flawed=frozenset(flawed)), tuple(replacing.problems)


def referenced(node: Node, path: Path = ()) -> Iterator[str]:
    """The names of all references, set or not."""
    match node:
        case Scalar(value=str() as text) if "${" in text and not _exempt(path):
            bodies = (_BODY.fullmatch(match["body"] or "") for match in _tokens(text))
            yield from (body["name"] for body in bodies if body is not None)
        case Items():
            for index, child in enumerate(node.children):
                yield from referenced(child, (*path, index))
        case Entries():
            for key, child in node.children.items():
                yield from referenced(child, (*path, key))
        case Alias():
            yield from referenced(node.target, path)
        case _:
            pass


def unused(name: str, names: Iterable[str]) -> str:
    """A note about a variable that was given and that no spec names; `names` are those that are named."""
    near = suggestion(name, names)
    return f"no spec has a reference to the variable `{name}`" + (f": did you mean `{near}`?" if near else "")


@dataclass(slots=True, kw_only=True)
class _Replacing:
    """One walk through one document."""

    document: Document
    variables: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)
    _flawed: dict[Path, int] = field(default_factory=dict)

    def value(self, node: Node, path: Path) -> object:
        """The value of `node` with everything below it replaced."""
        match node:
            case Scalar(value=str() as text) if "${" in text and not _exempt(path):
                return self._scalar(node, text, path)
            case Scalar():
                return node.value
            case Items():
                return [self.value(child, (*path, index)) for index, child in enumerate(node.children)]
            case Entries():
                return {key: self.value(child, (*path, key)) for key, child in node.children.items()}
            case Alias():
                return self.value(node.target, path)
            case _:
                assert_never(node)

    def _scalar(self, node: Scalar, text: str, path: Path) -> object:
        whole = _TOKEN.fullmatch(text)
        places = self._places(node, text)
        pieces, end = [], 0
        for match in _tokens(text):
            pieces += [text[end : match.start()], self._token(match, next(places), path)]
            end = match.end()
        replaced = "".join([*pieces, text[end:]])
        if whole is None or whole["body"] is None or not node.plain or not replaced:
            return replaced
        value = ambiguity.resolve(replaced)
        if not isinstance(value, ambiguity.Refusal):
            return value
        if path not in self._flawed:
            message = f"the value of {text}: {value.message}"
            self._report(value.code, message, next(self._places(node, text)), path, f'quote it if it is text: "{text}"')
        return replaced

    def _token(self, match: re.Match[str], where: Range, path: Path) -> str:
        if match[0] == "$${":
            return "${"
        body = _BODY.fullmatch(match["body"] or "")
        if body is None or match.re is _OPEN:
            self._bad_reference(match, where, path)
            return match[0]
        name, operator, rest = body["name"], body["operator"], body["rest"]
        value = self.variables.get(name)
        if value or (value is not None and operator is None):
            return value
        if operator == "-":
            return str(rest)
        self._unset(name, rest if operator == "?" else None, where, path)
        return match[0]

    def _enough(self, path: Path) -> bool:
        """Whether no more of this value needs to be told."""
        return self._flawed.get(path, 0) >= _REPORTED

    def _unset(self, name: str, reason: str | None, where: Range, path: Path) -> None:
        if self._enough(path):
            return
        is_given = name in self.variables
        near = None if is_given else suggestion(name, self.variables)
        hint = f"did you mean ${{{near}}}? " if near else ""
        hint += f"set it with --var {name}=VALUE, or write $${{{name}}} to leave it to the sandbox's shell"
        message = f"the variable `{name}` is {'empty' if is_given else 'not set'}" + (f": {reason}" if reason else "")
        self._report("unset-variable", message, where, path, hint)

    def _bad_reference(self, match: re.Match[str], where: Range, path: Path) -> None:
        if self._enough(path):
            return
        if match.re is _OPEN:
            message, hint = "`${` is never closed by `}`", "write $${ for the text itself"
        else:
            message = f"`{match[0]}` is no reference to a variable"
            hint = "write ${NAME}, ${NAME:-default} or ${NAME:?message}, or $${ for the text itself"
        self._report("bad-reference", message, where, path, hint)

    def _report(self, code: str, message: str, where: Range, path: Path, hint: str) -> None:
        self._flawed[path] = self._flawed.get(path, 0) + 1
        line = self.document.source.line_text(where)
        self.problems.append(Problem(code=code, message=message, hint=hint, range=where, path=path, line_text=line))

    def _places(self, node: Scalar, text: str) -> Iterator[Range]:
        """Where each token of `text` stands: exactly if the scalar is on one line as it is, else the whole scalar."""
        filename = node.file or self.document.source.filename
        line, column = node.start
        whole = place(filename, node.start, node.end)
        written = (self.document.source.line_text(whole) or "") if line == node.end[0] else ""
        for match in _tokens(text):
            found = written.find(match[0], column - 1, node.end[1] - 1)
            if found < 0:
                yield whole
                continue
            column = found + len(match[0]) + 1
            yield place(filename, (line, found + 1), (line, column))


def _tokens(text: str) -> Iterator[re.Match[str]]:
    """Every reference in turn, in one pass: behind the last `}` nothing is looked for that could close one.

    Of those that are never closed the first one is enough.
    """
    closed = text.rfind("}") + 1
    yield from _TOKEN.finditer(text, 0, closed)
    for match in _OPEN.finditer(text, closed):
        yield match
        if match["body"] is not None:
            return


def _exempt(path: Path) -> bool:
    """`spec.mounts[i].content`: a file put into the sandbox is nobody's template."""
    return len(path) == 4 and path[:2] == ("spec", "mounts") and path[3] == "content"
