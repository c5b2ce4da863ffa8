"""Networks of a Podman service. A part of the writer, which says how a request is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sandboxctl.backends.podman.image_writer import ImageWriter


class NetworkWriter(ImageWriter):
    """What changes the service's networks, beside its images."""

    def create_network(self, name: str, *, internal: bool, labels: Mapping[str, str]) -> None:
        """A bridge, with Podman's own name server in it."""
        document = {"name": name, "driver": "bridge", "internal": internal, "labels": dict(labels), "dns_enabled": True}
        self._send("post", "/networks/create", data=json.dumps(document))

    def delete_network(self, name: str) -> None:
        """Gone already is success."""
        self._send("delete", f"/networks/{name}", missing_is_done=True)
