"""The SDK's client, without the user's config.json. Part of the writer.

docker-py 7.2.0 reads it for every client, whether anything is pulled or not: of a file that is no JSON it says nothing
and goes on without the logins, and of one that has another form, or a login that is no base64, it dies. Logins are
`registry_login`'s affair.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from docker import APIClient
from docker.auth import INDEX_NAME, INDEX_URL, AuthConfig

if TYPE_CHECKING:
    from sandboxctl.registry_login import Login


class Client(APIClient):  # type: ignore[misc]  # the SDK ships no types
    """Sends the logins that it is given, and looks for none."""

    @property
    def _general_configs(self) -> dict[str, object]:
        return {"auths": {}}  # an empty one would make it look for the file

    @_general_configs.setter
    def _general_configs(self, _read: object) -> None:
        """What the SDK has read."""

    def log_in(self, logins: Sequence[Login]) -> None:
        """For the builds to come."""
        filed = {INDEX_URL if each.registry == INDEX_NAME else each.registry: each.fields() for each in logins}
        self._auth_configs = AuthConfig(
            {"auths": {INDEX_URL: {}, **filed}}
        )  # of none at all it would look for the file
