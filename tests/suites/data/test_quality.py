"""Quality: each fault is found at its place, and rows without one are left alone."""

import json
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.dataset import texts
from harness.suite import Scanned
from suites.data.quality import Scanner, Settings
from suites.data.row_faults.encoding import damage
from suites.data.row_faults.languages import commonest, language
from suites.data.row_faults.lengths import at_cap, bounds, quantile_middle
from suites.data.row_faults.turns import cut_off

SHARED = Path(__file__).parents[4] / "shared" / "data"
LONG = "The engineer looked at the plan for a while and then decided that the bridge would have to be moved"
ANSWER = {"role": "assistant", "content": "Fine."}
ASKED = {"role": "user", "content": "How are you?"}
SYSTEM = {"role": "system", "content": "Be kind."}


def scan(folder: Path, *rows: dict[str, Any], **named: Any) -> tuple[Scanned, list[dict[str, Any]]]:
    (folder / "x.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    scanner = Scanner(Settings(**named), b"s" * 32)
    found = [
        each for batch in texts([folder / "x.jsonl"], batch_rows=3) for each in scanner.scan_batch(batch).to_pylist()
    ]
    return scanner.result(), found


def kinds(folder: Path, *rows: dict[str, Any], **named: Any) -> list[tuple[int, str]]:
    return [(each["row"], each["entity"]) for each in scan(folder, *rows, **named)[1]]


def count(scanned: Scanned, kind: str) -> float:
    return next(metric.value for metric in scanned.metrics if metric.name == f"quality.rows.{kind}")


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "Why?", "completion": "Because."},
        {"completion": "Because.", "prompt": "Why?"},
        {"messages": [SYSTEM, ASKED, ANSWER, ASKED, ANSWER]},
        {"conversations": [{"from": "human", "value": "Hi."}, {"from": "gpt", "value": "Hello."}]},
        {"instruction": "Add.", "input": "1 and 2", "output": "3"},
        {"question": "How many?", "answer": "12"},
        {"text": LONG},
        {"instruction": "Say it.", "instances": [{"input": "", "output": "It."}]},
        {"chosen": "Human: Hi. Assistant: Hello.", "rejected": "Human: Hi. Assistant: no"},
    ],
)
def test_a_sound_row_has_no_finding(tmp_path: Path, row: dict[str, Any]) -> None:
    assert kinds(tmp_path, row) == []


@pytest.mark.parametrize(
    ("row", "kind", "said"),
    [
        ({"prompt": "", "completion": ""}, "EMPTY", "without any text"),
        ({"text": " \n"}, "EMPTY", "without any text"),
        ({"prompt": "Why?", "completion": ""}, "EMPTY", "without an answer"),
        ({"prompt": "Why?", "completion": " "}, "EMPTY", "without an answer"),
        ({"messages": [ASKED, {"role": "assistant", "content": ""}]}, "EMPTY", "without an answer"),
        ({"messages": [ANSWER, ASKED, ANSWER]}, "ROLES", "the assistant speaks first"),
        ({"messages": [SYSTEM, ANSWER]}, "ROLES", "the assistant speaks first"),
        ({"messages": [ASKED, ASKED, ANSWER]}, "ROLES", "two turns of the user in a row"),
        ({"messages": [ASKED, ANSWER, ANSWER]}, "ROLES", "two turns of the assistant in a row"),
        ({"messages": [ASKED, SYSTEM, ANSWER]}, "ROLES", "a system message after the first turn"),
        ({"prompt": "Why?", "completion": LONG}, "TRUNCATED", "no sentence ends there"),
        ({"prompt": "Why?", "completion": "It is because of"}, "TRUNCATED", "needs another"),
        ({"prompt": "Why?", "completion": "Here you go: ```\nx = 1"}, "TRUNCATED", "block of code"),
        ({"text": "The cafÃ© is open."}, "ENCODING", "Windows-1252"),
        ({"text": "Cut in hal\ufffd"}, "ENCODING", "replacement"),
    ],
)
def test_a_fault_is_found_and_said(tmp_path: Path, row: dict[str, Any], kind: str, said: str) -> None:
    scanned, found = scan(tmp_path, {"prompt": "Is it?", "completion": "It is."}, row)
    assert [(each["row"], each["entity"]) for each in found] == [(1, kind)]
    assert said in found[0]["message"]
    assert count(scanned, kind.lower()) == 1
    assert {metric.n for metric in scanned.metrics} == {2}


