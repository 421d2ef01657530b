"""Rows a CPU second of the scan for personal data beside Presidio's own AnalyzerEngine, and that both find the same.

Both have the same recognizers, kinds of entities, thresholds and tokenizer, and see the same rows, each in a process of
its own that has seen one other row before. Of each way the best of three processes counts. What is scanned:

- clean: rows in which Presidio finds nothing, of any score
- a tenth: the same, with one made-up value in every tenth row
- all: the same, with one in every row
- chat: rows as they are

Rows come from ``../shared/data`` beside the repository, or are made up where it is absent.

    python benchmarks/scan.py [ROWS]
    python benchmarks/scan.py --equality [STRINGS_A_PATTERN] [CHAT_ROWS]
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
CHAT = ("tulu_human_eval/instances_dev.jsonl", "halueval/general_dev.jsonl", "gpteacher_roleplay/roleplay_s1000.jsonl",
        "hh_rlhf/harmless_base_test_dev.jsonl", "self_instruct/user_oriented_dev.jsonl",
        "gsm8k/test_half_dev.jsonl", "openai_moderation/samples_dev.jsonl")  # fmt: skip
LABELLED = ("presidio_research/generated_large.jsonl", "presidio_research/synth_v2_dev.jsonl")
BATCH = 1024
REPEATS = 3
VALUES = ("mail me at {a}.{b}@example.com", "call (212) 555-0{n:03d}", "my phone is +44 20 7946 0{n:03d}",
          "card 4111 1111 1111 1111", "IBAN DE89 3704 0044 0532 0130 00", "ssn 219-09-{n:04d}", "host 192.168.7.{m}",
          "she was born on the date 05/{d:02d}/1980", "passport number 9{n:08d}", "https is at 10.0.{m}.{d}",
          "license D{n:07d}", "wallet 1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "030 1234{n:04d} in Berlin")  # fmt: skip
WORDS = ("the room is open from nine to five and the lamp stands near the window", "add 12 and 30, then take 7 away",
         "Human: what would you do? Assistant: I\u2019d ask them first", "it was in 2019, 15% less than in 2018",
         "the answer is 48/2 = 24 because half of 48 is 24", "\u201cno,\u201d she said \u2013 and left")  # fmt: skip


def chat() -> Iterator[str]:
    from harness.dataset import texts

    if not DATA.is_dir():
        rng = random.Random(1)
        yield from (" ".join(rng.choices(WORDS, k=rng.randint(1, 14))) for _ in range(20_000))
        return
    for name in CHAT:
        for batch in texts([DATA / name]):
            yield from batch.column("text").to_pylist()


def rows_of(density: str, count: int) -> list[str]:
    rows = list(chat())
    random.Random(2).shuffle(rows)
    if density == "chat":
        return rows[:count]
    clean = without_findings(rows, count)
    step = {"clean": 0, "a tenth": 10, "all": 1}[density]
    return [planted(row, at) if step and at % step == 0 else row for at, row in enumerate(clean)]


def without_findings(rows: list[str], count: int) -> list[str]:
    import pyarrow

    detector, _, entities = made()
    found = detector.analyze_all(pyarrow.array(rows[: 3 * count], pyarrow.large_string()), entities)
    return [row for at, row in enumerate(rows[: 3 * count]) if at not in found and row][:count]


def planted(row: str, at: int) -> str:
    rng = random.Random(at)
    n = rng.randrange(1000)
    value = VALUES[at % len(VALUES)].format(a=rng.choice("abc") * 3, b="smith", n=n, m=n % 250, d=n % 28 + 1)
    words = row.split(" ")
    words.insert(rng.randrange(len(words) + 1), value)
    return " ".join(words)


def made() -> tuple:
    from suites.data.pii import Settings, chosen, detector_of

    detector = detector_of(Settings())
    return detector, Settings(), chosen(Settings(), detector.entities)


def batches(rows: list[str]) -> list:
    import pyarrow

    from harness.dataset import TEXTS

    made = []
    for first in range(0, len(rows), BATCH):
        part = rows[first : first + BATCH]
        same = len(part)
        columns = (
            ["f"] * same,
            range(first, first + same),
            [1] * same,
            ["r"] * same,
            ["text"] * same,
            [""] * same,
            part,
        )
        arrays = [pyarrow.array(list(column), field.type) for column, field in zip(columns, TEXTS, strict=True)]
        made.append(pyarrow.RecordBatch.from_arrays(arrays, schema=TEXTS))
    return made


def ours(rows: list[str]) -> tuple[int, float]:
    from suites.data.pii import Scanner, Settings

    warm = Scanner(Settings(), b"s" * 32)
    warm.scan_batch(batches(["call (212) 555-0155"])[0])
    scanner, given = Scanner(Settings(), b"s" * 32), batches(rows)
    started = time.process_time()
    found = sum(len(scanner.scan_batch(batch)) for batch in given)
    return found, time.process_time() - started


def presidio(rows: list[str]) -> tuple[int, float]:
    from presidio_analyzer import AnalyzerEngine

    from suites.data.presidio_engine.registry import Wanted, load
    from suites.data.presidio_engine.words import BlankNlp

    _, settings, entities = made()
    engine = AnalyzerEngine(registry=load(Wanted())[0], nlp_engine=BlankNlp("en"), supported_languages=["en"])
    engine.analyze("call (212) 555-0155", "en", list(entities), score_threshold=0)
    found, started = 0, time.process_time()
    for row in rows:
        results = engine.analyze(row, "en", list(entities), score_threshold=0)
        found += sum(each.score >= settings.thresholds.get(each.entity_type, settings.threshold) for each in results)
    return found, time.process_time() - started


def best(name: str, density: str, count: int) -> tuple[int, int, float]:
    measured = []
    for _ in range(REPEATS):
        command = [sys.executable, __file__, "--one", name, density, str(count)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stderr)
        measured.append(json.loads(done.stdout.splitlines()[-1]))
    return min(measured, key=lambda each: each[2])


def speed(count: int) -> None:
    for density in ("clean", "a tenth", "all", "chat"):
        rows, found, seconds = best("presidio", density, count)
        mine, mine_found, mine_seconds = best("ours", density, count)
        if (rows, found) != (mine, mine_found):
            sys.exit(f"{density}: {mine_found} findings in {mine} rows, but Presidio has {found} in {rows}")
        print(f"{density:8} {rows:6} rows, {found:5} findings  presidio {rows / seconds:7.0f} rows a CPU second"
              f"  ours {rows / mine_seconds:8.0f}  {seconds / mine_seconds:6.1f} times as fast", flush=True)  # fmt: skip


def compared(name: str, rows: list[str], context: bool) -> None:
    import pyarrow

    from suites.data.presidio_engine.engine import NOTHING, detector
    from suites.data.presidio_engine.registry import Wanted

    with_findings = results = different = 0
    scan = detector(Wanted(context=context))
    for at in range(0, len(rows), BATCH):
        part = rows[at : at + BATCH]
        found = scan.analyze_all(pyarrow.array(part, pyarrow.large_string()), scan.entities)
        for place, row in enumerate(part):
            plain = scan.plain(row, scan.entities)
            with_findings, results = with_findings + bool(plain.results), results + len(plain.results)
            different += found.get(place, NOTHING).key != plain.key
    print(f"{name:18} context words {'on ' if context else 'off'} {len(rows):7} rows, {with_findings:6} with findings,"
          f" {results:6} findings of any score: {different} differences", flush=True)  # fmt: skip


def equality(each: int, count: int) -> None:
    from benchmarks.pattern_strings import strings
    from suites.data.presidio_engine.engine import detector
    from suites.data.presidio_engine.registry import Wanted

    recognizers = detector(Wanted())._engine.registry.recognizers
    patterns = sorted({pattern.regex for one in recognizers for pattern in getattr(one, "patterns", ())})
    rows = list(chat())
    drawn = rows + [planted(rows[at % len(rows)], at) for at in range(max(0, count - len(rows)))]
    labelled = [json.loads(line)["full_text"] for name in LABELLED if DATA.is_dir() for line in (DATA / name).open()]
    for context in (True, False):
        compared("presidio-research", labelled, context)
        compared("strings", list(strings(patterns, each, seed=7)), context)
        compared("chat", drawn[:count], context)


def main(*told: str) -> None:
    if told[:1] == ("--equality",):
        equality(*(int(each) for each in (*told[1:], *("2400", "100000")[len(told) - 1 :])))
    elif told[:1] == ("--one",):
        rows = rows_of(told[2], int(told[3]))
        print(json.dumps([len(rows), *globals()[told[1]](rows)]))
    else:
        speed(int((*told, "3000")[0]))


if __name__ == "__main__":
    main(*sys.argv[1:])
