"""Credentials: planted ones are found, prose is not, and nothing is sent anywhere."""

import json
from pathlib import Path

import pytest

from harness.dataset import texts
from suites.data.secrets import DETECTORS, LEFT_OUT, Scanner, Settings, detectors, secrets_of

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
}
PROSE = (
    "The secret: be kind, and keep your password safe. Secrets are to be told to nobody.",
    "My password is not a word; the key to success is work, said the token old man.",
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
    assert all(metrics[f"secrets.kind.{kind}"] == 1 for kind in PLANTED)
    assert not [value for value in PLANTED.values() if value in repr(found) + repr(scanner.result())]
    assert len({each["hash"] for each in found}) == len(found)


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")
def test_real_chat_has_no_secrets() -> None:
    scanner = Scanner(Settings(), b"s" * 32)
    for name in ("self_instruct/seed_tasks.jsonl", "gpteacher_roleplay/roleplay_s1000.jsonl"):
        assert not any(scanner.scan_batch(batch).num_rows for batch in texts([SHARED / name]))
