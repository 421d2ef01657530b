"""Credentials: planted ones are found, prose is not, and nothing is sent anywhere."""

import json
import re
from pathlib import Path

import pyarrow
import pyarrow.compute
import pytest
from detect_secrets.plugins.keyword import QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP as QUOTED
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.dataset import texts
from suites.data.secret_patterns import OWN, needed
from suites.data.secrets import DETECTORS, LEFT_OUT, Scanner, Settings, detectors, secrets_in, secrets_of

SHARED = Path(__file__).parents[4] / "shared" / "data"
# Put together from parts, so that no scanner takes this file for a leak.
PLANTED = {
    "aws_access_key": "AKIA" + "TESTONLY0DEMOKEY",
    "github_token": "ghp_" + "a1B2" * 9,
    "private_key": "BEGIN RSA " + "PRIVATE KEY",
    "slack_token": "xoxb-" + "123456789012-abcdefghijklmnopqrstuvwx",
    "stripe_access_key": "sk_live_" + "a1B2c3D4" * 3,
    "json_web_token": "eyJhbGciOiJIUzI1NiJ9"
    + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0"
    + ".dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "google_api_key": "AIza" + "SyD-TEST_only0DEMOkey1234567890abcd"[:35],
    "secret_key_with_a_prefix": "sk-" + "proj-TESTonly0DEMOkey12345678",
    "openai_token": "sk-" + "abcdefghij0123456789" + "T3BlbkFJ" + "abcdefghij0123456789",
    "basic_auth_credentials": "://" + "admin:s3cr3tvalue@",
    "hugging_face_token": "hf_" + "abcdefghijklmnopqRSTUVWXYZabcdefgh",
}
PROSE = (
    "The secret: be kind, and keep your password safe. Secrets are to be told to nobody.",
    "My password is not a word; the key to success is work, said the token old man.",
    "Sk-sk-sk went the brush: sk-something-like-this-is-no-key-at-all, and hf_hub_download is a function.",
    "supercalifragilisticexpialidocious internationalization deadbeefcafe0123",
)


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_secret_is_found_at_its_place(kind: str) -> None:
    text = f"My log says:\nkey is {PLANTED[kind]} here.\nThanks"
    assert (kind, text.index(PLANTED[kind])) in [(found, start) for found, start, _ in secrets_of(text)]


def test_a_quoted_value_of_a_telling_name_is_found() -> None:
    assert secrets_of('db_password = "tr0ub4dor&3"') == [("secret_keyword", 15, 26)]
    assert secrets_of('password = "${DB_PASSWORD}"') == []


@pytest.mark.parametrize("text", PROSE)
def test_prose_is_no_secret(text: str) -> None:
    assert secrets_of(text) == []


def test_a_comment_of_the_row_hides_nothing() -> None:
    assert secrets_of(PLANTED["aws_access_key"] + "  # pragma: allowlist secret")


def test_nothing_is_verified_over_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    for detector in detectors():
        monkeypatch.setattr(type(detector), "verify", lambda *args, **named: pytest.fail("asked a service"))
    assert all(secrets_of(text) for text in PLANTED.values())


def test_every_detector_of_the_library_is_used_or_left_out_by_name() -> None:
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class

    known = set(get_mapping_from_secret_type_to_class())
    assert {detector.secret_type for detector in detectors()} == known - set(LEFT_OUT)
    assert len(DETECTORS) == len(known) - len(LEFT_OUT)


def test_findings_and_details_hold_no_value(tmp_path: Path) -> None:
    rows = [{"text": value} for value in PLANTED.values()] + [{"text": "clean"}]
    (tmp_path / "x.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    scanner = Scanner(Settings(), b"s" * 32)
    found = [finding for batch in texts([tmp_path / "x.jsonl"]) for finding in scanner.scan_batch(batch).to_pylist()]
    metrics = {metric.name: metric.value for metric in scanner.result().metrics}
    assert metrics["secrets.rows_with_findings"] == len(PLANTED)
    assert all(metrics[f"secrets.kind.{kind}"] >= 1 for kind in PLANTED)
    assert not [value for value in PLANTED.values() if value in repr(found) + repr(scanner.result())]
    assert len({each["hash"] for each in found}) >= len(PLANTED)


PATTERNS = sorted(
    {*OWN.values(), *QUOTED, *(each for of in detectors() for each in getattr(of, "denylist", ()))}, key=repr
)


def everywhere(said: list[str]) -> list[tuple[int, str, int, int]]:
    return [(at, *found) for at, text in enumerate(said) for found in secrets_of(text)]


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.pattern[:40])
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_looking_only_where_a_pattern_can_match_finds_what_looking_everywhere_finds(
    pattern: re.Pattern[str], data: st.DataObject
) -> None:
    matching = data.draw(st.from_regex(pattern, alphabet=st.characters(codec="utf-8")))
    at = data.draw(st.integers(0, len(matching)))
    near_miss = matching[:at] + data.draw(st.sampled_from(["", " ", "x", "\n", "é"])) + matching[at + 1 :]
    said = [matching, near_miss, f"Well:\n{matching} she said", matching.upper().replace("I", "\u0130")]
    assert secrets_in(pyarrow.array(said, pyarrow.large_string())) == everywhere(said)
    assert pyarrow.compute.match_substring_regex(pyarrow.array([matching]), needed([pattern]))[0].as_py()


def test_a_pattern_with_an_unknown_part_is_refused_so_that_its_detector_sees_every_text() -> None:
    with pytest.raises(ValueError, match="a pattern has a part"):
        needed([re.compile(r"(a)?(?(1)b|c)")])


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_secret_is_found_in_a_column(kind: str) -> None:
    said = ["nothing", f"My log says:\nkey is {PLANTED[kind]} here.\nThanks", ""]
    found = secrets_in(pyarrow.array(said, pyarrow.large_string()))
    assert kind in [each[1] for each in found]
    assert found == everywhere(said)


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")
def test_looking_only_where_a_pattern_can_match_finds_the_same_in_real_rows() -> None:
    for name in ("self_instruct/user_oriented_dev.jsonl", "presidio_research/synth_v2_dev.jsonl"):
        for batch in list(texts([SHARED / name]))[:1]:
            assert secrets_in(batch.column("text")) == everywhere(batch.column("text").to_pylist())


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")
def test_real_chat_has_no_secrets() -> None:
    scanner = Scanner(Settings(), b"s" * 32)
    for name in (
        "self_instruct/seed_tasks.jsonl",
        "gpteacher_roleplay/roleplay_s1000.jsonl",
        "hh_rlhf/harmless_base_test_dev.jsonl",
    ):
        assert not any(scanner.scan_batch(batch).num_rows for batch in texts([SHARED / name]))
