"""What a live object has from its image, so that what it has from neither its image nor its spec is seen. Reads only.

An image is asked only where an object has something that its own spec does not explain, and once.
"""

from __future__ import annotations

from collections.abc import Iterator

from sandboxctl.backends.base import Backend, ImageConfig, Json, Key, Observed
from sandboxctl.dataclass import dataclass, field, replace
from sandboxctl.fields import INHERITED, within_any
from sandboxctl.plan import Before

_USUAL: dict[Key, Json] = {("env", "PATH"): "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
"""What nearly every image says, and what no image has to be asked for."""


@dataclass(slots=True, kw_only=True)
class Inheritance:
    """The images of one engine, as far as they were asked."""

    backend: Backend
    _images: dict[str, ImageConfig | None] = field(default_factory=dict)

    def known(self, observed: Observed, applied: Before | None) -> Observed:
        """The object with what is its image's; as it is where the engine adds values of its own, which nobody knows."""
        if not self.backend.reader.engine().adds_nothing:
            return observed
        if not any(True for _ in _unexplained(observed, applied)):
            return replace(observed, inherited=_USUAL)
        image = self._image(observed.image_id)
        return observed if image is None else replace(observed, inherited=image_fields(image))

    def _image(self, image_id: str) -> ImageConfig | None:
        if image_id not in self._images:
            self._images[image_id] = self.backend.reader.image_config(image_id)
        return self._images[image_id]


def _unexplained(observed: Observed, applied: Before | None) -> Iterator[Key]:
    for key, value in observed.fields.items():
        ours = applied is not None and (key in applied.wanted.fields or key in applied.wanted.secrets)
        if not ours and value != _USUAL.get(key) and within_any(key, INHERITED):
            yield key


def image_fields(image: ImageConfig) -> dict[Key, Json]:
    """What an image itself gives a container, by the keys of the spec."""
    user, _, group = image.user.partition(":")
    found: dict[Key, Json] = {
        ("command",): list(image.entrypoint) or None,
        ("args",): list(image.command) or None,
        ("workdir",): image.workdir or None,
        ("security", "user"): int(user) if user.isdecimal() else user or None,
        ("security", "group"): int(group) if group.isdecimal() else group or None,
    }
    found |= {("env", name): value for name, value in image.env.items()}
    found |= {("labels", name): value for name, value in image.labels.items()}
    return found
