"""The verdict: what a comparison says, in plain sentences, each difference with its interval."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

from alvh_bt.analysis.comparison import COMMON_DAYS, NO_INTERVAL
from alvh_bt.analysis.focus import focus_of, rivals_of
from alvh_bt.analysis.verdict_words import Gap, amount, depth_words, interval_words, period_words

Summary = Mapping[str, Any]

#: How many others the variant is told against.
_RIVALS: Final = 4
#: Differences with an adjusted p-value below this stay clear, as a 90% interval would have it.
_CLEAR: Final = 0.10
#: In what matched hedges are equal, in words.
_EQUAL: Final = {"cost": "bleed", "protection": "protection"}


def verdict(summary: Summary) -> list[str]:
    r"""Return what a comparison says in plain sentences, the main one first.

    The focus is `layered` where it was run, else the last variant that is not `none`. It is told against at
    most four others. A sentence gives the difference in growth a year (CAGR, as a cost) and in the worst
    drawdown, each with its 90% interval in the sign of the sentence; where the interval holds zero it is
    undecided. One sentence on `matched` and one on `superior` follow where the summary has them.

    Parameters
    ----------
    summary
        `window`, `variants` and `comparisons` as `summarise` returns them; `matched` as
        `analysis.matched.matched_summary` and `superior` as `analysis.superior.superior` do.

    Examples
    --------
    >>> drawn = {"a": "static-calls", "b": "layered", "method": "drawn"}
    >>> growth = {"metric": "cagr", "difference": -0.008, "ci_low": -0.016, "ci_high": -0.001}
    >>> fall = {"metric": "max_drawdown", "difference": 0.019, "ci_low": -0.007, "ci_high": 0.041}
    >>> summary = {
    ...     "window": {"start": "2007-01-03", "end": "2024-12-31"},
    ...     "variants": {"static-calls": {"stopped": None}, "layered": {"stopped": None}},
    ...     "comparisons": [{**drawn, **growth}, {**drawn, **fall}],
    ... }
    >>> main, = verdict(summary)
    >>> print(main.replace(" and ", "\nand "))
    On 2007-2024 layered cost 0.8% a year less than static-calls (90%: 0.1 to 1.6)
    and its worst drawdown was 1.9 points deeper (-0.7 to 4.1): cheaper, protection undecided.
    """
    names = list(summary["variants"])
    focus = focus_of(names)
    rivals = rivals_of(names, focus)
    if not rivals:
        return [_alone(focus, summary)]
    said = [_against(focus, rival, summary, rival == rivals[0]) for rival in rivals[:_RIVALS]]
    idle = [name for name in names if name != "none" and _is_idle(summary["variants"][name])]
    if idle:
        said.insert(0, f"{_both(idle, 'and')} never held a hedge: nothing is said of {_it(idle)} here.")
    if summary.get("matched"):
        said.extend(_at_equal(focus, summary["matched"]))
    if summary.get("superior"):
        said.append(_counted(summary["comparisons"], summary["superior"]))
    return said


def _called(name: str) -> str:
    return "no hedge" if name == "none" else name


def _alone(focus: str, summary: Summary) -> str:
    stopped = summary["variants"][focus].get("stopped")
    period = period_words(**_window(summary))
    said = f"{period} only {_called(focus)} was run: there is nothing to compare it with"
    return f"{said}; it stopped early ({stopped})." if stopped else f"{said}."


def _window(summary: Summary) -> dict[str, dt.date]:
    return {name: dt.date.fromisoformat(summary["window"][name]) for name in ("start", "end")}


def _against(focus: str, rival: str, summary: Summary, first: bool) -> str:
    growth, fall = (_gap(summary["comparisons"], focus, rival, name) for name in ("cagr", "max_drawdown"))
    when = _when(focus, rival, summary, growth.method)
    subject = f"{when} {focus}" if first or "(" in when else "It"
    if growth.value is None or fall.value is None:
        return f"{subject} cannot be told against {_called(rival)}: {_reason(growth.method)}."
    cost, cost_word = _cost(growth, rival, _beats_none(focus, summary))
    depth, depth_word = depth_words(fall)
    if fall.clear:
        depth_word = _with_worst_days(focus, rival, summary, (fall.value or 0.0) > 0.0) or depth_word
    end = _settled(growth, fall, f"{cost_word}, {depth_word}")
    return f"{subject} {cost} and its worst drawdown was {depth}: {end}."


def _with_worst_days(focus: str, rival: str, summary: Summary, shallower: bool) -> str:
    """Return what is said where the drawdown and the condors' worst days disagree; empty where they agree.

    A book that bleeds draws down however well it is protected on the days that protection is for.
    """
    earned = {name: summary["variants"][name].get("hedge_pnl_worst_usd") for name in (focus, rival)}
    ours, theirs = earned[focus], earned[rival]
    if ours is None or theirs is None or (ours >= theirs if shallower else ours <= theirs):
        return ""
    said = f"{'shallower' if shallower else 'deeper'} drawdown, though on the condors' worst days"
    if rival == "none":
        return f"{said} the hedge earned {ours:,.0f} USD"
    more, less = (rival, theirs), (focus, ours)
    if ours > theirs:
        more, less = less, more
    return f"{said} {more[0]} earned {more[1]:,.0f} USD and {less[0]} {less[1]:,.0f}"


def _settled(growth: Gap, fall: Gap, words: str) -> str:
    """Return what both differences settle, `words` where at least one is clear."""
    if growth.clear or fall.clear:
        return words
    return "both undecided" if growth.low is not None else f"undecided, as {_reason(growth.method)}"


def _gap(rows: Sequence[Mapping[str, Any]], focus: str, rival: str, metric: str) -> Gap:
    for row in rows:
        if row["metric"] == metric and {row["a"], row["b"]} == {focus, rival}:
            value, low, high = (
                None if row[name] is None else 100.0 * row[name]
                for name in ("difference", "ci_low", "ci_high")
            )
            found = Gap(value, low, high, row["method"])
            return found if row["a"] == focus else found.turned()
    return Gap(None, None, None, f"{NO_INTERVAL}the two were not compared")


def _when(focus: str, rival: str, summary: Summary, method: str) -> str:
    """Return the days on which two variants were compared, and whose end cut them short."""
    window = _window(summary)
    _, common, last = method.partition(COMMON_DAYS)
    if common:
        last = last.partition(";")[0]
        period = period_words(window["start"], dt.date.fromisoformat(last))
        return f"{period} (to {last}, the last day of both)"
    stopped = [name for name in (focus, rival) if summary["variants"][name].get("stopped")]
    early = f" ({_both([_called(name) for name in stopped], 'and')} stopped early)" if stopped else ""
    return period_words(**window) + early


def _is_idle(variant: Mapping[str, Any]) -> bool:
    """Return whether a hedge was never held: neither P&L nor decay."""
    return variant.get("hedge_pnl_usd") == 0.0 and variant.get("hedge_decay") == 0.0


def _both(names: Sequence[str], word: str) -> str:
    return f"{', '.join(names[:-1])} {word} {names[-1]}" if len(names) > 1 else names[0]


def _it(names: Sequence[str]) -> str:
    return "them" if len(names) > 1 else "it"


def _reason(method: str) -> str:
    """Return why there is no interval, or no figure at all."""
    stated = method.removeprefix(NO_INTERVAL) if method.startswith(NO_INTERVAL) else ""
    return stated.partition(";")[0] or "the figure is undefined on these days"


def _beats_none(focus: str, summary: Summary) -> bool:
    """Return whether the book grew more than it would have without a hedge: then it did not cost."""
    gap = _gap(summary["comparisons"], focus, "none", "cagr")
    return gap.value is not None and gap.value > 0.0


def _cost(growth: Gap, rival: str, gained: bool) -> tuple[str, str]:
    """Return the clause on growth as a cost, and what it settles."""
    whom, value = _called(rival), growth.value or 0.0
    if value == 0.0:
        return f"cost as much as {whom}{interval_words(growth.turned(), '90%: ')}", "cost undecided"
    told = growth if value > 0.0 else growth.turned()
    pace, bounds = f"{amount(told)}% a year", interval_words(told, "90%: ")
    if value < 0.0:
        clause, word = f"cost {pace} more than {whom}", "dearer"
    elif rival == "none":
        clause, word = f"earned {pace} more than {whom}", "it paid for itself"
    elif gained:
        clause, word = f"earned {pace} more than {whom}", "it paid better"
    else:
        clause, word = f"cost {pace} less than {whom}", "cheaper"
    unclear = "growth undecided" if clause.startswith("earned") else "cost undecided"
    return clause + bounds, word if growth.clear else unclear


def _at_equal(focus: str, matched: Mapping[str, Any]) -> list[str]:
    """Return a sentence on the first rival at equal cost or protection, and on others that differ."""
    names, by = list(matched["scales"]), _EQUAL[matched["by"]]
    focus = focus if focus in names else (matched["reference"] or "")
    others = rivals_of(names, focus)
    if not others:
        why = "; ".join(f"{name}: {said}" for name, said in matched["left_out"].items() if name != "none")
        return [f"At equal {by} there is nothing to compare{f' ({why})' if why else ''}."]
    rows = matched["comparisons"]
    told = [others[0], *(name for name in others[1:] if _stays_clear(rows, focus, name))]
    return [_scaled(focus, rival, matched) for rival in told]


def _stays_clear(rows: Sequence[Mapping[str, Any]], focus: str, rival: str) -> bool:
    """Return whether the difference in growth is clear once all pairs are counted."""
    of_pair = (r for r in rows if r["metric"] == "cagr" and {r["a"], r["b"]} == {focus, rival})
    return any(row["p_adjusted"] is not None and row["p_adjusted"] < _CLEAR for row in of_pair)


def _scaled(focus: str, rival: str, matched: Mapping[str, Any]) -> str:
    rows, by = matched["comparisons"], _EQUAL[matched["by"]]
    sizes = [name for name in (focus, rival) if name != matched["reference"]]
    scaled = " and ".join(f"{matched['scales'][name]:.2f} times {name}" for name in sizes)
    growth, fall = (_gap(rows, focus, rival, metric) for metric in ("cagr", "max_drawdown"))
    if growth.value is None or fall.value is None:
        return f"At equal {by} ({scaled}) {focus} cannot be told against {rival}: {_reason(growth.method)}."
    told = growth if growth.value >= 0.0 else growth.turned()
    pace = f"{amount(told)}% a year {'more' if growth.value >= 0.0 else 'less'} than {rival}"
    depth, settled = depth_words(fall)
    pays = ("pays better" if growth.value > 0.0 else "pays worse") if growth.clear else "growth undecided"
    end = _settled(growth, fall, f"{pays}, {settled}")
    return (
        f"At equal {by} ({scaled}) {focus} grew {pace}{interval_words(told, '90%: ')} "
        f"and its worst drawdown was {depth}: {end}."
    )


def _counted(rows: Sequence[Mapping[str, Any]], tests: Mapping[str, Any]) -> str:
    """Return the sentence on how many were tried, and what is left of the differences then."""
    adjusted = [
        [row["p_adjusted"] for row in rows if row["metric"] == metric and row["p_adjusted"] is not None]
        for metric in ("cagr", "max_drawdown")
    ]
    clear = [str(sum(value < _CLEAR for value in values) or "none") for values in adjusted]
    pairs, known = sum(row["metric"] == "cagr" for row in rows), len(adjusted[0])
    found = f"{clear[0]} in growth, {clear[1]} in drawdown"
    said = f"Clear differences once all {known} pairs are counted (Holm): {found}"
    if not known:
        said = "No pair has an interval"
    elif pairs == 1:
        said = "Only one pair was compared, so that nothing needs to be allowed for the number tried"
    elif known < pairs:
        said = f"{said}; {pairs - known} of {pairs} pairs have no interval"
    if tests["reason"]:
        return f"{said}; no test of all at once: {tests['reason']}."
    p_value, base = tests["p_consistent"], _called(tests["benchmark"])
    if p_value is None:
        better = f"all return what {base} does"
    else:
        shown = "some variant returns" if p_value < _CLEAR else "no variant is shown to return"
        better = f"{shown} more than {base} (SPA, p = {p_value:.2f})"
    best = [_called(name) for name, row in tests["variants"].items() if row["included"]]
    named = f"{', '.join(best[:-1])} or {best[-1]}" if len(best) > 1 else best[0]
    return f"{said}; {better}, and at 90% confidence the best by mean daily return is {named}."
