"""Settings: frozen, and files in them known by their bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from harness.settings import InputFile, Settings, inputs_of, keyed
from harness.store import digest_file


class Inner(Settings):
    data: InputFile


class Named(Settings):
    files: dict[str, InputFile]


class Outer(Settings):
    items: InputFile | None = None
    many: tuple[InputFile, ...] = ()
    inner: Inner | None = None
    number: int = 1


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.txt"
    path.write_text("a")
    return path


def test_a_path_is_resolved_against_the_run_file_s_folder(file: Path) -> None:
    assert Outer.model_validate({"items": "a.txt"}, context={"folder": file.parent}).items == file


def test_a_file_that_does_not_exist_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=r"'b\.txt' does not exist"):
        Outer.model_validate({"items": "b.txt"}, context={"folder": tmp_path})


def test_every_file_is_listed_and_keyed_by_its_bytes(file: Path) -> None:
    settings = Outer(items=file, many=(file, file), inner=Inner(data=file))
    assert sorted(inputs_of(settings)) == ["inner.data", "items", "many[0]", "many[1]"]
    digest = digest_file(file)
    assert keyed(settings) == {"items": digest, "many": [digest, digest], "inner": {"data": digest}, "number": 1}


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValidationError):
        Outer.model_validate({"nmber": 2})


def test_files_by_name_are_known_by_their_bytes_too(file: Path) -> None:
    settings = Named(files={"one": file})
    assert inputs_of(settings) == {"files[one]": file}
    assert keyed(settings) == {"files": {"one": digest_file(file)}}
