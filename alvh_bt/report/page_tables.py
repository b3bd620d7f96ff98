"""The report's tables as text: a chart's numbers in words, and what has no chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import pandas as pd

from alvh_bt.analysis.anatomy import PARTS
from alvh_bt.analysis.results import ComparisonResult
from alvh_bt.report import wording
from alvh_bt.report.page_data import sessions_of
from alvh_bt.report.paths_table import PAIR_HEADINGS, history_line, pair_rows, path_sentences
from alvh_bt.report.positions import layer_spells, lot_spells
from alvh_bt.report.wording import percent, ratio, usd


class TextTable(NamedTuple):
    """A table ready to be shown: titles of columns, rows of text, and how many columns hold words."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int = 1


class GroupedTable(NamedTuple):
    """A table whose rows stand in groups, each under a title of its own."""

    columns: Sequence[str]
    groups: Sequence[tuple[str, Sequence[Sequence[str]]]]


#: What regimes are told by, as a reader calls it.
REGIME_NAMES: Final = {"vix": "VIX level", "slope": "VIX futures curve", "vvix": "VVIX level"}
_WATERFALL: Final = (
    ("paid", "Hedge: paid, USD"),
    ("earned_back", "Hedge: earned back, USD"),
    ("monetised", "Hedge: monetised, USD"),
    ("still_held", "Hedge: still held, USD"),
    ("net", "Hedge P&L, USD"),
)


def year_table(result: ComparisonResult) -> TextTable:
    """Return the numbers behind the NAV chart: NAV at each year's end, worst drawdown in the year."""
    columns, table = ["Year"], pd.DataFrame()
    for run in result.runs:
        by_year = run.daily.groupby(run.daily["date"].dt.year)
        table[f"{run.variant} nav"] = by_year["nav"].last()
        table[f"{run.variant} drawdown"] = by_year["drawdown"].min()
        columns += [f"{run.variant}: NAV, USD", f"{run.variant}: worst drawdown"]
    rows = [
        [
            str(year),
            *(write(value) for write, value in zip((usd, percent) * len(result.runs), row, strict=True)),
        ]
        for year, row in zip(table.index, table.to_numpy(float), strict=True)
    ]
    return TextTable(columns, rows)


def layer_time_table(result: ComparisonResult) -> TextTable:
    """Return the numbers behind the VIX chart: each layer's spells, share of days, VIX when opened."""
    dates = sessions_of(result)
    vix = result.states["vix"].reindex(dates).to_numpy()
    rows = []
    for run in result.runs:
        for layer, spells in layer_spells(lot_spells(run.trades, dates), len(dates)).items():
            held = sum(after - first for first, after in spells)
            opened = pd.Series([vix[first] for first, _ in spells])
            days = wording.known_share(held / len(run.daily))
            rows.append([run.variant, layer, f"{len(spells):,}", days, ratio(float(opened.median()))])
    return TextTable(
        ("Variant", "Layer", "Times held", "Share of sessions", "Median VIX at the first close held"), rows, 2
    )


def waterfall_table(summary: Mapping[str, Any]) -> TextTable | None:
    """Return the steps from condor to P&L by variant; None where the summary has none."""
    holding = _with(summary, "waterfall")
    if not holding:
        return None
    variants = {name: summary["variants"][name] for name in holding}
    rows = [["Condor P&L, USD", *(usd(each["condor_pnl_usd"]) for each in variants.values())]]
    rows += [
        [label, *(usd(each["waterfall"].get(key)) for each in holding.values())] for key, label in _WATERFALL
    ]
    rows.append(["Interest, USD", *(usd(_interest(each)) for each in variants.values())])
    rows.append(["P&L, USD", *(usd(each["pnl_usd"]) for each in variants.values())])
    return TextTable(("", *holding), rows)


def _interest(variant: Mapping[str, Any]) -> float | None:
    parts = [variant[key] for key in ("pnl_usd", "condor_pnl_usd", "hedge_pnl_usd")]
    return None if None in parts else parts[0] - parts[1] - parts[2]


def parts_table(summary: Mapping[str, Any]) -> TextTable | None:
    """Return the P&L of each book by part, and the median unexplained share; None where there are none."""
    holding = _with(summary, "parts")
    if not holding:
        return None
    rows = []
    for book in ("condor", "hedge"):
        sums = [each["parts"].get(book) for each in holding.values()]
        for part in PARTS:
            cells = ["-" if each is None else usd(each.get(part)) for each in sums]
            rows.append([f"{book.capitalize()}: {part.replace('_', ' ')}", *cells])
    for book, label in (("condor", "Condor"), ("hedge", "Hedge"), ("all", "Both")):
        shares = [(each.get("median_unexplained") or {}).get(book) for each in holding.values()]
        rows.append([f"{label}: unexplained on the median day", *(percent(share, 1) for share in shares)])
    return TextTable(("USD", *holding), rows)


def worst_days_table(summary: Mapping[str, Any]) -> TextTable | None:
    """Return the days with the largest unexplained P&L; None where none is told."""
    rows = [
        [name, str(day["date"]), str(day["book"]), usd(day["pnl"]), usd(day["unexplained"])]
        for name, holding in _with(summary, "worst_days").items()
        for day in holding["worst_days"]
    ]
    return TextTable(("Variant", "Day", "Book", "P&L, USD", "Unexplained, USD"), rows, 3) if rows else None


