"""How other tools write a value that a spec says otherwise: the hint for whoever brings the habit along. Pure.

Names that other tools have for a key are in the schema (`x-also`). No value of a variable is said again: it may be
secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from sandboxctl.problems import Path, public_path

_LONGEST = 100  # of what is shown again in its new form
_WORD = r"[A-Za-z0-9_./~@+-]+"  # needs no quotes in YAML
_SHORT_MOUNT = re.compile(rf"(?P<source>{_WORD}):(?P<target>/{_WORD}|/)(?::(?P<options>[A-Za-z,]+))?")
_PROFILES = ("restricted", "baseline", "privileged")
_RESTARTS = {"unless-stopped": "always", "true": "always", "no": "never", "none": "never", "false": "never"}
_NO_FILTER = ("none", "off", "disabled", "false")
_ENGINES_FILTER = ("runtimedefault", "runtime/default", "docker/default", "builtin")
_OF_A_SHELL = frozenset("|&;<>()$`*?~#\n")


def own_form(path: Path, value: object) -> str | None:
    """What to write instead of a value that does not fit at `path`; None where no habit is known."""
    field = tuple(part for part in public_path(path) if isinstance(part, str))
    form = _FORMS.get(field)
    return None if form is None else form(value)


def moved(path: Path, key: str) -> str | None:
    """Where that is said which other tools say by this key, where no key of ours is its like."""
    return _MOVED.get((*(part for part in public_path(path) if isinstance(part, str) and part != "spec"), key))


def mount_type(mount: Mapping[str, object]) -> str | None:
    """The type that a mount without one most likely has."""
    source = mount.get("source")
    if {"content", "fromEnv"} & mount.keys():
        return "file"
    if isinstance(source, str):
        return "bind" if source.startswith((".", "/", "~")) else "volume"
    return "tmpfs" if {"size", "exec"} & mount.keys() else None


def argv(text: str) -> list[str]:
    """A command line as the list that means the same: by way of a shell where it speaks the shell's language."""
    import shlex  # only needed where something is wrong

    try:
        return ["sh", "-c", text] if _OF_A_SHELL & set(text) else shlex.split(text)
    except ValueError:  # an open quotation
        return ["sh", "-c", text]


def _assignments(items: object, *, separator: str = "=") -> str | None:
    """`- A=1`, `- A`, `- {name: A, value: 1}`."""
    if not isinstance(items, list) or not items:
        return None
    first = items[0].get("name") if isinstance(items[0], dict) else items[0]
    name, given, _ = (first if isinstance(first, str) else "").partition(separator)
    known = _is_plain(name)
    passed_on = known and not given and isinstance(items[0], str) and separator == "="
    value = f"{{fromEnv: {name}}}" if passed_on else "VALUE"
    return f"write a mapping, as in {name if known else 'NAME'}: {value}"


def _mount(text: object) -> str | None:
    """`SOURCE:TARGET[:OPTIONS]`."""
    match = _SHORT_MOUNT.fullmatch(text) if isinstance(text, str) and len(text) <= _LONGEST else None
    if match is None:
        return "write a mapping, as in {type: bind, source: ./data, target: /data}" if isinstance(text, str) else None
    source, target, options = match.groups()
    kind = mount_type({"source": source})
    read_only = "ro" in (options or "").split(",")
    flag = "" if read_only == (kind == "bind") else f", readOnly: {'true' if read_only else 'false'}"
    return f"write {{type: {kind}, source: {source}, target: {target}{flag}}}"


def _port(number: object) -> str | None:
    if not isinstance(number, int) or isinstance(number, bool):
        return None
    return f'write "{number}:{number}", or "0:{number}" for any free port of the host'


def _network(value: object) -> str | None:
    return "a sandbox has one network: write its name" if isinstance(value, list) else None


def _dns(value: object) -> str | None:
    return "write a mapping, as in {servers: [ADDRESS]}" if isinstance(value, str | list) else None


def _security(value: object) -> str | None:
    profile = value if value in _PROFILES else "restricted"
    return f"write {{profile: {profile}}}" if isinstance(value, str) else None


def _user(value: object) -> str | None:
    """`root`, `1000:1000`."""
    text = value if isinstance(value, str) else ""
    user, _, group = text.partition(":")
    if text == "root":
        return "write 0, and `root-user` in security.allow"
    if user.isdecimal() and group.isdecimal() and _is_plain(user + group):
        return f"write user: {int(user)} and group: {int(group)}"
    return None