@pytest.mark.parametrize(
    "text",
    [
        LONG + ".",
        LONG + " (so he said)",
        "Paris",
        "Dear all,\n" + LONG + ".\nYours,\nAnna",
        "- one\n- " + LONG,
        "It is",
    ],
)
def test_what_may_end_without_a_sign_is_not_cut_off(text: str) -> None:
    assert (cut_off(text) == "") == (text != "It is" or len(text.split()) < 3)


@pytest.mark.parametrize(
    ("text", "how", "value"),
    [
        ("Ã©tÃ©", "read as Windows-1252", "Ã©"),
        ("itâ€™s", "read as Windows-1252", "â€™"),
        ("ðŸ˜€", "read as Windows-1252", "ðŸ˜€"),
        ("a\x00b", "a control character", "\x00"),
        ("a&amp;lt;b", "an entity escaped twice", "&amp;lt;"),
        ("a\ufeffb", "a byte order mark", "\ufeff"),
    ],
)
def test_damage_is_told_with_its_place(text: str, how: str, value: str) -> None:
    found = damage(text)
    assert found is not None
    assert (found[0], text[found[1] : found[2]]) == (how, value)


@pytest.mark.parametrize(
    "text", ["été à Âge", "NÃO É ASSIM", "São Paulo", "naïve — “quoted” … €5", "a\tb\r\nc", "R&amp;D", "😀 日本語"]
)
def test_sound_signs_are_no_damage(text: str) -> None:
    assert damage(text) is None


@given(st.text(st.characters(min_codepoint=0xA1, max_codepoint=0x24F, categories=["Ll", "Lu"]), min_size=1, max_size=8))
def test_text_decoded_wrongly_is_damage(text: str) -> None:
    wrong = text.encode().decode("cp1252", "replace")
    assert damage(wrong) is not None or not any(sign in wrong for sign in "ÂÃ\ufffd")


SENTENCES = {
    "en": "I would like to know whether the train to the coast is on time and where it leaves from.",
    "de": "Ich möchte wissen, ob der Zug an die Küste pünktlich ist und von welchem Gleis er abfährt.",
    "fr": "Je voudrais savoir si le train pour la côte est à l'heure et de quel quai il part.",
    "es": "Quisiera saber si el tren que va a la costa es puntual y de qué andén sale por la mañana.",
    "it": "Vorrei sapere se il treno per la costa è in orario e da quale binario parte questa mattina.",
    "pt": "Gostaria de saber se o comboio para a costa não está atrasado e de que linha é que sai hoje.",
    "nl": "Ik wil graag weten of de trein naar de kust op tijd is en van welk spoor hij vertrekt.",
    "sv": "Jag vill veta om tåget till kusten är i tid och från vilket spår det går i dag.",
    "pl": "Chciałbym wiedzieć, czy pociąg na wybrzeże jest punktualny, jak długo jedzie i czy to jest daleko od dworca.",
    "tr": "Bu tren için bir bilet ne kadar ve sonra ne zaman gelir, çok mu geç kalır?",
    "ru": "Я хотел бы знать, когда отходит поезд.",
    "zh": "请问去海边的火车几点出发？",
    "ja": "海辺へ行く電車は何時に出ますか。",
    "ar": "أود أن أعرف متى يغادر القطار.",
    "ko": "바다로 가는 기차는 몇 시에 떠나나요?",
    "el": "Θα ήθελα να μάθω πότε φεύγει το τρένο.",
}


