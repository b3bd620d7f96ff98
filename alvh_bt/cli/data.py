"""`alvh data`: fetch market history, look at it, check it, bring in files of one's own."""

from __future__ import annotations

import typer

from alvh_bt.cli.data_check import check
from alvh_bt.cli.data_fetch import fetch
from alvh_bt.cli.data_import import import_file
from alvh_bt.cli.data_info import info
from alvh_bt.cli.logs import with_logs

data_app = typer.Typer(
    help="Market data: fetch it, check it, see what is there, bring in files of your own.",
    no_args_is_help=True,
)
for name, command in (("fetch", fetch), ("check", check), ("info", info), ("import", import_file)):
    data_app.command(name)(with_logs(command))


@data_app.callback()
def _group() -> None:
    """Market data: fetch it, check it, see what is there, bring in files of your own."""
