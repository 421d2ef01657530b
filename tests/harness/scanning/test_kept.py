"""Parts that are kept, and noticed when they were changed."""

import sqlite3
from pathlib import Path

import pytest

from harness.errors import IntegrityError
from harness.scanning.kept import Parts


def test_what_was_kept_is_found_and_what_was_first_stays(tmp_path: Path) -> None:
    parts = Parts(tmp_path / "store" / "parts.sqlite")
    assert parts.find("a") is None and parts.known(["a"]) == set()
    parts.keep({"a": b"one", "b": b"two"})
    parts.keep({"a": b"other"})
    assert (parts.find("a"), parts.find("c")) == (b"one", None)
    assert parts.known(["a", "b", "c"]) == {"a", "b"}


@pytest.mark.parametrize("change", ["UPDATE parts SET value = x'00'", "UPDATE parts SET key = 'b'"])
def test_a_part_that_was_changed_is_refused(tmp_path: Path, change: str) -> None:
    parts = Parts(tmp_path / "parts.sqlite")
    parts.keep({"a": b"one"})
    with sqlite3.connect(tmp_path / "parts.sqlite") as connection:
        connection.execute(change)
    connection.close()
    with pytest.raises(IntegrityError, match="was changed"):
        parts.find("a") or parts.find("b")


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "parts.sqlite").write_text("something else " * 100)
    with pytest.raises(IntegrityError, match="delete it"):
        Parts(tmp_path / "parts.sqlite").find("a")
