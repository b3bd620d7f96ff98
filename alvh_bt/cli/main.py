"""The `alvh` command: parse, run, and turn every error into one line and an exit status."""

from __future__ import annotations

import sys
import traceback

import typer

from alvh_bt import __version__
from alvh_bt.cli.compare import compare
from alvh_bt.errors import AlvhError

app = typer.Typer(
    help="Backtest SPX iron condors under VIX hedges: none, static and layered.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(compare)


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
    try:
        app()
    except AlvhError as error:
        if "--debug" in sys.argv:
            traceback.print_exc()
        print(f"alvh: {error}", file=sys.stderr)
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        print("alvh: interrupted; nothing was written", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
