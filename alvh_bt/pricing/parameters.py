"""The fitted numbers that the price models run on, read from the packaged `parameters.toml`."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from alvh_bt.errors import ConfigError
from alvh_bt.pricing.smile_checks import check_spx_smile, check_vix_smile
from alvh_bt.pricing.spx_surface import NodeModel, SpxSmile
from alvh_bt.pricing.vix_curve import CurveModel, VxModel
from alvh_bt.pricing.vix_surface import VixSmile

_PACKAGED: Final = "parameters.toml"


@dataclass(frozen=True)
class ModelParameters:
    """Every number a price model needs that is not a market observation; checked when it is made.

    Attributes
    ----------
    spx_smile, vix_smile
        What shapes the two smiles on all days.
    skew_from_vix
        a, b of SKEW = exp(a + b ln VIX), where it is not published.
    spx_nodes, spx_damping
        How unpublished nodes of the SPX surface follow, and the power of tenor by which VIX moves reach them.
    vx, curve_from_vix, curve_from_vix3m, fast_half_life, slow_half_life
        The VIX futures curve: beyond its nodes, and modelled from VIX without and with VIX3M; the half-lives,
        in sessions, of the running means of VIX.
    vvix_from_vix, vvix_on_move
        a, b, c of VVIX = exp(a + b ln VIX + c ln slow mean) (VIX / fast mean)^vvix_on_move.
    vix_open_on_spx, vix_open_drift
        The fall of ln VIX at the open for a rise of ln SPX overnight, and its mean rise from close to open.
    future_open_share
        The share of VIX's overnight move, less its mean rise, that the futures' opens answer to.
    rate, dividend_yield
        Decimals a year, used where the market knows none.
    """

    spx_smile: SpxSmile
    skew_from_vix: tuple[float, float]
    spx_nodes: NodeModel
    spx_damping: float
    vx: VxModel
    curve_from_vix: CurveModel
    curve_from_vix3m: CurveModel
    fast_half_life: float
    slow_half_life: float
    vix_smile: VixSmile
    vvix_from_vix: tuple[float, float, float]
    vvix_on_move: float
    vix_open_on_spx: float
    vix_open_drift: float
    future_open_share: float
    rate: float
    dividend_yield: float

    def __post_init__(self) -> None:
        check_spx_smile(self.spx_smile)
        check_vix_smile(self.vix_smile)
        speeds = {
            "spx_nodes.damping": self.spx_damping,
            "vx_curve.reversion": self.vx.reversion,
            "vx_curve.damping_days": self.vx.damping_days,
            "vx_curve.damping_power": self.vx.damping_power,
            "vx_curve.fast_half_life": self.fast_half_life,
            "vx_curve.slow_half_life": self.slow_half_life,
            "opens.future_share": self.future_open_share,
        }
        for group, curve in (("vix", self.curve_from_vix), ("vix3m", self.curve_from_vix3m)):
            for name in ("reversion", "own_days", "own_power"):
                speeds[f"vx_modelled.{group}.{name}"] = getattr(curve, name)
        for name, value in speeds.items():
            if value <= 0.0:
                raise ConfigError(f"{name} = {value} must be above 0; mend the parameter file or refit it")


class _Numbers:
    """Finite numbers of a parsed file by dotted name; an absent or unusable one raises `ConfigError`."""

    def __init__(self, tree: Mapping[str, Any], source: str) -> None:
        self._tree, self._source = tree, source

    def __call__(self, name: str) -> float:
        value: Any = self._tree
        for part in name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ConfigError(f"{self._source}: {name} = {value} must be a finite number; add or mend it")
        return float(value)

    def group(self, name: str, *keys: str) -> list[float]:
        return [self(f"{name}.{key}") for key in keys]


def _built(number: _Numbers) -> ModelParameters:
    return ModelParameters(
        spx_smile=SpxSmile(*number.group("spx_smile", *SpxSmile._fields)),
        skew_from_vix=(number("skew_from_vix.level"), number("skew_from_vix.on_vix")),
        spx_nodes=_nodes(number),
        spx_damping=number("spx_nodes.damping"),
        vx=VxModel(*number.group("vx_curve", "reversion", "damping_days", "damping_power")),
        curve_from_vix=CurveModel(*number.group("vx_modelled.vix", *CurveModel._fields)),
        curve_from_vix3m=CurveModel(*number.group("vx_modelled.vix3m", *CurveModel._fields)),
        fast_half_life=number("vx_curve.fast_half_life"),
        slow_half_life=number("vx_curve.slow_half_life"),
        vix_smile=VixSmile(*number.group("vix_smile", *VixSmile._fields)),
        vvix_from_vix=(
            number("vvix_from_vix.level"),
            number("vvix_from_vix.on_vix"),
            number("vvix_from_vix.on_mean"),
        ),
        vvix_on_move=number("vvix_from_vix.on_move"),
        vix_open_on_spx=number("opens.vix_on_spx"),
        vix_open_drift=number("opens.vix_drift"),
        future_open_share=number("opens.future_share"),
        rate=number("fallback.rate"),
        dividend_yield=number("fallback.dividend_yield"),
    )


def _nodes(number: _Numbers) -> NodeModel:
    known = ("on_fast", "on_slow", "on_usual")

    def rows(source: str, nodes: tuple[str, ...], *names: str) -> Any:
        return tuple(tuple(number.group(f"spx_nodes.{source}.{node}", *names)) for node in nodes)

    return NodeModel(
        rows("from_vix", ("vix9d", "vix3m", "vix6m"), "constant", *known),
        rows("from_vix3m", ("vix9d", "vix6m"), "constant", "on_vix3m", *known),
    )


@lru_cache(maxsize=8)
def packaged_text() -> str:
    """Return the text of the packaged parameters, what was fitted and how."""
    return (files("alvh_bt.data") / _PACKAGED).read_text(encoding="utf-8")


def load_parameters(path: Path | None = None) -> ModelParameters:
    """Return the parameters of a TOML file; without `path`, the packaged ones.

    Raises
    ------
    ConfigError
        The file cannot be read or parsed, a number is absent, or a value admits arbitrage.

    Examples
    --------
    >>> load_parameters().spx_smile.rho < 0.0 < load_parameters().vix_smile.rho
    True
    """
    source = _PACKAGED if path is None else str(path)
    try:
        text = packaged_text() if path is None else path.read_text(encoding="utf-8")
        tree = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{source}: cannot be read as TOML ({error}); give a parameter file") from error
    return _built(_Numbers(tree, source))
