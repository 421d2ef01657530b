"""The candidate's metric is at least a share of the baseline's, such as 0.95 of it: for metrics whose size says little.

Tested as the paired difference ``candidate - ratio * baseline``, whose mean is not below nought exactly when the ratio is kept
(E. C. Fieller, JRSS B 16 (1954), 175-185): no ratio of two estimates is ever formed. Passes when its one-sided lower bound is
not below nought, fails when its upper bound is.
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
    return ratio_check(rule, evidence, 1)
