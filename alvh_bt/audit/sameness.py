"""Determinism: the same run again, in the same process and in a new one, must be the same to the bit."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from typing import Final

import pandas as pd

from alvh_bt.audit.subject import Subject, World, find_subject, make_world, run_subject
from alvh_bt.config import Study
from alvh_bt.contracts import calendar_date
from alvh_bt.engine.results import RunResult
from alvh_bt.market import Market

#: Sessions at the end of the window that are run again.
SESSIONS: Final = 500
#: The seed of hashes in the new process: sets and dictionaries of objects come in another order there.
_HASH_SEED: Final = "20240229"


def digest(run: RunResult) -> str:
    """Return the SHA-256 of every cell of a run's tables, and of how it ended."""
    found = hashlib.sha256(str(run.stopped).encode())
    for frame in (run.daily, run.trades, run.journal):
        for name, column in frame.items():
            numeric = pd.api.types.is_numeric_dtype(column)
            content = column.to_numpy().tobytes() if numeric else repr(column.tolist()).encode()
            found.update(str(name).encode() + content)
    return found.hexdigest()


def last_part(market: Market, study: Study) -> Study:
    """Return the study over the last sessions of its window."""
    first, last = market.window(study.start, study.end)
    start = calendar_date(market.days[max(first, last - SESSIONS)])
    return replace(study, start=start, end=calendar_date(market.days[last]))


def digest_twice(world: World, study: Study, subject: Subject) -> tuple[str, str]:
    """Return the digests of two runs of one class, one after the other."""
    first, second = (digest(run_subject(world, study, subject)) for _ in range(2))
    return first, second


def digests_elsewhere(market: Market, study: Study, texts: Sequence[str]) -> dict[str, str]:
    """Return the digest of each subject in a new process: another order, and other hashes of objects.

    A subject that cannot run there has its error in place of a digest.
    """
    before = os.environ.get("PYTHONHASHSEED")
    os.environ["PYTHONHASHSEED"] = _HASH_SEED
    try:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            return pool.submit(_in_reverse, market, study, tuple(texts)).result()
    finally:
        if before is None:
            del os.environ["PYTHONHASHSEED"]
        else:
            os.environ["PYTHONHASHSEED"] = before


def _in_reverse(market: Market, study: Study, texts: tuple[str, ...]) -> dict[str, str]:
    world, found = make_world(market, study), {}
    for text in reversed(texts):
        try:
            found[text] = digest(run_subject(world, study, find_subject(text)[0]))
        except Exception as error:  # the other process tells of it; here it is a difference
            found[text] = f"{type(error).__name__}: {error}"
    return found
