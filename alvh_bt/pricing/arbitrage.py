"""Whether a smile admits arbitrage: butterflies that cost less than nothing, or calendar spreads that do.

Symbols as in `pricing.ssvi`; w' and w'' are derivatives of total variance in log-moneyness.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alvh_bt.pricing.ssvi import SmileShape

Floats = NDArray[np.float64]

#: The strikes that are looked at, in sqrt(theta) from the forward: dense near the money, to 45 deviations
#: below it (prices of 1e-12 and less) and 17 above.
SCALED_STRIKES: Final = np.sinh(np.linspace(-4.5, 3.5, 401))


class Slack(NamedTuple):
    """How far a smile is from arbitrage: the least of each over all strikes; negative where there is some.

    `butterfly` is Durrleman's g, proportional to the risk-neutral density; `calendar` is
    d ln(w) / d ln(theta), by which total variance grows with the level of the slice.
    """

    butterfly: float
    calendar: float


def smile_slack(shape: SmileShape, thetas: Floats) -> Slack:
    """Return the least slack of the slices of levels `thetas` (any shape, > 0).

    Since every level of a day has the same shape and levels rise with maturity, no calendar arbitrage
    among all levels means none between any two maturities.

    Source: Gatheral & Jacquier (2014), equation 2.1 and lemma 2.1, proposition 2.1's condition.

    Examples
    --------
    >>> smile_slack(SmileShape(-0.7, 1.0, 0.4), np.array([0.01])).butterfly > 0.0
    True
    """
    theta = np.asarray(thetas, dtype=np.float64).reshape(-1, 1)
    k = np.sqrt(theta) * SCALED_STRIKES
    w, slope, bend, growth = _derivatives(k, theta, shape)
    butterfly = (1.0 - 0.5 * k * slope / w) ** 2 - 0.25 * slope**2 * (1.0 / w + 0.25) + 0.5 * bend
    return Slack(float(butterfly.min()), float((growth / w).min()))


def _derivatives(k: Floats, theta: Floats, shape: SmileShape) -> tuple[Floats, Floats, Floats, Floats]:
    """Return w, w', w'' and theta dw/dtheta at fixed k."""
    rho, gamma = shape.rho, shape.gamma
    phi = shape.eta / (theta**gamma * (1.0 + theta) ** (1.0 - gamma))
    scaled = phi * k
    root = np.sqrt((scaled + rho) ** 2 + 1.0 - rho**2)
    w = 0.5 * theta * (1.0 + rho * scaled + root)
    slope = 0.5 * theta * phi * (rho + (scaled + rho) / root)
    bend = 0.5 * theta * phi**2 * (1.0 - rho**2) / root**3
    # d ln(phi) / d ln(theta) of the power law; k enters w through phi k alone.
    growth = w + k * slope * (-gamma - (1.0 - gamma) * theta / (1.0 + theta))
    deviation = np.sqrt(theta)
    beyond = -k / deviation - shape.wing_start
    root = np.sqrt(beyond**2 + shape.wing_width**2)
    height = beyond + root
    rise = 1.0 + beyond / root
    growth = growth + shape.wing * theta * (height - 0.5 * (beyond + shape.wing_start) * rise)
    w = w + shape.wing * theta * height
    slope = slope - shape.wing * deviation * rise
    bend = bend + shape.wing * shape.wing_width**2 / root**3
    return w, slope, bend, growth
