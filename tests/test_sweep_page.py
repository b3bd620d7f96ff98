"""The page of a sweep in a real browser: silent, complete, sortable, readable small and in the dark.

Needs Chromium ($ALVH_CHROMIUM or on the path). Without it these tests skip, or fail where CI is set.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import ARGUMENTS, chromium_path
from playwright.sync_api import Browser, Page, sync_playwright
from synthetic_sweeps import failed_row, grid, sweep_rows, write_sweep

from alvh_bt.report.sweep_figures import DOTS, LINES, drawn_rows
from alvh_bt.report.sweep_page import render_sweep
from alvh_bt.sweep.results import read_results
from alvh_bt.sweep.summary import Told, tell_sweep

CHARTS = {"chart-cost", "chart-front", "chart-effect", "chart-heat", "chart-parallel"}
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> Told:
    rows = sweep_rows(weeks=400, better=5)
    rows[1] = failed_row(0, "layered", grid()[0], "<img src=x onerror=alert(1)>")
    return tell_sweep(read_results(write_sweep(tmp_path_factory.mktemp("sweep") / "out", rows)))


@pytest.fixture(scope="module")
def address(told, tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("page") / "sweep.html"
    path.write_text(render_sweep(told), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium_path()
    if path is None or not Path(path).is_file():
        said = "no Chromium: install it, or name it in ALVH_CHROMIUM"
        if os.environ.get("CI"):
            pytest.fail(said)
        pytest.skip(said)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield started
        started.close()


def opened(browser: Browser, address: str, **how) -> tuple[Page, list[str], list[str]]:
    """A tab with the page drawn, all that was said on its console, and all that it asked for."""
    tab = browser.new_page(**{"viewport": DESK, **how})
    said: list[str] = []
    asked: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(address)
    if how.get("java_script_enabled", True):
        tab.wait_for_selector("body[data-drawn], #trouble:not([hidden])", state="attached", timeout=60_000)
    return tab, said, asked


@pytest.fixture(scope="module")
def drawn(browser, address) -> Iterator[tuple[Page, list[str], list[str]]]:
    found = opened(browser, address)
    yield found
    found[0].close()


@pytest.fixture
def page(drawn) -> Page:
    return drawn[0]


def column(page: Page, title: str) -> list[str]:
    """The texts of a column of the best table, as shown."""
    heads = page.locator("#best th").all_text_contents()
    return page.locator(f"#best tbody tr td:nth-child({heads.index(title) + 1})").all_text_contents()


def test_every_chart_is_drawn_and_told_in_words(page):
    charts = page.evaluate(
        "[...document.querySelectorAll('.js-plotly-plot')].map(each => [each.id, each.getAttribute('role'),"
        " each.getAttribute('aria-label').length, each.querySelectorAll('.scatterlayer path, .barlayer path,"
        " .heatmaplayer image').length])"
    )
    assert {chart[0] for chart in charts} == CHARTS
    for name, role, label, shapes in charts:
        assert role == "img" and label > 30 and shapes >= 1, name


def test_a_table_sorts_by_number_and_says_so(page):
    button = page.locator("#best th button", has_text="Deflated Sharpe")
    button.click()
    shown = [float(text) for text in column(page, "Deflated Sharpe")]
    assert shown == sorted(shown) and shown[0] < shown[-1]
    button.click()
    assert [float(text) for text in column(page, "Deflated Sharpe")] == sorted(shown, reverse=True)
    assert page.locator("#best th[aria-sort=descending]").count() == 1
    page.locator("#best th button", has_text="Neighbours that win").click()
    shares = [text.split(" of ") for text in column(page, "Neighbours that win")]
    ratios = [int(won) / int(count) for won, count in shares]
    assert ratios == sorted(ratios)


def test_choices_redraw_the_charts(page):
    first, second = page.locator("#heat-pair option").all_text_contents()[:2]
    page.select_option("#heat-pair", label=second)
    shown = page.evaluate(
        "['xaxis', 'yaxis'].map(axis => document.getElementById('chart-heat').layout[axis].title.text)"
    )
    assert " x ".join(shown) == second != first
    every = page.evaluate(
        "document.getElementById('chart-parallel').data.reduce((n, t) => n + t.x.length, 0)"
    )
    page.check("#parallel-few")
    few = page.evaluate("document.getElementById('chart-parallel').data.reduce((n, t) => n + t.x.length, 0)")
    # 17 lines over three axes and the metric, each with a gap behind it; a fifth of them are four.
    assert (every, few) == (17 * 5, 4 * 5)


def test_the_best_line_is_the_best_configuration(page, told):
    text = page.evaluate(
        "document.getElementById('chart-parallel').data.find(t => t.name.startsWith('best fifth')).text[0]"
    )
    assert text.startswith(f"configuration {told.summary['best'][0]['configuration']}, rank 1<br>")


def test_nothing_was_said_or_asked_for(drawn, address):
    _, said, asked = drawn
    assert said == [] and [url for url in asked if not url.startswith(("data:", "blob:"))] == [address]


def test_a_phone_in_the_dark_needs_no_sideways_scrolling(browser, address):
    phone = {"viewport": PHONE, "has_touch": True, "is_mobile": True}
    page, said, _ = opened(browser, address, color_scheme="dark", **phone)
    try:
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        ground = page.evaluate("document.getElementById('chart-front').layout.paper_bgcolor")
        assert ground == "#15191e"
        assert said == []
    finally:
        page.close()


def test_tables_are_there_without_scripts(browser, address):
    page, _, _ = opened(browser, address, java_script_enabled=False)
    try:
        # Ten of the best; three axes in three tables.
        assert page.locator("#best tbody tr").count() == 10
        assert page.locator("#effects tbody tr").count() == 9
        assert page.locator("#heat tbody tr").count() > 1
        assert page.locator(".chart").first.is_hidden()
        assert "<img src=x" in page.locator(".headline").text_content()
    finally:
        page.close()


def test_the_page_stays_small_and_samples_what_it_draws(told, tmp_path):
    assert len(render_sweep(told)) < 8e6
    many = tell_sweep(read_results(write_sweep(tmp_path / "many", sweep_rows(weeks=20, count=2500), 1000)))
    assert [len(drawn_rows(many, most)) for most in (DOTS, LINES)] == [DOTS, LINES]
    text = render_sweep(many)
    assert len(text) < 8e6 and "Of 2,500 configurations 2,000 dots and 500 lines are drawn" in text
    best = {row["configuration"] for row in many.summary["best"]}
    assert best <= set(drawn_rows(many, LINES).index)
