"""The adaptive layered hedge: the whole of the method, and its core of market triggers.

Layer one is deployed with the condor; layer two when a short strike is approached, implied
volatility expands or the condor's projected return falls; layer three after a confirmed close beyond
the put break-even with a spike in flow. Each leaves by its own rule, is sold in part when it has
gained, and is rolled forward along the curve before it decays away. `docs/METHOD.md` has every rule
with its reading.
"""

from __future__ import annotations

from typing import ClassVar

from alvh_bt.book.records import Decision, nothing
from alvh_bt.book.view import BookView, Today, view_condor
from alvh_bt.choices import Profile, Proxy, ThirdReading
from alvh_bt.compiled import rule
from alvh_bt.config import Study
from alvh_bt.hedges.deployment import deploy
from alvh_bt.hedges.lifecycle import close_orphans, condor_is_on
from alvh_bt.hedges.policy import Hedge
from alvh_bt.hedges.rolls import manage_lots
from alvh_bt.hedges.sizing import LayeredRules


@rule
def decide_layered(today: Today, book: BookView, rules: LayeredRules) -> Decision:
    """Return the layered hedge's decision: orphans closed, lots managed, layers added.

    Parameters
    ----------
    today, book
        What is known at the close.
    rules
        Sizes, triggers, exits and rolls.
    """
    decision = nothing()
    close_orphans(today, book, decision)
    for row in range(book.condors.shape[0]):
        if not condor_is_on(today, book, book.condors[row]["id"]):
            continue
        condor = view_condor(book, row)
        manage_lots(decision, today, book, condor, rules)
        deploy(decision, today, book, condor, rules)
    return decision


def whole_method(study: Study) -> LayeredRules:
    """Return every rule of the method, as the study sets them."""
    return LayeredRules(
        study.layered,
        study.sizing,
        study.climate,
        study.quorum,
        study.votes,
        study.shock,
        int(study.book.contracts),
    )


def market_triggers_only(study: Study) -> LayeredRules:
    """Return the study's rules without climate, quorum, projected return, beta, liquidity, band and notes.

    What is left looks at the condor, VIX and the flow of the index alone.
    """
    rules = whole_method(study)
    return rules._replace(
        layered=study.layered._replace(
            irr_drop=0.0, differential_tilt=0.0, proxy=Proxy.NONE, third_reading=ThirdReading.BREAK_EVEN
        ),
        sizing=study.sizing._replace(
            profile=Profile.STEWARD, by_beta=False, quick_range=0.0, noise_share=1.0, band_high=0.0
        ),
        climate=study.climate._replace(on=False),
        quorum=study.quorum._replace(first=0, second=0, third=0),
    )


class Layered(Hedge):
    """Three layers that come and go with the condor's danger, by every rule of the method."""

    name: ClassVar[str] = "layered"

    def __init__(self, study: Study) -> None:
        super().__init__(study)
        self.rules = whole_method(study)

    def decide(self, today: Today, book: BookView) -> Decision:
        """Return the decision of `decide_layered`."""
        return decide_layered(today, book, self.rules)


class LayeredCore(Layered):
    """The same layers by market triggers alone."""

    name: ClassVar[str] = "layered-core"

    def __init__(self, study: Study) -> None:
        super().__init__(study)
        self.rules = market_triggers_only(study)
