"""Stand-ins: the same for the same value, of the same form, and never of anybody."""

import pyarrow
import pytest

from harness import plugins
from harness.dataset import TEXTS
from harness.scanning.fakes import fake, pseudonym

KEY = b"k" * 32
REAL = {
    "EMAIL_ADDRESS": ["ann.miller@example.com", "bob@web.de"],
    "CREDIT_CARD": ["4111 1111 1111 1111", "378282246310005", "5555-5555-5555-4444"],
    "IBAN_CODE": ["DE89370400440532013000", "GB29 NWBK 6016 1331 9268 19"],
    "US_SSN": ["536-90-4399", "223 11 8820"],
    "IP_ADDRESS": ["192.168.0.17", "8.8.8.8", "2001:db8::1"],
    "PHONE_NUMBER": ["(415) 555-2671", "+49 30 901820", "+1 212-456-1111"],
    "PERSON": ["Ann Miller"],
}
PAIRS = [(kind, value) for kind, values in REAL.items() for value in values]


@pytest.mark.parametrize(("kind", "value"), PAIRS)
def test_a_fake_is_the_same_again_and_another_for_another_value_or_key(kind: str, value: str) -> None:
    made = fake(kind, value, KEY)
    assert made == fake(kind, value, KEY) != value
    assert made != fake(kind, value, b"another key") and made != fake(kind, value + "1", KEY)


def test_a_pseudonym_has_no_digits_and_tells_nothing_but_the_kind() -> None:
    made = pseudonym("PERSON", "Ann Miller", KEY)
    assert made.startswith("<PERSON:") and len(made) == len("<PERSON:>") + 16
    assert not any(character.isdigit() for character in made)


def test_a_second_scan_finds_no_fake() -> None:
    module = plugins.load("data suite", "pii")
    many = [(kind, f"{value}") for kind, value in PAIRS for _ in range(1)]
    texts = [f"{lead} {fake(kind, value, bytes([at]) * 32)} today" for kind, value in many for at in range(12)
             for lead in ("my phone number is", "card", "see")]  # fmt: skip
    columns = {"file": "x", "row": range(len(texts)), "line": range(len(texts)), "id": "x", "field": "text", "role": ""}
    rows = [
        {name: value[at] if isinstance(value, range) else value for name, value in columns.items()} | {"text": text}
        for at, text in enumerate(texts)
    ]
    found = module.Scanner(module.Settings(ner="off"), KEY).scan_batch(pyarrow.RecordBatch.from_pylist(rows, schema=TEXTS))
    assert [(texts[each["row"]], each["entity"]) for each in found.to_pylist()] == []