@pytest.mark.parametrize("code", SENTENCES)
def test_a_sentence_has_its_language(code: str) -> None:
    assert language(SENTENCES[code]) == code


def test_a_text_of_few_words_has_none() -> None:
    assert language("Hello there, world") == ""
    assert language("42 + 17 = 59") == ""
    assert {"en", "vi"} <= set(commonest())


def test_rows_in_another_language_than_most_are_counted_and_named_where_one_is_expected(tmp_path: Path) -> None:
    rows = [{"text": SENTENCES[code]} for code in ("en", "en", "fr")]
    scanned, found = scan(tmp_path, *rows)
    assert found == []
    assert count(scanned, "language") == 1
    assert scanned.details["other_languages"] == {"fr": ["x.jsonl:2"]}
    assert kinds(tmp_path, *rows, language="fr") == [(0, "LANGUAGE"), (1, "LANGUAGE")]


def test_two_answers_to_one_question_conflict(tmp_path: Path) -> None:
    rows = [("Why?", "A."), ("why? ", "a."), ("Why?", "B."), ("Who?", "B."), ("Why?", "A.")]
    scanned, found = scan(tmp_path, *({"prompt": asked, "completion": said} for asked, said in rows))
    assert [(each["row"], each["field"], each["message"]) for each in found] == [
        (2, "completion", "answers otherwise than the row x.jsonl:0")
    ]
    assert count(scanned, "conflict") == 4


def test_a_conversation_is_a_question_with_all_that_was_said_before(tmp_path: Path) -> None:
    def row(first: str, last: str) -> dict[str, Any]:
        said = [{"role": "user", "content": first}, ANSWER, ASKED, {"role": "assistant", "content": last}]
        return {"messages": said}

    assert kinds(tmp_path, row("Hi.", "A."), row("Ho.", "B."), row("Hi.", "C.")) == [(2, "CONFLICT")]


def test_a_length_far_from_the_others_stands_apart(tmp_path: Path) -> None:
    rows = [{"text": "x" * (100 + number)} for number in range(60)] + [{"text": "y" * 5000}, {"text": "z"}]
    scanned, _ = scan(tmp_path, *rows)
    assert count(scanned, "length") == 2
    assert scanned.details["lengths_that_stand_apart"] == [
        {"row": "x.jsonl:61", "characters": 1},
        {"row": "x.jsonl:60", "characters": 5000},
    ]


def test_bounds_are_those_worked_by_hand() -> None:
    # Logarithms of 1 2 4 8 16 to the base 2: the middle is 2, the distances 2 1 0 1 2, their middle 1: 2 ± 2 * 1.4826.
    assert bounds({1: 1, 2: 1, 4: 1, 8: 1, 16: 1}, 2.0) == pytest.approx((4 / 2**2.9652, 4 * 2**2.9652))
    assert bounds({5: 10, 7: 1}, 3.0) == (0.0, float("inf"))


@given(st.lists(st.integers(0, 9), min_size=1))
def test_the_median_of_counts_is_the_median(values: list[int]) -> None:
    assert quantile_middle(Counter(values)) == median(values)


def test_answers_at_one_greatest_length_are_a_limit() -> None:
    assert at_cap({**{length: 3 for length in range(100, 200)}, 512: 20}, 10, 0.005) == 20
    assert at_cap({**{length: 3 for length in range(100, 200)}, 512: 5}, 10, 0.005) == 0
    assert at_cap({20: 480}, 10, 0.005) == 0
    assert at_cap({100: 300, 110: 20}, 10, 0.005) == 0
    assert at_cap({}, 10, 0.005) == 0


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")
def test_mathematics_written_with_care_has_few_faults() -> None:
    scanner = Scanner(Settings(language="en"), b"s" * 32)
    for batch in texts([SHARED / "gsm8k/train_sample3000.jsonl"]):
        assert not scanner.scan_batch(batch).num_rows
