"""Rows without the values that were found in them, written with presidio-anonymizer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.dataset.fields import rewritten
from harness.errors import IntegrityError
from harness.scanning.actions import Redacts
from harness.scanning.fakes import fake, pseudonym
from harness.scanning.part import Finding

Hashed = Callable[[str], str]


class Redactor:
    """Redacts rows by their findings."""

    def __init__(self, told: Mapping[str, Redacts], key: bytes, hashed: Hashed) -> None:
        """Makes the engine.

        Args:
            told: What follows from the findings of each suite.
            key: With which values are hashed and fakes are made.
            hashed: The hash of a value that its finding has.
        """
        from presidio_anonymizer import AnonymizerEngine

        self._told, self._key, self._hashed = told, key, hashed
        self._engine = AnonymizerEngine()
        self._operators: dict[str, Any] = {}

    def redact(self, value: Mapping[str, Any], found: Sequence[Finding]) -> Any:
        """Returns the row with every value of some findings redacted.

        Raises:
            IntegrityError: A finding is not of this row.
        """
        left = {id(each): each for each in found}
        by_field: dict[str, list[Finding]] = {}
        for each in found:
            by_field.setdefault(each["field"], []).append(each)

        def change(field: str, text: str) -> str:
            # Two texts of odd rows can have one field's name; the hash says whose finding it is.
            own = [each for each in by_field.get(field, ()) if self._is_in(text, each)]
            for each in own:
                left.pop(id(each), None)
            return self._redacted(text, own) if own else text

        made = rewritten(value, change)
        if left:
            place = next(iter(left.values()))
            raise IntegrityError(
                f"the finding of '{place['file']}' line {place['line']} is not in that row",
                "the rows that were scanned", "scan again",
            )  # fmt: skip
        return made

    def _is_in(self, text: str, found: Finding) -> bool:
        return 0 <= found["start"] < found["end"] <= len(text) and (
            self._hashed(text[found["start"] : found["end"]]) == found["hash"]
        )

    def _redacted(self, text: str, found: Sequence[Finding]) -> str:
        from presidio_anonymizer.entities import ConflictResolutionStrategy, RecognizerResult

        results = [
            RecognizerResult(self._kind(each), each["start"], each["end"], float(each["score"])) for each in found
        ]
        done = self._engine.anonymize(
            text, results, self._operators, ConflictResolutionStrategy.REMOVE_INTERSECTIONS, False
        )
        return str(done.text)

    def _kind(self, found: Finding) -> str:
        """The kind of a finding, with what is done to its values made known to the engine."""
        kind = str(found["entity"])
        if kind not in self._operators:
            self._operators[kind] = self._operator(kind, self._told[found["suite"]].how(kind))
        return kind

    def _operator(self, kind: str, how: str) -> Any:
        from presidio_anonymizer.entities import OperatorConfig

        key = self._key
        makers: dict[str, Callable[[str], str]] = {
            "hash": lambda value: pseudonym(kind, value, key),
            "fake": lambda value: fake(kind, value, key),
        }
        if how in makers:
            return OperatorConfig("custom", {"lambda": makers[how]})
        if how == "mask":
            return OperatorConfig("mask", {"masking_char": "*", "chars_to_mask": 10**9, "from_end": False})
        return OperatorConfig("replace", {"new_value": f"<{kind}>"})
