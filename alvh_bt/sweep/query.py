"""Any other question: SQL over the rows of a sweep, by DuckDB, that can read and write nothing else."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import duckdb

from alvh_bt.errors import ConfigError
from alvh_bt.sweep.results import SweepResults

#: No query takes more memory than this.
_MEMORY: Final = "1GB"
# A run that was written twice stands once, without its error where one of the two had none.
_ONCE: Final = (
    "CREATE VIEW runs AS SELECT * FROM parts QUALIFY row_number() OVER "
    "(PARTITION BY configuration, variant ORDER BY error IS NOT NULL) = 1"
)


class Answer(NamedTuple):
    """The columns and rows of a query, and whether there were more rows than asked for."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    more: bool


def query(results: SweepResults, sql: str, at_most: int | None = None) -> Answer:
    """Return what a query over the view `runs` gives; names with a dot in them go in double quotes.

    The database is in memory. Files, networks and settings are out of its reach: only the sweep is there.

    Parameters
    ----------
    results
        The sweep; weekly returns are there too, read only if the query names them.
    sql
        One query, such as `SELECT "condor.short_delta", avg(pnl_usd) FROM runs GROUP BY 1`.
    at_most
        Rows that are fetched; None: all.

    Raises
    ------
    ConfigError
        What DuckDB says of the query, in one line.
    """
    with duckdb.connect(":memory:") as database:
        try:
            database.execute(f"SET memory_limit = '{_MEMORY}'")
            if results.repeated:
                database.register("parts", results.source)
                database.execute(_ONCE)
            else:
                database.register("runs", results.source)
            # What is registered is reached through Arrow: nothing else is needed from outside.
            database.execute("SET enable_external_access = false")
            database.execute("SET lock_configuration = true")
            found = database.execute(sql)
            if found is None:
                raise ConfigError("--sql is empty; write it as --sql 'SELECT * FROM runs LIMIT 5'")
            columns = tuple(str(column[0]) for column in found.description or ())
            rows = found.fetchall() if at_most is None else found.fetchmany(at_most + 1)
        except duckdb.Error as error:
            raise ConfigError(f"--sql: {' '.join(str(error).split())}; the view is called runs") from None
    return Answer(columns, rows[:at_most], at_most is not None and len(rows) > at_most)
