"""Personal data: what is found, what is not, and that the shortcuts change nothing."""

import json
import logging
import re
from pathlib import Path

import phonenumbers
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.dataset import texts
from harness.errors import UsageError
from suites.data.pii import TIMED_OUT, Scanner, Settings, chosen
from suites.data.presidio_engine.engine import Detector, detector
from suites.data.presidio_engine.gates import Gates, needed

SALT = b"s" * 32
SHARED = Path(__file__).parents[4] / "shared" / "data"
PLAIN = Detector("en", gated=False)
PROSE = (
    "The room 12 is open for 14 hours on 3 days, see section 4.2 on page 310.",
    "He paid $1,250.75 for 3 lamps in 2019, 15% less than in 2018.",
    "Add 12/4 = 3 and 7*8 = 56; the ratio is 16:9, version 2.10.3.",
    "Wait....it said crimes.Crimes are down by 1/3 between 9:30 and 17:45.",
    "Order 88421 shipped in box 7 on May 5th; seen again on 2020-09-23.",
)


def scan(folder: Path, *values: str, **named: object) -> Scanner:
    (folder / "x.jsonl").write_text("".join(json.dumps({"text": value}) + "\n" for value in values))
    scanner = Scanner(Settings(**named), SALT)
    for batch in texts([folder / "x.jsonl"]):
        scanner.scan_batch(batch)
    return scanner


def value(scanner: Scanner, name: str) -> float:
    return next(metric.value for metric in scanner.result().metrics if metric.name == f"pii.{name}")


def same(text: str) -> bool:
    def key(found: Detector) -> list[tuple[object, ...]]:
        return sorted((r.entity_type, r.start, r.end, r.score) for r in found.analyze(text, found.entities).results)

    return key(detector("en")) == key(PLAIN)


def test_a_context_word_raises_the_score_of_a_phone() -> None:
    def score(text: str) -> float:
        return detector("en").analyze(text, ["PHONE_NUMBER"]).results[0].score

    assert score("at (212) 555-0155") == 0.4
    assert score("my phone is (212) 555-0155") == 0.75


def test_plain_prose_has_no_findings(tmp_path: Path) -> None:
    assert value(scan(tmp_path, *PROSE), "findings") == 0


