"""What a channel is: one file in ``harness/channels/`` with ``FILENAME`` and ``render(audit) -> bytes``.

Every channel says the one decision of :class:`harness.types.Decision`; none computes a verdict of its own.
"""

from __future__ import annotations

from harness.audit import Audit

__all__ = ["Audit"]
