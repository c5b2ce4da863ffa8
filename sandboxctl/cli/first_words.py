"""The verbs, and the answers that need nothing but their names: no click, no spec, no engine."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from sandboxctl import __version__

VERBS = {
    "init": "Write a commented spec to begin with.",
    "validate": "Say everything that is wrong with specs.",
    "explain": "Say what each backend makes of each field.",
    "render": "Print what apply would send to the engine.",
    "plan": "Show what apply would do. Nothing is written.",
    "apply": "Make the live sandboxes what their specs say.",
    "delete": "Remove sandboxes; one that is not there is no error.",
    "list": "Show what runs, where, and until when.",
    "status": "Show all that is known of one sandbox.",
    "drift": "Show what changed behind the specs' back. Nothing is written.",
    "prune": "Take away what is past its time, half-made, or used by nothing.",
    "verify": "Prove every control on live sandboxes.",
    "exec": "Run a command in a sandbox.",
    "shell": "Open a shell in a sandbox.",
    "logs": "Print what a sandbox wrote.",
    "cp": "Copy a file or directory in or out.",
    "commit": "Make an image of what a sandbox wrote.",
    "import": "Write a spec of what is live.",
    "doctor": "Show which engines answer, and what would mend the others.",
    "schema": "Print the JSON schema of specs.",
    "completion": "Print the completion script of a shell.",
    "version": "Print our version, and Python's.",
}
"""Each with the first line of its own help (a test holds them together): `--help` then imports none of them."""

ALIASES = {"diff": "plan"}
NAME = "sandboxctl"

COMPLETE = "_SANDBOXCTL_COMPLETE"
"""click's name for it: a shell asks for completions."""

_HELP = ("-h", "--help")
_WIDTH = 80  # columns from which click's layout is always the same


def answer(words: Sequence[str]) -> str | None:
    """What these words alone are answered with; None where more has to be known."""
    shell = os.environ.get(COMPLETE)
    if shell is None:
        return answered(words)
    return completed(shell, os.environ.get("COMP_WORDS", ""), os.environ.get("COMP_CWORD", ""))


def say(text: str) -> bool:
    """Prints an answer past all buffers; False where it did not get through, and somebody has to say why."""
    left = text.encode("ascii", "backslashreplace")
    try:
        while left:
            left = left[os.write(sys.stdout.fileno(), left) :]
    except OSError:
        return False
    return True


def answered(words: Sequence[str]) -> str | None:
    """`--help` and `--version`, as click would print them here; None where only click knows."""
    if len(words) != 1:
        return None
    if words[0] == "--version":
        return f"{NAME} {__version__}\n"
    return _help() if words[0] in _HELP and _is_wide() else None


def completed(shell: str, words: str, index: str) -> str | None:
    """The completions of a first word, in the form that click's script for `shell` expects; None where click knows.

    `words` is the line so far, `index` the number of the word (fish: the word itself).
    """
    line = words.split(" ")
    begun = {"fish_complete": line[1:] == [index] or line[1:] == [], "bash_complete": index == "1"}
    if not begun.get(shell, shell == "zsh_complete" and index == "1") or len(line) > 2:
        return None
    word = line[1] if len(line) == 2 else ""
    if word and not word.isalpha():
        return None
    found = ((verb, said) for verb, said in VERBS.items() if verb.startswith(word))
    form = {"bash_complete": "plain,{0}", "zsh_complete": "plain\n{0}\n{1}", "fish_complete": "plain,{0}\t{1}"}[shell]
    return "\n".join(form.format(verb, said) for verb, said in found) + "\n"


def _help() -> str | None:
    """The text that `python -m tests.docs` writes from click's own; None where it was not installed with us."""
    try:
        with open(os.path.join(os.path.dirname(__file__), "help.txt"), encoding="utf-8") as file:
            return file.read()
    except OSError:
        return None


def _is_wide() -> bool:
    """As click asks: COLUMNS, else the terminal; 80 where there is none."""
    columns = os.environ.get("COLUMNS", "")
    if columns:
        return columns.isdecimal() and int(columns) >= _WIDTH
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns >= _WIDTH if sys.__stdout__ else False
    except (OSError, ValueError):
        return True
