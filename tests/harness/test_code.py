"""The digest of the code that a stage runs."""

from __future__ import annotations

import subprocess
import sys

from harness.code import PACKAGES, _source, code_digest


def test_it_follows_imports_and_ignores_other_code() -> None:
    assert code_digest(["harness.types"]) == code_digest(["harness.types", "harness.errors"])
    assert code_digest(["harness.types"]) != code_digest(["harness.types", "harness.store"])


def test_the_file_of_every_module_is_found_in_its_package() -> None:
    for package in PACKAGES:
        path = _source(package)
        assert path is not None
        assert path.name == "__init__.py"
    assert _source("harness.types.Rule") is None
    assert _source("harness.nothing") is None
    assert _source("not_installed.module") is None


def test_naming_the_code_of_a_scan_and_a_training_loads_no_heavy_library() -> None:
    code = (
        "import sys; from harness.code import code_digest; "
        "code_digest(['suites.data.pii', 'trainers.sft', 'harness.model.engine']); "
        "print([name for name in ('torch', 'presidio_analyzer', 'spacy', 'transformers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
