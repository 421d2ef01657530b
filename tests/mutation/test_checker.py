"""The mutation checker finds what tests do not notice, and only that."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def check(folder: Path, source: str, tests: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "toy.py").write_text(source)
    (folder / "test_toy.py").write_text("from toy import *\n\n\n" + tests)
    options = ["toy.py", "--tests", "test_toy.py", "--root", str(folder), *arguments]
    command = [sys.executable, "-m", "tests.mutation", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


ADULT = "def adult(age):\n    return age >= 18\n"
FAR = "def test_far():\n    assert adult(40) and not adult(3)\n"
NEAR = "def test_near():\n    assert adult(18) and not adult(17)\n"


def test_a_boundary_that_no_test_sees_survives(tmp_path: Path) -> None:
    done = check(tmp_path, ADULT, FAR)
    assert done.returncode == 1, done.stderr
    assert "toy.py: 4 mutants, 1 killed, 0 equivalent, 3 survived" in done.stdout
    assert "line 2: toy.py | adult | age >= 18 -> age > 18" in done.stdout


def test_a_boundary_that_a_test_sees_is_killed(tmp_path: Path) -> None:
    done = check(tmp_path, ADULT, NEAR)
    assert (done.returncode, done.stderr) == (0, "")
    assert "toy.py: 4 mutants, 4 killed, 0 equivalent, 0 survived" in done.stdout


def test_a_reviewed_survivor_is_no_failure_and_one_without_a_reason_is(tmp_path: Path) -> None:
    reviewed, names = tmp_path / "equivalent.txt", ("age >= 18 -> age > 18", "18 -> 19", "18 -> 17")
    reviewed.write_text("".join(f"toy.py | adult | {name}  =  nobody is that age\n" for name in names))
    assert check(tmp_path, ADULT, FAR, "--equivalent", str(reviewed)).returncode == 0
    reviewed.write_text(reviewed.read_text().replace("nobody is that age", "", 1))
    assert check(tmp_path, ADULT, FAR, "--equivalent", str(reviewed)).returncode == 1


def test_tests_that_fail_on_their_own_are_no_judges(tmp_path: Path) -> None:
    done = check(tmp_path, ADULT, "def test_wrong():\n    assert adult(3)\n")
    assert done.returncode == 1
    assert "before anything is changed" in done.stderr


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a = b and c", "a = b or c"),
        ("a = not b", "a = b"),
        ("a = -b", "a = b"),
        ("a = b + c", "a = b - c"),
        ("a = min(b)", "a = max(b)"),
        ("a = b if c else d", "a = d if c else b"),
        ("if b():\n    a = c", "if not b():\n    a = c"),
        ("a = 'allowed'", "a = 'blocked'"),
        ("a = b is None", "a = b is not None"),
        ("a = True", "a = False"),
    ],
)
def test_each_kind_of_change_is_made(source: str, expected: str) -> None:
    checker = runpy.run_path(str(ROOT / "tests" / "mutation" / "changes.py"))
    assert expected in [each.source for each in checker["mutants"]("toy.py", source)]


def test_a_mutant_that_goes_round_for_ever_is_killed_by_the_clock(tmp_path: Path) -> None:
    source = "def down(count):\n    while count > 0:\n        count -= 1\n    return count\n"
    done = check(tmp_path, source, "def test_down():\n    assert down(3) == 0\n")
    assert done.returncode == 0, done.stdout + done.stderr
