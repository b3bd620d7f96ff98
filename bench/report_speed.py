"""Size and speed of the report for 18 years and six variants, on seeded runs in a real browser.

    python bench/report_speed.py [--sessions 4500] [--variants 6] [--journal 12000] [--page FILE]

Prints the page's size, the seconds to write it and its figures, and for each of three openings the seconds
until its text is there and until the last chart is drawn, and those that sorting the journal takes.
Needs Chromium ($ALVH_CHROMIUM or on the path).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from chromium import ARGUMENTS, chromium_path
from playwright.sync_api import sync_playwright
from synthetic_anatomy import rich_comparison, rich_summary

from alvh_bt.report.figures import draw_figures
from alvh_bt.report.html import render_report

OPENINGS = 3
WAIT_MS = 120_000


def main() -> None:
    """Write the page and open it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sessions", type=int, default=4500)
    parser.add_argument("--variants", type=int, default=6)
    parser.add_argument("--journal", type=int, default=12_000)
    parser.add_argument("--page", type=Path, help="open this page in place of a synthetic one")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        page = asked.page or written(Path(folder), asked)
        print(f"page: {page.stat().st_size / 1e6:.2f} MB")
        opened(page)


def written(folder: Path, asked: argparse.Namespace) -> Path:
    """Write the page of a synthetic comparison; return its path."""
    result = rich_comparison(asked.sessions, asked.variants, asked.journal)
    summary = rich_summary(result)
    began = time.perf_counter()
    figures = draw_figures(result, summary)
    drawn = time.perf_counter()
    page = folder / "report.html"
    page.write_text(render_report(result, summary, figures), encoding="utf-8")
    print(f"figures: {drawn - began:.1f} s, {sum(map(len, figures.values())) / 1e6:.2f} MB")
    print(f"page written in {time.perf_counter() - drawn:.1f} s")
    return page


def opened(page: Path) -> None:
    """Open the page in a browser of its own each time, so that nothing is warm."""
    for _ in range(OPENINGS):
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(ARGUMENTS))
            tab = browser.new_page(viewport={"width": 1280, "height": 900})
            began = time.perf_counter()
            tab.goto(page.resolve().as_uri(), wait_until="domcontentloaded")
            there = time.perf_counter() - began
            tab.wait_for_selector("#chart-nav.js-plotly-plot", state="attached", timeout=WAIT_MS)
            first = time.perf_counter() - began
            tab.wait_for_selector("body[data-drawn]", state="attached", timeout=WAIT_MS)
            last = time.perf_counter() - began
            began = time.perf_counter()
            tab.locator("#journal-table th[data-key=cost_usd] button").click()
            tab.wait_for_selector("#journal-table th[data-key=cost_usd][aria-sort=ascending]")
            again = time.perf_counter() - began
            said = f"opened: text {there:.2f} s, first chart {first:.2f} s, all charts {last:.2f} s"
            print(f"{said}; journal sorted in {again:.2f} s")
            browser.close()


if __name__ == "__main__":
    main()
