"""The report in a real browser: silent, still, complete; it sorts, filters, picks days, and can be read.

Needs Chromium ($ALVH_CHROMIUM or on the path). Without it these tests skip, or fail where CI is set.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import ARGUMENTS, chromium_path
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from synthetic_anatomy import rich_comparison, rich_summary, whole_condor

from alvh_bt.analysis.results import ComparisonResult
from alvh_bt.report.html import render_report

CHARTS = {
    *("chart-nav", "chart-waterfall", "chart-parts", "chart-regimes", "chart-crises", "chart-vix"),
    *("chart-profile", "chart-greeks", "chart-payoff"),
}
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def result() -> ComparisonResult:
    return rich_comparison(sessions=250, variants=6, journal_rows=900)


def picture() -> bytes:
    """A picture of 40 x 30 points: what is on it is another test's concern."""
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(buffer, "png")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def address(result, tmp_path_factory) -> str:
    summary = rich_summary(result, draws=20)
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render_report(result, summary, {"overview.png": picture()}), encoding="utf-8")
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


def journal(page: Page, column: str) -> list[str]:
    """The texts of a column of the journal, as shown."""
    place = page.evaluate(
        "key => [...document.querySelectorAll('#journal-table th')].findIndex(th => th.dataset.key === key)",
        column,
    )
    return page.locator(f"#journal-table tbody tr td:nth-child({place + 1})").all_text_contents()


def numbers(texts: list[str]) -> list[float]:
    return [float(text.replace(",", "").rstrip("%")) for text in texts if text]


def test_every_chart_is_drawn_and_told_in_words(page):
    charts = page.evaluate(
        "[...document.querySelectorAll('.js-plotly-plot')].map(each => [each.id, each.data.length,"
        " each.getAttribute('role'), each.getAttribute('aria-label').length,"
        " each.querySelectorAll('.scatterlayer path, .barlayer path, .waterfalllayer path').length])"
    )
    assert {chart[0] for chart in charts} == CHARTS
    for name, traces, role, label, shapes in charts:
        assert traces >= 1 and shapes >= 1, name
        assert role == "img" and label > 30, name


def test_patterned_bars_keep_their_own_colour(page):
    """A bar with a pattern and no ground under it would be white on white."""
    grounds = page.evaluate(
        "[...document.querySelectorAll('#chart-parts pattern rect')].map(each => each.getAttribute('fill'))"
    )
    assert grounds and all(ground not in (None, "none", "") for ground in grounds)


def test_no_button_sends_the_chart_anywhere(page):
    """Plotly's usual bar has one that does: every button there is must be one of these."""
    titles = page.evaluate(
        "[...new Set([...document.querySelectorAll('.modebar-btn')].map(each => each.dataset.title))]"
    )
    known = {"Download plot as a PNG", "Zoom", "Pan", "Zoom in", "Zoom out", "Reset axes"}
    assert titles and set(titles) <= known
    assert page.evaluate("document.getElementById('chart-nav')._context.plotlyServerURL") == ""


def test_zoom_of_one_panel_moves_the_other(page):
    axes = page.evaluate(
        "(() => { const each = document.getElementById('chart-nav');"
        " return [new Set(each.data.map(trace => trace.xaxis || 'x')).size,"
        " new Set(each.data.map(trace => trace.yaxis)).size]; })()"
    )
    assert axes == [1, 2]


def test_a_variant_can_be_hidden_by_keyboard(page):
    tick = page.locator("#nav-legend input").first
    visible = "document.getElementById('chart-nav').data.filter(trace => trace.visible !== false).length"
    assert page.evaluate(visible) == 12
    tick.focus()
    page.keyboard.press("Space")
    assert page.evaluate(visible) == 10
    page.keyboard.press("Space")
    assert page.evaluate(visible) == 12


def test_the_journal_sorts_numbers_as_numbers_and_both_ways(page):
    header = page.locator("#journal-table th[data-key=cost_usd]")
    header.locator("button").click()
    rising = numbers(journal(page, "cost_usd"))
    assert rising == sorted(rising) and len(set(rising)) > 10
    assert header.get_attribute("aria-sort") == "ascending"
    header.locator("button").click()
    falling = numbers(journal(page, "cost_usd"))
    assert falling == sorted(falling, reverse=True) and falling[0] > rising[-1]
    assert header.get_attribute("aria-sort") == "descending"
    page.locator("#journal-table th[data-key=irr_with] button").click()
    assert header.get_attribute("aria-sort") == "none"
    page.locator("#journal-last").click()
    assert journal(page, "irr_with")[-1] == ""  # what is unknown comes last
    page.locator("#journal-table th[data-key=date] button").click()
    assert journal(page, "date") == sorted(journal(page, "date"))


