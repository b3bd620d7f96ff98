"""The verdict in words: every case against a sentence written by hand."""

from __future__ import annotations

import pytest
from synthetic_runs import long_comparison

from alvh_bt.analysis.matched import matched_runs, matched_summary
from alvh_bt.analysis.summary import summarise
from alvh_bt.analysis.superior import superior
from alvh_bt.analysis.verdict import verdict
from alvh_bt.choices import Match

SHORT = "no interval: 20 sessions are fewer than 60"
RUINED = "no interval: a NAV fell to 0 or below"


def rows(a, b, cagr, fall, method="drawn", adjusted=(0.04, 0.50)) -> list[dict]:
    """The two differences a - b that count; each (difference, low, high) in percent or points."""
    found = []
    for metric, figures, p_adjusted in (("cagr", cagr, adjusted[0]), ("max_drawdown", fall, adjusted[1])):
        difference, low, high = (None if f is None else f / 100 for f in (*figures, None, None)[:3])
        found.append(
            {
                "a": a,
                "b": b,
                "metric": metric,
                "difference": difference,
                "ci_low": low,
                "ci_high": high,
                "p_adjusted": p_adjusted,
                "method": method,
            }
        )
    return found


def summary_of(*comparisons, start="2007-01-03", end="2024-12-31", names=None, stopped=(), **more) -> dict:
    listed = [row for pair in comparisons for row in pair]
    names = names or list(dict.fromkeys(name for row in listed for name in (row["a"], row["b"])))
    return {
        "window": {"start": start, "end": end, "sessions": 4000},
        "variants": {n: {"stopped": "margin not met; lower it" if n in stopped else None} for n in names},
        "comparisons": listed,
        **more,
    }


CHEAPER = (0.8, 0.1, 1.6)
DEARER = (-1.2, -2.0, -0.4)
UNSURE = (0.3, -0.5, 1.1)
DEEPER = (-1.9, -4.1, 0.7)  # undecided, as in the example of the issue
DEEPER_CLEAR = (-1.9, -3.0, -0.8)
SHALLOWER = (6.2, 2.0, 9.9)