def _capabilities(_: object) -> str:
    return "say whether they are taken away or given: {drop: [NAME]} or {add: [NAME]}"


def _seccomp(value: object) -> str | None:
    text = value if isinstance(value, str) else ""
    if text.lower() in _NO_FILTER:
        return "did you mean `unconfined`, which is no filter, or `default`, the engine's?"
    if text.lower() in _ENGINES_FILTER:
        return "did you mean `default`?"
    if _is_plain(text) and text.startswith("localhost/"):
        return f"write {{localhost: {text.removeprefix('localhost/')}}}"
    return f"write {{file: {text}}}" if _is_plain(text) and ("/" in text or text.endswith(".json")) else None


def _restart(value: object) -> str | None:
    text = str(value).lower()
    policy, _, most = text.partition(":")
    if policy == "on-failure" and most.isdecimal() and len(most) < _LONGEST:
        return f"write {{policy: on-failure, max: {int(most)}}}"
    return f"did you mean `{_RESTARTS[text]}`?" if text in _RESTARTS else None


def _command(value: object) -> str | None:
    return _list(argv(value)) if isinstance(value, str) else None


def _commands(value: object) -> str | None:
    """One command line, the words of one, or several command lines."""
    match value:
        case str():
            return _list([argv(value)])
        case list():
            texts = [str(each) for each in value]
            return _list([argv(each) for each in texts] if any(" " in each for each in texts) else [texts])
        case _:
            return None


def _run(value: object) -> str | None:
    words = argv(value) if isinstance(value, str) and " " in value else value
    return f"write command: {_json(words)}" if isinstance(words, list) and _is_short(words) else None


def _health(value: object) -> str | None:
    words = argv(value) if isinstance(value, str) else value
    known = isinstance(words, list) and _is_short(words)
    return f"write a mapping, as in {{command: {_json(words)}}}" if known else None


def _commit(value: object) -> str | None:
    return f"write a mapping, as in {{image: {_json(value)}}}" if isinstance(value, str) and _is_short(value) else None


def _list(words: Sequence[object]) -> str | None:
    kind = "a list of lists" if any(isinstance(each, list) for each in words) else "a list"
    return f"write {kind}: {_json(words)}" if _is_short(words) else None


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _is_short(value: object) -> bool:
    return len(_json(value)) <= _LONGEST


def _is_plain(text: str) -> bool:
    return len(text) <= _LONGEST and re.fullmatch(_WORD, text) is not None


_FORMS: Mapping[tuple[str, ...], Callable[[object], str | None]] = {
    ("metadata", "labels"): _assignments,
    ("metadata", "annotations"): _assignments,
    ("image", "build", "args"): _assignments,
    ("image", "setup", "run"): _commands,
    ("run",): _run,
    ("command",): _command,
    ("args",): _command,
    ("env",): _assignments,
    ("network",): _network,
    ("network", "ports"): _port,
    ("network", "dns"): _dns,
    ("network", "hosts"): partial(_assignments, separator=":"),
    ("mounts",): _mount,
    ("security",): _security,
    ("security", "user"): _user,
    ("security", "capabilities"): _capabilities,
    ("security", "seccomp"): _seccomp,
    ("security", "sysctls"): _assignments,
    ("lifecycle", "restart"): _restart,
    ("lifecycle", "restart", "policy"): _restart,
    ("lifecycle", "setup"): _commands,
    ("health",): _health,
    ("health", "command"): _command,
    ("commit",): _commit,
}
"""By field, without list indexes: of an item of a list as of the list itself."""

_MOVED: Mapping[tuple[str, ...], str] = {
    ("services",): "a sandbox is one container: each has a document of its own",
    ("containers",): "a sandbox is one container: `image`, `command`, … are keys of `spec`",
    ("depends_on",): "sandboxes do not wait for each other: apply them in turn",
    ("deploy",): "limits are `resources.cpu` and `resources.memory`",
    ("resources", "limits"): "`cpu` and `memory`, right below `resources`, are the limits",
    ("secrets",): "a secret is a mount of type secret, or `env: {NAME: {secret: NAME, key: KEY}}`",
    ("expose",): "what a network reaches needs no word; `network.ports` publishes",
    ("pid",): "a sandbox has namespaces of its own: no field shares the host's",
    ("ipc",): "a sandbox has namespaces of its own: no field shares the host's",
}
