"""The main job: the same condor book under each hedge of a study."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from alvh_bt.analysis.anatomy import Anatomy
from alvh_bt.analysis.attribution import dissect
from alvh_bt.analysis.chains import chain_figures, chain_notes, require_overlap
from alvh_bt.analysis.path_figures import path_figures
from alvh_bt.analysis.paths import run_paths
from alvh_bt.analysis.results import ComparisonResult
from alvh_bt.analysis.signal_coverage import coverage_notes, unavailable_shares
from alvh_bt.analysis.states import market_states
from alvh_bt.book.records import REASON_TEXT, Reason
from alvh_bt.chains import ChainStore
from alvh_bt.choices import Match
from alvh_bt.compiled import source_hash
from alvh_bt.config import Study
from alvh_bt.contracts import calendar_date, epoch_day
from alvh_bt.engine.results import RunResult
from alvh_bt.engine.run import run_variants
from alvh_bt.hedges import find_hedge
from alvh_bt.market import Market
from alvh_bt.market.market import provenance_shares
from alvh_bt.own_class import source_of
from alvh_bt.pricing.model import PriceModel
from alvh_bt.pricing.parameters import packaged_text

_PACKAGE = Path(__file__).parents[1]


def run_comparison(
    market: Market,
    study: Study,
    tick: Callable[[], Any] | None = None,
    meanwhile: Callable[[], Any] | None = None,
    store: ChainStore | None = None,
    dissected: bool = False,
) -> ComparisonResult:
    """Return every variant's run over the study's window, with what the user must know about it.

    Parameters
    ----------
    market, study
        History and settings.
    tick
        Called after each session of each variant, for a progress bar.
    meanwhile
        Called once while the variants run in other processes, if they do.
    store
        Real chains: quotes where they have some, the model moved to agree with them elsewhere.
    dissected
        Whether each run is taken apart day by day (`ComparisonResult.anatomy`), in the process that ran it.

    Raises
    ------
    ConfigError, AccountingError
        When a hedge is unknown, or the books do not balance.
    DataError
        When the window holds no usable session, or none with quotes in the chains given, or a price or a
        settlement value is missing.
    """
    first, last = market.window(study.start, study.end)
    if store is not None:
        require_overlap(store, market, first, last)
    # At equal protection hedges are scaled by their exposures.
    dissected = dissected or study.comparison.match == Match.PROTECTION
    after = partial(_taken_apart, market, study) if dissected else None
    runs, found, prices, calendar = run_variants(market, study, tick, meanwhile, store, after)
    settings = study.settings()
    unavailable = unavailable_shares(calendar.signals, first, last)
    chains = None if store is None else chain_figures(store, market, first, last, runs)
    of_chains = () if chains is None else chain_notes(chains, last - first + 1, study)
    return ComparisonResult(
        runs=tuple(runs),
        settings=settings,
        inputs=provenance_shares(prices.provenance, first, last),
        notes=(*of_chains, *_notes(market, study, runs), *coverage_notes(unavailable, study.hedges)),
        states=market_states(market, getattr(prices, "model", prices), first, last),
        run_id=run_id(settings, market, store.fingerprint if store else "", own_sources(study.hedges)),
        start=calendar_date(market.days[first]),
        end=calendar_date(market.days[last]),
        starting_cash=study.book.starting_cash,
        signals=unavailable,
        chains=chains,
        anatomy={run.variant: each for run, each in zip(runs, found, strict=True)} if dissected else {},
    )


def _taken_apart(market: Market, study: Study, run: RunResult, prices: PriceModel) -> Anatomy:
    return dissect(run, market, prices, study)


def resample(
    result: ComparisonResult,
    summary: Mapping[str, Any],
    market: Market,
    study: Study,
    paths: int,
    tick: Callable[[], Any] | None = None,
) -> tuple[ComparisonResult, dict[str, Any]]:
    """Return a comparison and its summary with the same hedges run over resampled histories.

    Parameters
    ----------
    result, summary
        What `run_comparison` and `summarise` gave for the market and the study.
    market, study
        The real history, and settings.
    paths
        Number of histories, >= 1.
    tick
        Called after each session of each run.

    Raises
    ------
    ConfigError, DataError, AccountingError
        As `analysis.paths.run_paths`.
    """
    found = run_paths(market, study, paths, tick)
    return replace(result, paths=found), {**summary, "paths": path_figures(found, summary)}


def own_sources(hedges: Sequence[str]) -> str:
    """Return the text of the modules of hedges that are a user's own, empty where there are none."""
    kinds = [find_hedge(name) for name in hedges]
    inside = __name__.partition(".")[0]
    return "\n".join(source_of(kind) for kind in kinds if kind.__module__.partition(".")[0] != inside)


def run_id(settings: dict[str, Any], market: Market, chains: str = "", own: str = "") -> str:
    """Return the hash of settings, code, calibrated constants and data: the same id, the same result.

    `chains` is the fingerprint of the real chains, `own` the source of a user's hedges; empty without.
    """
    parts = [json.dumps(settings, sort_keys=True), source_hash(_PACKAGE), packaged_text(), market.fingerprint]
    parts += [part for part in (chains, own) if part]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _notes(market: Market, study: Study, runs: Sequence[RunResult]) -> Iterator[str]:
    clipped = market.clipped(study.start, study.end)
    if clipped:
        yield clipped
    first, last = (market.days[row] for row in market.window(study.start, study.end))
    for repair in market.repairs:
        days = tuple(day for day in repair.days if first <= day <= last)
        if days:
            yield str(replace(repair, days=days))
    for crisis in study.crises:
        if not first <= epoch_day(crisis.end) or not epoch_day(crisis.start) <= last:
            yield f"crisis {crisis.name!r} ({crisis.start} to {crisis.end}) lies outside of the window"
    proxy = REASON_TEXT[Reason.PROXY_SETTLEMENT]
    for run in runs:
        settled = run.trades[run.trades["action"] == "settle"]
        count = int((settled["reason"] == proxy).sum())
        if count:
            yield (
                f"{run.variant}: {count} of {len(settled)} settlements used an open, published or modelled, "
                "in place of the official value (SET or VRO)"
            )
    yield from _never(runs)
    if study.layered.short_first:
        yield "layered: layer one sells VX (layered.short_first): short volatility, which is not a hedge"


def _never(runs: Sequence[RunResult]) -> Iterator[str]:
    """Say what did not happen at all, though a reader would take it that it did."""
    sized = any(run.variant.startswith("static-") for run in runs)
    for run in runs:
        opened = run.trades[run.trades["action"] == "open"]
        if not (opened["book"] == "condor").any():
            notes = run.journal[(run.journal["book"] == "condor") & (run.journal["event"] == "note")]
            said = notes["reason"].value_counts()
            why = f"; {said.index[0]} ({said.iloc[0]} times)" if len(said) else ""
            yield f"{run.variant}: no condor was opened{why}"
        elif run.variant in ("layered", "layered-core"):
            for layer in ("one", "two", "three"):
                if not (opened["layer"] == layer).any():
                    told = f"{run.variant}: layer {layer} was never deployed"
                    yield told + (", though static hedges are sized on all three layers" if sized else "")
        elif run.variant != "none" and not (opened["book"] == "hedge").any():
            yield f"{run.variant}: the hedge never bought"
