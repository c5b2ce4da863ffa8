"""The options that verbs share: one decorator that declares them and hands them over as a `Session`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from sandboxctl.cli.session import Session, connect

if TYPE_CHECKING:
    from sandboxctl.config import Target

Run = TypeVar("Run", bound=Callable[..., Any])
_Decorator = Callable[[Any], Any]
_Option = tuple[str, dict[str, Any]]

BACKENDS = ("docker", "podman", "kubernetes")
FORMS = (*BACKENDS, "quadlet")
_ALIASES = {"k8s": "kubernetes"}


def backend_name(word: str) -> str:
    """A backend's full name, `k8s` being Kubernetes everywhere."""
    name = form_name(word)
    if name not in BACKENDS:
        raise click.BadParameter(f"{word!r} is none of {', '.join(BACKENDS)}: it is a form that specs are rendered in")
    return name


def form_name(word: str) -> str:
    """A backend's full name, or `quadlet`: what specs can be judged and rendered for."""
    name = _ALIASES.get(word, word)
    if name not in FORMS:
        raise click.BadParameter(f"{word!r} is none of {', '.join(BACKENDS)}")
    return name


def duration(word: str | int) -> int:
    """`30s`, `2m`, `0.5` (seconds) in milliseconds."""
    from sandboxctl.quantity import parse_seconds

    if isinstance(word, int):  # what was given before the verb comes here a second time
        return word
    try:
        milliseconds = parse_seconds(word)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    if milliseconds > _LONGEST:
        raise click.BadParameter(f"{word!r} is longer than 365d")
    return milliseconds


_LONGEST = 365 * 86_400_000  # milliseconds; what a socket's deadline can hold on every system

_BACKEND: _Option = (
    "--backend",
    {"type": backend_name, "metavar": "NAME", "help": "docker, podman or kubernetes (k8s)."},
)
_FORM: _Option = (
    "--backend",
    {"type": form_name, "metavar": "NAME", "help": "docker, podman, kubernetes (k8s) or quadlet."},
)
_SPECS: tuple[_Option, ...] = (
    ("--var", {"multiple": True, "metavar": "NAME=VALUE", "help": "The value of ${NAME} in specs."}),
    ("--var-file", {"multiple": True, "metavar": "FILE", "help": "A file of NAME=VALUE lines."}),
    ("--overlay", {"multiple": True, "metavar": "FILE", "help": "A part of a spec, merged over the specs."}),
    ("--set", {"multiple": True, "metavar": "PATH=VALUE", "help": "One value over the specs; PATH- takes one away."}),
)
_POLICY: _Option = (
    "--policy",
    {"multiple": True, "metavar": "FILE", "help": "A policy that holds besides those of the machine and the project."},
)
_TARGET: tuple[_Option, ...] = (
    ("--target", {"metavar": "NAME", "help": "A connection by its name in a config file."}),
    ("--config", {"metavar": "FILE", "help": "A config file, instead of the user's and the project's."}),
)
_CONNECTION: tuple[_Option, ...] = (
    ("--docker-host", {"metavar": "URL", "help": "The Docker Engine's address."}),
    ("--docker-context", {"metavar": "NAME", "help": "A context of the Docker client."}),
    ("--podman-uri", {"metavar": "URL", "help": "The Podman service's address."}),
    ("--kubeconfig", {"metavar": "FILE", "help": "The cluster's configuration file."}),
    ("--context", {"metavar": "NAME", "help": "A context of the kubeconfig."}),
    ("--namespace", {"metavar": "NAME", "help": "The namespace in the cluster."}),
    ("--timeout", {"type": duration, "metavar": "DURATION", "help": "How long an engine may be silent.  [30s]"}),
)
_FLAGS = ("docker_host", "docker_context", "podman_uri", "kubeconfig", "context", "namespace")
TAKEN = (
    *_FLAGS, "timeout", "backend", "target", "config", "output", "color", "verbose", "var", "var_file", "overlay",
    "set", "policy", "no_cache",
)  # fmt: skip


