"""Settings of the hedges: one checked record a concern; `alvh_bt.config` gathers them."""

from typing import Annotated, NamedTuple

from pydantic import Field

from alvh_bt.bounds import Days, Delta, Finite, NotNegative, Positive, Share
from alvh_bt.choices import Named, OnSynthetic, Profile, Proxy, ThirdReading, Weigh


class StaticParams(NamedTuple):
    """A fixed hedge, bought with each condor and held unchanged until it is closed."""

    quantity: NotNegative = 0.0  # contracts a condor; 0 = the shock gain of `layered`, all layers on
    call_delta: Delta = 0.30
    front_weight: Share = 0.5  # of the futures, in the first of the two front months


class LayeredParams(NamedTuple):
    """The adaptive layers: sizes, triggers, exits and rolls."""

    target_vx_per_100k: Positive = 1.6  # targeted VIX notional, in VX a 100,000 USD of condor notional
    first_share: Share = 0.125  # of the target, a deployment: 0.20 VX a 100,000 USD
    first_low: Share = 0.10  # bounds of layer one's share, whatever scales it
    first_high: Share = 0.15
    vx_low: NotNegative = 0.15  # and of its size, VX a 100,000 USD of notional
    vx_high: NotNegative = 0.25
    short_first: bool = False  # layer one sells VX: short volatility, not a hedge
    second_share: Share = 0.125  # the same VIX notional in calls
    third_share: Share = 0.125
    front_weight: Share = 0.5
    future_roll_dte: Days = 7
    trigger_delta: Delta = 0.25  # layer two: of either short strike
    trigger_iv_expansion: Positive = 0.15  # layer two: VIX over its level at the condor's entry, less 1
    relax_delta: Delta = 0.18  # layer two leaves when both are back below
    relax_iv_expansion: Annotated[float, Field(gt=-1.0, allow_inf_nan=False)] = 0.05
    irr_drop: NotNegative = 0.20  # layer two: fall of the condor's projected IRR since entry; 0 is off
    rungs: Annotated[int, Field(ge=1, le=3)] = 2  # of layer two's ladder, over call_dte_low..high
    rung_delta_step: Share = 0.10  # by which each further rung's delta is lower
    differential_low: Finite = 0.0  # interest-rate differential: at or below, the far rung has most
    differential_high: Finite = 0.02  # at or above, the near rung has
    differential_tilt: Share = 0.25  # moved between the rungs at either end
    shift_dte: Days = 30  # lots nearer than this roll forward while the condor's strikes are rolled
    third_reading: Annotated[int, Named(ThirdReading)] = ThirdReading.BREAK_EVEN
    third_vix_rsi: NotNegative = 30.0  # reading "signals": RSI of VIX at or below
    calm_vix_rsi: NotNegative = 50.0  # reading "signals": layer three leaves at or above,
    third_days: Days = 10  # and not before so many calendar days
    thin_volume: NotNegative = 1000.0  # contracts a day in the two front months; below, VX is thin
    proxy: Annotated[int, Named(Proxy)] = Proxy.VXX  # stands in for thin VX
    second_delta: Delta = 0.30
    third_delta: Delta = 0.15
    call_dte_low: Days = 30
    call_dte_high: Days = 45
    call_roll_dte: Days = 14
    confirm_closes: Annotated[int, Field(ge=1, le=10)] = 1  # closes beyond the break-even
    flow_percentile: Share = 0.90  # of volume and of range against the last year
    calm_percentile: Share = 0.50  # layer three leaves when the flow is back below, above the break-even
    monetise_multiple: NotNegative = 3.0  # calls: the n-th sale is at this multiple of cost to the power n
    monetise_future: NotNegative = 1.5  # futures: the same, on the price at which they were bought
    monetise_share: Share = 0.5  # of what is held, a sale
    max_entries: Annotated[int, Field(ge=1, le=20)] = 1  # of layers two and three, a condor


class SizingParams(NamedTuple):
    """What scales the layers, and the guard on net exposure."""

    profile: Annotated[int, Named(Profile)] = Profile.STEWARD
    front_loading: Share = 0.5  # promoter: layer one so much larger, layer three so much smaller
    by_beta: bool = True  # layers in proportion to the CAPM beta of the equity exposure
    quick_level: Positive = 1.0  # quick ratio at which nothing is scaled
    quick_range: Share = 0.25  # the most that it scales a layer by, either way
    noise_share: Share = 0.5  # of layer two's size, where macro stress says passing noise
    band_low: NotNegative = 0.08  # net exposure as a share of portfolio beta: layers are raised to it
    band_high: NotNegative = 0.12  # and cut to it; 0 switches the band off
    band_stretch: Annotated[float, Field(ge=1.0, le=10.0)] = 1.5  # the most by which a layer is raised


class ClimateParams(NamedTuple):
    """The valuation climate that scales layer one between its bounds."""

    on: bool = True
    pe_low: Positive = 15.0  # Shiller P/E: calm at or below,
    pe_high: Positive = 35.0  # dear at or above
    wacc_low: Share = 0.05
    wacc_high: Share = 0.09


class GuardParams(NamedTuple):
    """What an order must pass before it is sent."""

    max_irr_cost: NotNegative = 0.0  # projected IRR a year that a layer may cost; 0: any
    on_synthetic: Annotated[int, Named(OnSynthetic)] = OnSynthetic.JOURNAL


class LadderParams(NamedTuple):
    """VIX calls in three tenors, held for the book as a whole."""

    near_dte: Annotated[int, Field(ge=7, le=365)] = 30
    middle_dte: Annotated[int, Field(ge=7, le=365)] = 110
    far_dte: Annotated[int, Field(ge=7, le=365)] = 220
    call_delta: Delta = 0.50
    near_weight: NotNegative = 4.0
    middle_weight: NotNegative = 4.0
    far_weight: NotNegative = 2.0
    weigh: Annotated[int, Named(Weigh)] = Weigh.CONTRACTS
    budget_share: Share = 0.02  # premium of the standing ladder, of the condor book's notional
    calls_per_condor: NotNegative = 0.0  # calls of all tenors a condor; above 0 it replaces the budget
    near_roll_dte: Days = 21
    middle_roll_dte: Days = 60
    far_roll_dte: Days = 150
    time_value_gone: Share = 0.30  # of the near calls' time value at purchase; they roll then too; 0 is off
    time_value_rest: Days = 5  # calendar days after a purchase before that rolls it
    shift_share: Share = 0.5  # of the near calls that a roll moves to the middle tenor
    calendar_days: Annotated[int, Field(ge=7, le=365)] = 30  # between the rolls of ladder-calendar
    spike_rise: Positive = 0.30  # ladder-spike: VIX over its mean of the nine closes before, less one
    spike_rest: Days = 5  # calendar days after a purchase before a spike rolls it
    last_dte: Days = 7  # nothing is held closer to its expiry, whatever the rule


class VxthParams(NamedTuple):
    """Cboe's tail hedge index: one-month VIX calls by the level of their future."""

    call_delta: Delta = 0.30
    low: Positive = 15.0  # no calls at or below
    high: Positive = 30.0  # the full share to here, half of it above
    top: Positive = 50.0  # no calls above
    full_share: Share = 0.01  # of NAV, a month
    half_share: Share = 0.005


class LongVxParams(NamedTuple):
    """A rolled position in the front VX future."""

    vx_per_100k: Positive = 0.2  # VX a 100,000 USD of the book's notional
    roll_dte: Days = 7
