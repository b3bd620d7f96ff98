"""Codes that records carry: whose position, which layer, what was done and why."""

from __future__ import annotations

from typing import Final, NamedTuple


class _Book(NamedTuple):
    """Whose position it is."""

    CONDOR: int = 0
    HEDGE: int = 1


Book: Final = _Book()


class _Layer(NamedTuple):
    """A leg of the condor, or a layer of the hedge."""

    LONG_PUT: int = 0
    SHORT_PUT: int = 1
    SHORT_CALL: int = 2
    LONG_CALL: int = 3
    STATIC: int = 4
    ONE: int = 5
    TWO: int = 6
    THREE: int = 7
    NEAR: int = 8  # the three tenors of a ladder of VIX calls
    MIDDLE: int = 9
    FAR: int = 10
    TAIL: int = 11  # the calls of Cboe's tail hedge index
    FRONT: int = 12  # rolled front futures


Layer: Final = _Layer()


class _Action(NamedTuple):
    """What a trade does; a roll is a close and an open that share a package."""

    OPEN: int = 0
    CLOSE: int = 1
    ROLL: int = 2
    SETTLE: int = 3


Action: Final = _Action()


class _Status(NamedTuple):
    """Where a condor stands when hedges are asked."""

    PLANNED: int = 0  # its entry is ordered, not yet filled
    OPEN: int = 1
    CLOSING: int = 2  # its exit is ordered, not yet filled
    ROLLING: int = 3  # a roll of its strikes is ordered, not yet filled


Status: Final = _Status()


class _Reason(NamedTuple):
    """Why a decision was taken; the text is in `REASON_TEXT`."""

    ENTRY: int = 0
    TAKE_PROFIT: int = 1
    STOP_LOSS: int = 2
    TIME_EXIT: int = 3
    ROLL_PUT: int = 4
    ROLL_CALL: int = 5
    NO_EXPIRY: int = 6
    NO_STRIKES: int = 7
    NO_CREDIT: int = 8
    SETTLEMENT: int = 9
    PROXY_SETTLEMENT: int = 10
    MARGIN_CUT: int = 11
    CONDOR_OPENED: int = 12
    CONDOR_CLOSED: int = 13
    SHORT_DELTA: int = 14
    IV_EXPANSION: int = 15
    BREAK_EVEN_AND_FLOW: int = 16
    RELAXED: int = 17
    MONETISED: int = 18
    ROLL_FORWARD: int = 19
    NOT_LISTED: int = 20
    UNAVAILABLE: int = 21
    NO_PRICE: int = 22
    MANUAL: int = 23
    TOO_SMALL: int = 24
    VIX_TOO_HIGH: int = 25
    IRR_FELL: int = 26
    SIGNALS_ALIGNED: int = 27
    INFLATION_SURPRISE: int = 28
    NO_QUORUM: int = 29
    NET_EXPOSURE: int = 30
    IRR_COST: int = 31
    SYNTHETIC_FOUND: int = 32
    SYNTHETIC_REFUSED: int = 33
    TIME_SHIFT: int = 34
    THIN_VX: int = 35
    VX_LIQUID: int = 36
    LADDER_BUILT: int = 37
    SET_DTE: int = 38
    TIME_VALUE_GONE: int = 39
    CALENDAR_ROLL: int = 40
    SPIKE_ROLL: int = 41
    TAIL_CALLS: int = 42
    FRONT_FUTURE: int = 43
    NO_PROXY: int = 44
    VOLUME_UNKNOWN: int = 45


Reason: Final = _Reason()


REASON_TEXT: Final = (
    "entry by schedule",
    "take profit",
    "stop loss",
    "time exit",
    "roll of the tested put spread",
    "roll of the tested call spread",
    "no entry: no listed expiry near the target",
    "no entry: no listed strikes fit",
    "no entry: no credit left after costs",
    "settlement",
    "settlement at a proxy of the official value",
    "cut to meet margin",
    "condor opened",
    "condor closed",
    "short strike delta at the trigger",
    "implied volatility expanded since entry",
    "close beyond the put break-even with a spike in flow",
    "trigger relaxed",
    "layer monetised",
    "rolled forward along the curve",
    "hedge contract not listed on this day",
    "signal unavailable: neutral",
    "no price for every leg: package not filled",
    "ordered by the strategy",
    "the size rounds to no whole contract",
    "no entry: VIX above its limit",
    "projected IRR of the condor fell since entry",
    "RSI of VIX, breadth and the MACD of VVIX aligned near an FOMC meeting",
    "CPI or PPI beat its consensus",
    "quorum of signals not met: layer not added",
    "net exposure at its limit: layer not added",
    "refused: the layer costs more projected IRR than allowed",
    "synthetic forward in the net position",
    "refused: it would complete a synthetic forward",
    "shifted forward while the condor's strikes are rolled",
    "VX thin: exchange-traded note in its place",
    "VX liquid again: note exchanged for futures",
    "ladder built",
    "rolled at its days to expiry",
    "rolled: its time value is used up",
    "rolled by calendar",
    "rolled on a spike of VIX",
    "tail calls bought for the month",
    "front future held and rolled",
    "VX thin, and no exchange-traded note listed: futures all the same",
    "VX volume unavailable: taken as liquid",
)