def test_the_journal_filters_and_counts(page, result):
    hedge = sum(int((run.journal["book"] == "hedge").sum()) for run in result.runs)
    every = sum(len(run.journal) for run in result.runs)
    status = page.locator("#journal-status")
    assert f"of {hedge} chosen; the journal has {every}" in status.text_content()
    run = result.run("layered")
    wanted = run.journal[(run.journal["book"] == "hedge") & (run.journal["layer"] == "two")]
    monetised = int((wanted["event"] == "monetise").sum())
    page.locator("#journal-variant").select_option("layered")
    page.locator("#journal-layer").select_option("two")
    assert f"of {len(wanted)} chosen" in status.text_content()
    page.locator("#journal-event").select_option("monetise")
    assert f"of {monetised} chosen" in status.text_content()
    assert set(journal(page, "event")) == {"monetise"}
    for name in ("variant", "layer", "event"):
        page.locator(f"#journal-{name}").select_option("")
    page.locator("#journal-condor").check()
    assert f"of {every} chosen" in status.text_content()
    page.locator("#journal-condor").uncheck()
    page.locator("#journal-text").fill("ALERT(")
    assert set(journal(page, "reason")) == {"<script>alert('reason')</script>"}
    page.locator("#journal-text").fill("nothing is like this")
    assert status.text_content() == f"No row of the {every} in the journal is like that."
    page.locator("#journal-text").fill("")


def test_signals_open_on_demand(page):
    fold = page.locator("#journal-table tbody details").first
    fold.locator("summary").click()
    fold.locator("div").wait_for()
    assert "flow_spike" in fold.locator("div").text_content()


def test_picking_a_day_changes_profile_and_positions(page, result):
    date, status = page.locator("#day-date"), page.locator("#day-status")
    both = "document.getElementById('chart-profile').data.find(trace => trace.name === 'both').y.map(Number)"
    shown = {}
    for session in (5, 130):
        day = result.runs[0].daily["date"].iloc[session]
        date.fill(f"{day:%Y-%m-%d}")
        date.dispatch_event("change")
        page.locator(f"#day-status:has-text('Close of {day:%Y-%m-%d}')").wait_for()
        frame = result.anatomy["layered"].profile
        expected = frame[frame["date"] == day].groupby("move")["pnl"].sum()
        shown[session] = page.evaluate(both)
        room = 0.001 * frame.loc[frame["date"] == day, "pnl"].abs().max()  # two books, half a step each
        assert shown[session] == pytest.approx(expected.tolist(), abs=room)
    assert shown[5] != shown[130]
    held = page.locator("#positions-body tr").all_text_contents()
    assert sum("condor" in row for row in held) == 4
    assert f"{len(held)} positions" in status.text_content()


def test_a_day_without_a_session_becomes_the_nearest_one(page, result):
    page.locator("#day-date").fill("2006-05-06")  # a Saturday
    page.locator("#day-date").dispatch_event("change")
    page.locator("#day-status:has-text('Close of 2006-05-05')").wait_for()
    page.locator("#day-later").click()
    page.locator("#day-status:has-text('Close of 2006-05-08')").wait_for()


def test_the_payoff_is_that_of_the_legs_held(page, result):
    """Legs opened at 2, 6, 4 and 1 points, 1.5 contracts of 100: a credit of 1,050 USD."""
    day = result.runs[0].daily["date"].iloc[5]
    page.locator("#day-date").fill(f"{day:%Y-%m-%d}")
    page.locator("#day-date").dispatch_event("change")
    page.locator(f"#day-status:has-text('Close of {day:%Y-%m-%d}')").wait_for()
    strikes = sorted(result.run("layered").trades.query("book == 'condor'")["strike"].iloc[:4])
    values = page.evaluate("document.getElementById('chart-payoff').data[0].y.map(Number)")
    put_wing, call_wing = strikes[1] - strikes[0], strikes[3] - strikes[2]
    expected = [1050 - 150 * put_wing] * 2 + [1050.0] * 2 + [1050 - 150 * call_wing] * 2
    assert values == pytest.approx(expected, abs=0.01)


def test_the_payoff_of_xsp_is_told_at_levels_of_the_sp500(browser, tmp_path):
    """4 contracts of 100, a credit of 1.5 + 1.4 points: 1,160 USD; wings of 3 points, 1,200 USD.

    XSP is a tenth of the S&P 500: puts 120/123 and calls 134/137 lie at 1200/1230 and 1340/1370.
    """
    whole = whole_condor(rich_comparison(sessions=60, variants=4, journal_rows=10))
    path = tmp_path / "whole.html"
    path.write_text(render_report(whole, rich_summary(whole, draws=20), {}), encoding="utf-8")
    tab, said, _ = opened(browser, path.as_uri())
    day = whole.runs[0].daily["date"].iloc[5]
    tab.locator("#day-date").fill(f"{day:%Y-%m-%d}")
    tab.locator("#day-date").dispatch_event("change")
    tab.locator(f"#day-status:has-text('Close of {day:%Y-%m-%d}')").wait_for()
    levels, values = tab.evaluate(
        "(({ x, y }) => [x.map(Number), y.map(Number)])(document.getElementById('chart-payoff').data[0])"
    )
    assert levels[1:5] == [1200.0, 1230.0, 1340.0, 1370.0]
    assert values == pytest.approx([-40.0, -40.0, 1160.0, 1160.0, -40.0, -40.0], abs=0.01)
    # The close is drawn where the index stands: within the wings, not ten times to the right of them.
    spot = tab.evaluate("document.getElementById('chart-payoff').layout.shapes[0].x0")
    assert spot == pytest.approx(whole.states["spx"].iloc[5], rel=1e-6)
    assert levels[0] == pytest.approx(0.96 * 1200.0) and levels[5] == pytest.approx(1.04 * 1370.0)
    held = tab.locator("#positions-body tr").all_text_contents()
    assert sum("XSP" in row for row in held) == 4 and any("120" in row for row in held)
    assert said == []
    tab.close()


