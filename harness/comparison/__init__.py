"""Many candidates against one baseline: decided by the gate, put into order, and looked at from five sides. Pure.

Every pair of a candidate and the baseline is decided by :func:`harness.gate.decide`; nothing here has a statistic of its own.
"""
