"""What a sweep shows, in plain words, the unwelcome included."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from alvh_bt.report.wording import METRIC_ROWS, UNDEFINED, known_share, percent, ratio, usd, whole

_FORMATS: Final[dict[str, tuple[str, Callable[[float | None], str]]]] = {
    **{key: (label.strip(), write) for key, label, write in METRIC_ROWS},
    "total_return": ("Total return", percent),
    "max_drawdown_days": ("Max drawdown, days", whole),
    "monetised_usd": ("Monetised, USD", usd),
    "hedge_pnl_worst_usd": ("Hedge P&L on worst days, USD", usd),
    "bleed_usd": ("Hedge bleed, USD", usd),
}


def metric_label(metric: str) -> str:
    """Return what a metric is called, with its unit.

    >>> metric_label("pnl_usd"), metric_label("bleed_usd")
    ('P&L, USD', 'Hedge bleed, USD')
    """
    return _FORMATS[metric][0]


def metric_text(metric: str, value: float | None) -> str:
    """Return a metric's value in its own format.

    >>> metric_text("hedge_decay", 0.0123), metric_text("pnl_usd", None)
    ('1.23%', 'n/a')
    """
    return _FORMATS[metric][1](value)


def value_text(value: Any) -> str:
    """Return a value of an axis, as short as it is told.

    >>> value_text(0.30000000000000004), value_text(True), value_text("weekly")
    ('0.3', 'true', 'weekly')
    """
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def sweep_headline(summary: Mapping[str, Any]) -> list[str]:
    """Return the answer of a sweep, what it is not, and how far the sweep got."""
    return [*_answer(summary), *progress_lines(summary)]


def _answer(summary: Mapping[str, Any]) -> list[str]:
    cost, hedge = summary["equal_cost"], summary["hedge"]
    if cost is None:
        return [f"{hedge} is compared with nothing at equal cost: the sweep has no static hedge beside it."]
    rival = cost["rival"]
    low, middle, high = (_signed_usd(cost[f"{name}_usd_a_year"]) for name in ("p5", "median", "p95"))
    left = "; ".join(f"{count:,} because {reason}" for reason, count in cost["left_out"].items())
    left_out = f" Left out: {left}." if left else ""
    missing, wins = sum(cost["left_out"].values()), cost["share"] or 0.0
    if left and cost["compared"]:
        every, won = cost["compared"] + missing, wins * cost["compared"]
        bounds = f"{known_share(won / every)} and {known_share((won + missing) / every)}"
        left_out += f" Whichever way those had gone, it would be between {bounds} of {every:,}."
    if not cost["compared"]:
        return [f"Whether {hedge} beats {rival} at equal cost cannot be told.{left_out}"]
    return [
        f"In {known_share(cost['share'])} of {cost['compared']:,} configurations {hedge} beats {rival} at "
        "equal cost.",
        f"With {rival}'s hedge scaled to the same bleed, {hedge}'s makes {middle} USD a year against it in "
        f"the median configuration ({low} to {high} in nine of ten). All saw the same history: the share "
        f"says how much the answer depends on settings, not how likely it is to hold.{left_out}",
    ]


def progress_lines(summary: Mapping[str, Any]) -> list[str]:
    """Return how far the sweep got, and what failed or ended early; nothing where all went well."""
    runs, lines = summary["runs"], []
    planned = runs["planned"]
    if planned is not None and runs["finished"] < planned:
        why = "a part is missing" if runs["complete"] else "it has not ended"
        lines.append(f"{runs['finished']:,} of {planned:,} runs: {why}; --resume makes the rest.")
    if runs["failed"]:
        first = f"configuration {runs['first_failed']}, {runs['first_error']}"
        lines.append(f"{runs['failed']:,} of {runs['finished']:,} runs failed; the first: {first}.")
    if runs["stopped"]:
        lines.append(
            f"{runs['stopped']:,} runs ended early ({runs['stopped_here']:,} under {summary['hedge']}) and "
            f"are not ranked; the first: {runs['first_stop']}."
        )
    if runs["repeated"]:
        lines.append(f"{runs['repeated']:,} rows stood twice and count once.")
    return lines


def luck_sentences(summary: Mapping[str, Any]) -> list[str]:
    """Return how much of the first winner may be luck: one sentence a test."""
    best, tried = summary["best"][0], summary["tried"]
    return [
        *_idle_sentences(best, summary["median_trades"]),
        deflated_sentence(best, tried, summary["luck_sharpe"]),
        _overfitting_sentence(summary["overfitting"]),
        _neighbour_sentence(best, summary),
        *_walk_sentences(summary["walk_forward"]),
    ]


def _idle_sentences(best: Mapping[str, Any], median: float | None) -> list[str]:
    """Return a warning where a winner hardly trades; nothing else would notice."""
    trades = best["metrics"].get("trades")
    if trades is None or not median or trades >= 0.5 * median:
        return []
    return [
        f"Configuration {best['configuration']} hardly trades: {trades:,.0f} fills, the median one "
        f"{median:,.0f}. What it earns is mostly interest on cash; none of the tests below notices."
    ]


def deflated_sentence(best: Mapping[str, Any], tried: int, luck: float | None) -> str:
    """Return what the deflated Sharpe ratio of a winner says; `luck` that of the best blind try.

    >>> best = {"configuration": 3, "deflated_sharpe": 0.31, "weekly_sharpe": 0.8}
    >>> told = deflated_sentence(best, 100, 0.9)
    >>> told.partition(": ")[2]
    'its Sharpe is 0.80, and luck alone gives the best of 100 tries 0.90.'
    """
    found, name = best["deflated_sharpe"], f"(configuration {best['configuration']})"
    if found is None:
        return f"Deflated Sharpe {name}: cannot be told, a week's return is missing or never moves."
    told = f"its Sharpe is {ratio(best['weekly_sharpe'])}, and luck alone gives the best of {tried:,} tries"
    said = f"{told} {ratio(luck)}"
    if found >= 0.95:
        said += ": more than luck explains"
    elif found >= 0.5:
        said += ": it may still be luck; 0.95 would say that it is not"
    return f"Deflated Sharpe {ratio(found)} {name}: {said}."


def _overfitting_sentence(found: Mapping[str, Any]) -> str:
    if found["probability"] is None:
        return f"Probability of backtest overfitting: cannot be told, {found['reason']}."
    share = found["probability"]
    tells = "little" if share > 0.4 else "something" if share > 0.1 else "much"
    sampled = ""
    if found["configurations"] < found["of"]:
        sampled = f" of {found['of']:,}, drawn with the sweep's seed"
    return (
        f"Probability of backtest overfitting {percent(share, 0)}: so often the best of one half of the "
        "weeks was no better than the median in the other half. Blind choice gives about 50%, so that a "
        "good past "
        f"tells {tells} here ({found['splits']:,} splits of {found['blocks']} blocks, "
        f"{found['configurations']:,} configurations{sampled}). An axis that is better in any weeks, such "
        "as a lower cost, makes it small too: that is no skill."
    )


def _neighbour_sentence(best: Mapping[str, Any], summary: Mapping[str, Any]) -> str:
    rule = win_rule(summary)
    if not best["neighbours"]:
        return f"Neighbourhood of configuration {best['configuration']}: no neighbour has a result."
    own = "" if best["wins"] else "; the winner itself does not"
    return (
        f"Neighbourhood of configuration {best['configuration']}: {best['neighbours_that_win']} of its "
        f"{best['neighbours']} nearest neighbours {rule}{own}."
    )


def win_rule(summary: Mapping[str, Any]) -> str:
    """Return what it takes to win, as a verb."""
    cost = summary["equal_cost"]
    if cost is not None and cost["compared"]:
        return f"beat {cost['rival']} at equal cost"
    return f"are in the top quarter by {metric_label(summary['metric'])}"


def _walk_sentences(walks: Mapping[str, Any]) -> list[str]:
    lines = []
    for metric in dict.fromkeys(row["metric"] for row in walks["rows"]):
        rows = [row for row in walks["rows"] if row["metric"] == metric]
        helped = [row["scheme"] for row in rows if _helped(row)]
        said = (
            "helped"
            if len(helped) == len(rows)
            else f"helped {helped[0]} alone"
            if helped
            else "did not help"
        )
        lines.append(
            f"Walk-forward, chosen by {metric_label(metric)}: "
            + "; ".join(
                f"{row['scheme']} {_growth(row, '')}, in sample {_growth(row, 'in_sample_')}" for row in rows
            )
            + f". The median configuration made {_growth(rows[0], 'median_')}: choosing on the past {said}."
        )
    return [*lines, *(f"Walk-forward: {reason}." for reason in walks["reasons"])]


def _growth(row: Mapping[str, Any], whose: str) -> str:
    return f"{percent(row[f'{whose}cagr'])} a year (Sharpe {ratio(row[f'{whose}sharpe'])})"


def _helped(row: Mapping[str, Any]) -> bool:
    pair = row["sharpe"], row["median_sharpe"]
    return None not in pair and pair[0] > pair[1]


def share_text(best: Mapping[str, Any]) -> str:
    """Return how many of the neighbours win.

    >>> share_text({"neighbours": 4, "neighbours_that_win": 3}), share_text({"neighbours": 0})
    ('3 of 4', 'n/a')
    """
    return f"{best['neighbours_that_win']} of {best['neighbours']}" if best["neighbours"] else UNDEFINED


def _signed_usd(value: float | None) -> str:
    return UNDEFINED if value is None else f"{round(value) + 0:+,}"
