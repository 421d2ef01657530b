"""Passwords, keys and tokens in training rows, found by the patterns of detect-secrets.

*What it measures*: rows with at least one credential, and credentials by kind: tokens with a known form (AWS, GitHub,
Slack, Stripe, Google, OpenAI, JSON Web Tokens, private keys …) and quoted values assigned to a name such as ``password``.

*Why it can block promotion*: a key that a model repeats is a key in everybody's hands; it has to be revoked, not only
removed.

*How it can be fooled*: a random string without a known form or a telling name is not found (the two detectors that
judge by entropy alone flag ordinary words of chat and are left out), nor is a value split over lines or fields or
encoded. A comment such as ``pragma: allowlist secret`` does not hide anything here, since whoever wrote the row could
have written it. No value is ever sent anywhere to see whether it works.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from harness.scanning.actions import OnFinding, RedactWith
from harness.settings import Settings as PluginSettings
from harness.suite import Scanned
from suites.data.findings import as_batch, census, masked, spans_of_rows
from suites.data.secret_patterns import ODD_LETTERS, OWN, needed

if TYPE_CHECKING:
    import pyarrow

VERSION = "2"
BY_ROW = True
METRICS = {"rows_with_findings": "lower", "findings": "lower", "share_of_rows": "lower", "kind.*": "lower"}
PACKAGES = ("detect-secrets",)
LEFT_OUT = {
    "Base64 High Entropy String": "flags ordinary words",
    "Hex High Entropy String": "flags ordinary words",
    "Public IP (ipv4)": "an address is personal data rather than a secret: see 'pii'",
}
# module and class of detect-secrets, all but those left out
DETECTORS = (
    "artifactory.ArtifactoryDetector", "aws.AWSKeyDetector", "azure_storage_key.AzureStorageKeyDetector",
    "basic_auth.BasicAuthDetector", "cloudant.CloudantDetector", "discord.DiscordBotTokenDetector",
    "github_token.GitHubTokenDetector", "gitlab_token.GitLabTokenDetector", "ibm_cloud_iam.IbmCloudIamDetector",
    "ibm_cos_hmac.IbmCosHmacDetector", "jwt.JwtTokenDetector", "keyword.KeywordDetector",
    "mailchimp.MailchimpDetector", "npm.NpmDetector", "openai.OpenAIDetector", "private_key.PrivateKeyDetector",
    "pypi_token.PypiTokenDetector", "sendgrid.SendGridDetector", "slack.SlackDetector", "softlayer.SoftlayerDetector",
    "square_oauth.SquareOAuthDetector", "stripe.StripeDetector", "telegram_token.TelegramBotTokenDetector",
    "twilio.TwilioKeyDetector",
)  # fmt: skip


class Settings(PluginSettings):
    """What follows from a finding."""

    on_finding: OnFinding = "report"
    redact_with: RedactWith = "replace"


class Scanner:
    """Counts credentials."""

    def __init__(self, settings: Settings, salt: bytes) -> None:
        """Starts at zero."""
        self.settings, self._salt = settings, salt
        self._counts: Counter[str] = Counter()
        self._rows = self._found_in = 0

    def scan_batch(self, batch: pyarrow.RecordBatch) -> pyarrow.RecordBatch:
        """Scans one batch."""
        texts = batch.column("text")
        found = [
            masked(kind, at, start, end, 1.0, texts[at].as_py(), self._salt)
            for at, kind, start, end in secrets_in(texts)
        ]
        hit = {each.at for each in found}
        for row in spans_of_rows(batch):
            self._rows += 1
            self._found_in += any(at in hit for at in row)
        self._counts.update(each.entity for each in found)
        return as_batch(batch, "secrets", found)

    def merge(self, other: Scanner) -> None:
        """Adds what another scanner counted."""
        self._counts += other._counts
        self._rows += other._rows
        self._found_in += other._found_in

    def result(self) -> Scanned:
        """Returns the counts, and what was looked for and what was not."""
        rows, kinds = self._rows, sorted([*(kind_of(detector) for detector in detectors()), *OWN])
        metrics = (
            census("secrets.rows_with_findings", self._found_in, rows),
            census("secrets.findings", self._counts.total(), rows),
            census("secrets.share_of_rows", self._found_in / rows if rows else 0.0, rows),
            *(census(f"secrets.kind.{kind}", self._counts[kind], rows) for kind in kinds),
        )
        details = {
            "looked_for": {kind: self._counts[kind] for kind in kinds},
            "not_looked_for": sorted(LEFT_OUT),
            "why_not": dict(LEFT_OUT),
        }
        return Scanned(metrics=metrics, details=details)


def secrets_in(texts: pyarrow.Array) -> list[tuple[int, str, int, int]]:
    """Finds credentials in a column of texts as (text, kind, start, end), in the order of their places.

    RE2 goes over the column once for every detector, and each detector sees only the texts in which it can find something.
    """
    found: set[tuple[int, str, int, int]] = set()
    for detector, expression in gates():
        for at, text in _likely(texts, expression):
            found |= {(at, *each) for each in _found_by(detector, text)}
    return sorted(found, key=lambda each: (each[0], each[2], each[3], each[1]))


def secrets_of(text: str) -> list[tuple[str, int, int]]:
    """Finds credentials in a text as (kind, start, end) with every detector, in the order of their places."""
    found = {each for detector, _ in gates() for each in _found_by(detector, text)}
    return sorted(found, key=lambda each: (each[1], each[2], each[0]))


def _likely(texts: pyarrow.Array, expression: str) -> Iterator[tuple[int, str]]:
    """The texts in which an expression matches, with their places; all where there is none."""
    import pyarrow
    import pyarrow.compute

    places = pyarrow.array(range(len(texts)))
    if expression:
        places = places.filter(pyarrow.compute.match_substring_regex(texts, f"[{ODD_LETTERS}]|{expression}"))
    yield from zip(places.to_pylist(), texts.take(places).to_pylist(), strict=True)


@functools.cache
def gates() -> tuple[tuple[Any, str], ...]:
    """Every detector and pattern of ours with the expression that a text has to match; empty where none is known."""
    from detect_secrets.plugins.keyword import QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP

    found: list[tuple[Any, str]] = [(kind, needed([pattern])) for kind, pattern in OWN.items()]
    for detector in detectors():
        keyword = detector.secret_type == "Secret Keyword"
        patterns = QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP if keyword else getattr(detector, "denylist", ())
        try:
            found.append((detector, needed(patterns)))
        except ValueError:
            found.append((detector, ""))
    return tuple(found)


def _found_by(detector: Any, text: str) -> Iterator[tuple[str, int, int]]:
    """Yields what a detector finds line by line, or a pattern of ours, given by its name, anywhere."""
    if isinstance(detector, str):
        yield from ((detector, match.start(), match.end()) for match in OWN[detector].finditer(text))
        return
    for line in re.finditer(r"[^\n]+", text):
        yield from ((kind_of(detector), *span) for span in _spans(detector, line[0], line.start()))


def _spans(detector: Any, line: str, offset: int) -> Iterator[tuple[int, int]]:
    """Yields where a detector finds something in a line.

    Only finding is asked for: the library's own scan would try each secret at its service, over the network.
    """
    from detect_secrets.plugins.base import RegexBasedDetector

    if type(detector).analyze_string is RegexBasedDetector.analyze_string:
        # Its own way returns the groups of a match, of which some hold but the first letters of a token.
        for pattern in detector.denylist:
            yield from ((offset + match.start(), offset + match.end()) for match in pattern.finditer(line))
        return
    for value in set(filter(None, detector.analyze_string(line))):
        if detector.secret_type != "Secret Keyword" or _plausible(value, line):
            yield from ((offset + at.start(), offset + at.end()) for at in re.finditer(re.escape(value), line))


def _plausible(value: str, line: str) -> bool:
    """Drops what a name such as ``password`` is followed by in examples: templates, references, runs of one sign."""
    from detect_secrets.filters import heuristic

    return not (
        heuristic.is_templated_secret(value)
        or heuristic.is_not_alphanumeric_string(value)
        or heuristic.is_prefixed_with_dollar_sign(value)
        or heuristic.is_indirect_reference(line)
    )


def kind_of(detector: Any) -> str:
    """Returns the name of what a detector finds, fit for a metric's name."""
    return re.sub(r"[^a-z0-9]+", "_", str(detector.secret_type).lower()).strip("_")


@functools.cache
def detectors() -> tuple[Any, ...]:
    """Makes the detectors once a process."""
    import importlib

    pairs = (name.split(".") for name in DETECTORS)
    return tuple(getattr(importlib.import_module(f"detect_secrets.plugins.{module}"), name)() for module, name in pairs)
