"""Decides which content is kept for the items and therefore never trained on."""

import hashlib


def kept_for_items(kind: str, *parts: str, share: float = 0.25) -> bool:
    """Says whether this content belongs to the items; depends on the content alone, not on a seed."""
    return fraction(kind, *parts) < share


def fraction(kind: str, *parts: str) -> float:
    """Maps content to a fixed number in [0, 1), the same on every machine."""
    # Python salts `hash` for strings, so a cryptographic digest stands in for it.
    digest = hashlib.sha256("\x1f".join((kind, *parts)).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
