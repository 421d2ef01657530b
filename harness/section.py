"""What a report section is: one file in ``reports/sections/`` with ``ORDER``, ``TITLE`` and ``build(audit)``.

``build(audit) -> Mapping | None`` is pure: it returns the values that the template of the same name
(``reports/templates/<name>.html.j2``, autoescaped) shows, or None where the section has nothing to say about this run.
"""

from __future__ import annotations

from harness.audit import Audit

__all__ = ["Audit"]