def test_vix_bands_are_those_of_the_variant_chosen(page):
    bands = "document.getElementById('chart-vix').data.filter(trace => trace.fill === 'toself').length"
    assert page.evaluate(bands) == 6  # three layers, each over VIX and in its lane
    page.locator("#vix-variant").select_option("static-calls")
    assert page.evaluate(bands) == 2
    page.locator("#vix-variant").select_option("none")
    assert page.evaluate(bands) == 0
    page.locator("#vix-variant").select_option("layered")


def test_every_control_has_a_name(page):
    nameless = page.evaluate(
        "[...document.querySelectorAll('input, select, button')].filter(each =>"
        " !(each.labels && each.labels.length) && !each.textContent.trim() && !each.ariaLabel)"
        ".map(each => each.outerHTML)"
    )
    assert nameless == []


def test_a_phone_is_never_scrolled_sideways(page):
    page.set_viewport_size(PHONE)
    page.locator("details").evaluate_all("all => all.forEach(each => { each.open = true; })")
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.set_viewport_size(DESK)


CONTRAST = """() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (colour) => colour.slice(0, 3).map((value) => value / 255).map((value) =>
    value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
    .reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (each) => {
    for (let at = each; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const kinds = "h1, h2, h3, p, a, td, th, summary, li, label, pre, button:enabled";
  const texts = [...document.querySelectorAll(kinds)];
  const shown = texts.filter((each) => each.textContent.trim() && each.getClientRects().length);
  const worst = shown.map((each) => {
    const [a, b] = [light(rgb(getComputedStyle(each).color)), light(ground(each))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  });
  const paper = light(rgb(getComputedStyle(document.body).backgroundColor));
  return { paper, worst: Math.min(...worst), count: worst.length };
}"""


@pytest.mark.parametrize(("scheme", "lightest"), [("dark", 0.05), ("light", 1.0)])
def test_text_stands_out_in_both_colour_schemes(page, scheme, lightest):
    page.emulate_media(color_scheme=scheme)
    found = page.evaluate(CONTRAST)
    assert found["count"] > 100
    assert found["worst"] >= 4.5
    assert (found["paper"] <= lightest) if scheme == "dark" else (found["paper"] == lightest)
    paper = page.evaluate("document.getElementById('chart-nav').layout.paper_bgcolor")
    assert paper == ("#15191e" if scheme == "dark" else "#ffffff")


def test_without_scripts_tables_and_picture_are_there(browser, address):
    context = browser.new_context(java_script_enabled=False, viewport=DESK)
    tab = context.new_page()
    tab.goto(address)
    assert tab.locator("#still img").is_visible()
    assert tab.locator("noscript p").is_visible()
    assert tab.locator("#journal-table tbody tr").count() == 50
    assert not tab.locator("#chart-nav").is_visible()
    context.close()


def test_a_browser_that_cannot_unpack_says_so(browser, address):
    tab = browser.new_page(viewport=DESK)
    tab.add_init_script("delete window.DecompressionStream")
    tab.goto(address)
    assert "lacks DecompressionStream" in tab.locator("#trouble").text_content()
    assert tab.locator("#trouble").is_visible() and tab.locator("#still img").is_visible()
    tab.close()


def test_a_report_of_an_older_summary_is_drawn_too(browser, result, tmp_path):
    bare = ComparisonResult(**{**vars(result), "anatomy": {}})
    summary = rich_summary(result, draws=20)
    older = {key: summary[key] for key in summary if key not in ("holding", "regimes", "crises", "verdict")}
    path = tmp_path / "older.html"
    path.write_text(render_report(bare, older, {}), encoding="utf-8")
    tab, said, _ = opened(browser, path.as_uri())
    drawn = set(tab.evaluate("[...document.querySelectorAll('.js-plotly-plot')].map(each => each.id)"))
    assert drawn == {"chart-nav", "chart-vix", "chart-payoff"}
    assert not tab.locator(".profile-part").first.is_visible()
    assert said == []
    tab.close()


def test_nothing_was_said_and_nothing_was_asked_for(drawn, address):
    """The last test: the page has by now been used in every way above."""
    _, said, asked = drawn
    assert said == []
    assert [url for url in asked if not url.startswith(("data:", "blob:"))] == [address]
