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
from alvh_bt.pricing.spx_surface import SpxModel, TermModel
from alvh_bt.pricing.ssvi import SsviShape, checked_shape, log_ratio_polynomial
from alvh_bt.pricing.vix_curve import CurveModel, VxModel

_PACKAGED: Final = "parameters.toml"


@dataclass(frozen=True)
class ModelParameters:
    """Every number a price model needs that is not a market observation; checked when it is made.

    Attributes
    ----------
    spx_shape, vix_shape
        The SSVI shapes of the two smiles.
    spx_term, spx_damping
        How unobserved nodes of the SPX surface follow, and the power of tenor by which VIX moves reach them.
    vx, curve_from_vix, curve_from_vix3m, fast_half_life, slow_half_life
        The VIX futures curve: beyond its nodes, and modelled from VIX without and with VIX3M; the half-lives,
        in sessions, of the running means of VIX.
    vix_decay
        kappa (1/year) of the volatility of VIX futures.
    vvix_from_vix, vvix_on_move
        a, b, c of VVIX = exp(a + b ln VIX + c ln slow mean) (VIX / fast mean)^vvix_on_move.
    vix_open_on_spx, vix_open_drift
        The fall of ln VIX at the open for a rise of ln SPX overnight, and its mean rise from close to open.
    future_open_share
        The share of VIX's overnight move, less its mean rise, that the futures' opens answer to.
    rate, dividend_yield
        Decimals a year, used where the market knows none.
    """

    spx_shape: SsviShape
    spx_term: TermModel
    spx_damping: float
    vx: VxModel
    curve_from_vix: CurveModel
    curve_from_vix3m: CurveModel
    fast_half_life: float
    slow_half_life: float
    vix_shape: SsviShape
    vix_decay: float
    vvix_from_vix: tuple[float, float, float]
    vvix_on_move: float
    vix_open_on_spx: float
    vix_open_drift: float
    future_open_share: float
    rate: float
    dividend_yield: float

    def __post_init__(self) -> None:
        checked_shape(*self.spx_shape, where="spx_smile")
        checked_shape(*self.vix_shape, where="vix_smile")
        speeds = {
            "spx_term.reversion_from_vix": self.spx_term.reversion_from_vix,
            "spx_term.reversion_from_two": self.spx_term.reversion_from_two,
            "spx_term.long_run_vol": self.spx_term.long_run_vol,
            "spx_term.damping": self.spx_damping,
            "vx_curve.reversion": self.vx.reversion,
            "vx_curve.damping_days": self.vx.damping_days,
            "vx_curve.damping_power": self.vx.damping_power,
            "vx_curve.fast_half_life": self.fast_half_life,
            "vx_curve.slow_half_life": self.slow_half_life,
            "opens.future_share": self.future_open_share,
            "vix_smile.decay": self.vix_decay,
        }
        for group, curve in (("vix", self.curve_from_vix), ("vix3m", self.curve_from_vix3m)):
            for name in ("reversion", "own_days", "own_power"):
                speeds[f"vx_modelled.{group}.{name}"] = getattr(curve, name)
        for name, value in speeds.items():
            if value <= 0.0:
                raise ConfigError(f"{name} = {value} must be above 0; mend the parameter file or refit it")

    @property
    def spx_model(self) -> SpxModel:
        """The part of the SPX surface that is the same on all days."""
        long_run = (self.spx_term.long_run_vol / 100.0) ** 2
        log_ratio = log_ratio_polynomial(self.spx_shape)
        return SpxModel(
            *self.spx_shape, log_ratio, long_run, self.spx_term.reversion_from_vix, self.spx_damping
        )


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
    smile = ("rho", "eta", "gamma")
    return ModelParameters(
        spx_shape=SsviShape(*number.group("spx_smile", *smile)),
        spx_term=TermModel(
            *number.group("spx_term", "reversion_from_vix", "long_run_vol", "reversion_from_two")
        ),
        spx_damping=number("spx_term.damping"),
        vx=VxModel(*number.group("vx_curve", "reversion", "damping_days", "damping_power")),
        curve_from_vix=CurveModel(*number.group("vx_modelled.vix", *CurveModel._fields)),
        curve_from_vix3m=CurveModel(*number.group("vx_modelled.vix3m", *CurveModel._fields)),
        fast_half_life=number("vx_curve.fast_half_life"),
        slow_half_life=number("vx_curve.slow_half_life"),
        vix_shape=SsviShape(*number.group("vix_smile", *smile)),
        vix_decay=number("vix_smile.decay"),
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
    >>> load_parameters().spx_shape.rho < 0.0 < load_parameters().vix_shape.rho
    True
    """
    source = _PACKAGED if path is None else str(path)
    try:
        text = packaged_text() if path is None else path.read_text(encoding="utf-8")
        tree = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{source}: cannot be read as TOML ({error}); give a parameter file") from error
    return _built(_Numbers(tree, source))
