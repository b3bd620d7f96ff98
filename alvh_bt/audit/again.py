"""What another process runs for `sameness.elsewhere`: a job in on stdin, digests out on the last line."""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
import types
from pathlib import Path
from typing import Any, Final

from alvh_bt.audit.sameness import digest
from alvh_bt.audit.subjects import load_subject, run_subject, world_of
from alvh_bt.config import make_study
from alvh_bt.engine.guarded import words_of
from alvh_bt.market import load_market
from alvh_bt.own_class import is_own

#: How far ahead the other clock is.
AHEAD: Final = dt.timedelta(days=401, hours=5, minutes=17)


def main() -> None:
    """Run the job that stdin holds and print the digests of its runs."""
    job = json.load(sys.stdin)
    market = load_market(None if job["data"] is None else Path(job["data"]))
    if market.fingerprint != job["fingerprint"]:
        sys.exit("the data has changed meanwhile; run the audit again")
    study = make_study(**job["settings"])
    world = world_of(market, study)
    found = {}
    for name in job["hedges"]:
        try:
            kind = load_subject(name)
            if job["other_clock"] and is_own(name):
                set_clock_ahead(sys.modules[kind.__module__])
            found[name] = digest(run_subject(world, study, kind).run)
        except Exception as error:  # a user's code may raise anything
            found[name] = {"error": words_of(error)}
    print()
    print(json.dumps(found))


class _LaterDate(dt.date):
    @classmethod
    def today(cls) -> Any:
        return dt.date.today() + AHEAD


class _LaterDatetime(dt.datetime):
    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return dt.datetime.now(tz) + AHEAD

    @classmethod
    def today(cls) -> Any:
        return dt.datetime.today() + AHEAD

    @classmethod
    def utcnow(cls) -> Any:
        return dt.datetime.now(dt.UTC).replace(tzinfo=None) + AHEAD


def set_clock_ahead(module: types.ModuleType) -> None:
    """Give a module's own names of `datetime` and `time` a clock that is `AHEAD`; nobody else's."""
    later_datetime, later_time = types.ModuleType("datetime"), types.ModuleType("time")
    later_datetime.__dict__.update({**vars(dt), "date": _LaterDate, "datetime": _LaterDatetime})
    now, now_ns = time.time, time.time_ns
    seconds = AHEAD.total_seconds()
    shifted = {"time": lambda: now() + seconds, "time_ns": lambda: now_ns() + int(seconds) * 10**9}
    later_time.__dict__.update({**vars(time), **shifted})
    swaps: list[tuple[Any, Any]] = [
        *((dt, later_datetime), (dt.date, _LaterDate), (dt.datetime, _LaterDatetime)),
        *((time, later_time), (time.time, shifted["time"]), (time.time_ns, shifted["time_ns"])),
    ]
    for name, value in list(vars(module).items()):
        for old, new in swaps:
            if value is old:
                setattr(module, name, new)


if __name__ == "__main__":
    main()
