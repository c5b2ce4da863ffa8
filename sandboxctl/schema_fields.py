"""Every field of the spec in the schema's order: what it means, and its default. Pure: a walk over the schema.

A field is what `capabilities` calls so: without list indexes, free maps by their own name, mounts by their type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from sandboxctl.dataclass import dataclass

Field = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaField:
    """One field; `default` is as a spec would write it, None where the description says what happens."""

    field: Field
    description: str
    default: str | None = None

    @property
    def name(self) -> str:
        """`resources.memory`, `mounts.tmpfs.size`."""
        return ".".join(self.field)


def fields(schema: Mapping[str, Any]) -> tuple[SchemaField, ...]:
    """The fields of `metadata` and `spec`, each once."""
    properties = schema["properties"]
    walk = _Walk(schema)
    found = [*walk.below(properties["metadata"], ("metadata",)), *walk.below(properties["spec"], ())]
    return tuple({each.field: each for each in reversed(found)}.values())[::-1]


class _Walk:
    """Follows the references of one schema."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root

    def below(self, node: Mapping[str, Any], field: Field, description: str = "") -> Iterator[SchemaField]:
        """The leaves under a node; one that may also be written as a single word is a field itself."""
        description = node.get("description", description)
        if "$ref" in node:
            target = self._target(node)
            whole = {**target, **({"default": node["default"]} if "default" in node else {})}
            yield from self.below(whole, field, description)
        elif field == ("mounts",):
            for option in self._target(node["items"])["oneOf"]:
                mount = self._target(option)
                yield from self.below(mount, (*field, mount["properties"]["type"]["const"]))
        elif "items" in node:
            yield from self.below(node["items"], field, description)
        elif "properties" in node:
            yield from self._mapping(node, field, description)
        elif isinstance(node.get("additionalProperties"), dict):
            yield _leaf(node, field, description)
            inner = self.below(node["additionalProperties"], field, description)
            yield from (each for each in inner if each.field != field)
        else:
            yield _leaf(node, field, description)

    def _mapping(self, node: Mapping[str, Any], field: Field, description: str) -> Iterator[SchemaField]:
        if "string" in node.get("type", []):
            yield _leaf(node, field, description)
        for name, part in node["properties"].items():
            yield from self.below(part, (*field, name))

    def _target(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        return cast("Mapping[str, Any]", self._root["$defs"][node["$ref"].removeprefix("#/$defs/")])


def _leaf(node: Mapping[str, Any], field: Field, description: str) -> SchemaField:
    return SchemaField(field=field, description=description, default=_written(node.get("default")))


def _written(value: object) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case list():
            return f"[{', '.join(str(each) for each in value)}]"
        case _:
            return str(value)
