"""How long it takes to decide a finished run again: 50 rules over 100,000 stored samples, without a model.

    python -m benchmarks.deciding                     50 rules, 50,000 items in two arms
    python -m benchmarks.deciding --samples 200000 --profile

The run is written as a real one is: two suites of 0/1 answers, one of them in clusters, and one with a graded score, of
candidate and of baseline. The rules are of four kinds, over all items and over slices, each with a bound of its own. Two
figures: the gate alone, with the samples in memory, and ``tunegate gate`` in a fresh process, which starts Python, hashes
and reads every file, decides and prints. Nothing here waits or runs side by side, so the processor's seconds are what a
machine takes that has nothing else to do. Wanted: at most 2 of them for the gate.
"""

from __future__ import annotations

import argparse
import cProfile
import itertools
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.compare import SCORES, SHARES, measured
from harness.audit import read_audit, write_arm
from harness.cli.gate import again
from harness.gate import decide
from harness.store import digest_bytes, digest_of
from harness.types import Record, Rule

LANGUAGES, FRAMES = ("de", "en", "fr"), ("known", "new")
KINDS = ("max_drop", "at_least", "must_gain", "min_ratio")
WANTED = 2.0


def rules(count: int) -> tuple[Rule, ...]:
    """As many rules as are asked for, up to 72."""
    parts = ["", *(f"@language={each}" for each in LANGUAGES), *(f"@frames={each}" for each in FRAMES)]
    metrics = [f"{suite}.{score}{part}" for part in parts for suite, score in SCORES.items()]
    pairs = itertools.islice(itertools.product(KINDS, metrics), count)
    return tuple(Rule(kind=kind, metric=metric, bound=0.02 + at / 1000) for at, (kind, metric) in enumerate(pairs))


def write_run(folder: Path, items: int, policy: tuple[Rule, ...]) -> None:
    """Writes the folder of a run that was decided by these rules."""
    arms = {"candidate": (0.70, 1), "baseline": (0.69, 0)}
    found = {
        arm: tuple(measured(suite, round(items * share), quality, number) for suite, share in SHARES.items())
        for arm, (quality, number) in arms.items()
    }
    files = {}
    for arm, measurements in found.items():
        for each in measurements:
            files |= write_arm(folder, arm, each)
    decision = decide(
        "model", policy, found["candidate"], found["baseline"],
        candidate_digest=digest_of(1), baseline_digest=digest_of(0),
    )  # fmt: skip
    text = decision.model_dump_json(indent=1).encode()
    (folder / "decision.json").write_bytes(text)
    record = Record(
        project="bench", tunegate="0", run_file=digest_of(""), run_file_text="", entries=(),
        settings={"scan": {}, "gates": [rule.model_dump(mode="json") for rule in policy]},
        candidate=digest_of(1), baseline=digest_of(0), files={**files, "decision.json": digest_bytes(text)},
    )  # fmt: skip
    (folder / "record.json").write_text(record.model_dump_json())


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--samples", type=int, default=100_000, help="of both arms together")
    asked.add_argument("--rules", type=int, default=50)
    asked.add_argument("--profile", action="store_true")
    said = asked.parse_args()
    policy = rules(said.rules)
    with tempfile.TemporaryDirectory() as home:
        write_run(Path(home), said.samples // 2, policy)
        audit = read_audit(Path(home))
        started, worked = time.perf_counter(), time.process_time()
        decision = again(audit)
        alone, processor = time.perf_counter() - started, time.process_time() - worked
        if said.profile:
            cProfile.runctx("again(audit)", globals(), {"audit": audit}, sort="tottime")
        started = time.perf_counter()
        done = subprocess.run([sys.executable, "-m", "harness", "gate", home], capture_output=True, check=False)
        whole = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    count = sum(len(each.samples) for each in (*audit.candidate, *audit.baseline))
    kept = "kept" if processor <= WANTED else "NOT kept"
    print(f"{len(decision.checks)} rules over {count} stored samples: {decision.verdict}, exit code {done.returncode}")
    print(f"the gate alone: {processor:.2f} s of a processor, of at most {WANTED:g}: {kept}; {alone:.2f} s by the clock")
    print(f"'tunegate gate': {used.ru_utime + used.ru_stime:.2f} s of a processor; {whole:.2f} s by the clock")


if __name__ == "__main__":
    main()
