"""An envelope is believed for a key that was brought along, and other DSSE tools read the same from it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner, SSlibKey

from harness.attest.envelope import encoded, opened, sealed
from harness.attest.keys import PrivateKey
from harness.errors import IntegrityError, UsageError

KIND = "application/vnd.example+json"
PAYLOAD = b'{"a": 1}'


def edited(data: bytes, **changes: Any) -> bytes:
    return json.dumps(json.loads(data) | changes).encode()


def signature(data: bytes, **changes: Any) -> dict[str, Any]:
    return json.loads(data)["signatures"][0] | changes


def test_the_encoding_is_the_one_of_the_protocol() -> None:
    # The example of the DSSE protocol, 1.0.
    kind = "http://example.com/HelloWorld"
    assert encoded(kind, b"hello world") == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert encoded("é", b"") == "DSSEv1 2 é 0 ".encode()


def test_what_a_trusted_key_signed_is_opened(key: PrivateKey, stranger: PrivateKey) -> None:
    found = opened(sealed(KIND, PAYLOAD, key), KIND, [stranger.public, key.public])
    assert (found.payload, found.key, found.signed) == (PAYLOAD, key.public.id, True)


def test_of_several_trusted_keys_that_signed_the_first_signature_is_named(key: PrivateKey, stranger: PrivateKey) -> None:
    both = [signature(sealed(KIND, PAYLOAD, each)) for each in (stranger, key)]
    data = edited(sealed(KIND, PAYLOAD, key), signatures=both)
    assert opened(data, KIND, [key.public, stranger.public]).key == stranger.public.id


def test_without_the_trusted_key_nobody_signed_it(key: PrivateKey, stranger: PrivateKey) -> None:
    data = sealed(KIND, PAYLOAD, key)
    for trusted in ([], [stranger.public]):
        found = opened(data, KIND, trusted)
        assert (found.key, found.signed) == (None, True)


def test_an_envelope_without_signatures_is_signed_by_nobody(key: PrivateKey) -> None:
    found = opened(edited(sealed(KIND, PAYLOAD, key), signatures=[]), KIND, [key.public])
    assert (found.payload, found.key, found.signed) == (PAYLOAD, None, False)


@pytest.mark.parametrize("payload", [b'{"a": 2}', b"", PAYLOAD + b" "])
def test_a_changed_payload_is_an_integrity_error(key: PrivateKey, payload: bytes) -> None:
    data = edited(sealed(KIND, PAYLOAD, key), payload=base64.b64encode(payload).decode())
    with pytest.raises(IntegrityError, match=f"is not by the key '{key.public.id}' that it names"):
        opened(data, KIND, [key.public])


def test_a_statement_is_not_passed_off_as_one_of_another_type(key: PrivateKey) -> None:
    data = sealed("application/other", PAYLOAD, key)
    with pytest.raises(UsageError, match="a statement of another type"):
        opened(data, KIND, [key.public])
    with pytest.raises(IntegrityError):
        opened(edited(data, payloadType=KIND), KIND, [key.public])


def test_a_signature_that_borrows_a_trusted_name_is_an_integrity_error(key: PrivateKey, stranger: PrivateKey) -> None:
    data = sealed(KIND, PAYLOAD, stranger)
    forged = edited(data, signatures=[signature(data, keyid=key.public.id)])
    with pytest.raises(IntegrityError):
        opened(forged, KIND, [key.public])
    assert opened(forged, KIND, [stranger.public]).key == stranger.public.id


def test_a_good_signature_beside_a_forged_one_does_not_save_it(key: PrivateKey, stranger: PrivateKey) -> None:
    good, other = sealed(KIND, PAYLOAD, key), sealed(KIND, PAYLOAD, stranger)
    forged = signature(other, keyid=key.public.id)
    with pytest.raises(IntegrityError):
        opened(edited(good, signatures=[signature(good), forged]), KIND, [key.public])
    unknown = signature(other)
    assert opened(edited(good, signatures=[unknown, signature(good)]), KIND, [key.public]).key == key.public.id


@pytest.mark.parametrize("hint", [{}, {"keyid": ""}, {"keyid": "anything"}, {"keyid": 7}])
def test_a_key_id_is_a_hint_and_no_more(key: PrivateKey, hint: dict[str, Any]) -> None:
    data = sealed(KIND, PAYLOAD, key)
    bare = {"sig": signature(data)["sig"], **hint}
    assert opened(edited(data, signatures=[bare]), KIND, [key.public]).key == key.public.id


def test_both_alphabets_of_base64_are_read_and_unknown_fields_are_ignored(key: PrivateKey) -> None:
    payload = b"\xfb\xff\xfe?>"
    data = sealed(KIND, payload, key)
    sig = base64.urlsafe_b64encode(base64.b64decode(signature(data)["sig"])).decode()
    safe = edited(
        data, payload=base64.urlsafe_b64encode(payload).decode(), signatures=[signature(data, sig=sig, more=1)], more=1
    )
    assert opened(safe, KIND, [key.public]).payload == payload


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is not JSON"),
        (b"\xff\xfe", "it is not JSON"),
        (b"[" * 100_000, "it is not JSON"),
        (b"[]", "it is not an envelope"),
        (b'{"payload": "", "payloadType": ""}', "it is not an envelope"),
        (b'{"payload": "", "payloadType": 1, "signatures": []}', "it is not an envelope"),
        (b'{"payload": "", "payloadType": "", "signatures": ["x"]}', "one of its signatures is not an object"),
        (b'{"payload": "!", "payloadType": "KIND", "signatures": []}', "'payload' is not base64"),
        ('{"payload": "é", "payloadType": "KIND", "signatures": []}'.encode(), "'payload' is not base64"),
        (b'{"payload": "", "payloadType": "KIND", "signatures": [{}]}', "'sig' is not base64"),
        (b'{"payload": "", "payloadType": "KIND", "signatures": [{"sig": 1}]}', "'sig' is not base64"),
    ],
)
def test_what_is_no_envelope_is_refused_in_one_sentence(key: PrivateKey, data: bytes, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        opened(data.replace(b"KIND", KIND.encode()), KIND, [key.public])


def oracle(key: PrivateKey) -> SSlibKey:
    return SSlibKey.from_crypto(key.key.public_key(), keyid=key.public.id)


def test_securesystemslib_verifies_what_is_sealed_here(key: PrivateKey, stranger: PrivateKey) -> None:
    data = sealed(KIND, PAYLOAD, key)
    # from_dict empties the signatures of what it is given, so each call gets its own.
    assert list(Envelope.from_dict(json.loads(data)).verify([oracle(key)], 1)) == [key.public.id]
    changed = edited(data, payload=base64.b64encode(b"{}").decode())
    for wrong, trusted in ((data, stranger), (changed, key)):
        with pytest.raises(VerificationError):
            Envelope.from_dict(json.loads(wrong)).verify([oracle(trusted)], 1)


def test_what_securesystemslib_signs_is_opened_here(key: PrivateKey) -> None:
    envelope = Envelope(PAYLOAD, KIND, {})
    envelope.sign(CryptoSigner(key.key, SSlibKey.from_crypto(key.key.public_key())))
    data = json.dumps(envelope.to_dict()).encode()
    assert json.loads(data)["signatures"][0]["keyid"] != key.public.id
    assert opened(data, KIND, [key.public]).key == key.public.id
