"""When a sandbox's writable layer becomes an image, under which name, and what that image says of itself. Pure.

The spec at hand decides (`commit.when`); the engine's part is in the writers, the order of steps in `apply`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence

from sandboxctl import ownership
from sandboxctl.backends.base import ImageConfig, LocalImage, Observed
from sandboxctl.dataclass import replace
from sandboxctl.errors import InvalidError
from sandboxctl.image_reference import ImageReference, parse
from sandboxctl.ownership import Applied
from sandboxctl.plan import Action, Kind, Plan
from sandboxctl.spec import Commit, Sandbox

_DIGEST = "org.opencontainers.image.base.digest"
_BASE = "org.opencontainers.image.base.name"
OF = f"{ownership.PREFIX}commit-of"
SPEC_HASH = f"{ownership.PREFIX}commit-spec-hash"


def due(commit: Commit | None, kind: Kind, observed: Observed | None, images: Iterable[LocalImage]) -> bool:
    """Whether the layer of an object is kept before this is done with it; of one that has ended, if nobody has yet."""
    if commit is None or observed is None:
        return False
    match commit.when:
        case "manual":
            return False
        case "before-replace":
            return kind is Kind.REPLACE
        case "before-delete":
            return kind is Kind.DELETE
        case "on-exit":
            return observed.status.state in ("exited", "dead") and not _is_kept(observed, images)


def with_commits(plan: Plan, images: Iterable[LocalImage], commit_of: Callable[[Action], Commit | None]) -> Plan:
    """The plan with what is committed first, said where it is shown."""
    known = tuple(images)
    actions = tuple(_with_commit(action, commit_of(action), known) for action in plan.actions)
    return replace(plan, actions=actions)


def _with_commit(action: Action, commit: Commit | None, images: Sequence[LocalImage]) -> Action:
    if commit is None or not due(commit, action.kind, action.observed, images):
        return action
    return replace(action, commit=commit, notes=(*action.notes, f"its layer is kept first, as {commit.image}"))


def _is_kept(observed: Observed, images: Iterable[LocalImage]) -> bool:
    this = _moment(observed)
    return any(image.labels.get(OF) == this for image in images)


def _moment(observed: Observed) -> str:
    """The object, and its start: a container that runs twice ends twice."""
    return f"{observed.ref}@{observed.status.started or 0:.6f}"


def labels(observed: Observed, base: LocalImage | None) -> dict[str, str]:
    """Where the image comes from; and ours of the container, which would otherwise go with it, blanked."""
    blanked = {name: "" for name in observed.labels if name.startswith(ownership.PREFIX)}
    digest = next((each.partition("@")[2] for each in base.digests), observed.image_id) if base else observed.image_id
    name = observed.fields.get(("image",))
    return {
        **blanked,
        OF: _moment(observed),
        SPEC_HASH: observed.labels.get(ownership.SPEC_HASH, ""),
        _BASE: name if isinstance(name, str) else "",
        _DIGEST: digest,
    }


def by_hand(image: str | None, applied: Applied | None, name: str) -> Commit:
    """What `sandboxctl commit NAME --image …` asks for. Raises InvalidError for what a spec may not say either."""
    commit = applied.sandbox.commit if applied is not None else None
    if image is None and commit is None:
        raise InvalidError(f"{name}: its spec has no `commit`", hint="say --image REPO:TAG", sandbox=name)
    made = commit if image is None or commit is None else _renamed(commit, image)
    made = made or Commit(image=_reference(image or "", name))
    if applied is not None:
        _check(made, applied.sandbox)
    return made


def _renamed(commit: Commit, image: str) -> Commit:
    return replace(commit, image=_reference(image, commit.image))


def _reference(text: str, name: str) -> str:
    parsed = parse(text)
    if not isinstance(parsed, ImageReference):
        raise InvalidError(f"--image: {parsed.message}", hint=parsed.hint, sandbox=name)
    return str(parsed)


def _check(commit: Commit, sandbox: Sandbox) -> None:
    from sandboxctl.rules.lifecycle import commit_name_fault, commit_secret_fault  # brings all rules

    for fault in (commit_name_fault(commit, sandbox.image), commit_secret_fault(sandbox)):
        if fault is not None:
            message, hint = fault
            raise InvalidError(message, hint=hint, sandbox=sandbox.name)


def changes(marks: Mapping[str, str], process: ImageConfig | None = None) -> list[str]:
    """Labels, and what is run, as the Dockerfile lines that an engine's commit takes."""
    quoted = {name: text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$") for name, text in marks.items()}
    lines = [f'LABEL "{name}"="{text}"' for name, text in sorted(quoted.items())]
    if process is None:
        return lines
    argv = {"ENTRYPOINT": process.entrypoint, "CMD": process.command}
    words = [f"{word} {json.dumps(list(words))}" for word, words in argv.items() if words or word == "CMD"]
    return [*lines, *words, f"USER {process.user or '0'}"]
