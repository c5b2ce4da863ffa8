"""`spec.image`, and every other place that names an image. Reads nothing but what `Files` answers."""

from __future__ import annotations

import os
import re

from sandboxctl.decode.network import network_name
from sandboxctl.decode.value import Files, Value
from sandboxctl.image_reference import ImageReference, ReferenceFault, parse
from sandboxctl.problems import dotted
from sandboxctl.spec import Image, ImageArchive, ImageBuild, ImageSetup

_PLATFORM = re.compile(r"[a-z0-9]+/[a-z0-9_]+(?:/[a-z0-9.]+)?")
_IDS = re.compile(r"[0-9]{1,10}:[0-9]{1,10}")
DOCKERFILES = ("Dockerfile", "Containerfile")
"""Looked for in this order, where a spec names none."""

_SOURCES = ("ref", "build", "archive")


def image(value: Value, files: Files) -> Image:
    """A reference, or a mapping with exactly one source of the image."""
    if isinstance(value.raw, str):
        return Image(ref=reference(value))
    sources = [key for key in _SOURCES if value.at(key).written]
    if value.written and len(sources) != 1:
        found = " and ".join(sources) or "none"
        value.error("image-source", f"image needs exactly one of ref, build and archive, and has {found}")
    return Image(
        ref=reference(value.at("ref")),
        pull=value.at("pull").word(("missing", "always", "never"), "missing"),
        platform=_platform(value.at("platform")),
        build=_build(value.at("build"), files),
        archive=_archive(value.at("archive"), files),
        setup=_setup(value.at("setup")),
    )


def reference(value: Value) -> str | None:
    """A normalised reference; None where nothing is written, or once the reason is noted. Warns of `latest`."""
    if not value.written:
        return None
    name = dotted(value.path)
    match parse(value.text()):
        case ReferenceFault(code=code, message=message, hint=hint):
            value.error(code, f"{name}: {message}", hint=hint)
            return None
        case ImageReference() as found:
            if found.movable:
                said = "the tag `latest`" if found.tagged else "no tag, which means `latest`"
                value.findings.warning(
                    "image-latest", value.path, f"{name} has {said}", hint="name a version, or a digest: latest moves"
                )
            return str(found)


def _build(value: Value, files: Files) -> ImageBuild | None:
    if not value.written:
        return None
    context = value.at("context")
    found = files.look(context.text())
    if found.kind != "directory":
        context.error(
            "build-context", f"image.build.context: `{context.text()}` is {_kind(found.kind)}, not a directory"
        )
        return None
    dockerfile = _dockerfile(value, context.text(), files)
    digest = None if dockerfile is None else files.build_context(context, dockerfile)
    if dockerfile is None or digest is None:
        return None
    return ImageBuild(
        context=found.real,
        digest=digest,
        dockerfile=dockerfile,
        target=value.at("target").optional(),
        args=value.at("args").table(),
    )


def _dockerfile(value: Value, context: str, files: Files) -> str | None:
    """Relative to the context, and in it; None once the reason is noted."""
    written = value.at("dockerfile")
    names = (os.path.normpath(written.text()),) if written.written else DOCKERFILES
    for name in names:
        if name.startswith(("/", "../")):
            written.error("build-dockerfile", f"image.build.dockerfile: `{name}` is not in the context",
                          hint="it is relative to the context, and sent with it")  # fmt: skip
            return None
        if files.look(os.path.join(context, name)).kind == "file":
            return name
    at = written if written.written else value.at("context")
    at.error("build-dockerfile", f"image.build: there is no {' and no '.join(names)} in `{context}`",
             hint="`dockerfile` is relative to `context`")  # fmt: skip
    return None


def _archive(value: Value, files: Files) -> ImageArchive | None:
    if not value.written:
        return None
    digest = files.digest(value)
    return None if digest is None else ImageArchive(path=files.look(value.text()).real, digest=digest)


def _platform(value: Value) -> str | None:
    platform = value.optional()
    if platform is not None and not _PLATFORM.fullmatch(platform):
        value.error("platform", f"image.platform: `{platform}` is no platform", hint="write it as in linux/amd64")
    return platform


def _setup(value: Value) -> ImageSetup | None:
    if not value.written:
        return None
    return ImageSetup(
        run=tuple(command.texts() for command in value.at("run").each()),
        network=_setup_network(value.at("network")),
        user=_ids(value.at("user")),
    )


def _setup_network(value: Value) -> str:
    if not value.written or value.raw in ("none", "bridge", "host"):
        return value.text("bridge")
    return network_name(value)


def _ids(value: Value) -> str:
    ids = value.text("0:0")
    if not _IDS.fullmatch(ids):
        value.error("ids", "image.setup.user must be two numbers, uid:gid", hint='as in "0:0"')
    return ids


def _kind(kind: str) -> str:
    return kind if kind in ("missing", "unreadable") else f"a {kind}"
