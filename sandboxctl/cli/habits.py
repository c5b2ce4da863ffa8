"""The words and options of other tools, and ours that do the same: hints for a command line that click has refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sandboxctl.cli.first_words import NAME

VERBS: Mapping[str, str] = {
    "ps": "list", "ls": "list", "get": "list", "top": "list",
    "rm": "delete", "remove": "delete", "down": "delete", "destroy": "delete",
    "up": "apply", "create": "apply", "start": "apply", "restart": "apply", "deploy": "apply", "update": "apply",
    "inspect": "status", "describe": "status", "show": "status",
    "attach": "shell", "ssh": "shell", "enter": "shell", "sh": "shell",
    "copy": "cp", "snapshot": "commit", "check": "validate", "lint": "validate", "new": "init", "info": "doctor",
}  # fmt: skip
"""The verb of ours for each."""

_SENTENCES: Mapping[str, str] = {
    "run": "`apply` makes what a spec says, `exec NAME -- CMD` runs a command in it",
    "stop": "`delete` removes it; `lifecycle.ttl` in the spec ends it by itself",
    "kill": "`delete` removes it; `lifecycle.ttl` in the spec ends it by itself",
    "build": "`apply` builds what `image.build` of the spec says",
    "pull": "`apply` pulls what is missing; `image.pull` in the spec says when",
}
_OPTIONS: Mapping[str, str] = {
    **dict.fromkeys(("-o", "--format", "--json"), "did you mean `--output`, as in `--output json`?"),
    **dict.fromkeys(("--force", "--auto-approve"), "did you mean `--yes`?"),
    "-n": "did you mean `--namespace`?",
    "--dry-run": "`plan` shows what would be done",
}
_ENV = f"write `{NAME} exec NAME -- env A=1 CMD`; what every command has is `env` in the spec"
_OF_EXEC: Mapping[str, str] = {
    "-e": _ENV, "--env": _ENV, "-u": "did you mean `--user`?", "-w": "did you mean `--workdir`?",
}  # fmt: skip
_FIELDS: Mapping[str, str] = {
    "-e": "env", "--env": "env", "-p": "network.ports", "--publish": "network.ports", "--network": "network",
    "--mount": "mounts", "--volume": "mounts", "-m": "resources.memory", "--memory": "resources.memory",
    "--cpus": "resources.cpu", "--image": "image", "--rm": "lifecycle.autoRemove",
}  # fmt: skip
_TAKE_FILES = ("apply", "delete", "drift", "explain", "list", "plan", "render", "validate", "verify")
_TAKE_A_NAME = ("commit", "exec", "import", "logs", "shell", "status")


def verb(words: Sequence[str]) -> str | None:
    """What to say instead of a first word that is no verb of ours."""
    word, *rest = words
    if word == "help":
        return f"see `{' '.join([NAME, *rest[:1], '--help'])}`"
    return f"did you mean `{VERBS[word]}`?" if word in VERBS else _SENTENCES.get(word)


def option(name: str, verb: str) -> str | None:
    """What to say instead of an option that `verb` does not have."""
    if name in ("-f", "--file", "--filename") and verb in _TAKE_FILES:
        return f"files need no option: `{NAME} {verb} FILE`"
    if name == "--name":
        takes_one = verb in _TAKE_A_NAME
        return (
            f"a name needs no option: `{NAME} {verb} NAME`" if takes_one else "the name is `metadata.name` in the spec"
        )
    if verb == "exec" and name in _OF_EXEC:
        return _OF_EXEC[name]
    if name in _FIELDS:
        return f"that is `{_FIELDS[name]}` in the spec"
    return _OPTIONS.get(name)
