"""The `alvh` command: parse, run, and turn every error into one line and an exit status."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback

import typer
from typer.exceptions import Abort, TyperException

from alvh_bt import __version__
from alvh_bt.cli.audit import audit
from alvh_bt.cli.claims import claims
from alvh_bt.cli.compare import compare
from alvh_bt.cli.data import data_app
from alvh_bt.cli.doctor import doctor
from alvh_bt.cli.interrupts import interrupts_heard
from alvh_bt.cli.journal import journal
from alvh_bt.cli.logs import with_logs
from alvh_bt.cli.presets import presets
from alvh_bt.cli.report import report
from alvh_bt.cli.sweep import sweep_app
from alvh_bt.cli.today import today
from alvh_bt.cli.validate import validate
from alvh_bt.errors import AlvhError

_HELP = """Backtest SPX iron condors under VIX hedges: none, static and layered.

Example: alvh compare --start 2015-06-01 --end 2016-06-30 --out out

Example: alvh report out

Example: alvh data info

Any command's --help has an example of its own; docs/ERRORS.md has every error with its remedy.
"""

app = typer.Typer(
    help=_HELP,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (compare, today, audit, claims, validate, journal, report, presets, doctor):
    app.command()(with_logs(command))
app.add_typer(sweep_app, name="sweep")
app.add_typer(data_app, name="data")


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"alvh {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: bool = typer.Option(
        False, "--version", help="Show the version and stop.", callback=_show_version, is_eager=True
    ),
) -> None:
    """Take the options that come before a command."""


def main() -> None:
    """Run the command line and exit: 0 done, 1 a run failed, 2 bad usage, 3 data unusable."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Return the exit status of a command line; what went wrong goes to stderr in one line."""
    try:
        with interrupts_heard():
            status = app(arguments or ["--help"], prog_name="alvh", standalone_mode=False)
        # What is still held back fails here, where it can be told, rather than at the very end.
        sys.stdout.flush()
        if not arguments:
            return 2
    except BrokenPipeError:
        return _hushed()
    except AlvhError as error:
        if "--debug" in arguments:
            traceback.print_exc()
        return _refuse(str(error), error.exit_status)
    except TyperException as error:
        # A group of commands given alone has shown its help instead.
        said = error.format_message().rstrip(".") or "no command was given"
        return _refuse(f"{said}; see alvh --help", error.exit_code)
    except (Abort, KeyboardInterrupt):
        return _refuse("interrupted; nothing is left half-written", 130)
    except OSError as error:
        if "--debug" in arguments:
            traceback.print_exc()
        where = error.filename2 or error.filename or "what is printed"
        return _refuse(f"{error.strerror or error} ({where}); make room there, or allow it", 1)
    except Exception as error:
        # The last resort: a user sees a line, not a traceback, unless they ask for it.
        if "--debug" in arguments:
            traceback.print_exc()
        what = f"{type(error).__name__}: {error}"
        return _refuse(f"internal error, {what}; run again with --debug and report it", 1)
    return int(status or 0)


def _hushed() -> int:
    """Return the status of a command whose reader, such as `head`, has read enough; nothing is said."""
    with contextlib.suppress(OSError, ValueError):
        # Python flushes once more on its way out, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def _refuse(message: str, status: int) -> int:
    print("alvh: " + " ".join(message.split()), file=sys.stderr)
    return status


if __name__ == "__main__":
    main()