@pytest.mark.parametrize(
    ("growth", "fall", "said"),
    [
        (
            CHEAPER,
            DEEPER,
            "cost 0.8% a year less than static-calls (90%: 0.1 to 1.6) and its worst drawdown was "
            "1.9 points deeper (-0.7 to 4.1): cheaper, protection undecided.",
        ),
        (
            DEARER,
            SHALLOWER,
            "cost 1.2% a year more than static-calls (90%: 0.4 to 2.0) and its worst drawdown was "
            "6.2 points shallower (2.0 to 9.9): dearer, better protected.",
        ),
        (
            UNSURE,
            DEEPER_CLEAR,
            "cost 0.3% a year less than static-calls (90%: -0.5 to 1.1) and its worst drawdown was "
            "1.9 points deeper (0.8 to 3.0): cost undecided, worse protected.",
        ),
        (
            UNSURE,
            DEEPER,
            "cost 0.3% a year less than static-calls (90%: -0.5 to 1.1) and its worst drawdown was "
            "1.9 points deeper (-0.7 to 4.1): both undecided.",
        ),
        (  # a bound of zero holds zero
            (0.8, 0.0, 1.6),
            SHALLOWER,
            "cost 0.8% a year less than static-calls (90%: 0.0 to 1.6) and its worst drawdown was "
            "6.2 points shallower (2.0 to 9.9): cost undecided, better protected.",
        ),
        (  # what is not zero never reads as 0.0
            (0.4, 0.02, 0.9),
            (0.03, -1.0, 1.04),
            "cost 0.40% a year less than static-calls (90%: 0.02 to 0.90) and its worst drawdown was "
            "0.03 points shallower (-1.00 to 1.04): cheaper, protection undecided.",
        ),
        (
            (0.0, 0.0, 0.0),
            (0.0, 0.0, 0.0),
            "cost as much as static-calls (90%: 0.0 to 0.0) and its worst drawdown was "
            "as deep (0.0 to 0.0): both undecided.",
        ),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_cost_and_protection(growth, fall, said, turned) -> None:
    pair = rows("layered", "static-calls", growth, fall)
    if turned:  # the same difference, told the other way round
        flip = ((-d, -high, -low) for d, low, high in (growth, fall))
        pair = rows("static-calls", "layered", *flip)
    assert verdict(summary_of(pair)) == ["On 2007-2024 layered " + said]


def test_against_no_hedge() -> None:
    cost, earned = (
        verdict(summary_of(rows("none", "layered", growth, (-6.2, -9.9, -2.0))))
        for growth in ((0.7, 0.2, 1.2), (-0.7, -1.2, -0.2))
    )
    assert cost == [
        "On 2007-2024 layered cost 0.7% a year more than no hedge (90%: 0.2 to 1.2) and its worst "
        "drawdown was 6.2 points shallower (2.0 to 9.9): dearer, better protected."
    ]
    assert earned == [
        "On 2007-2024 layered earned 0.7% a year more than no hedge (90%: 0.2 to 1.2) and its worst "
        "drawdown was 6.2 points shallower (2.0 to 9.9): it paid for itself, better protected."
    ]


def test_at_most_four_rivals_in_their_order() -> None:
    names = ["none", "vxth", "static-own", "static-futures", "layered", "static-calls", "long-vx"]
    growth = {"none": DEARER}  # where it beats no hedge, it does not cost but earns
    pairs = [rows("layered", name, growth.get(name, CHEAPER), DEEPER) for name in names if name != "layered"]
    said = verdict(summary_of(*pairs, names=names))
    assert len(said) == 4
    told = (
        "less than static-calls",
        "less than static-futures",
        "less than static-own",
        "more than no hedge",
    )
    for sentence, words in zip(said, told, strict=True):
        assert words in sentence
    assert said[1] == (
        "It cost 0.8% a year less than static-futures (90%: 0.1 to 1.6) and its worst drawdown was "
        "1.9 points deeper (-0.7 to 4.1): cheaper, protection undecided."
    )


def test_what_beats_no_hedge_earns_more_than_others() -> None:
    pairs = [rows("vxth", name, CHEAPER, DEEPER) for name in ("none", "static-calls")]
    assert verdict(summary_of(*pairs, names=["none", "static-calls", "vxth"])) == [
        "On 2007-2024 vxth earned 0.8% a year more than static-calls (90%: 0.1 to 1.6) and its worst "
        "drawdown was 1.9 points deeper (-0.7 to 4.1): it paid better, protection undecided.",
        "It earned 0.8% a year more than no hedge (90%: 0.1 to 1.6) and its worst drawdown was 1.9 points "
        "deeper (-0.7 to 4.1): it paid for itself, protection undecided.",
    ]


def test_a_hedge_that_was_never_held_is_named_first() -> None:
    summary = summary_of(rows("layered", "static-calls", (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)))
    for name in ("layered", "static-calls"):
        summary["variants"][name] |= {"hedge_pnl_usd": 0.0, "hedge_decay": 0.0}
    assert verdict(summary)[0] == "layered and static-calls never held a hedge: nothing is said of them here."
    summary["variants"]["static-calls"]["hedge_pnl_usd"] = -1.0
    assert verdict(summary)[0] == "layered never held a hedge: nothing is said of it here."


def test_the_focus_is_layered_else_the_last_hedge() -> None:
    one = summary_of(rows("vxth", "static-calls", CHEAPER, DEEPER), names=["vxth", "static-calls"])
    assert verdict(one)[0].startswith("On 2007-2024 static-calls cost 0.8% a year more than vxth")
    two = summary_of(rows("vxth", "none", DEARER, SHALLOWER), names=["vxth", "none"])
    assert verdict(two)[0].startswith("On 2007-2024 vxth cost 1.2% a year more than no hedge")


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("2007-01-03", "2024-12-31", "On 2007-2024"),
        ("2006-03-01", "2024-08-30", "From March 2006 to August 2024"),
        ("2020-01-02", "2020-12-31", "On 2020"),
        ("2020-02-03", "2020-12-31", "From 2020-02-03 to 2020-12-31"),
        ("2019-11-01", "2020-05-29", "From 2019-11-01 to 2020-05-29"),
        ("2019-05-31", "2020-05-29", "From 2019-05-31 to 2020-05-29"),
        ("2019-05-31", "2020-05-30", "From May 2019 to May 2020"),
    ],
)
def test_the_window_is_told_in_years_where_there_is_one(start, end, said) -> None:
    pair = rows("layered", "static-calls", CHEAPER, DEEPER)
    assert verdict(summary_of(pair, start=start, end=end))[0].startswith(f"{said} layered cost")


def test_without_an_interval_the_reason_is_told() -> None:
    pair = rows("layered", "static-calls", (0.8,), (-1.9,), SHORT, (None, None))
    assert verdict(summary_of(pair, start="2020-02-03", end="2020-03-02")) == [
        "From 2020-02-03 to 2020-03-02 layered cost 0.8% a year less than static-calls and its worst "
        "drawdown was 1.9 points deeper: undecided, as 20 sessions are fewer than 60."
    ]


