"""The store: digests, whole files or none, written once, verified when read."""

from __future__ import annotations

import errno
import math
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from harness import store as under_test
from harness.errors import DataError, IntegrityError
from harness.store import (
    Store,
    canonical_json,
    digest_bytes,
    digest_file,
    digest_of,
    digest_path,
    folder_manifest,
    place,
    remove,
    write_atomic,
)  # fmt: skip
from harness.types import Entry

ROOT = Path(__file__).resolve().parents[2]
KEY, OTHER = "sha256:" + "1" * 64, "sha256:" + "2" * 64
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def tree(folder: Path) -> Path:
    (folder / "inner").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "inner" / "b.txt").write_text("bb")
    return folder


def entry(key: str = KEY, output: str = OTHER, seconds: float = 1.0) -> Entry:
    return Entry(
        stage="s", key=key, inputs={}, settings={}, code=KEY, environment={}, output=output, started_at="now",
        seconds=seconds, host="h", user="u",
    )  # fmt: skip


def test_equal_values_have_one_encoding() -> None:
    assert canonical_json({"b": [1, 2.5], "a": "é\n"}) == '{"a":"é\\n","b":[1,2.5]}'.encode()
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
    assert digest_of([1, 2]) != digest_of([2, 1])
    for bad in (math.nan, math.inf):
        with pytest.raises(ValueError, match="JSON compliant"):
            canonical_json(bad)


def test_a_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert digest_bytes(b"") == digest_file(tmp_path / "empty") == digest_path(tmp_path / "empty") == f"sha256:{EMPTY}"


def test_a_folder_is_its_names_sizes_and_digests(tmp_path: Path) -> None:
    folder = tree(tmp_path / "f")
    rows = [["a.txt", 1, digest_bytes(b"a")], ["inner/b.txt", 2, digest_bytes(b"bb")]]
    assert folder_manifest(folder) == rows
    assert digest_path(folder) == digest_of(rows)


