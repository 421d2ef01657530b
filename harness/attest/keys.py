"""One pair of ECDSA P-256 keys: the private one signs, the public one is handed to whoever verifies.

P-256 with SHA-256 is what DSSE tools, OpenSSF model signing and ``openssl dgst`` all read. A key's id is the SHA-256 of its
public half as DER (SubjectPublicKeyInfo), so that ``openssl`` computes the same.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey

PASSPHRASE = "TUNEGATE_KEY_PASSPHRASE"
REMEDY = "make one with 'tunegate keys --out keys/release'"


@dataclass(frozen=True)
class PublicKey:
    """A key that signatures are verified with, and its id."""

    id: str
    key: EllipticCurvePublicKey

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether this key's private half signed the message."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.hashes import SHA256

        try:
            self.key.verify(signature, message, ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class PrivateKey:
    """A key that signs."""

    key: EllipticCurvePrivateKey

    @property
    def public(self) -> PublicKey:
        """The half that verifies."""
        return _public(self.key.public_key())

    def sign(self, message: bytes) -> bytes:
        """Signs a message; the signature is DER, as DSSE tools expect it."""
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.hashes import SHA256

        return self.key.sign(message, ECDSA(SHA256()))


def make_keys(stem: Path, passphrase: str | None = None) -> PublicKey:
    """Writes ``<stem>.pem``, which only its owner may read, and ``<stem>.pub``.

    Args:
        stem: Where to write, without a suffix.
        passphrase: Encrypts the private key; None leaves it readable to whoever may read the file.

    Raises:
        UsageError: One of the files is already there: a key that was used must not be lost.
    """
    from cryptography.hazmat.primitives import serialization as pem
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

    paths = private_path, public_path = stem.with_name(stem.name + ".pem"), stem.with_name(stem.name + ".pub")
    for path in paths:
        if path.exists():
            raise UsageError(f"'{path}' is already there", "a name that is not taken", "choose another --out")
    key = generate_private_key(SECP256R1())
    lock = pem.BestAvailableEncryption(passphrase.encode()) if passphrase else pem.NoEncryption()
    stem.parent.mkdir(parents=True, exist_ok=True)
    _write(private_path, key.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, lock), 0o600)
    public = key.public_key().public_bytes(pem.Encoding.PEM, pem.PublicFormat.SubjectPublicKeyInfo)
    _write(public_path, public, 0o644)
    return _public(key.public_key())


def read_private_key(path: Path, passphrase: str | None = None) -> PrivateKey:
    """Reads a private key.

    Raises:
        UsageError: There is no such file, it holds no P-256 private key, or the passphrase is missing or wrong.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    wanted = f"a P-256 private key as PEM, and its passphrase in {PASSPHRASE} if it has one"
    try:
        key = load_pem_private_key(_bytes(path), passphrase.encode() if passphrase else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UsageError(f"'{path}' cannot be read as a key: {error}", wanted, REMEDY) from error
    return PrivateKey(_p256(path, key, "private"))


def read_public_key(path: Path) -> PublicKey:
    """Reads a public key.

    Raises:
        UsageError: There is no such file, or it holds no P-256 public key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(_bytes(path))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UsageError(f"'{path}' cannot be read as a key: {error}", "a P-256 public key as PEM", REMEDY) from error
    return _public(_p256(path, key, "public"))


def _public(key: EllipticCurvePublicKey) -> PublicKey:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return PublicKey(hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest(), key)


def _p256(path: Path, key: Any, half: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1

    if not isinstance(getattr(key, "curve", None), SECP256R1):
        raise UsageError(f"'{path}' holds a {type(key).__name__}", f"a {half} key on the curve P-256", REMEDY)
    return key


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"'{path}' cannot be read: {error.strerror}", "a file that holds a key", REMEDY) from error


def _write(path: Path, data: bytes, mode: int) -> None:
    # Created with its mode, so that no moment is left in which another user could open it.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
