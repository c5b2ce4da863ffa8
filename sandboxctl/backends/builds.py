"""How a build that failed is told, on every engine that builds images. It asks no engine itself."""

from __future__ import annotations

from sandboxctl.errors import FailedError
from sandboxctl.last_words import last_words


def build_failed(error: str, said: bytes) -> FailedError:
    """The engine's reason, with the last lines that the builder printed."""
    return FailedError(f"image.build: {' '.join(error.split())[:300]}{last_words([(1, said)])}")
