"""Looks at a live sandbox by a shell script: in a helper container of ours, or in the sandbox itself.

The script prints the kernel's texts as they are; what they mean is read elsewhere, from whatever source they come.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence

from sandboxctl.backends.base import Helper
from sandboxctl.dataclass import replace
from sandboxctl.runner import ExecResult
from sandboxctl.verify.evidence import CGROUP_FILES, SOCKET_DIRECTORIES, SOCKETS, TOKEN
from sandboxctl.verify.facts import GVISOR_BUILD, NAMESPACES

SCRIPT = r"""
mark=$1 where=$2 container=$3; shift 3
say() { echo; echo "$mark $1"; }
show() { test -r "$2" && say "$1" && cat "$2" 2>/dev/null; }
ours() { cat "/proc/$1/cgroup" && case $version in *GVISOR*) cat "/proc/$1/mountinfo" ;; esac; }
version=$(cat /proc/version)
our=$(ours self)
belongs() {
  theirs=$(ours "$1" 2>/dev/null)
  if test "$container" = self; then test "$theirs" = "$our"; else
    case $theirs in *"$container"*) true ;; *) false ;; esac
  fi
}
first=1
if test -n "$container" && ! belongs 1; then
  for process in $(cd /proc && echo [0-9]*); do
    if belongs "$process" && { test "$first" = 1 || test "$process" -lt "$first"; }; then first=$process; fi
  done
  test "$first" = 1 && exit
  say reaper
fi
root=
test "$where" = inside || root=/proc/$first/root
show 1/status "/proc/$first/status"
show 1/limits "/proc/$first/limits"
show 1/stat "/proc/$first/stat"
show 1/cmdline "/proc/$first/cmdline"
for child in $(cat "/proc/$first/task/$first/children" 2>/dev/null); do
  show 2/status "/proc/$child/status"
  show 2/limits "/proc/$child/limits"
  break
done
show mountinfo "/proc/$first/mountinfo"
show uid_map "/proc/$first/uid_map"
show net/dev "/proc/$first/net/dev" || show net/dev /proc/net/dev
show version /proc/version
test -n "$root" || show hostname /proc/sys/kernel/hostname
for file in CGROUP_FILES; do
  for directory in "$root/sys/fs/cgroup" "$root/sys/fs/cgroup/${file%%.*}"; do
    show "cg/$file" "$directory/$file"
  done
done
for kind in NAMESPACES; do
  link=$(readlink "/proc/$first/ns/$kind" 2>/dev/null) && say "ns/$kind" && echo "$link"
done
if test -d "$root/."; then
  for target; do
    say "place:$target"
    if test -e "$root$target"; then
      stat -c 'stat %u %g %f %t:%T' "$root$target" 2>/dev/null
      stat -f -c 'size %S %b' "$root$target" 2>/dev/null
      if test -w "$root$target"; then echo writable yes; else echo writable no; fi
    elif ! test -L "$root$target"; then
      echo absent
    fi
  done
  say sockets
  for directory in SOCKET_DIRECTORIES "$@"; do
    for name in "" SOCKETS; do
      test -S "$root$directory$name" && echo "$directory$name"
    done
  done
  say token
  test -e "${root}TOKEN" && echo TOKEN
fi
say end
"""
"""Needs sh, cat and test; with stat and readlink it sees more. Arguments: a mark; `inside` or `beside` the sandbox; how
to tell its processes where pid 1 may be another container's (`self`: as ours, an id: by their control group; gVisor
shows all in one group, so that there a mount table tells), or ""; the targets of the mounts."""


def _script() -> str:
    words = {
        "CGROUP_FILES": CGROUP_FILES,
        "NAMESPACES": NAMESPACES,
        "SOCKET_DIRECTORIES": SOCKET_DIRECTORIES,
        "SOCKETS": tuple(f"/{name}" for name in SOCKETS),
        "TOKEN": (TOKEN,),
        "GVISOR": (f"'{GVISOR_BUILD}'",),
    }
    text = SCRIPT
    for name, values in words.items():
        text = text.replace(name, " ".join(values))
    return text


def parse_script(output: bytes, mark: str) -> dict[str, str] | None:
    """The texts that the script printed; None where it did not come to its end. Only lines with the mark, which the
    sandbox cannot know, begin a text."""
    texts: dict[str, str] = {}
    for block in output.decode(errors="surrogateescape").split(f"\n{mark} ")[1:]:
        key, _, text = block.partition("\n")
        texts[key] = text
    return texts if "end" in texts else None


def inside(
    run: Callable[[Sequence[str]], ExecResult], targets: Iterable[str], *, in_pod: bool = False
) -> dict[str, str] | None:
    """What the script says when the sandbox's own image runs it; None where it has no shell."""
    mark = _mark()
    container = "self" if in_pod else ""
    return parse_script(run(["sh", "-c", _script(), "verify", mark, "inside", container, *targets]).stdout, mark)


def probe(
    run: Callable[[Helper], ExecResult], helper: Helper, targets: Iterable[str], *, container: str = ""
) -> dict[str, str] | None:
    """What the script says in a helper container, whose command is only the shell, in the sandbox's namespaces.

    `container` is the runtime's id of the sandbox's container, where pid 1 may be another's.
    """
    mark = _mark()
    command = (*helper.command, "-c", _script(), "probe", mark, "beside", container, *targets)
    return parse_script(run(replace(helper, command=command)).stdout, mark)


def _mark() -> str:
    return f"@{secrets.token_hex(16)}"
