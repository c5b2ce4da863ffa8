"""The closed list of what a template may say: each rendered document is checked against `schemas/payload/`.

Engines ignore what they do not know, so a misspelt safety option would be none. No domain logic here.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

from sandboxctl import resources
from sandboxctl.backends.base import Json
from sandboxctl.template import TemplateError

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator


def schema(backend: str) -> dict[str, Json]:
    """The payload schema of one backend (`sandboxctl schema --payload`)."""
    text = (resources.schemas() / "payload" / f"{backend}.schema.json").read_text(encoding="utf-8")
    value: dict[str, Json] = json.loads(text)
    return value


def check(document: dict[str, Json], backend: str) -> None:
    """Raises TemplateError for the first thing that the backend's payload schema does not allow. Shows no value."""
    error = next(_validator(backend).iter_errors(document), None)
    if error is not None:
        where = "/".join(str(part) for part in error.absolute_path) or "the document"
        raise TemplateError(
            f"the {backend} template renders what its schema does not allow: {where} ({error.validator})"
        )


@cache
def _validator(backend: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema(backend))
