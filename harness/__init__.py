"""The core of tunegate: artifacts, records, the gate and the command line.

Imports run downhill: ``cli → job → stages → {gate, suite, trainer, section, store …} → types, errors``. The sibling
packages ``trainers``, ``suites``, ``reports`` and ``demo`` import this one and are named here only by string.
"""

__version__ = "0.1.0"
