"""What more workers save: ``python -m benchmarks.scan_workers rows.jsonl --suite secrets --suite bias``.

Wall time says little on a machine that does other things as well. So each worker's own CPU seconds are taken, and the
longest of them is put to those of the parent: what the scan would take with a core for each. Starting Python and loading
libraries is in it. The wall time is printed beside, and so is whether the results are the same.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import time
from pathlib import Path

from harness import plugins
from harness.dataset import parts
from harness.scanning.engines import each_done
from harness.scanning.part import Job, scan_part, unpacked
from harness.scanning.states import restore
from harness.stages.scan_ahead import heaviest_first


def timed(job: Job) -> tuple[int, float, dict[str, bytes]]:
    found = scan_part(job)
    return os.getpid(), time.process_time(), found


def scanned(jobs: list[Job], workers: int) -> tuple[float, float, str]:
    """Returns the longest path in CPU seconds, the wall seconds, and a digest of everything that was found."""
    began, wall = time.process_time(), time.monotonic()
    own: dict[int, float] = {}
    found: dict[int, dict[str, bytes]] = {}
    for job, (process, seconds, results) in each_done(timed, jobs, workers):
        own[process] = seconds
        found[job.part.number] = results
    spent = time.process_time() - began
    hashed = merged(jobs, found)
    inside = os.getpid() in own
    return spent if inside else spent + max(own.values()), time.monotonic() - wall, hashed


def merged(jobs: list[Job], found: dict[int, dict[str, bytes]]) -> str:
    """A digest of what the parts make together: what was found and counted, and not the order of counting."""
    hashed = hashlib.sha256()
    for name, settings in jobs[0].suites.items():
        module = plugins.load("data suite", name)
        whole = module.Scanner(settings, jobs[0].salt)
        for number in sorted(found):
            part = unpacked(found[number][name])
            whole.merge(restore(module.Scanner(settings, jobs[0].salt), part.state))
            hashed.update(repr(part.findings).encode())
        hashed.update(repr(whole.result()).encode())
    return hashed.hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--suite", action="append", required=True)
    parser.add_argument("--workers", type=int, default=2)
    told = parser.parse_args()
    suites = {name: plugins.load("data suite", name).Settings() for name in told.suite}
    jobs = heaviest_first(Job(told.file, told.file.name, part, suites, b"s" * 32) for part in parts(told.file))
    # What was loaded before stays loaded: several go first, so that one does not pay for nothing that they paid.
    many = scanned(jobs, told.workers)
    one = scanned(jobs, 1)
    print(f"{len(jobs)} parts, {sum(job.part.rows for job in jobs):,} rows; same results: {one[2] == many[2]}")
    print(f"{'workers':>8}{'CPU path s':>12}{'wall s':>10}")
    for count, (path, wall, _) in ((1, one), (told.workers, many)):
        print(f"{count:>8}{path:>12.1f}{wall:>10.1f}")
    print(f"{'ratio':>8}{one[0] / many[0]:>12.2f}{one[1] / many[1]:>10.2f}")


if __name__ == "__main__":
    main()
