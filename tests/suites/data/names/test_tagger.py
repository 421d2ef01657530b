"""The embedded tagger: what it finds, where, how surely, and what it leaves alone."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suites.data.names import THRESHOLD
from suites.data.names.choice import finder
from suites.data.names.tagger import KNOWN_PIECES, MODEL, Tagger, likely

TAGGER = finder("embedded", "en")


def named(text: str) -> set[tuple[str, str]]:
    (names,) = TAGGER.find([text])
    return {(each.kind, text[each.start : each.end]) for each in names if each.score >= THRESHOLD}


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("My name is Maria Fernandez and I need help.", "PERSON", "Maria Fernandez"),
        ("Please call Dr. Okonkwo tomorrow.", "PERSON", "Okonkwo"),
        ("We flew from Lisbon to Nairobi last week.", "LOCATION", "Nairobi"),
        ("Ship it to 48 Maple Street, Springfield, IL 62704.", "LOCATION", "48 Maple Street, Springfield, IL 62704"),
        ("She works for Goldman Sachs in London.", "ORGANIZATION", "Goldman Sachs"),
        ("Invoice from Brenner & Hoffmann GmbH", "ORGANIZATION", "Brenner & Hoffmann GmbH"),
        ("A Norwegian tourist asked.", "NRP", "Norwegian"),
        ("my name is john smith and i live in chicago", "PERSON", "john smith"),
    ],
)
def test_a_name_is_found_whole(text: str, kind: str, value: str) -> None:
    assert (kind, value) in named(text)


@pytest.mark.parametrize(
    "text",
    [
        "Thank you for your help. The order will arrive on Monday, and I hope it fits.",
        "Terms and Conditions of Use apply to all of our services.",
        "How do I make bread without an oven? Mix flour, water and salt.",
        "def read_rows(path): return [line for line in open(path)]",
        "see https://maria.example.org/Paris or write to john.smith@example.com, @anna #London",
        "Solve 12 + 30 = 42. Then the answer is 42.",
        "",
        "\n \n",
        "...!?",
    ],
)
def test_ordinary_text_has_no_names(text: str) -> None:
    assert named(text) == set()


def test_offsets_are_characters_of_the_text_whatever_stands_before_it() -> None:
    text = "日本 🙂  é\n— I am Maria Fernandez."
    assert ("PERSON", "Maria Fernandez") in named(text)


def test_a_text_has_the_same_names_alone_and_among_others() -> None:
    texts = ["Ask Maria Fernandez in Lisbon.", "", "nothing here", "John Smith left Boston for Peru", "\n"] * 3
    assert TAGGER.find(texts) == [TAGGER.find([text])[0] for text in texts]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.text(), max_size=4))
def test_any_text_gives_places_inside_it_in_order_and_scores_from_0_to_1(texts: list[str]) -> None:
    for text, names in zip(texts, TAGGER.find(texts), strict=True):
        ends = [0, *(each.end for each in names)]
        for before, each in zip(ends, names, strict=False):
            assert before <= each.start < each.end <= len(text)
            assert 0 <= each.score <= 1.0001


def lettered(number: int) -> str:
    return "".join(chr(97 + int(digit)) for digit in str(number))


def test_what_is_remembered_of_words_is_bounded_and_changes_nothing() -> None:
    fresh = Tagger()
    before = fresh.find(["Ask Maria Fernandez in Lisbon."])
    for start in range(0, 2 * KNOWN_PIECES, KNOWN_PIECES // 4):
        fresh.find([" ".join(lettered(number) for number in range(start, start + KNOWN_PIECES // 4))])
    assert len(fresh._numbers) < KNOWN_PIECES
    assert fresh.find(["Ask Maria Fernandez in Lisbon."]) == before


def test_a_common_word_is_no_reason_to_look() -> None:
    assert likely("Maria", 0) and likely("maria", 0) and likely("62704", 0)
    assert not likely("12", 0) and not likely(",", 0) and not likely("it", 0)


def test_another_language_has_no_embedded_tagger() -> None:
    assert finder("embedded", "de") is None
    assert finder("off", "en") is None


def test_the_model_is_the_one_that_the_code_names() -> None:
    from suites.data.names.tagger import DIGEST

    assert hashlib.sha256(Path(MODEL).read_bytes()).hexdigest() == DIGEST
    assert MODEL.stat().st_size < 4_000_000
