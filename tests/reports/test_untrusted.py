"""What cannot be seen is made visible, what has no end is clipped, what is personal by its form is masked."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as some

from reports.render import environment
from reports.untrusted import excerpt, mask, visible


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ("plain", "plain"),
        ("Grüße, 你好, مرحبا\n\t", "Grüße, 你好, مرحبا\n\t"),
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("\x00\x1b[31m", "⟨U+0000⟩⟨U+001B⟩[31m"),
        ("\U000e0041", "⟨U+E0041⟩"),
        ("\r\n", "⟨U+000D⟩\n"),
        ("e" + "\u0301" * 40, "e" + "\u0301" * 4 + "⟨…⟩"),
    ],
)
def test_hidden_characters_are_written_out(found, expected):
    assert visible(found) == expected


def test_a_line_may_end_behind_what_joins_the_parts_of_a_name_and_nothing_of_it_is_markup():
    html = environment().from_string("{{ name|breakable }}").render(name="a.b_c@d=<i>\u202e")
    assert html == "a.<wbr>b_<wbr>c@<wbr>d=<wbr>&lt;i&gt;⟨U+202E⟩"


@given(some.text(max_size=200))
def test_any_text_can_be_printed_and_encoded(text):
    html = environment().from_string("{{ text }}").render(text=text)
    assert "<" not in html
    html.encode()


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ("write to jane.doe@mail.example now", "write to ‹e-mail› now"),
        ("call +49 (30) 1234-5678", "call ‹number›"),
        ("SSN 123-45-6789", "SSN ‹number›"),
        ("card 4111 1111 1111 1111", "card ‹number›"),
        ("IBAN DE89 3704 0044 0532 0130 00", "IBAN ‹IBAN›"),
        ("from 10.0.0.1", "from ‹IP address›"),
        ("on 2026-05-04 10:17 it was 3.14159265358979", "on 2026-05-04 10:17 it was 3.14159265358979"),
        ("order 12345, 17 % of 1,840", "order 12345, 17 % of 1,840"),
    ],
)
def test_what_has_the_form_of_personal_data_is_masked(found, expected):
    assert mask(found) == expected


def test_a_clipped_text_cannot_end_in_half_of_an_address():
    assert "jane" not in excerpt("x" * 90 + " jane.doe@mail.example", 100).text


@pytest.mark.parametrize("text", ["9" * 100_000, "a" * 100_000, "1.1." * 25_000, "a@" * 50_000, "(9) " * 25_000])
def test_masking_is_quick_on_text_made_to_be_slow(text):
    started = time.process_time()
    excerpt(text, 2_000)
    assert time.process_time() - started < 2
