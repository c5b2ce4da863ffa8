"""What is started and with what: `env`, `envFiles`, `command`, `workdir`. Values of variables never enter a message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from sandboxctl import envfile
from sandboxctl.decode.value import Files, Value
from sandboxctl.problems import dotted
from sandboxctl.spec import DEFAULT_WORKDIR, EnvValue, KeyReference, Secret

_RUNS: tuple[Literal["idle", "image"], ...] = ("idle", "image")


def run(spec: Value) -> Literal["idle", "image"] | None:
    """`idle`, unless a command or arguments are written."""
    if spec.at("command").written or spec.at("args").written:
        return None
    return spec.at("run").word(_RUNS, "idle")


def argv(value: Value) -> tuple[str, ...] | None:
    """A command as a list; None where it is not written."""
    return value.texts() if value.written else None


def workdir(spec: Value) -> str | None:
    """`/workspace`, unless the image says what is run: then the image's own."""
    value = spec.at("workdir")
    if value.written:
        return absolute(value)
    image_decides = spec.at("run").raw == "image" or (spec.at("args").written and not spec.at("command").written)
    return None if image_decides else DEFAULT_WORKDIR


def absolute(value: Value) -> str:
    """A path inside the sandbox, in its shortest form."""
    written = value.text()
    parts = [part for part in written.split("/") if part not in ("", ".")]
    if not written.startswith("/"):
        value.error("path", f"{dotted(value.path)} must be an absolute path, from `/`")
    elif ".." in parts:
        value.error("path", f"{dotted(value.path)} must not go up with `..`")
    elif not written.isprintable():
        value.error("path", f"{dotted(value.path)} holds a character that cannot be printed")
    return "/" + "/".join(parts)


def environment(spec: Value, files: Files) -> dict[str, EnvValue]:
    """`env` over `envFiles`, a later file over an earlier one."""
    values: dict[str, EnvValue] = {}
    for value in spec.at("envFiles").each():
        values.update(_env_file(value, files))
    for name, value in spec.at("env").entries():
        if not name or "=" in name or not name.isprintable() or name != name.strip():
            value.error("env-name", f"{dotted(value.path)}: no variable can have this name", key=True)
            continue
        found = _variable(value, files)
        if found is not None:
            values[name] = found
    return values


def _env_file(value: Value, files: Files) -> Mapping[str, EnvValue]:
    content = files.text(value)
    if content is None:
        return {}
    values, problems = envfile.parse(content, filename=files.path(value.text()))
    value.findings.include(problems, value.path)
    origin = f"envFiles: {value.text()}"
    return {name: Secret(text, origin=origin, path=value.path) for name, text in values.items()}


def _variable(value: Value, files: Files) -> EnvValue | None:
    """A text or a whole number as it stands, or what a mapping refers to. None once the reason is noted."""
    if isinstance(value.raw, dict):
        return _referred(value, files)
    return _text(value, str(value.raw))


def _text(value: Value, text: str) -> str | None:
    if "\0" in text:
        value.error("env-value", f"{dotted(value.path)} holds a zero byte, which ends a variable")
        return None
    return text


def _referred(value: Value, files: Files) -> Secret | KeyReference | None:
    if value.at("fromEnv").written:
        return from_variable(value.at("fromEnv"), files)
    if value.at("fromFile").written:
        return _from_file(value.at("fromFile"), files)
    kind: Literal["secret", "configMap"] = "secret" if value.at("secret").written else "configMap"
    return KeyReference(kind=kind, name=value.at(kind).text(), key=value.at("key").text())


def from_variable(value: Value, files: Files) -> Secret | None:
    """The value of a variable of our own environment."""
    found = files.facts.variable(value.text())
    if found is None:
        value.error(
            "env-not-set",
            f"{dotted(value.path)}: the variable `{value.text()}` is not set where sandboxctl runs",
            hint=f"export {value.text()}, or write the value another way",
        )
        return None
    return Secret(found, origin=f"fromEnv: {value.text()}")


def _from_file(value: Value, files: Files) -> Secret | None:
    """A file's text without the one line feed that editors leave at its end."""
    text = files.text(value)
    if text is None or _text(value, text) is None:
        return None
    return Secret(text.removesuffix("\n"), origin=f"fromFile: {value.text()}")