def test_what_is_not_there_has_no_digest(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        digest_path(tmp_path / "nothing")


@pytest.mark.parametrize("target", ["a.txt", "inner", "nowhere"])
def test_a_link_in_a_folder_is_refused(tmp_path: Path, target: str) -> None:
    folder = tree(tmp_path / "f")
    (folder / "link").symlink_to(folder / target)
    with pytest.raises(IntegrityError, match="link' is a link"):
        digest_path(folder)


def test_a_special_file_in_a_folder_is_refused(tmp_path: Path) -> None:
    folder = tree(tmp_path / "f")
    os.mkfifo(folder / "pipe")
    with pytest.raises(IntegrityError, match="special file"):
        digest_path(folder)


def test_an_artifact_is_named_by_its_bytes_and_cannot_be_written(tmp_path: Path, store: Store) -> None:
    digest = digest_path(tree(tmp_path / "f"))
    found = store.adopt(tmp_path / "f")
    assert found.digest == digest
    assert Path(found.path) == store.root / "objects" / digest.removeprefix("sha256:")
    assert (Path(found.path) / "inner" / "b.txt").stat().st_mode & 0o777 == 0o444
    assert not (tmp_path / "f").exists()
    assert store.has(digest)
    assert store.artifact(digest) == found


def test_the_same_bytes_are_kept_once(tmp_path: Path, store: Store) -> None:
    first = store.adopt(tree(tmp_path / "f"))
    assert store.adopt(tree(tmp_path / "g")) == first
    assert not (tmp_path / "g").exists()
    assert len(list((store.root / "objects").iterdir())) == 1


def test_two_processes_that_finish_the_same_bytes_agree(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path / "mine")
    rename = os.rename

    def late(source: Path, target: Path) -> None:
        monkeypatch.setattr(os, "rename", rename)
        store.adopt(tree(tmp_path / "theirs"))
        rename(source, target)

    monkeypatch.setattr(os, "rename", late)
    found = store.adopt(tmp_path / "mine")
    assert store.artifact(found.digest) == found
    assert not (tmp_path / "mine").exists()


def test_a_rename_that_fails_is_an_error(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(source: Path, target: Path) -> None:
        raise OSError(errno.EIO, "broken disk")

    monkeypatch.setattr(os, "rename", fail)
    with pytest.raises(OSError, match="broken disk"):
        store.adopt(tree(tmp_path / "f"))
    assert (tmp_path / "f" / "a.txt").exists()


def change(folder: Path) -> None:
    (folder / "a.txt").chmod(0o644)
    (folder / "a.txt").write_text("b")


def link(folder: Path) -> None:
    (folder / "inner" / "b.txt").unlink()
    (folder / "inner" / "b.txt").symlink_to("/etc/hostname")


TAMPERING = {
    "changed": change,
    "added": lambda folder: (folder / "c.txt").touch(),
    "removed": lambda folder: (folder / "a.txt").unlink(),
    "renamed": lambda folder: (folder / "a.txt").rename(folder / "c.txt"),
    "moved": lambda folder: (folder / "a.txt").rename(folder / "inner" / "a.txt"),
    "link": link,
    "gone": remove,
}


@pytest.mark.parametrize("how", TAMPERING)
def test_tampering_is_noticed_when_an_artifact_is_read(tmp_path: Path, store: Store, how: str) -> None:
    found = store.adopt(tree(tmp_path / "f"))
    TAMPERING[how](Path(found.path))
    with pytest.raises(IntegrityError, match=r"was changed|is a link|is not in the store"):
        store.artifact(found.digest)


def test_the_same_bytes_never_hide_a_tampered_artifact(tmp_path: Path, store: Store) -> None:
    change(Path(store.adopt(tree(tmp_path / "f")).path))
    with pytest.raises(IntegrityError, match="was changed"):
        store.adopt(tree(tmp_path / "g"))


def test_an_artifact_may_be_one_file(tmp_path: Path, store: Store) -> None:
    (tmp_path / "file").write_text("a")
    found = store.adopt(tmp_path / "file")
    assert found.digest == digest_bytes(b"a")
    assert store.artifact(found.digest) == found


def test_an_entry_is_found_by_its_key(store: Store) -> None:
    assert store.entry(KEY) is None
    store.put(entry())
    assert store.entry(KEY) == entry()
    assert "\n \"stage\"" in (store.root / "entries" / f"{KEY.removeprefix('sha256:')}.json").read_text()
    assert store.entry(OTHER) is None


def test_an_entry_is_written_once_while_its_artifact_is_there(tmp_path: Path, store: Store) -> None:
    output = store.adopt(tree(tmp_path / "f")).digest
    first = store.put(entry(output=output))
    assert store.put(entry(output=output, seconds=9.0)) == first == store.entry(KEY)
    remove(store.root / "objects" / output.removeprefix("sha256:"))
    assert store.put(entry(output=output, seconds=9.0)).seconds == 9.0 == store.entry(KEY).seconds


@pytest.mark.parametrize("text", ["", "{}", "null", '{"stage": "s"}'])
def test_what_is_not_an_entry_is_refused(store: Store, text: str) -> None:
    store.put(entry())
    (path,) = (store.root / "entries").iterdir()
    path.write_text(text)
    with pytest.raises(IntegrityError, match="is not an entry"):
        store.entry(KEY)


def test_the_entry_of_another_key_is_refused(store: Store) -> None:
    store.put(entry())
    (path,) = (store.root / "entries").iterdir()
    path.rename(path.with_name("2" * 64 + ".json"))
    with pytest.raises(IntegrityError, match=f"holds the entry '{KEY}'; expected '{OTHER}'"):
        store.entry(OTHER)


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "file"
    write_atomic(path, b"old")
    write_atomic(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o644
    assert [each.name for each in path.parent.iterdir()] == ["file"]


@pytest.mark.parametrize("step", ["fsync", "chmod", "replace"])
def test_a_crash_at_any_step_leaves_the_old_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    write_atomic(tmp_path / "file", b"old")

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(under_test.os, step, fail)
    with pytest.raises(OSError, match="no space left"):
        write_atomic(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_leaves_the_old_bytes(tmp_path: Path) -> None:
    script = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from harness.store import write_atomic\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "write_atomic(Path(sys.argv[1]), b'x' * 5000)\n"
    )
    write_atomic(tmp_path / "file", b"old")
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "file")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "OSError" in done.stderr
    assert (tmp_path / "file").read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_copy_is_placed_whole_and_can_be_written(tmp_path: Path, store: Store) -> None:
    found = Path(store.adopt(tree(tmp_path / "f")).path)
    target = tmp_path / "new" / "candidate"
    place(found, target)
    place(found, tmp_path / "new" / "again")
    remove(tmp_path / "new" / "again")
    assert digest_path(target) == digest_path(found)
    (target / "a.txt").write_text("mine")
    place(found, tmp_path / "deep" / "er" / "candidate")
    place(found, target)
    assert digest_path(target) == digest_path(found)
    assert [each.name for each in target.parent.iterdir()] == ["candidate"]


def test_what_is_already_in_place_is_left_alone(tmp_path: Path) -> None:
    place(tree(tmp_path / "f"), tmp_path / "g")
    before = (tmp_path / "g").stat().st_ino
    place(tmp_path / "f", tmp_path / "g")
    assert (tmp_path / "g").stat().st_ino == before


def test_a_link_is_replaced_by_a_copy_and_its_target_left_alone(tmp_path: Path) -> None:
    source = tree(tmp_path / "f")
    (tmp_path / "g").symlink_to(source)
    place(source, tmp_path / "g")
    assert not (tmp_path / "g").is_symlink()
    assert digest_path(tmp_path / "g") == digest_path(source)


def test_a_file_is_placed_like_a_folder(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("new")
    (tmp_path / "g").write_text("old")
    place(tmp_path / "f", tmp_path / "g")
    assert (tmp_path / "g").read_text() == "new"


def test_removing_takes_files_trees_links_and_nothing(tmp_path: Path) -> None:
    source = tree(tmp_path / "f")
    (tmp_path / "link").symlink_to(source)
    remove(tmp_path / "link")
    assert (source / "a.txt").exists()
    remove(source / "a.txt")
    remove(source)
    remove(source)
    assert list(tmp_path.iterdir()) == []


def test_a_work_folder_stays_after_a_failure(store: Store) -> None:
    with pytest.raises(RuntimeError), store.working(KEY) as folder:
        (folder / "checkpoint").write_text("1")
        raise RuntimeError
    with store.working(KEY) as again:
        assert (again / "checkpoint").read_text() == "1"


def test_a_work_folder_belongs_to_one_at_a_time(store: Store) -> None:
    order, entered = [], threading.Event()

    def wait() -> None:
        entered.set()
        with store.working(KEY) as folder:
            order.append("second")
            assert folder.is_dir()

    other = threading.Thread(target=wait)
    with store.working(KEY) as folder, store.working(OTHER):
        other.start()
        entered.wait()
        remove(folder)
        order.append("first")
    other.join()
    assert order == ["first", "second"]


def test_two_processes_write_one_whole_entry(store: Store) -> None:
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from harness.store import Store\n"
        "from harness.types import Entry\n"
        "entry = Entry.model_validate_json(sys.argv[2])\n"
        "store = Store(Path(sys.argv[1]))\n"
        "with store.working(entry.key) as folder:\n"
        "    (folder / 'out').mkdir()\n"
        "    (folder / 'out' / 'a.txt').write_text('a')\n"
        "    output = store.adopt(folder / 'out').digest\n"
        "    print(store.put(entry.model_copy(update={'output': output})).seconds)\n"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(store.root), entry(seconds=seconds).model_dump_json()],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for seconds in (1.0, 2.0)
    ]
    said = {each.communicate()[0] for each in started}
    assert [each.returncode for each in started] == [0, 0]
    assert said == {f"{store.entry(KEY).seconds}\n"}
    assert store.artifact(store.entry(KEY).output)
