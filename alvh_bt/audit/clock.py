"""Another clock for the user's code, while everybody else keeps the one on the wall."""

from __future__ import annotations

import builtins
import contextlib
import datetime as dt
import time
import types
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any, Final

import pandas as pd

from alvh_bt.audit.conduct import is_code_of

#: How far ahead the other clock is.
AHEAD: Final = dt.timedelta(days=401, hours=5, minutes=17)


class _Alike(type):
    """Of classes that make, and take for their own, what the real class would."""

    real: type[Any]

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return cls.real(*args, **kwargs) if "real" in vars(cls) else super().__call__(*args, **kwargs)

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.real) if "real" in vars(cls) else super().__instancecheck__(instance)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, cls.real) if "real" in vars(cls) else super().__subclasscheck__(subclass)


class _LaterDate(dt.date, metaclass=_Alike):
    real = dt.date

    @classmethod
    def today(cls) -> Any:
        return dt.date.today() + AHEAD


class _LaterDatetime(dt.datetime, metaclass=_Alike):
    real = dt.datetime

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return dt.datetime.now(tz) + AHEAD

    @classmethod
    def today(cls) -> Any:
        return dt.datetime.today() + AHEAD

    @classmethod
    def utcnow(cls) -> Any:
        return dt.datetime.now(dt.UTC).replace(tzinfo=None) + AHEAD


def _later_modules() -> dict[str, types.ModuleType]:
    """Return `datetime` and `time` as they are on the other clock."""
    seconds, now, now_ns = AHEAD.total_seconds(), time.time, time.time_ns

    def at(function: Callable[[float], Any]) -> Callable[..., Any]:
        return lambda secs=None: function(now() + seconds if secs is None else secs)

    def localtime(secs: float | None = None) -> time.struct_time:
        return time.localtime(now() + seconds if secs is None else secs)

    later: dict[str, Any] = {
        "time": lambda: now() + seconds,
        "time_ns": lambda: now_ns() + int(seconds) * 10**9,
        "localtime": localtime,
        "gmtime": at(time.gmtime),
        "ctime": at(time.ctime),
        "asctime": lambda when=None: time.asctime(localtime() if when is None else when),
        "strftime": lambda form, when=None: time.strftime(form, localtime() if when is None else when),
    }
    found = {"datetime": types.ModuleType("datetime"), "time": types.ModuleType("time")}
    found["datetime"].__dict__.update({**vars(dt), "date": _LaterDate, "datetime": _LaterDatetime})
    found["time"].__dict__.update({**vars(time), **later})
    return found


@contextlib.contextmanager
def clock_ahead(sources: Collection[Path]) -> Iterator[None]:
    """Meanwhile what the user's code imports as `datetime` or `time` is `AHEAD`, also in its functions.

    Parameters
    ----------
    sources
        The user's files; the modules in their folders are theirs as well. pandas' `Timestamp.now` and
        `today` are ahead for everybody.
    """
    plain, later = builtins.__import__, _later_modules()

    def import_later(name: str, globals: Any = None, *rest: Any, **named: Any) -> types.ModuleType:
        level = named.get("level", rest[2] if len(rest) > 2 else 0)
        if level == 0 and name in later and globals is not None:
            file = globals.get("__file__")
            if file is not None and any(is_code_of(source, str(file)) for source in sources):
                return later[name]
        return plain(name, globals, *rest, **named)

    real = {name: vars(pd.Timestamp)[name] for name in ("now", "today")}

    def now(cls: Any, tz: Any = None) -> Any:
        return real["now"].__func__(cls, tz) + AHEAD

    builtins.__import__ = import_later
    try:
        for name in real:
            setattr(pd.Timestamp, name, classmethod(now))
        yield
    finally:
        builtins.__import__ = plain
        for name, function in real.items():
            setattr(pd.Timestamp, name, function)
