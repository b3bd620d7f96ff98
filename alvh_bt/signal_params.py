"""Settings of the signals: how they are computed, when they approve, and how many must."""

from typing import Annotated, Final, NamedTuple

from pydantic import Field

from alvh_bt.bounds import Finite, Sessions, Share
from alvh_bt.choices import Differential, Named, NamedSet, SignalCode, mask_of


class SignalParams(NamedTuple):
    """Periods and constants of the signals; sessions where not said otherwise."""

    rsi_period: Sessions = 14
    macd_fast: Sessions = 12
    macd_slow: Sessions = 26
    macd_signal: Sessions = 9
    breadth_sessions: Sessions = 20
    reer_months: Annotated[int, Field(ge=1, le=60)] = 3
    differential: Annotated[int, Named(Differential)] = Differential.SLOPE
    spread_sessions: Sessions = 252  # whose mean the credit spread is measured against
    equity_premium: Share = 0.05
    debt_share: Share = 0.25  # of capital, in WACC
    tax_rate: Share = 0.21
    growth_years: Annotated[int, Field(ge=1, le=30)] = 10  # of dividends, in the dividend-discount model
    most_growth: Share = 0.04  # a year, whatever the dividends did: nominal growth in the long run
    equity_over_credit: Share = 0.02  # a year, cost of equity above the yield of high-yield debt
    stress_sessions: Sessions = 63  # over which fair value and price over cash flow must both have fallen
    beta_sessions: Sessions = 252
    rotation_sessions: Sessions = 20


class VoteParams(NamedTuple):
    """The value from which each signal approves protection, one a signal in the order of `SignalCode`.

    `APPROVES_ABOVE` says on which side.
    """

    flow_spike: Finite = 0.90
    short_strike_delta: Finite = 0.25
    iv_expansion: Finite = 0.15
    break_even: Finite = 1.0
    condor_irr: Finite = -0.20
    advance_decline: Finite = -0.05
    breadth_divergence: Finite = -0.05
    spx_rsi: Finite = 35.0
    vix_rsi: Finite = 65.0
    vvix_macd: Finite = 0.0
    reer: Finite = 0.02
    rate_differential: Finite = 0.0
    fomc_window: Finite = 2.0
    inflation_window: Finite = 2.0
    inflation_surprise: Finite = 0.4
    credit_spread: Finite = 0.005
    pe: Finite = 25.0
    wacc: Finite = 0.08
    macro_stress: Finite = 0.0
    quick_ratio: Finite = 1.0
    capm_beta: Finite = 1.2
    cap_rotation: Finite = -0.02
    vx_volume: Finite = 1000.0


#: Whether a signal approves at and above its threshold (else at and below), in the order of `SignalCode`.
APPROVES_ABOVE: Final = (
    *(True, True, True, True, False),  # flow, short delta, IV expansion, break-even, condor IRR
    *(False, False, False, True, True),  # A/D line, divergence, RSI of SPX, RSI of VIX, MACD of VVIX
    *(True, False, False, False, True),  # REER, differential, FOMC, inflation dates, surprise
    *(True, True, True, True, False),  # credit spread, P/E, WACC, macro stress, quick ratio
    *(True, False, False),  # beta, rotation, VX volume
)

#: The signals that speak of tension in the market, which confirm layer two.
TENSION: Final = mask_of(
    SignalCode.ADVANCE_DECLINE,
    SignalCode.SPX_RSI,
    SignalCode.VIX_RSI,
    SignalCode.VVIX_MACD,
    SignalCode.REER,
    SignalCode.CREDIT_SPREAD,
    SignalCode.FOMC_WINDOW,
    SignalCode.INFLATION_WINDOW,
    SignalCode.CAP_ROTATION,
)

Mask = Annotated[int, NamedSet(SignalCode)]
Count = Annotated[int, Field(ge=0, le=len(SignalCode))]


class QuorumParams(NamedTuple):
    """How many of which signals must approve before a layer is added; 0 asks none."""

    first: Count = 0
    first_of: Mask = TENSION
    second: Count = 2
    second_of: Mask = TENSION
    third: Count = 0
    third_of: Mask = TENSION
