"""Peak memory of a scan by the number of rows: ``python -m benchmarks.scan_memory 50000 200000 --suite secrets``.

Each size is scanned in a process of its own, with an empty store; its peak resident memory and CPU seconds are printed,
with what every further row adds. Rows are short, so that there are many: what is remembered by row shows first.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

WORDS = ("red", "lamp", "the", "works", "she", "is", "here", "house", "mail", "rude", "kind", "late", "a", "key", "of")


def write_rows(path: Path, count: int) -> None:
    with path.open("w") as file:
        for number in range(count):
            told = " ".join(WORDS[(number * step + step) % len(WORDS)] for step in (1, 2, 3, 5, 7))
            mail = f" u{number}@example.com" if number % 10 == 0 else ""
            file.write(f'{{"prompt": "{told} {number}", "completion": "{told}{mail}"}}\n')


def measured(path: Path, suites: list[str], workers: int) -> tuple[float, float]:
    """Scans in a new process; returns its peak memory in MiB and CPU seconds, those of the largest process and of all."""
    asked = [word for suite in suites for word in ("--suite", suite)]
    command = ["scan", str(path), "--runs", str(path.parent / "runs"), "--workers", str(workers), *asked]
    code = "import sys, harness.cli; harness.cli.main(sys.argv[1:])"
    process = subprocess.Popen([sys.executable, "-c", code, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"the scan of '{path}' exited {process.returncode}")
    assert isinstance(used, resource.struct_rusage)
    return used.ru_maxrss / 1024, used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, nargs="+")
    parser.add_argument("--suite", action="append", default=[])
    parser.add_argument("--workers", type=int, default=1)
    told = parser.parse_args()
    before: tuple[int, float] | None = None
    print(f"{'rows':>12}{'peak MiB':>12}{'CPU s':>10}{'bytes a further row':>22}")
    for count in sorted(told.rows):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rows.jsonl"
            write_rows(path, count)
            peak, seconds = measured(path, told.suite or ["pii", "secrets", "bias"], told.workers)
        more = f"{(peak - before[1]) * 2**20 / (count - before[0]):.0f}" if before else ""
        print(f"{count:>12,}{peak:>12.0f}{seconds:>10.1f}{more:>22}", flush=True)
        before = (count, peak)


if __name__ == "__main__":
    main()