def holding_table(summary: Mapping[str, Any]) -> TextTable | None:
    """Return what holding each hedge costs; None where the summary does not tell."""
    holding = _with(summary, "bleed_usd_a_year")
    if not holding:
        return None
    rows = [
        [
            name,
            usd(each["bleed_usd_a_year"]),
            ratio(each.get("decay_per_vega")),
            percent(each.get("decay_per_protection"), 1),
            "; ".join(f"{layer} {_days(days)}" for layer, days in (each.get("half_life_days") or {}).items())
            or "-",
        ]
        for name, each in holding.items()
        if each["bleed_usd_a_year"] or each.get("half_life_days")
    ]
    titles = (
        "Variant",
        "Bleed, USD a year",
        "USD a year for each USD of vega",
        "Bleed a year / crash gain",
        "Half-life of time value",
    )
    return TextTable(titles, rows) if rows else None


def _days(days: float | None) -> str:
    return "n/a" if days is None or days != days else f"{days:,.1f} days"


def regime_table(summary: Mapping[str, Any]) -> TextTable | None:
    """Return P&L and decay by regime and variant; None where the summary has no regimes."""
    if not summary.get("regimes"):
        return None
    rows = [
        [
            str(row["regime"]),
            name,
            wording.known_share(row["share"]),
            *(usd(each.get(key)) for key in ("condor_pnl_usd", "hedge_pnl_usd", "bleed_usd")),
            percent(each.get("decay")),
        ]
        for row in summary["regimes"]
        for name, each in row["variants"].items()
    ]
    titles = (
        *("Regime", "Variant", "Share of days", "Condor P&L, USD", "Hedge P&L, USD", "Bleed, USD"),
        "Decay a year, of NAV",
    )
    return TextTable(titles, rows, 2)


def crisis_table(summary: Mapping[str, Any]) -> GroupedTable | None:
    """Return each crisis with a row a variant; None where the summary has none."""
    if not summary.get("crises"):
        return None
    groups = [
        (
            f"{crisis['name']}: {crisis['start']} to {crisis['end']}, S&P 500 "
            f"{percent(crisis.get('spx_return'), 1)}, VIX up to {ratio(crisis.get('vix_peak'))}"
            + ("" if crisis.get("whole", True) else ", cut off by the window"),
            [[name, *_crisis_cells(each or {})] for name, each in crisis["variants"].items()],
        )
        for crisis in summary["crises"]
    ]
    titles = (
        *("Variant", "Condor P&L, USD", "Hedge P&L, USD", "Drawdown", "Without the hedge"),
        "Hedge P&L since the last crisis, USD",
    )
    return GroupedTable(titles, groups)


def _crisis_cells(each: Mapping[str, Any]) -> list[str]:
    return [
        *(usd(each.get(key)) for key in ("condor_pnl_usd", "hedge_pnl_usd")),
        *(percent(each.get(key), 1) for key in ("drawdown", "drawdown_unhedged")),
        usd(each.get("cost_since_last_usd")),
    ]


def matched_table(summary: Mapping[str, Any]) -> TextTable | None:
    """Return the hedges scaled to be equal in cost or protection; None where they were not."""
    matched = summary.get("matched") or {}
    if not matched.get("variants"):
        return None
    rows = [
        [
            name,
            _scale(name, matched),
            percent(each.get("cagr")),
            percent(each.get("max_drawdown")),
            usd(each.get("hedge_pnl_usd")),
        ]
        for name, each in matched["variants"].items()
    ]
    return TextTable(("Variant", "Hedge scaled by", "CAGR", "Max drawdown", "Hedge P&L, USD"), rows)


def _scale(name: str, matched: Mapping[str, Any]) -> str:
    if name == matched.get("reference"):
        return "1 (reference)"
    scale = (matched.get("scales") or {}).get(name)
    return "-" if scale is None else f"{scale:,.3g}"


def superior_table(summary: Mapping[str, Any]) -> TextTable | None:
    """Return the model confidence set by variant; None where it was not made."""
    variants = (summary.get("superior") or {}).get("variants")
    if not variants:
        return None
    rows = [
        [name, wording.p_value(each["p_value"]), "yes" if each["included"] else "no"]
        for name, each in variants.items()
    ]
    return TextTable(("Variant", "p", "Among the best?"), rows)


def superior_lines(summary: Mapping[str, Any]) -> list[str]:
    """Return what the tests over all hedges at once say, or why they were not made."""
    superior = summary.get("superior") or {}
    if superior.get("reason"):
        return [f"Tests over all hedges at once were not made: {superior['reason']}."]
    if superior.get("p_consistent") is None:
        return []
    p = {key: wording.p_value(superior.get(f"p_{key}")) for key in ("lower", "consistent", "upper")}
    return [
        f"Hansen's test that no hedge earns more a day than {superior.get('benchmark')}: p {p['consistent']} "
        f"(between {p['lower']} and {p['upper']}). A small p says that at least one of the "
        f"{superior.get('tried')} tried does, luck over that many allowed for."
    ]


def paths_table(summary: Mapping[str, Any]) -> tuple[list[str], TextTable | None]:
    """Return what the resampled histories say: sentences, and a table of the differences; or nothing."""
    paths = summary.get("paths")
    if not paths:
        return [], None
    rows = [[cells[0], label, *cells[1:]] for label, cells in pair_rows(paths)]
    titles = (PAIR_HEADINGS[0], "Metric", *PAIR_HEADINGS[1:])
    lines = [*path_sentences(paths), f"Resampled histories, 5% to 95%: {history_line(paths)}."]
    return lines, TextTable(titles, rows, 2) if rows else None


def _with(summary: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return the variants of `summary["holding"]` that tell `key`."""
    holding: Mapping[str, Any] = summary.get("holding") or {}
    return {name: each for name, each in holding.items() if each.get(key) is not None or _unknown(each, key)}


def _unknown(each: Mapping[str, Any], key: str) -> bool:
    """Say whether a figure is there but undefined: n/a is shown for it."""
    return key == "bleed_usd_a_year" and key in each