def test_a_ruin_is_not_put_into_figures() -> None:
    pair = rows("layered", "none", (None,), (40.0,), RUINED + "; days common to both, to 2020-03-16")
    assert verdict(summary_of(pair, stopped=["none"])) == [
        "From January 2007 to March 2020 (to 2020-03-16, the last day of both) layered cannot be told "
        "against no hedge: a NAV fell to 0 or below."
    ]
    nothing = rows("layered", "none", (None,), (0.0,), "drawn")
    assert verdict(summary_of(nothing))[0].endswith("no hedge: the figure is undefined on these days.")


def test_variants_that_stopped_early() -> None:
    cut = "drawn; days common to both, to 2011-08-08"
    said = verdict(
        summary_of(
            rows("layered", "static-calls", CHEAPER, DEEPER),
            rows(
                "layered", "none", DEARER, SHALLOWER, cut + "; interval stretched to the measured difference"
            ),
            stopped=["none"],
        )
    )
    assert said[1] == (
        "From January 2007 to August 2011 (to 2011-08-08, the last day of both) layered cost 1.2% a year "
        "more than no hedge (90%: 0.4 to 2.0) and its worst drawdown was 6.2 points shallower (2.0 to "
        "9.9): dearer, better protected."
    )
    both = summary_of(rows("layered", "vxth", CHEAPER, DEEPER), stopped=["layered", "vxth"])
    assert verdict(both)[0].startswith("On 2007-2024 (layered and vxth stopped early) layered cost")


def test_one_variant_alone() -> None:
    assert verdict(summary_of(names=["layered"])) == [
        "On 2007-2024 only layered was run: there is nothing to compare it with."
    ]
    assert verdict(summary_of(names=["none"], stopped=["none"])) == [
        "On 2007-2024 only no hedge was run: there is nothing to compare it with; it stopped early "
        "(margin not met; lower it)."
    ]


PAIR = rows("layered", "static-calls", CHEAPER, DEEPER)


def matched(pair, by="cost", scales=None, left_out=None, reference="layered") -> dict:
    scales = {"layered": 1.0, "static-calls": 0.62} if scales is None else scales
    return {
        "by": by,
        "reference": reference,
        "scales": scales,
        "left_out": left_out or {},
        "comparisons": pair,
        "variants": {},
    }


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            matched(rows("layered", "static-calls", (0.4, -0.1, 0.9), (1.2, 0.5, 2.0))),
            "At equal bleed (0.62 times static-calls) layered grew 0.4% a year more than static-calls "
            "(90%: -0.1 to 0.9) and its worst drawdown was 1.2 points shallower (0.5 to 2.0): "
            "growth undecided, better protected.",
        ),
        (
            matched(rows("static-calls", "layered", (0.4, 0.1, 0.9), (1.2, -0.5, 2.0)), "protection"),
            "At equal protection (0.62 times static-calls) layered grew 0.4% a year less than static-calls "
            "(90%: 0.1 to 0.9) and its worst drawdown was 1.2 points deeper (-0.5 to 2.0): "
            "pays worse, protection undecided.",
        ),
        (
            matched(rows("layered", "static-calls", (0.4, 0.1, 0.9), (1.2,)), "cost"),
            "At equal bleed (0.62 times static-calls) layered grew 0.4% a year more than static-calls "
            "(90%: 0.1 to 0.9) and its worst drawdown was 1.2 points shallower: "
            "pays better, protection undecided.",
        ),
        (
            matched([], scales={"layered": 1.0}, left_out={"none": "it holds no hedge", "vxth": "it gains"}),
            "At equal bleed there is nothing to compare (vxth: it gains).",
        ),
        (
            matched([], scales={}, left_out={"none": "no hedge bleeds"}, reference=None),
            "At equal bleed there is nothing to compare.",
        ),
        (
            matched(rows("layered", "static-calls", (None,), (1.0,), RUINED)),
            "At equal bleed (0.62 times static-calls) layered cannot be told against static-calls: "
            "a NAV fell to 0 or below.",
        ),
    ],
)
def test_matched(given, said) -> None:
    assert verdict(summary_of(PAIR, matched=given))[1:] == [said]


def test_matched_to_another_than_the_focus() -> None:
    pair = rows("vxth", "long-vx", (0.4, 0.1, 0.9), (1.2, 0.5, 2.0))
    given = matched(pair, scales={"vxth": 1.0, "long-vx": 1.85}, reference="vxth")
    summary = summary_of(rows("vxth", "long-vx", CHEAPER, DEEPER), matched=given)
    assert verdict(summary)[1].startswith(
        "At equal bleed (1.85 times long-vx) long-vx grew 0.4% a year less than vxth (90%: 0.1 to 0.9)"
    )