def session(
    *,
    outputs: Sequence[str] = ("text", "json"),
    specs: bool = False,
    backend: bool = False,
    engines: bool = False,
    policy: bool = False,
    forms: bool = False,
) -> Callable[[Run], Run]:
    """Gives a verb a `Session` as its first argument.

    Every verb takes every standard option, so that a caller may always give them. Its help shows those that do
    something: variables where it reads `specs`, the `backend` where that matters, connections to `engines`,
    policies where a `policy` can forbid it. `forms`: the backend may also be a form that is only rendered.
    """
    options = _standard(
        outputs,
        specs=specs,
        backend=backend or engines,
        engines=engines,
        policy=policy,
        form=_FORM if forms else _BACKEND,
    )

    def decorate(verb: Run) -> Run:
        @click.pass_context
        @wraps(verb)
        def run(context: click.Context, /, **values: Any) -> Any:
            own = {name: value for name, value in values.items() if name not in TAKEN}
            return verb(as_session(context, values), **own)

        return cast("Run", _with(options, run))  # click's types forget what they decorate

    return decorate


def everywhere(group: Run) -> Run:
    """The standard options before the verb, where they mean the same as after it."""
    options = _standard(
        ("text", "json", "yaml", "markdown", "sarif"), specs=True, backend=True, engines=True, policy=True, form=_FORM
    )
    return cast("Run", _with(options, group))


def _standard(
    outputs: Sequence[str], *, specs: bool, backend: bool, engines: bool, policy: bool, form: _Option
) -> list[_Decorator]:
    output = click.option("--output", type=click.Choice(outputs), default=outputs[0], show_default=True,
                          help="The form of what is printed.")  # fmt: skip
    color = click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True,
                         help="Colours in text output.")  # fmt: skip
    verbose = click.option("-v", "--verbose", is_flag=True, help="Show the traceback of a bug.")
    no_cache = click.option("--no-cache", is_flag=True, hidden=not specs, help="Judge specs anew, and keep nothing.")
    shown = [
        *((option, specs) for option in _SPECS),
        (_POLICY, policy),
        (form, backend),
        *((option, backend) for option in _TARGET),
        *((option, engines) for option in _CONNECTION),
    ]
    return [
        *(click.option(name, hidden=not visible, **rest) for (name, rest), visible in shown),
        output,
        color,
        no_cache,
        verbose,
    ]


def _with(options: Sequence[_Decorator], function: Any) -> Any:
    for option in reversed(options):
        function = option(function)
    return function


def as_session(context: click.Context, values: Mapping[str, Any]) -> Session:
    """The standard options of a verb, as click has read them."""
    flags = {name: values[name] for name in _FLAGS if values[name] is not None}
    if values["timeout"] is not None:
        flags["timeout"] = values["timeout"] / 1000
    target = _target(values["target"], values["config"], values["backend"]) if values["target"] else None
    return Session(
        connect=context.obj or connect,
        verb=context.info_name or "",
        output=values["output"],
        color=values["color"],
        verbose=values["verbose"],
        backend=target.backend if target else values["backend"],
        target=target,
        config=values["config"],
        flags=flags,
        var=values["var"],
        var_file=values["var_file"],
        overlay=values["overlay"],
        assignments=values["set"],
        policy=values["policy"],
        cache=not values["no_cache"],
    )


def _target(name: str, named: str | None, backend: str | None) -> Target:
    from sandboxctl.cli import configuration

    return configuration.target(name, named, backend)


paths = click.argument("paths", nargs=-1)


def locking(verb: Run) -> Run:
    """The options of every verb that writes: it takes them as `holding`, a `Locking`."""
    timeout = click.option("--lock-timeout", type=duration, default="30s", metavar="DURATION", show_default=True,
                           help="How long to wait for another command at work on the same sandbox.")  # fmt: skip
    force = click.option("--break-lock", is_flag=True, help="Go on although somebody else seems to be at work.")

    @wraps(verb)
    def run(*arguments: Any, lock_timeout: int, break_lock: bool, **values: Any) -> Any:
        from sandboxctl.cli.locking import Locking

        return verb(*arguments, holding=Locking(timeout=lock_timeout, break_lock=break_lock), **values)

    return cast("Run", _with([timeout, force], run))
