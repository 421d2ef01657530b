"""A browser opens the report: no request leaves it, nothing is complained about, nothing overflows a small screen."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from reports.compare import render_comparison
from reports.render import render

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--hide-scrollbars", "--enable-logging=stderr",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium is installed")


def browse(page: Path, tmp_path: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    home = tmp_path / "profile"
    command = [
        str(BROWSER),
        *FLAGS,
        f"--user-data-dir={home}",
        f"--log-net-log={tmp_path / 'net.json'}",
        *flags,
        page.as_uri(),
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)


def requested(log: Path) -> set[str]:
    """Every address that a page asked for; what the browser asks of its own accord has no origin as its initiator."""
    text = log.read_text()
    events = json.loads(text if text.rstrip().endswith("}") else text.rstrip().rstrip(",") + "]}")["events"]
    started = [event["params"] for event in events if "initiator" in event.get("params", {})]
    return {each["url"] for each in started if each["initiator"] != "not an origin" and "url" in each}


@pytest.mark.parametrize("variant", ["blocked", "hostile"])
def test_no_request_leaves_the_page_and_the_console_is_silent(audits, tmp_path, variant):
    quiet(render(audits.VARIANTS[variant]()), "tunegate report", tmp_path)


@pytest.mark.parametrize("variant", ["checkpoints", "hostile"])
def test_no_request_leaves_a_comparison_and_the_console_is_silent(comparisons, tmp_path, variant):
    quiet(render_comparison(comparisons.VARIANTS[variant]()), "compared – tunegate", tmp_path)


def quiet(html: bytes, title: str, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_bytes(html)
    seen = browse(page, tmp_path, "--dump-dom")
    assert title in seen.stdout
    assert "CONSOLE" not in seen.stderr, seen.stderr
    assert requested(tmp_path / "net.json") == set()


def test_a_page_that_does_load_something_would_be_noticed(tmp_path):
    page = tmp_path / "bad.html"
    page.write_text(
        "<!DOCTYPE html><title>bad</title><img src='http://outside.invalid/x.png'><script>console.error(1)</script>"
    )
    seen = browse(page, tmp_path, "--dump-dom")
    assert "http://outside.invalid/x.png" in requested(tmp_path / "net.json")
    assert "CONSOLE" in seen.stderr


@pytest.mark.parametrize("variant", ["blocked", "waived", "blocked_at_data", "hostile"])
def test_a_narrow_screen_needs_no_sideways_scrolling(audits, tmp_path, variant):
    assert width(render(audits.VARIANTS[variant]()), tmp_path) == 360


@pytest.mark.parametrize("variant", ["checkpoints", "runs", "hostile", "single"])
def test_on_a_narrow_screen_only_the_tables_of_a_comparison_scroll(comparisons, tmp_path, variant):
    assert width(render_comparison(comparisons.VARIANTS[variant]()), tmp_path) == 360


def width(html: bytes, tmp_path: Path) -> int:
    """How wide a page is laid out in a frame of 360 pixels."""
    probe = (
        b"<script>addEventListener('load', () => { const frame = document.querySelector('iframe').contentDocument;"
        b" document.title = frame.documentElement.scrollWidth })</script>"
    )
    page = tmp_path / "probe.html"
    (tmp_path / "report.html").write_bytes(html)
    frame = b"<iframe src='report.html' style='width:360px;height:800px;border:0'></iframe>"
    page.write_bytes(b"<!DOCTYPE html>" + probe + frame)
    seen = browse(page, tmp_path, "--dump-dom", "--allow-file-access-from-files")
    return int(seen.stdout.partition("<title>")[2].partition("</title>")[0])


def test_it_prints(audits, tmp_path):
    page, paper = tmp_path / "report.html", tmp_path / "report.pdf"
    page.write_bytes(render(audits.blocked()))
    browse(page, tmp_path, f"--print-to-pdf={paper}", "--no-pdf-header-footer")
    assert paper.read_bytes().startswith(b"%PDF")
