"""The candidate's metric is at most a multiple of the baseline's, such as 1.05 times its bits per byte.

Tested as the paired difference ``ratio * baseline - candidate``, see :mod:`harness.rules.min_ratio`.
"""

from __future__ import annotations

import math

from harness.rule import Evidence, ratio_check
from harness.types import Check, Rule

NEEDS_BASELINE = True
RANGE = (0.0, math.inf)


def check(rule: Rule, evidence: Evidence) -> Check:
    """Decides whether the ratio is kept.

    Raises:
        ValueError: The baseline is not above nought, so that there is no ratio.
    """
    return ratio_check(rule, evidence, -1)
