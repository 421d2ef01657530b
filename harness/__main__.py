"""``python -m harness`` is the ``tunegate`` command."""

from harness.cli import main

main()
