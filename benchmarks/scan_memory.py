"""Peak memory of a scan by the number of rows: ``python -m benchmarks.scan_memory 50000 200000 --suite duplicates``.

Each size is scanned in a process of its own, with an empty store. Rows are short, so that there are many: what is
remembered by row shows first. One in a hundred repeats an earlier row and one nearly does, so that what is found can be put
beside what was planted.

Printed are the greatest resident memory of any one process as the system kept it, and the greatest of all processes
together as it was seen twenty times a second: in all, and its anonymous part, which nothing but swapping gives back. The
difference is pages of files (libraries, temporary files that are looked at), which the system may drop when it needs to.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

COMMON = ("red", "lamp", "the", "works", "she", "is", "here", "house", "mail", "rude", "kind", "late", "a", "key", "of")
SYLLABLES = ("ba", "ko", "li", "mu", "ne", "po", "ra", "si", "ta", "vu", "we", "zo")
VOCABULARY = tuple(one + two + three for one in SYLLABLES for two in SYLLABLES for three in SYLLABLES)
SUITES = ("duplicates", "quality", "secrets", "bias", "toxicity")
COPIES = 100


class Used(NamedTuple):
    """What a scan took: MiB of memory, CPU and wall seconds; and how many copies it found."""

    peak: float
    together: float
    anonymous: float
    seconds: float
    wall: float
    found: dict[str, float]


def write_rows(path: Path, count: int) -> dict[str, int]:
    """Writes rows and returns how many repeat an earlier one, and how many nearly do."""
    rng, planted = random.Random(1), {"rows": 0, "near_rows": 0}
    earlier = "", ""
    with path.open("w") as file:
        for number in range(count):
            words = rng.choices(VOCABULARY, k=11) + rng.choices(COMMON, k=5)
            asked, told = " ".join(words[:6] + words[14:]), " ".join(words[6:14])
            kind = number % COPIES
            if kind == 1 and number > 1:
                asked, told = earlier
                planted["rows"] += 1
            elif kind == 2 and number > 2:
                # One run of three words of 13 is another, so that 11 of 13 are in both: a similarity of .85.
                asked, told = earlier[0], f"{earlier[1].rsplit(' ', 1)[0]} else"
                planted["near_rows"] += 1
            elif kind == 0:
                earlier = asked, told
            mail = f" u{number}@example.com" if kind % 10 == 9 else ""
            file.write(f'{{"prompt": "{asked}", "completion": "{told}{mail}"}}\n')
    return planted


def tree(process: int) -> list[int]:
    """A process and all below it."""
    try:
        below = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return []
    return [process, *(each for child in below for each in tree(int(child)))]


def resident(process: int) -> tuple[int, int]:
    """Resident and anonymous memory of a process in KiB; nothing of one that is gone."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0, 0
    found = [re.search(rf"{name}:\s+(\d+)", status) for name in ("VmRSS", "RssAnon")]
    return (int(found[0][1]) if found[0] else 0), (int(found[1][1]) if found[1] else 0)


def measured(path: Path, suites: list[str], workers: int) -> Used:
    """Scans in a new process and watches it."""
    asked = [word for suite in suites for word in ("--suite", suite)]
    command = ["scan", str(path), "--runs", str(path.parent / "runs"), "--workers", str(workers), "--json", *asked]
    code = "import sys, harness.cli; harness.cli.main(sys.argv[1:])"
    began, together, anonymous = time.monotonic(), 0, 0
    with (path.parent / "out.json").open("w+b") as out:
        process = subprocess.Popen([sys.executable, "-c", code, *command], stdout=out, stderr=subprocess.DEVNULL)
        while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
            seen = [resident(each) for each in tree(process.pid)]
            together = max(together, sum(each[0] for each in seen))
            anonymous = max(anonymous, sum(each[1] for each in seen))
            time.sleep(0.05)
        process.returncode = os.waitstatus_to_exitcode(ended[1])
        if process.returncode:
            raise SystemExit(f"the scan of '{path}' exited {process.returncode}")
        out.seek(0)
        metrics = {each["name"]: each["value"] for told in json.load(out) for each in told["metrics"]}
    used = ended[2]
    return Used(
        used.ru_maxrss / 1024, together / 1024, anonymous / 1024, used.ru_utime + used.ru_stime,
        time.monotonic() - began, metrics,
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, nargs="+")
    parser.add_argument("--suite", action="append", default=[])
    parser.add_argument("--workers", type=int, default=1)
    told = parser.parse_args()
    suites, before = told.suite or list(SUITES), None
    heads = ("rows", "one MiB", "all MiB", "anon MiB", "anon bytes a further row", "CPU s", "rows/CPU s", "wall s")
    print("".join(f"{head:>{max(10, len(head) + 2)}}" for head in heads))
    for count in sorted(told.rows):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rows.jsonl"
            planted = write_rows(path, count)
            used = measured(path, suites, told.workers)
        more = f"{(used.anonymous - before[1]) * 2**20 / (count - before[0]):.0f}" if before else ""
        shown = (
            f"{count:,}", f"{used.peak:.0f}", f"{used.together:.0f}", f"{used.anonymous:.0f}", more,
            f"{used.seconds:.1f}", f"{count / used.seconds:,.0f}", f"{used.wall:.0f}",
        )  # fmt: skip
        print("".join(f"{cell:>{max(10, len(head) + 2)}}" for head, cell in zip(heads, shown, strict=True)), flush=True)
        if "duplicates" in suites:
            found = ", ".join(
                f"{used.found[f'duplicates.{kind}']:.0f} of {number} {kind}" for kind, number in planted.items()
            )
            print(f"{'':>10}  found of what was planted: {found}", flush=True)
        before = (count, used.anonymous)


if __name__ == "__main__":
    main()
