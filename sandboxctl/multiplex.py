"""The stream in which Docker's API, and Podman's, carry two outputs as one. Pure: chunks in, chunks out."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Literal

_HEAD = struct.Struct(">BxxxL")


def frames(chunks: Iterable[bytes]) -> Iterator[tuple[Literal[1, 2], bytes]]:
    """Takes off the frames of 8 bytes (kind, 3 zeros, length): (1 = stdout, 2 = stderr) and the text in each."""
    pending = b""
    for chunk in chunks:
        pending += chunk
        while len(pending) >= _HEAD.size:
            kind, length = _HEAD.unpack(pending[: _HEAD.size])
            end = _HEAD.size + length
            if len(pending) < end:
                break
            yield (2 if kind == 2 else 1), pending[_HEAD.size : end]
            pending = pending[end:]