def counted(p_value, **included) -> dict:
    return {
        "reason": None,
        "benchmark": "none",
        "p_consistent": p_value,
        "variants": {name.replace("_", "-"): {"included": inside} for name, inside in included.items()},
    }


THREE = (
    rows("none", "static-calls", DEARER, SHALLOWER, adjusted=(0.03, 0.099)),
    rows("none", "layered", DEARER, SHALLOWER, adjusted=(0.06, 0.10)),
    rows("static-calls", "layered", DEARER, SHALLOWER, adjusted=(0.5, 1.0)),
)


@pytest.mark.parametrize(
    ("pairs", "given", "said"),
    [
        (
            THREE,
            counted(0.43, none=True, static_calls=False, layered=True),
            "Clear differences once all 3 pairs are counted (Holm): 2 in growth, 1 in drawdown; no variant "
            "is shown to return more than no hedge (SPA, p = 0.43), and at 90% confidence the best by mean "
            "daily return is no hedge or layered.",
        ),
        (
            (PAIR,),
            counted(0.02, none=False, static_calls=False, layered=True),
            "Only one pair was compared, so that nothing needs to be allowed for the number tried; some "
            "variant returns more than no hedge (SPA, p = 0.02), and at 90% confidence the best by mean "
            "daily return is layered.",
        ),
        (
            (*THREE[1:], rows("none", "static-calls", UNSURE, DEEPER, adjusted=(1.0, 1.0))),
            counted(None, none=True, static_calls=True, layered=True),
            "Clear differences once all 3 pairs are counted (Holm): 1 in growth, none in drawdown; all "
            "return what no hedge does, and at 90% confidence the best by mean daily return is no hedge, "
            "static-calls or layered.",
        ),
        (
            (rows("layered", "none", (1.0,), (1.0,), SHORT, (None, None)),),
            {"reason": "20 sessions common to all are fewer than 60"},
            "No pair has an interval; no test of all at once: 20 sessions common to all are fewer than 60.",
        ),
    ],
)
def test_the_number_tried(pairs, given, said) -> None:
    assert verdict(summary_of(*pairs, superior=given))[-1] == said


def test_it_reads_a_real_summary() -> None:
    result = long_comparison(sessions=300, stop_static=True)
    summary = summarise(result, draws=50)
    summary |= {
        "matched": matched_summary(matched_runs(result, Match.COST, draws=50)),
        "superior": superior(result, draws=50),
    }
    said = verdict(summary)
    assert len(said) == 5
    assert said[0].startswith("From 2006-03-01 to 2006-09-26 (to 2006-09-26, the last day of both) layered ")
    assert said[1].startswith("It ")
    assert said[3].startswith("At equal bleed there is nothing to compare (static-calls: it holds no hedge; ")
    assert said[4].startswith("Clear differences once all 6 pairs are counted (Holm): ")


@pytest.mark.parametrize(
    ("rival", "fall", "ours", "theirs", "end"),
    [
        (
            "static-calls",
            SHALLOWER,
            204_926.0,
            410_120.0,
            "cheaper, shallower drawdown, though on the condors' worst days static-calls earned 410,120 "
            "USD and layered 204,926.",
        ),
        (
            "static-calls",
            DEEPER_CLEAR,
            500.0,
            400.0,
            "cheaper, deeper drawdown, though on the condors' worst days layered earned 500 USD and "
            "static-calls 400.",
        ),
        (
            "none",
            DEEPER_CLEAR,
            1_000.0,
            0.0,
            "it paid for itself, deeper drawdown, though on the condors' worst days the hedge earned "
            "1,000 USD.",
        ),
        ("static-calls", SHALLOWER, 400.0, 400.0, "cheaper, better protected."),
        ("static-calls", DEEPER_CLEAR, 300.0, 400.0, "cheaper, worse protected."),
        ("static-calls", DEEPER, 300.0, 400.0, "cheaper, protection undecided."),
    ],
)
def test_a_drawdown_is_no_protection_where_the_worst_days_say_otherwise(rival, fall, ours, theirs, end):
    summary = summary_of(rows("layered", rival, CHEAPER, fall))
    summary["variants"]["layered"]["hedge_pnl_worst_usd"] = ours
    summary["variants"][rival]["hedge_pnl_worst_usd"] = theirs
    (main,) = verdict(summary)
    assert main.partition("): ")[2].rpartition("): ")[2] == end
