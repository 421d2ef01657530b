"""The hash by which a finding knows its value without telling it."""

from __future__ import annotations

import hashlib


def salted_hash(value: str, salt: bytes) -> str:
    """Hashes a value with the salt, so that equal values can be told without anyone being able to guess them."""
    return hashlib.blake2b(value.encode("utf-8", "surrogatepass"), key=salt[:64], digest_size=16).hexdigest()
