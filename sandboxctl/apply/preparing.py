"""`image.setup`: commands that prepare an image once, in a throw-away container; kept as an image, and used again.

That container is a sandbox like any other to the engine, made from a spec of our own: the image's root is writable, it
has the default capabilities and the network that the setup asks for, and nothing of the sandbox that it is made for
but its limits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, cast

from sandboxctl import ownership
from sandboxctl.apply.events import Event
from sandboxctl.apply.work import this_holder
from sandboxctl.backends.base import Backend, ImageConfig, LayerWriter
from sandboxctl.errors import EngineError, ExecError, FailedError, InvalidError
from sandboxctl.last_words import last_words
from sandboxctl.render import render
from sandboxctl.spec import Capabilities, Commit, Image, ImageSetup, Lifecycle, Network, Sandbox, Security

Emit = Callable[[Event], None]
_MODES: Mapping[str, Literal["none", "bridge", "host"]] = {"none": "none", "bridge": "bridge", "host": "host"}


def prepare(sandbox: Sandbox, setup: ImageSetup, base: str, backend: Backend, *, emit: Emit) -> str:
    """The id of the prepared image. Raises FailedError for a command that fails; nothing is left of it then."""
    name = f"{sandbox.name}.setup"
    labels = ownership.helper_labels(sandbox.name, project=sandbox.project, image_id=base, holder=this_holder())
    config = backend.reader.image_config(base)
    if config is None:
        raise InvalidError(f"the engine has no image {sandbox.image.base} any more", sandbox=sandbox.name)
    payload = render(_workshop(sandbox, setup, config), backend.name, labels=labels)
    try:
        ref = backend.writer.create(payload, name=name)
    except EngineError as error:
        raise FailedError(f"{sandbox.name}: image.setup cannot run: {error.brief}", hint=error.hint) from error
    try:
        backend.writer.start(ref)
        for argv in setup.run:
            _run(argv, ref, sandbox.name, backend, emit)
        emit(Event(name=sandbox.name, step="prepared", message=sandbox.image.name))
        return _keep(sandbox, ref, base, config, backend)
    finally:
        backend.writer.delete(ref)


def _workshop(sandbox: Sandbox, setup: ImageSetup, base: ImageConfig) -> Sandbox:
    """Where the base has no entrypoint, it has none either: Docker's commit cannot take one away again (20.10)."""
    user, _, group = setup.user.partition(":")
    mode = _MODES.get(setup.network)
    network = Network(mode="named", name=setup.network) if mode is None else Network(mode=mode)
    return Sandbox(
        name=sandbox.name,
        project=sandbox.project,
        image=Image(ref=sandbox.image.base, platform=sandbox.image.platform),
        run="idle" if base.entrypoint else None,
        args=None if base.entrypoint else ("sleep", "infinity"),
        workdir=None,
        resources=sandbox.resources,
        network=network,
        security=Security(
            profile="baseline",
            user=int(user),
            group=int(group or user),
            fs_group=None,
            read_only_root=False,
            capabilities=Capabilities(drop=()),
        ),
        lifecycle=Lifecycle(),
    )


def _run(argv: tuple[str, ...], ref: str, name: str, backend: Backend, emit: Emit) -> None:
    emit(Event(name=name, step="prepare", message=" ".join(argv)))
    try:
        result = backend.runner.exec(ref, argv)
    except ExecError as error:
        raise FailedError(f"{name}: image.setup cannot run: {error.brief}", hint=error.hint, sandbox=name) from error
    if result.code != 0:
        tail = last_words(((1, result.stdout), (2, result.stderr)))
        raise FailedError(f"{name}: image.setup: `{argv[0]}` ended with code {result.code}{tail}", sandbox=name)


def _keep(sandbox: Sandbox, ref: str, base: str, config: ImageConfig, backend: Backend) -> str:
    """With what the base runs, and no label that would make it, or what is started from it, anybody's sandbox."""
    observed = backend.reader.observe(ref)
    marks = {} if observed is None else {name: "" for name in observed.labels if name.startswith(ownership.PREFIX)}
    commit = Commit(image=sandbox.image.name, message=f"prepared from {sandbox.image.base}")
    labels = {**marks, ownership.SETUP_BASE: base}
    try:
        return cast("LayerWriter", backend.writer).commit(ref, commit, labels=labels, process=config)
    except EngineError as error:
        raise FailedError(f"{sandbox.name}: image.setup cannot be kept: {error.brief}", hint=error.hint) from error
