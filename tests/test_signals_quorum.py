"""The quorum: which side approves, who abstains, and k of n."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rule_scenes import at_close, condor_view

from alvh_bt.book.records import Status
from alvh_bt.book.view import Today
from alvh_bt.choices import SignalCode, mask_of
from alvh_bt.signal_params import TENSION, VoteParams
from alvh_bt.signals import SIGNALS
from alvh_bt.signals.quorum import Tally, approves, quorum, quorum_met, signal_value

NAN = math.nan
VOTES = VoteParams()
ALL = (1 << len(SignalCode)) - 1
OF_CONDOR = {
    SignalCode.SHORT_STRIKE_DELTA,
    SignalCode.IV_EXPANSION,
    SignalCode.BREAK_EVEN,
    SignalCode.CONDOR_IRR,
}
OF_MARKET = [code for code in SignalCode if code not in OF_CONDOR]

#: A value that asks for protection and one that does not, by what a trader would say of each.
SIDES = {
    "flow_spike": (0.95, 0.5),  # flow above most days
    "short_strike_delta": (0.30, 0.16),  # the short strike is near
    "iv_expansion": (0.18, 0.05),
    "break_even": (1.0, 0.0),  # a close below
    "condor_irr": (-0.30, 0.05),  # the return has gone
    "advance_decline": (-0.2, 0.1),  # most issues fall
    "breadth_divergence": (-0.2, 0.0),
    "spx_rsi": (25.0, 50.0),  # sold off
    "vix_rsi": (75.0, 50.0),  # bid up
    "vvix_macd": (1.0, -1.0),
    "reer": (0.05, 0.0),  # flight into the dollar
    "rate_differential": (-0.01, 0.02),  # inverted
    "fomc_window": (1.0, 15.0),  # near
    "inflation_window": (0.0, 10.0),
    "inflation_surprise": (0.5, 0.0),
    "credit_spread": (0.01, 0.0),  # wider
    "pe": (35.0, 15.0),  # dear
    "wacc": (0.10, 0.06),
    "macro_stress": (0.2, -0.2),  # value and multiple have both fallen
    "quick_ratio": (0.8, 1.3),  # illiquid
    "capm_beta": (1.5, 0.9),
    "cap_rotation": (-0.05, 0.01),  # few large shares carry the index
    "vx_volume": (200.0, 50_000.0),  # thin
}


@cache
def calm_close() -> Today:
    return at_close(vix=24.0, closes=(3700.0, 3650.0))


def on_close(**signals: float) -> Today:
    """A close on which these signals of the market are known and no others."""
    values = np.full(len(SIGNALS), NAN)
    for name, value in signals.items():
        values[list(SIGNALS).index(name)] = value
    return calm_close()._replace(signals=values)


def near_condor() -> Any:
    """A condor of which every signal is known."""
    return condor_view(short_put_delta=0.31, irr=0.05, entry_irr=0.30)


# A signal's value


def test_values_of_a_condor_on_paper() -> None:
    today, condor = on_close(), near_condor()
    found = [signal_value(code, condor, today) for code in sorted(OF_CONDOR)]
    # Delta of the nearer strike; 24 / 20 - 1; one close below 3,680; 0.05 - 0.30. abs: one operation each.
    assert found == pytest.approx([0.31, 0.20, 1.0, -0.25], abs=1e-15)


def test_values_of_the_market_are_the_day_s() -> None:
    today = on_close(**{name: float(code) for code, name in enumerate(SIGNALS)})
    assert [signal_value(code, near_condor(), today) for code in OF_MARKET] == [
        float(code) for code in OF_MARKET
    ]


@pytest.mark.parametrize("code", SignalCode, ids=SIGNALS)
def test_rule_and_signal_read_the_same(code) -> None:
    today = on_close(**{name: float(code) for code, name in enumerate(SIGNALS)})
    kind = list(SIGNALS.values())[code]
    assert signal_value(code, near_condor(), today) == kind().read(today.signals[code], near_condor(), today)


@pytest.mark.parametrize("code", sorted(OF_CONDOR))
def test_planned_condor_has_no_value(code) -> None:
    planned = condor_view(status=Status.PLANNED, short_put=0.0, short_call=0.0, entry_vix=0.0)
    assert math.isnan(signal_value(code, planned, on_close()))


# A vote


def test_every_signal_has_its_sides() -> None:
    assert list(SIDES) == list(SIGNALS)


@pytest.mark.parametrize("name", SIGNALS)
def test_signal_approves_on_its_side(name) -> None:
    code = list(SIGNALS).index(name)
    asking, calm = SIDES[name]
    assert approves(code, asking, VOTES) == 1
    assert approves(code, calm, VOTES) == 0
    assert approves(code, NAN, VOTES) == -1
    assert approves(code, VOTES[code], VOTES) == 1  # on the threshold


def test_threshold_is_the_signal_s_own_setting() -> None:
    assert approves(SignalCode.PE, 28.0, VOTES) == 1
    assert approves(SignalCode.PE, 28.0, VOTES._replace(pe=30.0)) == 0
    assert approves(SignalCode.SPX_RSI, 38.0, VOTES) == 0
    assert approves(SignalCode.SPX_RSI, 38.0, VOTES._replace(spx_rsi=40.0)) == 1


# The tally


def test_quorum_on_paper() -> None:
    today = on_close(spx_rsi=30.0, vix_rsi=50.0, credit_spread=0.02, pe=40.0)
    asked = mask_of(SignalCode.SPX_RSI, SignalCode.VIX_RSI, SignalCode.CREDIT_SPREAD, SignalCode.REER)
    # RSI of SPX and credit approve, that of VIX does not, REER is unavailable; P/E is not asked.
    tally = quorum(asked, near_condor(), today, VOTES)
    assert tally == Tally(approving=2, known=3, asked=4)
    # Two of three known: half of four is asked, then three quarters.
    assert quorum_met(tally, 2)
    assert not quorum_met(tally, 3)
    with_pe = quorum(asked | mask_of(SignalCode.PE), near_condor(), today, VOTES)
    assert with_pe == Tally(3, 4, 5)


def test_quorum_asks_the_condor_s_signals_too() -> None:
    asked = mask_of(*OF_CONDOR)
    assert quorum(asked, near_condor(), on_close(), VOTES) == Tally(4, 4, 4)
    planned = condor_view(status=Status.PLANNED, short_put=0.0)
    assert quorum(asked, planned, on_close(), VOTES) == Tally(0, 0, 4)


def test_nothing_known_blocks_nothing() -> None:
    tally = quorum(TENSION, near_condor(), on_close(), VOTES)
    assert tally == Tally(0, 0, 9)
    assert quorum_met(tally, 2)


@pytest.mark.parametrize(
    ("approving", "known", "needed", "met"),
    [
        # Of nine asked, two needed: 22% of those known.
        (2, 9, 2, True),
        (1, 9, 2, False),
        (2, 8, 2, True),
        (1, 5, 2, False),  # 20%
        (1, 4, 2, True),  # 25%
        (1, 2, 2, True),
        (1, 1, 2, True),  # the only one known approves
        (0, 1, 2, False),  # the only one known does not
        (0, 0, 9, True),
        (0, 9, 0, True),
        (8, 9, 9, False),
        (8, 8, 9, True),  # unanimous among the known
        (9, 9, 12, True),  # no more than all can be needed
    ],
)
def test_quorum_met_on_paper(approving, known, needed, met) -> None:
    assert quorum_met(Tally(approving, known, 9), needed) is met


# k of n, whoever they are

Votes = st.dictionaries(st.sampled_from(OF_MARKET), st.sampled_from(("yes", "no", "abstains")), min_size=1)
Needed = st.integers(1, len(SignalCode))


def outcome(ballot: dict[int, str], needed: int) -> tuple[Tally, bool]:
    """The tally of a ballot, cast by giving each signal a value on the side of its vote."""
    names = list(SIGNALS)
    known = {
        names[code]: SIDES[names[code]][vote == "no"] for code, vote in ballot.items() if vote != "abstains"
    }
    tally = quorum(mask_of(*ballot), near_condor(), on_close(**known), VOTES)
    return tally, quorum_met(tally, needed)


@given(Votes, Needed)
def test_it_is_k_of_n(ballot, needed) -> None:
    said = list(ballot.values())
    tally, met = outcome(ballot, needed)
    assert tally == Tally(said.count("yes"), said.count("yes") + said.count("no"), len(said))
    if said.count("abstains") == 0 and needed <= len(said):
        assert met == (said.count("yes") >= needed)


@given(Votes, Needed, st.data())
def test_one_more_approval_never_loses_it(ballot, needed, data) -> None:
    code = data.draw(st.sampled_from(sorted(ballot)))
    before, after = (outcome(ballot | {code: vote}, needed)[1] for vote in ("no", "yes"))
    assert after >= before


@given(Votes, Needed)
def test_abstentions_keep_the_share_that_must_approve(ballot, needed) -> None:
    said = list(ballot.values())
    yes, no = said.count("yes"), said.count("no")
    share = Fraction(min(needed, len(said)), len(said))
    assert outcome(ballot, needed)[1] == (yes >= share * (yes + no))


@given(Votes, Needed, st.data())
def test_one_abstention_instead_of_a_refusal_never_loses_it(ballot, needed, data) -> None:
    code = data.draw(st.sampled_from(sorted(ballot)))
    refused, abstained, approved = (
        outcome(ballot | {code: vote}, needed)[1] for vote in ("no", "abstains", "yes")
    )
    assert refused <= abstained <= approved


@given(Votes, Needed)
def test_needing_more_never_helps(ballot, needed) -> None:
    assert outcome(ballot, needed)[1] >= outcome(ballot, needed + 1)[1]


# Compiled


@cache
def compiled() -> Any:
    return numba.njit(quorum)


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="compilation is switched off (NUMBA_DISABLE_JIT)")
def test_quorum_is_the_same_compiled() -> None:
    tense, calm = (on_close(**{name: sides[i] for name, sides in SIDES.items()}) for i in (0, 1))
    for today in (tense, calm, on_close()):
        for mask in (ALL, TENSION, 0):
            for condor in (near_condor(), condor_view(short_put=0.0)):
                assert compiled()(mask, condor, today, VOTES) == quorum(mask, condor, today, VOTES)
