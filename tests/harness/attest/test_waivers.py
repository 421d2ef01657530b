"""Files of waivers: read with the keys that are trusted, and each that does not count says why."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from harness.attest.envelope import sealed
from harness.attest.keys import PrivateKey, make_keys, read_private_key
from harness.attest.waivers import PAYLOAD_TYPE, Waivers, read_waivers, signed_waiver, waivers_of, write_waivers
from harness.errors import UsageError
from harness.spec import RunFile, read_run_file
from harness.store import digest_bytes, digest_file
from harness.waiver import Waiver

File = Callable[..., Path]
RULE = "task.accuracy at_least 0.8"


@pytest.fixture
def waiver() -> Waiver:
    return Waiver(
        project="support", rule="task.accuracy at_least 0.8", owner="ann", reason="the items are being replaced",
        issued=date(2026, 3, 1), until=date(2026, 3, 31),
    )  # fmt: skip


@pytest.fixture
def filed(tmp_path: Path, key: PrivateKey, waiver: Waiver) -> Callable[..., Path]:
    """Writes a signed waiver and returns its file."""

    def write(name: str = "a.json", by: PrivateKey = key, **changes: object) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(signed_waiver(Waiver.model_validate(waiver.model_dump() | changes), by))
        return path

    return write


def read(paths: list[Path], *keys: PrivateKey, project: str = "support", rules: tuple[str, ...] = (RULE,)) -> Waivers:
    return read_waivers(paths, [key.public for key in keys], project, rules)


def test_a_signed_waiver_is_read_as_it_was_signed(filed: File, key: PrivateKey, waiver: Waiver) -> None:
    path = filed()
    found = read([path], key)
    (each,) = found.verified
    assert (each.waiver, each.name, each.key, each.digest) == (waiver, "a.json", key.public.id, digest_file(path))
    assert (found.notes, found.problems, found.files) == ((), (), {"a.json": path.read_bytes()})


def test_no_files_are_no_waivers(key: PrivateKey) -> None:
    assert read([], key) == Waivers()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"project": "other"}, "it is of the project 'other'; this is 'support'"),
        ({"rule": "task.accuracy at_least 0.7"}, "no rule in the gates reads 'task.accuracy at_least 0.7'"),
        ({"rule": RULE.upper()}, "no rule in the gates reads"),
    ],
)
def test_a_waiver_of_something_else_is_named_and_not_applied(
    filed: File, key: PrivateKey, changes: dict[str, str], said: str
) -> None:
    found = read([filed(**changes)], key)
    assert (found.verified, found.problems) == ((), ())
    (note,) = found.notes
    assert note.startswith("waiver 'a.json' is not applied: ") and said in note
    assert set(found.files) == {"a.json"}


def test_a_waiver_that_no_trusted_key_signed_is_named_and_not_applied(
    filed: File, key: PrivateKey, stranger: PrivateKey
) -> None:
    for keys in ((), (key,)):
        found = read([filed(by=stranger)], *keys)
        assert (found.verified, found.problems) == ((), ())
        assert found.notes == ("waiver 'a.json' is not applied: no key that is trusted here signed it",)
    # Nobody who is trusted wrote it, so what stands in it is not even read.
    path = filed()
    path.write_bytes(sealed(PAYLOAD_TYPE, b"nonsense", stranger))
    assert len(read([path], key).notes) == 1


def test_an_unsigned_waiver_is_named_and_not_applied(filed: File, key: PrivateKey, waiver: Waiver) -> None:
    path = filed()
    envelope = json.loads(path.read_bytes())
    for text in (waiver.model_dump_json(), json.dumps(envelope | {"signatures": []})):
        path.write_text(text)
        found = read([path], key)
        assert found.verified == ()
        assert found.notes == ("waiver 'a.json' is not applied: it is not signed",)


def test_a_waiver_that_was_changed_is_an_integrity_problem(filed: File, key: PrivateKey) -> None:
    path = filed()
    envelope = json.loads(path.read_bytes())
    longer = base64.b64decode(envelope["payload"]).replace(b"2026-03-31", b"2026-12-31")
    path.write_text(json.dumps(envelope | {"payload": base64.b64encode(longer).decode()}))
    found = read([path, filed("b.json")], key)
    (problem,) = found.problems
    assert (problem.stage, problem.kind) == ("waivers", "integrity")
    assert "waiver 'a.json': its signature is not by the key" in problem.message
    assert [each.name for each in found.verified] == ["b.json"]
    assert set(found.files) == {"a.json", "b.json"}


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (b"nonsense", "Invalid JSON"),
        (b"{}", "project: Field required"),
        (b'{"schema_number": 2}', "schema_number"),
    ],
)
def test_a_signed_statement_that_is_no_waiver_stops_the_run(
    tmp_path: Path, key: PrivateKey, payload: bytes, said: str
) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(sealed(PAYLOAD_TYPE, payload, key))
    with pytest.raises(UsageError, match=rf"waiver 'a\.json' cannot be read: .*{said}"):
        read([path], key)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"project": "support"}'])
def test_a_file_that_is_no_waiver_at_all_stops_the_run(tmp_path: Path, key: PrivateKey, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(UsageError, match=r"waiver 'a\.json' cannot be read: .*tunegate waive"):
        read([tmp_path / "a.json"], key)
    with pytest.raises(UsageError, match="cannot be read"):
        read([tmp_path], key)


def test_two_files_of_one_name_must_be_the_same(filed: File, key: PrivateKey) -> None:
    first, same = filed("one/a.json"), filed("two/a.json")
    same.write_bytes(first.read_bytes())
    assert len(read([first, same, first], key).verified) == 1
    with pytest.raises(UsageError, match=r"two waivers are called 'a\.json'"):
        read([first, filed("two/a.json", owner="bob")], key)


def test_every_file_is_kept_with_the_evidence(
    filed: File, key: PrivateKey, stranger: PrivateKey, tmp_path: Path
) -> None:
    found = read([filed(), filed("b.json", by=stranger)], key)
    digests = write_waivers(tmp_path / "run", found)
    assert sorted(digests) == ["waivers/a.json", "waivers/b.json"]
    for name, digest in digests.items():
        assert digest_bytes((tmp_path / "run" / name).read_bytes()) == digest
    again = read([tmp_path / "run" / name for name in digests], key)
    assert again == found


def test_a_waiver_may_name_its_candidate(filed: File, key: PrivateKey) -> None:
    about = "sha256:" + "c" * 64
    assert read([filed(candidate=about)], key).verified[0].waiver.candidate == about


def test_a_run_file_names_the_waivers_and_the_keys_that_count(tmp_path: Path, filed: File, key: PrivateKey) -> None:
    make_keys(tmp_path / "mine")
    (tmp_path / "rows.jsonl").write_text('{"prompt": "a", "completion": "b"}\n')
    filed("a.json", read_private_key(tmp_path / "mine.pem"))
    filed("b.json", key)

    def run(further: str) -> RunFile:
        plain = "version: 1\nproject: support\ndata: {train: rows.jsonl}\ntrain: {method: sft}\nevaluate: {task: {}}\n"
        gates = "gates: [{metric: task.accuracy, at_least: 0.8}]\n"
        (tmp_path / "run.yaml").write_text(plain + gates + further)
        return read_run_file(tmp_path / "run.yaml")[0]

    assert waivers_of(run(""), tmp_path, [key.public]) == Waivers()
    named = run("waivers: {files: ['*.json'], trust: [mine.pub]}\n")
    assert [each.name for each in waivers_of(named, tmp_path).verified] == ["a.json"]
    assert [each.name for each in waivers_of(named, tmp_path, [key.public]).verified] == ["a.json", "b.json"]
