"""A document that passed `schemas/policy.v1.schema.json` → a Policy. Pure: paths are asked of `HostFacts`."""

from __future__ import annotations

from sandboxctl.decode.value import Value
from sandboxctl.document import Document
from sandboxctl.facts import HostFacts
from sandboxctl.findings import Findings
from sandboxctl.image_reference import ImageReference, parse
from sandboxctl.policy import IMAGE_SOURCES, Largest, Policy
from sandboxctl.problems import Problem, dotted
from sandboxctl.quantity import parse_bytes, parse_cpu, parse_duration
from sandboxctl.rules.weakening import PREFIXES, name_fault, normal

ACCEPT = "accept"
"""The prefix of a field that a backend's `accept` makes weaker; a policy's own, no weakening of `security.allow`."""


def decode(document: Document, *, facts: HostFacts) -> tuple[Policy, tuple[Problem, ...]]:
    """The policy that a document says, and what is wrong with it; with an error the policy is good for nothing."""
    findings = Findings(document.source)
    spec = Value(raw=document.value, path=(), findings=findings).at("spec")
    images = spec.at("images")
    limits_images = images.at("registries").written or images.at("requireDigest").flag(False)
    policy = Policy(
        source=document.source,
        allow=_names(spec.at("allow")),
        registries=_registries(images.at("registries")),
        require_digest=images.at("requireDigest").flag(False),
        image_sources=_listed(images.at("sources")) or (("ref",) if limits_images else IMAGE_SOURCES),
        bind_sources=_directories(spec.at("bindSources"), facts),
        networks=_listed(spec.at("networks")),
        runtimes=_listed(spec.at("runtimes")),
        require_labels=spec.at("requireLabels").texts(),
        largest=_largest(spec.at("max")),
    )
    return policy, findings.problems


def _listed(value: Value) -> tuple[str, ...] | None:
    return value.texts() if value.written else None


def _names(value: Value) -> tuple[str, ...] | None:
    """Weakenings in their normal spelling."""
    for child in value.each():
        fault = _fault(child.text())
        if fault is not None:
            message, hint = fault
            child.error("unknown-weakening", f"{dotted(child.path)}: {message}", hint=hint)
    return tuple(normal(name) for name in value.texts()) if value.written else None


def _fault(name: str) -> tuple[str, str | None] | None:
    prefix, colon, rest = name.partition(":")
    if colon and rest and (prefix == ACCEPT or (prefix in PREFIXES and rest == "*")):
        return None
    return name_fault(name)


def _registries(value: Value) -> tuple[str, ...] | None:
    for child in value.each():
        if not _is_repository(child.text()):
            child.error("image-reference", f"{dotted(child.path)}: `{child.text()}` is no registry and no repository",
                        hint="write a host, or a host and a path, as in docker.io/library")  # fmt: skip
    return tuple(_registry(each) for each in value.texts()) if value.written else None


def _is_repository(text: str) -> bool:
    """A host alone is read with an image of it; a tag or a digest has no place here."""
    found = parse(f"{text.rstrip('/')}/x")
    first = text.partition("/")[0]
    return isinstance(found, ImageReference) and ("." in first or ":" in first or first == "localhost")


def _registry(text: str) -> str:
    found = parse(f"{text.rstrip('/')}/x")
    if not isinstance(found, ImageReference):
        return text
    whole = found.repository.removesuffix("/x")
    return found.domain if "/" not in text.rstrip("/") else whole


def _directories(value: Value, facts: HostFacts) -> tuple[str, ...] | None:
    """Real paths, since a bind's source is one."""
    for child in value.each():
        if not child.text().startswith("/"):
            child.error("path", f"{dotted(child.path)}: `{child.text()}` is not an absolute path",
                        hint="a policy holds for specs in every directory: write the whole path")  # fmt: skip
    return tuple(facts.look(path).real for path in value.texts() if path.startswith("/")) if value.written else None


def _largest(value: Value) -> Largest:
    return Largest(
        cpu=value.at("cpu").parsed(parse_cpu, None),
        memory=value.at("memory").parsed(parse_bytes, None),
        swap=value.at("swap").parsed(parse_bytes, None),
        pids=_count(value.at("pids")),
        shm=value.at("shm").parsed(parse_bytes, None),
        scratch=value.at("scratch").parsed(parse_bytes, None),
        disk=value.at("disk").parsed(parse_bytes, None),
        gpus=_count(value.at("gpus")),
        ttl=value.at("ttl").parsed(parse_duration, None),
    )


def _count(value: Value) -> int | None:
    count = value.integer(None)
    if count is not None and count < 0:
        value.error("limit-out-of-range", f"{dotted(value.path)} must not be negative")
    return count
