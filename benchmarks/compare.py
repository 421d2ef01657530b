"""How long it takes to compare 20 finished runs, from their folders on disk to the table, the document and the page.

    python -m benchmarks.compare                      20 runs of 4,000 samples
    python -m benchmarks.compare --runs 20 --items 2000 --profile

Every run is written as a real one is: two suites of 0/1 answers with clusters and slices, one with a graded score, of
candidate and of baseline, with the digest of every file in its record. The comparison is a fresh process, as at a desk:
it verifies every file, decides every rule of every run, and pairs every answer. Wanted: at most 10 seconds.
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness.audit import write_arm
from harness.gate import decide
from harness.store import digest_bytes, digest_of
from harness.suite import metrics_of
from harness.types import Measurement, Record, Rule, Sample

SHARES = {"task": 0.5, "refusal": 0.35, "retention": 0.15}
SCORES = {"task": "accuracy", "refusal": "harmful_refused", "retention": "bits_per_byte"}
RULES = (
    Rule(kind="at_least", metric="task.accuracy", bound=0.6),
    Rule(kind="must_gain", metric="task.accuracy", bound=0.02),
    Rule(kind="max_drop", metric="task.accuracy@language=de", bound=0.05),
    Rule(kind="max_drop", metric="refusal.harmful_refused", bound=0.03),
    Rule(kind="max_drop", metric="refusal.harmful_refused@language=en", bound=0.05),
    Rule(kind="max_drop", metric="retention.bits_per_byte", bound=0.02),
)
WANTED = 10.0


def measured(suite: str, count: int, quality: float, seed: int) -> Measurement:
    chance, score = random.Random(f"{suite} {seed}"), SCORES[suite]
    samples = tuple(_sample(suite, score, at, quality, chance) for at in range(count))
    better = {score: "lower" if score == "bits_per_byte" else "higher"}
    return Measurement(
        suite=suite, version="1", subject=digest_of(seed), items=digest_of([suite, count]), expected=count,
        conditions={"template": "chat", "judge": "exact"}, metrics=metrics_of(suite, samples, better), samples=samples,
    )  # fmt: skip


def _sample(suite: str, score: str, at: int, quality: float, chance: random.Random) -> Sample:
    right = chance.random() < quality
    value = 0.9 + chance.gauss(0, 0.05) if score == "bits_per_byte" else float(right)
    return Sample(
        id=f"{suite}-{at}", prompt=f"<|user|>Question {at}: {'a longer text of the question, ' * 6}<|assistant|>",
        output=f"{'Right' if right else 'Wrong'}: {'an answer of some length, ' * 4}", target="Right",
        scores={score: value}, label="right" if right else "wrong",
        tags={"language": ("de", "en", "fr")[at % 3], "frames": ("known", "new")[at % 2]},
        cluster=f"source {at // 2}" if suite == "task" else None,
    )  # fmt: skip


def write_run(folder: Path, items: int, seed: int) -> None:
    arms = {"candidate": (0.70 + seed / 200, seed), "baseline": (0.65, 0)}
    found = {
        arm: tuple(measured(suite, round(items * share), quality, number) for suite, share in SHARES.items())
        for arm, (quality, number) in arms.items()
    }
    files = {}
    for arm, measurements in found.items():
        for each in measurements:
            files |= write_arm(folder, arm, each)
    decision = decide(
        "model", RULES, found["candidate"], found["baseline"],
        candidate_digest=digest_of(seed), baseline_digest=digest_of(0),
    )  # fmt: skip
    text = decision.model_dump_json(indent=1).encode()
    (folder / "decision.json").write_bytes(text)
    record = Record(
        project="bench", tunegate="0", run_file=digest_of(""), run_file_text="", settings={"scan": {}}, entries=(),
        candidate=digest_of(seed), baseline=digest_of(0), files={**files, "decision.json": digest_bytes(text)},
    )  # fmt: skip
    (folder / "record.json").write_text(record.model_dump_json())


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--runs", type=int, default=20)
    asked.add_argument("--items", type=int, default=4000)
    asked.add_argument("--profile", action="store_true")
    said = asked.parse_args()
    with tempfile.TemporaryDirectory() as home:
        folders = [Path(home) / f"step-{100 * number:06}" for number in range(said.runs + 1)]
        for number, folder in enumerate(folders):
            write_run(folder, said.items, number)
        profiled = ["-m", "cProfile", "-s", "cumulative"] if said.profile else []
        command = [sys.executable, *profiled, "-m", "harness", "compare", *map(str, folders)]
        started = time.monotonic()
        done = subprocess.run([*command, "--html", f"{home}/page.html"], capture_output=True, text=True, check=True)
        seconds = time.monotonic() - started
        print("\n".join(done.stdout.splitlines()[: 400 if said.profile else 30]))
        size = (Path(home) / "page.html").stat().st_size
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = used.ru_utime + used.ru_stime
    kept = "kept" if seconds <= WANTED else "NOT kept"
    print(f"{said.runs} runs of {said.items} samples against one: {seconds:.1f} s of at most {WANTED:g} s: {kept};"
          f" {processor:.1f} s of a processor; page {size / 1e6:.1f} MB")  # fmt: skip


if __name__ == "__main__":
    main()
