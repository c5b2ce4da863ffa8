"""The Jinja environment of `templates/`: sandboxed and strict, and nothing leaves a template but what passed `tojson`.

No domain logic here. A template renders flow YAML (JSON in which a comma may end any line), so its text is read by the
JSON parser: exact, fast, and without YAML's second thoughts about what a scalar means.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from sandboxctl import quantity, resources
from sandboxctl.backends.base import Json
from sandboxctl.errors import SandboxctlError

if TYPE_CHECKING:
    from jinja2 import Environment, Template

_NOT_IN_CSV = re.compile(r'[,"\s]')
_TRAILING_COMMA = re.compile(r",(?=\n\s*[}\]])")  # at the end of a line, so in no string: JSON's hold no line break


class TemplateError(SandboxctlError):
    """A template rendered what it may not: a bug of ours, never of the spec."""


class Mask(str):
    """Stands for a sensitive value; no filter changes it, so that nothing masked can be taken for a value."""

    __slots__ = ()


class JsonText(str):
    """Text that `tojson` made: the only kind that may leave a template."""

    __slots__ = ()


def documents(name: str, values: Mapping[str, object]) -> list[dict[str, Json]]:
    """What `templates/<name>` renders: one document, or those of a list. Raises TemplateError."""
    from jinja2 import TemplateError as JinjaError

    try:
        text = _template(name).render(values)
    except (JinjaError, TypeError) as error:
        raise TemplateError(f"the template {name} failed: {error}") from error
    return _read(text, name)


def _read(text: str, name: str) -> list[dict[str, Json]]:
    try:
        value: Json = json.loads(
            _TRAILING_COMMA.sub("", text), object_pairs_hook=_distinct, parse_float=_refuse, parse_constant=_refuse
        )
    except ValueError as error:
        raise TemplateError(f"the template {name} does not render data: {error}") from error
    return cast("list[dict[str, Json]]", value if isinstance(value, list) else [value])


def _distinct(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key is there twice")
    return value


def _refuse(text: str) -> Json:
    raise ValueError(f"{text} is no quantity: they are integers")


@cache
def _template(name: str) -> Template:
    return environment(resources.templates()).get_template(name)


def environment(directory: Path) -> Environment:
    """The environment of the templates in a directory."""
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    strict = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(directory),
        undefined=StrictUndefined,
        finalize=_only_json,
        autoescape=False,  # data, not HTML: `finalize` guards it
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    strict.filters.update(
        tojson=_to_json,
        seconds=_seconds,
        bytes=quantity.format_bytes,
        cpu=quantity.format_cpu,
        octal=_octal,
        base64=_base64,
        literal=_literal,
        csv=_csv,
    )
    return strict


def _only_json(value: object) -> JsonText:
    if not isinstance(value, JsonText):
        raise TypeError(f"a {type(value).__name__} did not pass tojson")
    return value


def _to_json(value: object) -> JsonText:
    """ASCII, with the order of maps kept. What is no plain data (a Secret, say) raises TypeError."""
    return JsonText(json.dumps(value, allow_nan=False))


def _seconds(milliseconds: int) -> int:
    """Whole seconds, rounded up, so that a grace period never shrinks."""
    return -(-milliseconds // 1000)


def _octal(mode: str) -> int:
    """`"0444"` → 292."""
    return int(mode, 8)


def _base64(text: str) -> str:
    return text if isinstance(text, Mask) else base64.b64encode(text.encode()).decode()


def _csv(fields: Iterable[str]) -> str:
    """One record of comma separated values, as the mounts of Podman's client are written."""
    return ",".join('"' + each.replace('"', '""') + '"' if _NOT_IN_CSV.search(each) else each for each in fields)


def _literal(text: str) -> str:
    """A text that Kubernetes will not expand: there `$(NAME)` is a reference, and `$$` a dollar sign."""
    return text.replace("$", "$$") if "$(" in text or "$$" in text else text
