"""sha256 without OpenSSL, whose library costs more to load than all that a plan digests. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import sha256 as sha256
else:
    try:
        from _sha2 import sha256  # CPython's own, from 3.12 on
    except ImportError:
        try:
            from _sha256 import sha256  # until 3.11
        except ImportError:
            from hashlib import sha256


def hexadecimal(data: bytes) -> str:
    """The sha256 of some bytes, in hex."""
    return sha256(data).hexdigest()
