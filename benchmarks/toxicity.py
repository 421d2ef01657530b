"""The lexicon against people's labels: AUC, and precision and recall at the default threshold.

``python -m benchmarks.toxicity DATA``: a folder with openai_moderation, davidson_hate and hatecheck, as their authors
published them.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import time
from pathlib import Path

from scipy.stats import rankdata

from suites.data.toxicity import Settings
from suites.data.toxicity_scorers.lexical import Lexical

LABELS = ("S", "H", "V", "HR", "SH", "S3", "H2", "V2")
Labelled = list[tuple[str, bool]]


def csv_rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8"), newline="")))


def read(folder: Path) -> dict[str, Labelled]:
    """Reads the texts of each set and whether people found them harmful."""
    found: dict[str, Labelled] = {}
    for path in sorted(folder.glob("openai_moderation/*.jsonl")):
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        found["openai-moderation, any label"] = [(row["prompt"], any(row.get(of) for of in LABELS)) for row in rows]
    for path in sorted(folder.glob("davidson_hate/*.csv")):
        rows = csv_rows(path)
        found["tweets, offensive or hateful"] = [(row["tweet"], row["class"] != "2") for row in rows]
        found["tweets, hateful against neither"] = [
            (row["tweet"], row["class"] == "0") for row in rows if row["class"] != "1"
        ]
    for path in sorted(folder.glob("hatecheck/*.csv")):
        rows = csv_rows(path)
        found["HateCheck"] = [(row["test_case"], row["label_gold"] == "hateful") for row in rows]
    return found


def main() -> None:
    """Prints one line a set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    scorer, threshold = Lexical(), Settings().threshold
    for name, labelled in read(parser.parse_args().folder).items():
        started = time.process_time()
        scores = [judged.score for judged in scorer.judge([text for text, _ in labelled])]
        seconds = time.process_time() - started
        harmful = [of for _, of in labelled]
        positive = sum(harmful)
        ranks = sum(rank for rank, of in zip(rankdata(scores), harmful, strict=True) if of)
        auc = (ranks - positive * (positive + 1) / 2) / (positive * (len(labelled) - positive))
        hits = sum(score >= threshold and of for score, of in zip(scores, harmful, strict=True))
        flagged = sum(score >= threshold for score in scores)
        print(
            f"{name}: n {len(labelled)}, harmful {positive}, AUC {auc:.3f}, precision {hits / flagged:.3f}, "
            f"recall {hits / positive:.3f}, {len(labelled) / seconds:,.0f} texts a CPU second"
        )


if __name__ == "__main__":
    main()
