"""The engines' official SDKs: each is an extra of the installation, wanted by whoever changes something there.

Nothing is imported here: whether a package is installed is looked up, and told before anything is done.
"""

from __future__ import annotations

from sandboxctl.errors import UnreachableError


class MissingSdkError(UnreachableError):
    """A backend's SDK is not installed, so that nothing can be changed there."""


def check(package: str | None) -> None:
    """Raises MissingSdkError where `package` is not installed; None: the backend needs none."""
    from importlib.util import find_spec

    if package is not None and find_spec(package) is None:
        raise missing(package)


def missing(package: str, what_for: str = "nothing can be changed there without it") -> MissingSdkError:
    """The extra has the package's own name; `sandboxctl` on PyPI is somebody else's tool, and never named."""
    return MissingSdkError(
        f"{package}'s Python package is not installed: {what_for}",
        hint=f"run `pip install '.[{package}]'` in the checkout of sandboxctl",
    )