def test_each_kind_is_found(tmp_path: Path) -> None:
    found = scan(
        tmp_path, "a@example.com", "call (212) 555-0155", "4111 1111 1111 1111", "IBAN DE89370400440532013000",
        "ssn 219-09-9999", "host 192.168.7.13", "born on the date 05/12/1980",
    )  # fmt: skip
    for kind in ("EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "IBAN_CODE", "US_SSN", "IP_ADDRESS", "DATE_TIME"):
        assert value(found, f"entity.{kind}") >= 1, kind
    assert value(found, "rows_with_findings") == 7
    # A day points to no one.
    assert value(found, "rows_with_identifiers") == 6
    assert value(found, "share_of_rows") == 1


def test_a_threshold_of_its_own_kind_wins(tmp_path: Path) -> None:
    text = "at (212) 555-0155"
    assert value(scan(tmp_path, text), "findings") == 1
    assert value(scan(tmp_path, text, thresholds={"PHONE_NUMBER": 0.5}), "findings") == 0
    assert value(scan(tmp_path, text, thresholds={"PHONE_NUMBER": 0.3}, threshold=1.0), "findings") == 1


def test_only_named_kinds_are_looked_for_and_the_rest_is_told(tmp_path: Path) -> None:
    scanner = scan(tmp_path, "a@example.com see example.com", entities=("URL",))
    assert list(scanner.result().details["looked_for"]) == ["URL"]
    assert value(scanner, "entity.URL") == 2
    details = scan(tmp_path, "example.com", ner="off").result().details
    assert details["not_looked_for"] == ["LOCATION", "NRP", "ORGANIZATION", "PERSON", "URL"]
    assert "names_found_in_public_data" not in details


def test_names_are_looked_for_and_how_many_are_found_elsewhere_is_told(tmp_path: Path) -> None:
    scanner = scan(tmp_path, "I am Maria Fernandez from Lisbon.", "I am Maria Fernandez from Lisbon.")
    assert value(scanner, "entity.PERSON") == value(scanner, "entity.LOCATION") == 2
    details = scanner.result().details
    assert details["not_looked_for"] == ["URL"]
    assert details["thresholds"]["PERSON"] == 0.5
    assert 0 < details["names_found_in_public_data"]["wikigold_dev"]["PERSON"]["recall"] < 1


def test_names_have_thresholds_and_can_be_the_only_kinds(tmp_path: Path) -> None:
    text = "I am Maria Fernandez, m@example.com"
    assert value(scan(tmp_path, text, thresholds={"PERSON": 1.0}), "entity.PERSON") == 0
    only = scan(tmp_path, text, entities=("PERSON",))
    assert value(only, "findings") == value(only, "entity.PERSON") == 1
    assert only.result().details["not_looked_for"] == ["LOCATION", "NRP", "ORGANIZATION"]


def test_without_a_finder_names_are_not_looked_for(tmp_path: Path) -> None:
    assert value(scan(tmp_path, "I am Maria Fernandez from Lisbon.", ner="off"), "findings") == 0
    german = scan(tmp_path, "Maria Fernandez", language="de").result().details
    assert "PERSON" in german["not_looked_for"]


def test_a_finding_of_a_name_says_nothing_of_it(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text(json.dumps({"text": "I am Maria Fernandez."}) + "\n")
    (batch,) = texts([tmp_path / "x.jsonl"])
    (found,) = Scanner(Settings(), SALT).scan_batch(batch).to_pylist()
    assert (found["entity"], found["start"], found["end"]) == ("PERSON", 5, 20)
    assert "Maria" not in json.dumps(found)


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"entities": ("EMAIL",)}, "no kind of personal data 'EMAIL'"),
        ({"entities": ("EMAIL_ADRESS",)}, "expected 'EMAIL_ADDRESS'"),
        ({"thresholds": {"PHONE": 0.5}}, "'PHONE'"),
        ({"entities": ("PERSON",)}, "'PERSON' can only be found by a model"),
    ],
)
def test_an_unknown_kind_is_refused(named: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        chosen(Settings(**named), detector("en").entities)


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(UsageError, match="no rules for the language 'xx1'"):
        Detector("xx1")


def test_a_pattern_that_runs_out_of_time_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import presidio_analyzer.pattern_recognizer as timed

    monkeypatch.setattr(timed, "REGEX_TIMEOUT_SECONDS", 1e-9)
    scanner = scan(tmp_path, "a1-" * 20_000)
    assert value(scanner, f"entity.{TIMED_OUT}") == 1
    assert value(scanner, "rows_with_findings") == 1


def test_no_text_reaches_a_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("presidio-analyzer").setLevel(logging.DEBUG)
        detector("en").analyze("my secretword phone is (212) 555-0155", ["PHONE_NUMBER"])
        logging.getLogger("presidio-analyzer").setLevel(logging.NOTSET)
    assert "secretword" not in caplog.text


def test_nothing_asks_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*args: object, **named: object) -> None:
        raise AssertionError("asked the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    fresh = Detector("en")
    assert fresh.analyze("a@example.co.uk", ["EMAIL_ADDRESS"]).results
    assert not fresh.analyze("a@example.nosuchdomain", ["EMAIL_ADDRESS"]).results


def test_a_text_longer_than_a_parser_takes_is_scanned() -> None:
    assert detector("en").analyze("word " * 250_000 + "a@example.com", ["EMAIL_ADDRESS"]).results


PATTERNS = sorted({p.regex for r in PLAIN._engine.registry.recognizers for p in getattr(r, "patterns", ())}, key=len)


@pytest.mark.parametrize("pattern", PATTERNS[:-4], ids=range(len(PATTERNS) - 4))
def test_shortcuts_find_the_same_on_what_each_pattern_matches(pattern: str) -> None:
    @settings(max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(st.from_regex(re.compile(pattern, re.IGNORECASE | re.DOTALL | re.MULTILINE)))
    def check(text: str) -> None:
        try:
            text.encode()
        except UnicodeEncodeError:
            return
        assert same(text), text

    check()


ODD = ("see https://EXAMPLE.Com/a", '"www.bücher.de"', "x.ſh", "a.Kim.İt", "٣٣.com", "de89 3704 0044 0532 0130 00")


@pytest.mark.parametrize("text", ODD)
def test_shortcuts_find_the_same_on_odd_letters(text: str) -> None:
    assert same(text)


@pytest.mark.parametrize("region", ["US", "GB", "DE", "FR", "IL", "IN", "CA", "BR", "JP", "EG"])
def test_shortcuts_find_the_same_phones(region: str) -> None:
    number = phonenumbers.example_number(region)
    for form in (0, 1, 2, 3):
        text = phonenumbers.format_number(number, form)
        arabic = text.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
        for each in (text, f"call {text} now", f"({text})x{text}", arabic, text.replace("-", "－")):
            assert same(each), each


def test_a_gate_asks_for_what_every_branch_needs() -> None:
    assert needed(r"\d{3}-\d{4}", 0) == {r"\d", r"\-"}
    assert needed(r"(?:a@b|c@d)+", 0) == {"@"}
    assert needed(r"(?:a@b)?x", 0) == needed(r"\D\w", 0) == needed(r"[^0-9]", 0) == needed("k", 2) == frozenset()
    assert needed(r"[a-z]+[.](?:com|org)", 2) == {r"\.", r"\.\w"}
    assert needed(r"(?:foo@){e<=1}", 0) == needed(r"\p{N}@", 0) == needed(r"@ #", 64) == frozenset()
    assert Gates().opener([needed("a", 0), needed(r"\d", 0)]) is None


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")
@pytest.mark.parametrize("name", ["hh_rlhf/harmless_base_test_dev.jsonl", "presidio_research/synth_v2_dev.jsonl"])
def test_shortcuts_find_the_same_in_real_data(name: str) -> None:
    seen: set[str] = set()
    for batch in texts([SHARED / name], batch_rows=200):
        seen |= set(batch.column("text").to_pylist())
        if len(seen) > 400:
            break
    assert all(same(text) for text in seen)


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")
def test_recall_on_labelled_spans_has_not_fallen() -> None:
    found: dict[str, list[bool]] = {}
    for line in (SHARED / "presidio_research" / "generated_large.jsonl").read_text().splitlines():
        row = json.loads(line)
        results = detector("en").analyze(row["full_text"], detector("en").entities).results
        for span in row["spans"]:
            kind, start = span["entity_type"], span["start_position"]
            hit = any(r.entity_type == kind and r.score >= 0.35 and r.start <= start < r.end for r in results)
            found.setdefault(kind, []).append(hit)
    exact = ("EMAIL_ADDRESS", "IBAN_CODE", "US_SSN", "CREDIT_CARD")
    assert [sum(found[kind]) / len(found[kind]) for kind in exact] == [1.0] * 4
