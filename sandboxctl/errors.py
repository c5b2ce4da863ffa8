"""What can go wrong, and the exit code each kind has (behaviour.md, "Exit codes").

Wrong user input is not here: it is data, see `problems`. Nothing here prints, logs or reads.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandboxctl.problems import Problem


class ExitCode(IntEnum):
    """The codes a caller may rely on."""

    DONE = 0
    ERROR = 1
    CHANGES = 2
    INVALID = 3
    UNREACHABLE = 4
    CONFLICT = 5
    FAILED = 6
    PARTIAL = 7
    APPROVAL = 8
    NOT_FOUND = 9
    USAGE = 64
    EXEC_FAILED = 125
    NOT_EXECUTABLE = 126
    NO_SUCH_COMMAND = 127


class SandboxctlError(Exception):
    """A failure the user is told in one line: `brief`, with a `hint` at what to do.

    `field` is the field of a spec that it speaks of, where its words tell (`complaints`); `places` where that is in the
    spec at hand, once somebody has looked.
    """

    exit_code = ExitCode.ERROR

    def __init__(
        self, brief: str, *, hint: str | None = None, sandbox: str | None = None, field: tuple[str, ...] | None = None
    ) -> None:
        super().__init__(brief)
        self.brief = brief
        self.hint = hint
        self.sandbox = sandbox
        self.field = field
        self.places: tuple[Problem, ...] = ()


class LocalFileError(SandboxctlError):
    """A local file cannot be read or written."""


class UsageError(SandboxctlError):
    """The command line is wrong."""

    exit_code = ExitCode.USAGE


class InvalidError(SandboxctlError):
    """The spec is refused, or names what does not exist on the engine (image, volume, network, host path)."""

    exit_code = ExitCode.INVALID


class UnreachableError(SandboxctlError):
    """The engine or a registry does not answer, or denies permission."""

    exit_code = ExitCode.UNREACHABLE


class AbsentError(UnreachableError):
    """There is no such engine here at all: no socket. The next backend may be tried."""


class SilentError(UnreachableError):
    """The engine took a request and did not answer in time: nothing more is asked of it in this run."""


class ConflictError(SandboxctlError):
    """Somebody else holds it: a foreign object, a lock, a stale plan."""

    exit_code = ExitCode.CONFLICT


class FailedError(SandboxctlError):
    """A sandbox failed to start, to become ready or to verify.

    `ended_with` is the exit code of its own command, where that has ended.
    """

    exit_code = ExitCode.FAILED
    ended_with: int | None = None


class ApprovalError(SandboxctlError):
    """The plan needs a yes that nobody can give."""

    exit_code = ExitCode.APPROVAL


class NotFoundError(SandboxctlError):
    """No such sandbox."""

    exit_code = ExitCode.NOT_FOUND


class ExecError(SandboxctlError):
    """A command could not be run inside a sandbox."""

    exit_code = ExitCode.EXEC_FAILED


class EngineError(SandboxctlError):
    """The engine answered a request with an error that no other class names."""

    exit_code = ExitCode.FAILED

    def __init__(
        self,
        brief: str,
        *,
        status: int,
        hint: str | None = None,
        sandbox: str | None = None,
        field: tuple[str, ...] | None = None,
    ) -> None:
        super().__init__(brief, hint=hint, sandbox=sandbox, field=field)
        self.status = status
