"""The runs that an audit is made of, side by side on the machine's cores."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from alvh_bt.audit.ledger import LedgerFinding, weigh
from alvh_bt.audit.look_ahead import choose_cuts, pasts_after_cut
from alvh_bt.audit.sameness import digest_twice, digests_elsewhere, last_part
from alvh_bt.audit.sensitivity import FILLS, Figures, figures_of, other_studies, weigh_inputs
from alvh_bt.audit.subject import Subject, World, find_subject, make_world, run_subject
from alvh_bt.audit.watch import Watch
from alvh_bt.config import Study
from alvh_bt.engine.parallel import STEP, run_side_by_side
from alvh_bt.errors import AlvhError
from alvh_bt.market import Market

#: What every hedge is compared with, and the job that runs all of them in a new process.
REFERENCE: Final = "none"
ELSEWHERE: Final = "elsewhere"


class Whole(NamedTuple):
    """What the whole run of a subject gave."""

    sessions: int
    trades: int
    stopped: str | None
    ledger: LedgerFinding
    figures: Figures
    inputs: tuple[str, str]
    opened: tuple[str, ...]
    reached: tuple[str, ...]
    decided: tuple[int, ...]  # epoch days on which something was ordered


class Trouble(NamedTuple):
    """What a subject raised, in a line."""

    told: str


def count_jobs(hedges: Sequence[str], cuts: int) -> int:
    """Return how many times `tick` is called by an audit."""
    return STEP * (len(set(hedges) | {REFERENCE}) * (2 + len(FILLS)) + cuts + 1)


def run_jobs(
    market: Market, study: Study, subjects: Mapping[str, Subject], cuts: int, tick: Callable[[], Any]
) -> dict[Any, Any]:
    """Return what each job gave: by (hedge, job), where a cut is its session, and for the new process."""
    first, last = market.window(study.start, study.end)
    world, part = make_world(market, study), last_part(market, study)
    others = other_studies(study)
    work: dict[Any, Callable[[], Any]] = {}
    everyone = {**subjects, REFERENCE: subjects.get(REFERENCE) or find_subject(REFERENCE)[0]}
    for text, subject in everyone.items():
        work[text, "whole"] = partial(_whole, world, study, subject)
        for name, other in others.items():
            work[text, name] = partial(_figures, world, other, subject)
        if text in subjects:
            work[text, "twice"] = partial(digest_twice, world, part, subject)
    work[ELSEWHERE] = partial(digests_elsewhere, market, part, list(subjects))
    done = _side_by_side(work, subjects, tick)
    running = {text: each for text, each in subjects.items() if isinstance(done[text, "whole"], Whole)}
    decided = [day for text in running for day in done[text, "whole"].decided]
    chosen = choose_cuts(market, first, last, cuts, study.seed, decided) if running else []
    ahead = {cut: partial(_pasts, world, study, running, cut, study.seed + cut) for cut in chosen}
    for cut, pasts in _side_by_side(ahead, subjects, tick).items():
        for text in running:
            done[text, cut] = pasts if isinstance(pasts, Trouble) else pasts[text]
    return done


def _pasts(
    world: World, study: Study, subjects: Mapping[str, Subject], cut: int, seed: int
) -> dict[str, tuple[str, str] | Trouble]:
    found = pasts_after_cut(world, study, subjects, cut, seed)
    return {
        text: Trouble(_line(past, subjects[text])) if isinstance(past, Exception) else past
        for text, past in found.items()
    }


def _side_by_side(
    work: Mapping[Any, Callable[[], Any]], subjects: Mapping[str, Subject], tick: Callable[[], Any]
) -> dict[Any, Any]:
    """Return what each job gave, or its trouble."""
    keys = {str(key): key for key in work}

    def job(name: str, progress: Callable[[], Any]) -> Any:
        try:
            return work[keys[name]]()
        except Exception as error:  # whatever a user's code raises is what the audit is to tell
            who = keys[name][0] if isinstance(keys[name], tuple) else ""
            return Trouble(_line(error, subjects.get(who)))
        finally:
            for _ in range(STEP):
                progress()

    if not keys:
        return {}
    return dict(zip(keys.values(), run_side_by_side(job, list(keys), tick), strict=True))


def _figures(world: World, study: Study, subject: Subject) -> Figures:
    return figures_of(run_subject(world, study, subject), study)


def _whole(world: World, study: Study, subject: Subject) -> Whole:
    """Return what the whole run gave, and what the user's file touched meanwhile."""
    watch = Watch(subject.file or "")
    if subject.file is None:
        run = run_subject(world, study, subject)
    else:
        with watch:
            run = run_subject(world, study, subject)
    ordered = run.journal.loc[run.journal["event"] != "note", "date"]
    return Whole(
        len(run.daily),
        len(run.trades),
        run.stopped,
        weigh(run, world, study),
        figures_of(run, study),
        weigh_inputs(run, world, study),
        tuple(sorted(watch.opened)),
        tuple(sorted(watch.reached)),
        tuple(sorted({int(day) for day in ordered.to_numpy().astype("datetime64[D]").astype(np.int64)})),
    )


def _line(error: Exception, subject: Subject | None) -> str:
    """Return an error in a line, with the user's own line that it came from."""
    told = f"{type(error).__name__}: {' '.join(str(error).split())}"
    if isinstance(error, AlvhError):
        told = " ".join(str(error).split())
    if subject is None or subject.file is None:
        return told
    own = [
        frame for frame in traceback.extract_tb(error.__traceback__) if _same(frame.filename, subject.file)
    ]
    return f"{told} ({Path(subject.file).name}, line {own[-1].lineno})" if own else told


def _same(name: str, file: str) -> bool:
    return str(Path(name).resolve()) == file
