"""What every command takes and keeps besides its own: `--debug`, `--log-level`, and a log in `--out`."""

from __future__ import annotations

import functools
import inspect
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from alvh_bt import __version__
from alvh_bt.errors import AlvhError

#: The log inside `--out`: a JSON object a line, oldest first, every run of a command appended.
LOG_FILE: Final = "alvh.log.jsonl"
_LEVELS: Final = ("debug", "info", "warning", "error")
_LOG = logging.getLogger("alvh_bt")


def _level(text: str) -> str:
    if text.lower() not in _LEVELS:
        raise typer.BadParameter(f"{text!r} is not a level: write {', '.join(_LEVELS)}")
    return text.lower()


_DEBUG = Annotated[bool, typer.Option("--debug", help="Show a traceback on errors.")]


def _log_level(kept: bool) -> Any:
    told = f", and from info to {LOG_FILE} in --out" if kept else ""
    about = f"What is logged: to stderr from the level named{told}."
    return Annotated[str, typer.Option(parser=_level, metavar="|".join(_LEVELS), help=about)]


def with_logs(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return a command that also takes `--debug` and `--log-level`, and logs what it does."""

    @functools.wraps(command)
    def logged(*, debug: bool, log_level: str, **given: Any) -> Any:
        try:
            with logging_to(given.get("out"), log_level):
                return _told(command, given)
        except KeyboardInterrupt as error:
            # Typer would end the program on it without a word.
            raise typer.Abort from error

    own = inspect.signature(command, eval_str=True)
    keyword, level = inspect.Parameter.KEYWORD_ONLY, _log_level("out" in own.parameters)
    added = [
        inspect.Parameter("debug", keyword, default=False, annotation=_DEBUG),
        inspect.Parameter("log_level", keyword, default="warning", annotation=level),
    ]
    parameters = [each.replace(kind=keyword) for each in own.parameters.values()]
    logged.__signature__ = own.replace(parameters=[*parameters, *added])  # type: ignore[attr-defined]
    return logged


def _told(command: Callable[..., Any], given: dict[str, Any]) -> Any:
    """Run a command between the lines of the log that say how it began and how it ended."""
    options = {name: str(value) for name, value in given.items() if value not in (None, False, [])}
    began = time.monotonic()
    _LOG.info("started", extra={"command": command.__name__, "version": __version__, "options": options})
    try:
        result = command(**given)
    except BaseException as error:
        ended = {"command": command.__name__, "seconds": round(time.monotonic() - began, 3)}
        if isinstance(error, typer.Exit):
            _LOG.info("ended", extra={**ended, "status": error.exit_code})
        else:
            known = isinstance(error, AlvhError | KeyboardInterrupt)
            _LOG.error("failed: %s", error or type(error).__name__, extra=ended, exc_info=not known)
        raise
    _LOG.info("ended", extra={"status": 0, "seconds": round(time.monotonic() - began, 3)})
    return result


@contextmanager
def logging_to(out: str | Path | None, level: str) -> Iterator[None]:
    """Log to stderr from `level` on, and into the folder `out`, once it is there, from info on."""
    shown = logging.StreamHandler()
    shown.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    # An error is told in one line by the command itself; here it would be told twice.
    shown.addFilter(lambda record: level in ("debug", "info") or record.levelno < logging.ERROR)
    shown.setLevel(level.upper())
    handlers: list[logging.Handler] = [shown]
    if out is not None and "://" not in str(out):
        handlers.append(FolderLog(Path(out)))
    for handler in handlers:
        _LOG.addHandler(handler)
    _LOG.setLevel(logging.DEBUG if level == "debug" else logging.INFO)
    try:
        yield
    finally:
        for handler in handlers:
            _LOG.removeHandler(handler)
            handler.close()


class FolderLog(logging.Handler):
    """Keeps what is logged until a folder is there, and then appends it to the log file inside.

    A command that fails before it has written anything leaves no folder behind, and so no log.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(logging.INFO)
        from pythonjsonlogger.json import JsonFormatter

        self.folder = folder
        names = "%(asctime)s %(levelname)s %(name)s %(process)d %(message)s"
        renamed = {"asctime": "time", "levelname": "level", "name": "part"}
        self.setFormatter(JsonFormatter(names, rename_fields=renamed, json_ensure_ascii=False))
        self._kept: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record, and write all that is kept if the folder is there."""
        try:
            self._kept.append(self.format(record) + "\n")
            self.flush()
        except Exception:  # a log must never stop what it tells of
            self.handleError(record)

    def flush(self) -> None:
        """Append what is kept to the log file, if its folder is there and takes it."""
        if not self._kept or not self.folder.is_dir():
            return
        try:
            with (self.folder / LOG_FILE).open("a", encoding="utf-8") as file:
                file.write("".join(self._kept))
        except OSError:
            return
        self._kept.clear()

    def close(self) -> None:
        """Write what is left, if it can be, and be done."""
        self.flush()
        super().close()
