"""Keys: made once, readable to their owner only, and only of the kind that everybody verifies."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_public_key,
)

from harness.attest.keys import make_keys, read_private_key, read_public_key
from harness.errors import UsageError


def test_a_pair_signs_and_verifies(tmp_path: Path) -> None:
    made = make_keys(tmp_path / "keys" / "release.v1")
    private, public = read_private_key(tmp_path / "keys/release.v1.pem"), read_public_key(tmp_path / "keys/release.v1.pub")
    assert made.id == private.public.id == public.id
    signature = private.sign(b"message")
    assert public.verifies(signature, b"message")
    assert not public.verifies(signature, b"massage")
    assert not public.verifies(b"", b"message")


def test_the_private_key_is_readable_to_its_owner_only(tmp_path: Path) -> None:
    make_keys(tmp_path / "release")
    assert (tmp_path / "release.pem").stat().st_mode & 0o777 == 0o600
    assert b"PRIVATE" not in (tmp_path / "release.pub").read_bytes()


def test_an_id_is_the_sha256_of_the_public_half_as_der(tmp_path: Path) -> None:
    made = make_keys(tmp_path / "release")
    key = load_pem_public_key((tmp_path / "release.pub").read_bytes())
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert made.id == hashlib.sha256(der).hexdigest()


@pytest.mark.parametrize("taken", ["release.pem", "release.pub"])
def test_a_key_is_never_overwritten(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).write_text("precious")
    with pytest.raises(UsageError, match=f"{taken}' is already there"):
        make_keys(tmp_path / "release")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["precious"]


def test_a_passphrase_locks_the_private_key(tmp_path: Path) -> None:
    made = make_keys(tmp_path / "release", "open sesame")
    assert b"ENCRYPTED" in (tmp_path / "release.pem").read_bytes()
    assert read_private_key(tmp_path / "release.pem", "open sesame").public.id == made.id
    for wrong in (None, "close sesame"):
        with pytest.raises(UsageError, match="TUNEGATE_KEY_PASSPHRASE"):
            read_private_key(tmp_path / "release.pem", wrong)


def test_a_passphrase_for_a_key_without_one_is_said(tmp_path: Path) -> None:
    make_keys(tmp_path / "release")
    with pytest.raises(UsageError, match="cannot be read as a key"):
        read_private_key(tmp_path / "release.pem", "needless")


def test_what_is_no_key_is_refused_in_one_sentence(tmp_path: Path) -> None:
    make_keys(tmp_path / "release")
    (tmp_path / "text").write_text("not a key")
    for path in (tmp_path / "text", tmp_path / "gone", tmp_path / "release.pem"):
        with pytest.raises(UsageError, match=r"cannot be read.*tunegate keys"):
            read_public_key(path)
    for path in (tmp_path / "text", tmp_path / "gone", tmp_path / "release.pub"):
        with pytest.raises(UsageError, match=r"cannot be read.*tunegate keys"):
            read_private_key(path)


@pytest.mark.parametrize("other", [ec.generate_private_key(ec.SECP384R1()), ed25519.Ed25519PrivateKey.generate()])
def test_another_kind_of_key_is_refused(tmp_path: Path, other: ec.EllipticCurvePrivateKey) -> None:
    private, public = tmp_path / "other.pem", tmp_path / "other.pub"
    private.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(other.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(UsageError, match="expected a private key on the curve P-256"):
        read_private_key(private)
    with pytest.raises(UsageError, match="expected a public key on the curve P-256"):
        read_public_key(public)
