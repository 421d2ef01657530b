"""A signed statement in a DSSE envelope: the payload, its type, and who signed both.

What is signed is not the payload but its *pre-authentication encoding*, which names the type and the lengths, so that no
statement of one kind can be passed off as one of another. The format is the DSSE protocol 1.0 of secure-systems-lab, so that
other tools verify what is signed here. The key ids inside an envelope are hints: trust comes from the keys that the verifier
brings along, never from the envelope.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.attest.keys import PrivateKey, PublicKey
from harness.errors import IntegrityError, UsageError


@dataclass(frozen=True)
class Opened:
    """What an envelope held.

    Attributes:
        payload: The bytes of the statement; believe them only if ``key`` says who signed.
        key: Id of the first trusted key that signed; None where none of the trusted keys did.
        signed: Whether anybody at all signed.
    """

    payload: bytes
    key: str | None
    signed: bool


def encoded(payload_type: str, payload: bytes) -> bytes:
    """The pre-authentication encoding: the bytes that are signed."""
    kind = payload_type.encode()
    return b" ".join((b"DSSEv1", str(len(kind)).encode(), kind, str(len(payload)).encode(), payload))


def sealed(payload_type: str, payload: bytes, key: PrivateKey) -> bytes:
    """Signs a statement and returns the envelope as JSON."""
    signature = {"keyid": key.public.id, "sig": _text(key.sign(encoded(payload_type, payload)))}
    envelope = {"payloadType": payload_type, "payload": _text(payload), "signatures": [signature]}
    return json.dumps(envelope).encode() + b"\n"


def opened(data: bytes, payload_type: str, trusted: Sequence[PublicKey]) -> Opened:
    """Opens an envelope and finds out which of the trusted keys signed it.

    Raises:
        UsageError: The bytes are no envelope, or one of another type of statement.
        IntegrityError: A signature names a trusted key that did not make it: the statement was changed, or it is forged.
    """
    envelope = _parsed(data)
    if envelope["payloadType"] != payload_type:
        raise UsageError("it holds a statement of another type", f"'{payload_type}'")
    payload = _bytes(envelope["payload"], "'payload'")
    message, signers = encoded(payload_type, payload), []
    for each in envelope["signatures"]:
        signature = _bytes(each.get("sig"), "'sig'")
        made = [key for key in trusted if key.verifies(signature, message)]
        named = [key for key in trusted if key.id == each.get("keyid")]
        if named and not made:
            raise IntegrityError(
                f"its signature is not by the key '{named[0].id}' that it names: it was changed or forged",
                "a statement as it was signed",
                "sign it again",
            )
        signers += made
    return Opened(payload, signers[0].id if signers else None, bool(envelope["signatures"]))


def _parsed(data: bytes) -> dict[str, Any]:
    wanted = "a DSSE envelope: 'payloadType', 'payload' and 'signatures'"
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"it is not JSON: {error}", wanted) from error
    fields = found if isinstance(found, dict) else {}
    kinds = {"payloadType": str, "payload": str, "signatures": list}
    if not all(isinstance(fields.get(name), kind) for name, kind in kinds.items()):
        raise UsageError("it is not an envelope", wanted)
    if not all(isinstance(each, dict) for each in fields["signatures"]):
        raise UsageError("one of its signatures is not an object", wanted)
    return fields


def _bytes(text: Any, name: str) -> bytes:
    try:
        # A verifier has to accept the standard alphabet and the one that is safe in addresses.
        return base64.b64decode(text.translate(str.maketrans("-_", "+/")), validate=True)
    except (AttributeError, ValueError, binascii.Error) as error:
        raise UsageError(f"{name} is not base64: {error}", "an envelope as it was written") from error


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
