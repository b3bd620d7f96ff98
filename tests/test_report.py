"""What a user reads: wording, terminal tables, figures, the HTML page."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser

import pandas as pd
import pytest
from PIL import Image
from rich.console import Console
from synthetic_anatomy import rich_comparison, rich_summary
from synthetic_runs import long_comparison, small_run

from alvh_bt.analysis.results import ComparisonResult
from alvh_bt.analysis.summary import summarise
from alvh_bt.engine.results import RunResult
from alvh_bt.report import wording
from alvh_bt.report.figures import draw_figures, layer_entries, source_line
from alvh_bt.report.figures_told import told_panels
from alvh_bt.report.headline import headline
from alvh_bt.report.html import render_report
from alvh_bt.report.run_tables import trade_counts
from alvh_bt.report.tables import print_comparison


@pytest.fixture(scope="module")
def result() -> ComparisonResult:
    return long_comparison(sessions=600)


@pytest.fixture(scope="module")
def stopped() -> ComparisonResult:
    return long_comparison(sessions=600, stop_static=True)


@pytest.fixture(scope="module")
def figures(result):
    return draw_figures(result)


@pytest.fixture(scope="module")
def page(result, figures) -> str:
    return render_report(result, summarise(result, draws=100), figures)


def printed(result: ComparisonResult, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width)
    print_comparison(summarise(result, draws=100), console)
    return console.file.getvalue()


def variant(pnl: float, hedge_pnl: float = -1.0, decay: float = 0.01, stopped: str | None = None) -> dict:
    return {"pnl_usd": pnl, "hedge_pnl_usd": hedge_pnl, "hedge_decay": decay, "stopped": stopped}


def summary_of(variants: dict, comparisons: tuple = ()) -> dict:
    return {
        "window": {"start": "2006-03-01", "end": "2024-12-31"},
        "variants": variants,
        "comparisons": comparisons,
    }


def test_headline_has_the_verdict_first_and_then_what_each_hedge_made():
    variants = {
        "none": variant(900.0, 0.0, 0.0),
        "layered": {**variant(100.0, -500.0, 0.02), "hedge_pnl_worst_usd": 7_000.0},
    }
    summary = {**summary_of(variants), "verdict": ["First.", "Second."]}
    assert headline(summary) == [
        "First.",
        "Second.",
        "What the hedges themselves made: layered -500 USD (7,000 on the condors' worst 5% of days) at "
        "2.00% of NAV a year of decay.",
    ]


def test_headline_of_no_hedge_is_the_verdict():
    summary = {**summary_of({"none": variant(-5.0, 0.0, 0.0)}), "verdict": ["Only no hedge was run."]}
    assert headline(summary) == ["Only no hedge was run."]


def test_inputs_are_grouped_by_their_share():
    inputs = {
        "vvix": {"modelled": 1.0},
        "vix9d": {"modelled": 1.0},
        "rate": {"modelled": 0.004, "observed": 0.996},
    }
    assert wording.inputs_line(inputs, "modelled") == "VVIX, VIX9D 100% of days; bill rate <1%"


@pytest.mark.parametrize("write", [row[2] for row in wording.METRIC_ROWS])
@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_what_is_undefined_reads_n_a(write, value):
    assert write(value) == "n/a"


@pytest.mark.parametrize(
    ("value", "text"), [(-1234.0, "-1,234"), (-0.4, "0"), (0.0, "0"), (1e6, "1,000,000")]
)
def test_usd(value, text):
    assert wording.usd(value) == text


@pytest.mark.parametrize("width", [80, 100, 160])
def test_terminal_tables_fit_and_lose_nothing(stopped, width):
    text = printed(stopped, width)
    assert max(len(line) for line in text.splitlines()) <= min(width, 100)
    assert "…" not in text
    for label in (
        "P&L, USD",
        "CAGR",
        "Sharpe",
        "Max drawdown",
        "its length, days",
        "CVaR 95%",
        "Hedge P&L, USD",
    ):
        assert label in text
    for label in ("Hedge decay", "Decay / condor theta", "Costs, USD", "Inputs modelled: VVIX 100% of days"):
        assert label in text


def test_terminal_shows_the_figures_of_the_summary(result):
    text = printed(result)
    summary = summarise(result, draws=100)["variants"]
    row = next(
        line for line in text.splitlines() if line.startswith(" P&L, USD") or line.startswith("P&L, USD")
    )
    assert re.findall(r"-?[\d,]+\b", row.split("USD")[1]) == [
        wording.usd(each["pnl_usd"]) for each in summary.values()
    ]


def test_terminal_shows_one_condor_pnl_where_it_is_the_same(result, stopped):
    row = next(line for line in printed(result).splitlines() if "Condor P&L" in line)
    assert row.split()[-3:] == ["same"] * 3
    row = next(line for line in printed(stopped).splitlines() if "Condor P&L" in line)
    assert "same" not in row


def test_terminal_names_a_run_that_stopped(stopped):
    text = " ".join(printed(stopped).split())
    assert "static-calls stopped early" in text
    assert "margin short by 1,234 USD" in text


def test_many_variants_go_into_several_tables(result):
    summary = summarise(result, draws=100)
    summary["variants"] |= {f"ladder-{i}": summary["variants"]["layered"] for i in range(3)}
    console = Console(file=io.StringIO(), width=80)
    print_comparison(summary, console)
    assert console.file.getvalue().count("P&L, USD") == 2 * 3  # own, hedge's and condor's in two tables
    assert "ladder-2" in console.file.getvalue()


@pytest.mark.parametrize(
    "name", ["nav.png", "drawdown.png", "hedge_carry.png", "vix_layers.png", "overview.png"]
)
def test_figures_are_pictures_with_something_on_them(figures, name):
    picture = Image.open(io.BytesIO(figures[name])).convert("RGB")
    assert picture.width == (1400 if name == "overview.png" else 990)
    assert len(picture.getcolors(maxcolors=1_000_000)) > 50


def test_layered_is_drawn_in_its_own_colour_and_a_missing_run_is_not(result):
    def blue(pictures: dict[str, bytes]) -> int:
        picture = Image.open(io.BytesIO(pictures["nav.png"])).convert("RGB")
        return sum(count for count, colour in picture.getcolors(1_000_000) if colour == (0, 114, 178))

    fewer = ComparisonResult(**{**vars(result), "runs": result.runs[:3]})
    assert blue(draw_figures(result)) > 200
    assert blue(draw_figures(fewer)) == 0


def test_figures_of_a_run_that_stopped_and_of_a_vix_that_is_unknown(stopped):
    unknown = ComparisonResult(**{**vars(stopped), "states": stopped.states * float("nan")})
    assert len(draw_figures(unknown)) == 10


def test_entries_count_days_not_fills_and_leave_rolls_out(result):
    run = result.run("layered")
    days = list(run.daily["date"].iloc[:4])
    two_futures_then_a_roll = (
        run.trades[run.trades["layer"] == "one"]
        .iloc[:4]
        .assign(date=[days[2], days[0], days[0], days[3]], action=["open", "open", "open", "roll"])
    )
    changed = RunResult("layered", run.daily, two_futures_then_a_roll, run.journal)
    assert list(layer_entries(changed, "one")) == [days[0], days[2]]
    assert len(layer_entries(changed, "two")) == 0


def test_the_source_line_says_what_was_modelled(result):
    assert source_line(result).endswith("Modelled inputs: VVIX 100% of days; VIX futures 62%.")


class Outline(HTMLParser):
    """Every tag's attributes, and whether tags close."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.alts: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.links += [values[name] for name in ("src", "href", "action", "data") if values.get(name)]
        if tag == "img":
            self.alts.append(values["alt"])
        if tag not in ("meta", "img", "link", "br", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_needs_nothing_else(page):
    outline = Outline()
    outline.feed(page)
    assert outline.open == []
    assert len(outline.alts) == 1
    assert all(len(alt) > 30 for alt in outline.alts)
    assert all(link.startswith(("data:image/png;base64,", "#")) for link in outline.links)
    assert not re.search(r"https?://|@import|url\(", page)
    assert "default-src 'none'" in page
    assert len(page) < 4_000_000


def test_every_link_of_the_contents_leads_somewhere(page):
    links = re.findall(r'<a href="#([a-z]+)"', page)
    assert len(links) >= 8
    assert all(page.count(f'<section id="{link}"') == 1 for link in links)


def test_the_page_escapes_what_it_is_given(page):
    assert "<b>bold</b>" not in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page


def test_the_page_shows_what_a_reader_must_know(result, page):
    for text in (
        "prefers-color-scheme",
        "VIX opens outside",
        "Run 0123abcd",
        "stationary block bootstrap",
        "62%",
    ):
        assert text in page
    hedge_rows = sum(int((run.journal["book"] == "hedge").sum()) for run in result.runs)
    every = sum(len(run.journal) for run in result.runs)
    assert hedge_rows == every == 220  # of 4 x 55 rows, all of hedges; the last 50 need no script
    assert "The last 50 of 220 entries" in page


def test_the_page_marks_the_intervals_that_exclude_zero_and_no_others(result):
    summary = summarise(result, draws=100)
    clear = [row for row in summary["comparisons"] if row["ci_low"] > 0 or row["ci_high"] < 0]
    assert 0 < len(clear) < len(summary["comparisons"])
    assert render_report(result, summary, {}).count('<td class="clear">') == len(clear)


def test_the_page_names_a_run_that_stopped(stopped):
    page = render_report(stopped, summarise(stopped, draws=100), {})
    assert "<strong>static-calls stopped early.</strong> margin short by 1,234 USD" in page
    assert "days common to both" in page
    assert "<img" not in page


#: What each optional part of a summary puts on the page, and where.
OPTIONAL = {
    "matched": "matched",
    "paths": "paths",
    "regimes": "regimes",
    "crises": "crises",
    "holding": "holding",
}


@pytest.fixture(scope="module")
def rich() -> ComparisonResult:
    return rich_comparison(sessions=60, journal_rows=80)


@pytest.mark.parametrize("key", OPTIONAL)
def test_a_part_that_the_summary_lacks_is_left_out(rich, key):
    summary = rich_summary(rich, draws=20)
    section = f'<section id="{OPTIONAL[key]}">'
    assert section in render_report(rich, summary, {})
    assert section not in render_report(rich, {name: summary[name] for name in summary if name != key}, {})


def test_the_verdict_stands_on_top_and_the_headline_does_not_repeat_it(rich):
    page = render_report(rich, rich_summary(rich, draws=20), {})
    assert '<p class="verdict">On 2006-2024 layered cost 0.8% a year less' in page
    assert "Against &lt;none&gt;" in page
    assert page.count("On 2006-2024 layered cost 0.8% a year less") == 1
    assert page.count("What the hedges themselves made") == 1


def test_what_the_paths_and_the_tests_over_all_hedges_say(rich):
    page = render_report(rich, rich_summary(rich, draws=20), {})
    # Seven tenths of a percent better on 31 paths, two tenths worse on nine of forty.
    words, figures = ("layered less static-calls", "CAGR, % points"), ("+0.70", "-0.20 to +0.70", "31 of 40")
    cells = [f'<td class="word">{cell}</td>' for cell in words] + [f"<td>{cell}</td>" for cell in figures]
    assert f"<tr>{''.join(cells)}" in page
    assert "40 resampled histories of 2006-03-01" in page
    assert "p 0.400 (between 0.310 and 0.520)" in page and "of the 3 tried" in page


def test_why_there_is_no_test_over_all_hedges(rich):
    summary = {**rich_summary(rich, draws=20), "superior": {"reason": "fewer than 60 sessions"}}
    assert "were not made: fewer than 60 sessions." in render_report(rich, summary, {})


def test_a_page_of_one_run_without_trades_or_journal():
    run = small_run([250_000.0, 249_000.0, 251_000.0])
    states = pd.DataFrame(
        {name: [float("nan")] * 3 for name in ("spx", "vix", "vix_slope", "vvix")},
        index=pd.DatetimeIndex(run.daily["date"]),
    )
    dates = run.daily["date"]
    result = ComparisonResult(
        *((run,), {}, {}, (), states, "id", dates.iloc[0].date(), dates.iloc[-1].date(), 250_000.0)
    )
    page = render_report(result, summarise(result, draws=20), {})
    assert "The journal is empty." in page
    assert '<section id="differences">' not in page


def test_svg_figures_hold_no_time_and_are_the_same_twice(rich):
    summary = rich_summary(rich, draws=20)
    figures = draw_figures(rich, summary)
    names = {"nav", "drawdown", "hedge_carry", "vix_layers", "overview", "waterfall", "regimes", "crises"}
    assert set(figures) == {f"{name}.{kind}" for name in names for kind in ("png", "svg")}
    assert all(b"<dc:date>" not in figures[f"{name}.svg"] for name in names)
    assert draw_figures(rich, summary) == figures
    assert told_panels({}) == {}


def test_trade_counts_by_layer(result):
    counts = {(name, book, layer): actions for name, book, layer, actions in trade_counts(result)}
    months = len(pd.RangeIndex(0, 600, 21))
    assert counts["layered", "hedge", "one"] == {"open": months, "roll": months}
    assert ("none", "hedge", "one") not in counts
