"""The registry in one SQLite file."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import IntegrityError, UsageError
from harness.registries.local import LocalRegistry, open_registry
from harness.types import Promotion

ONE, TWO, THREE = ("sha256:" + digit * 64 for digit in "123")
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def registry(tmp_path: Path) -> LocalRegistry:
    return open_registry(tmp_path / "deep" / "registry.db")


def promote(registry: LocalRegistry, subject: str = ONE, alias: str = "champion", **changes: str) -> Promotion:
    given = {"project": "support", "decision": TWO, "path": "/models/a", "by": "ada", "when": "2026-01-01T00:00:00"}
    return registry.promote(subject=subject, alias=alias, **{**given, **changes})


def test_the_first_promotion_is_version_one(registry: LocalRegistry) -> None:
    assert promote(registry) == Promotion(
        project="support", version=1, alias="champion", subject=ONE, decision=TWO, path="/models/a",
        promoted_at="2026-01-01T00:00:00", by="ada",
    )  # fmt: skip
    assert registry.resolve("support", "champion") == promote(registry)


def test_another_subject_or_decision_is_the_next_version(registry: LocalRegistry) -> None:
    assert promote(registry).version == 1
    assert promote(registry, THREE).version == 2
    assert promote(registry, THREE, decision=ONE).version == 3
    assert [each.version for each in registry.versions("support")] == [3, 2, 1]


def test_promoting_again_changes_nothing(registry: LocalRegistry) -> None:
    first = promote(registry)
    assert promote(registry, by="bob", when="2027-01-01T00:00:00", path="/models/b") == first
    assert registry.versions("support") == (first,)


def test_an_alias_moves_to_what_was_promoted_last_and_back(registry: LocalRegistry) -> None:
    promote(registry)
    promote(registry, THREE)
    assert registry.resolve("support", "champion").subject == THREE
    assert registry.resolve("support", "1").alias == ""
    assert promote(registry).version == 1
    assert registry.resolve("support", "champion").subject == ONE
    assert len(registry.versions("support")) == 2


def test_a_version_may_have_several_aliases(registry: LocalRegistry) -> None:
    promote(registry, alias="staging")
    assert promote(registry, alias="champion").version == 1
    assert registry.resolve("support", "staging").alias == "staging"
    assert registry.resolve("support", "champion").alias == "champion"
    assert [each.alias for each in registry.versions("support")] == ["champion"]


def test_a_version_is_found_by_its_number(registry: LocalRegistry) -> None:
    promote(registry)
    promote(registry, THREE)
    assert registry.resolve("support", "1").subject == ONE
    assert registry.resolve("support", "2").subject == THREE


@pytest.mark.parametrize("alias", ["", "1", "007"])
def test_an_alias_that_could_be_a_version_is_refused(registry: LocalRegistry, alias: str) -> None:
    with pytest.raises(UsageError, match="is no name for a version; expected a word such as 'champion'"):
        promote(registry, alias=alias)
    assert registry.versions("support") == ()


def test_projects_do_not_share_versions_or_aliases(registry: LocalRegistry) -> None:
    promote(registry)
    assert promote(registry, THREE, project="billing").version == 1
    assert registry.resolve("support", "champion").subject == ONE
    assert registry.resolve("billing", "champion").subject == THREE
    assert registry.projects() == ("billing", "support")


def test_an_unknown_name_is_refused_with_the_nearest(registry: LocalRegistry) -> None:
    promote(registry)
    with pytest.raises(UsageError, match="'support' has no version 'champoin'; expected 'champion'"):
        registry.resolve("support", "champoin")
    with pytest.raises(UsageError, match="'support' has no version '9'; expected one of '1', 'champion'"):
        registry.resolve("support", "9")
    with pytest.raises(UsageError, match="has no project 'suport'; expected 'support'"):
        registry.resolve("suport", "champion")


def test_looking_makes_no_file(registry: LocalRegistry) -> None:
    assert (registry.versions("support"), registry.projects()) == ((), ())
    with pytest.raises(UsageError, match="has no project 'support'; expected one of 'none yet'"):
        registry.resolve("support", "champion")
    assert not registry.path.parent.exists()


def test_a_file_that_is_no_registry_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    path.write_text("this is not a database" * 100)
    with pytest.raises(IntegrityError, match=r"cannot be used.*expected a registry's SQLite file"):
        open_registry(path).versions("support")
    with pytest.raises(IntegrityError, match="cannot be used"):
        promote(open_registry(path))


def test_an_alias_of_a_version_that_is_gone_is_refused(registry: LocalRegistry) -> None:
    promote(registry)
    promote(registry, THREE)
    with sqlite3.connect(registry.path) as db:
        db.execute("DELETE FROM versions WHERE version = 2")
    db.close()
    with pytest.raises(
        IntegrityError, match="'champion' points at version 2 of 'support'; expected a version that exists"
    ):
        registry.resolve("support", "champion")


def test_what_cannot_be_promoted_leaves_nothing_behind(registry: LocalRegistry) -> None:
    promote(registry)
    with pytest.raises(ValueError, match="decision"):
        promote(registry, THREE, decision="not a digest")
    assert [each.version for each in registry.versions("support")] == [1]
    assert registry.resolve("support", "champion").subject == ONE


def test_processes_that_promote_at_once_all_get_a_version_of_their_own(registry: LocalRegistry) -> None:
    code = (
        "import sys; from pathlib import Path; from harness.registries.local import open_registry\n"
        "for index in range(4):\n"
        "    subject = 'sha256:' + f'{int(sys.argv[2]) * 10 + index:064x}'\n"
        "    open_registry(Path(sys.argv[1])).promote(project='p', subject=subject, decision=subject, alias='a',\n"
        "        path='x', by='y', when='z')\n"
    )
    command = [sys.executable, "-c", code, str(registry.path)]
    started = [subprocess.Popen([*command, str(index)], cwd=ROOT, stderr=subprocess.PIPE) for index in range(4)]
    assert [process.communicate()[1] for process in started] == [b""] * 4
    versions = registry.versions("p")
    assert [each.version for each in versions] == list(range(16, 0, -1))
    assert len({each.subject for each in versions}) == 16
    assert registry.resolve("p", "a").version == 16
