"""What broken files are given to, and what may come of it: success, or one clear line.

Each target makes sound files once, and puts one broken file at a time through the command line (or, for
chains and published indices, through the reader that the command calls).
"""

from __future__ import annotations

import contextlib
import io
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq
from chain_files import ROWS, canonical_text, datashop_text, optionsdx_text, parquet_table
from mutations import mutated
from random_markets import Shape, write_folder
from synthetic_runs import long_comparison
from synthetic_sweeps import sweep_rows, write_sweep

from alvh_bt.analysis.claims_file import read_claims
from alvh_bt.analysis.plain import json_text
from alvh_bt.analysis.summary import summarise
from alvh_bt.chains import open_chains
from alvh_bt.cli.main import run
from alvh_bt.config import make_study
from alvh_bt.errors import LONGEST, AlvhError
from alvh_bt.report.saved import load_result, table_files
from alvh_bt.validation.benchmarks import read_monthly, read_vxth

#: What a run of the command line says of input that is sound, when it is asked for a session to come.
_SOUND = "choose dates between"
_STATUSES = (0, 1, 2, 3)

STUDY = """
hedges = ["none", "layered"]
start = 2015-07-01
seed = 3
[book]
starting_cash = 250000.0
fill = "next_close"
[condor]
short_delta = 0.2
schedule = "weekly"
[layered]
trigger_delta = 0.35
[quorum]
third = 1
third_of = ["flow_spike"]
[[crises]]
name = "a fall"
start = 2015-08-18
end = 2015-08-26
"""
SWEEP = """
[sweep]
method = "random"
runs = 5
hedges = ["none", "static-calls"]
constraints = ["2 * condor.wing_delta <= condor.short_delta"]
[axes]
"condor.short_delta" = { low = 0.10, high = 0.25 }
"condor.wing_delta" = [0.03, 0.05]
"condor.schedule" = ["weekly", "monthly"]
[study]
start = 2015-07-01
end = 2015-10-30
"""
CLAIMS = """
packaged = false
[[claim]]
id = "mine"
claim = "It costs nothing"
published = "0"
measure = "annual_bleed"
books = [{ preset = "default", hedge = "layered" }]
at_least = 0.0
at_most = 0.1
start = 2015-07-01
"""
VXTH = """date,vxth,spx,divd,expiration,strike,call_bid,call_ask,call_mid,number_of_calls
2012-01-18,145.0,1308.0,0.2,2012-02-15,29.0,0.3,0.4,0.35,0.1
2012-01-19,145.1,1309.0,0.2,2012-02-15,29.0,0.2,0.3,0.25,0.1
2012-01-20,145.2,1310.0,0.2,2012-02-15,29.0,0.2,0.3,0.25,0.1
"""
MONTHLY = "date,SPX,BXM,CNDR\n2012-01-31,1312.4,850.1,700.2\n2012-02-29,1365.7,860.0,710.9\n"


class Outcome(NamedTuple):
    """What came of an input: `accepted`, the class of the error, or what must not be."""

    kind: str
    fault: str = ""


class Target(NamedTuple):
    """A kind of input: the sound files (path -> bytes), the one that is broken, and who reads it."""

    files: tuple[Path, ...]
    read: Callable[[Path], Outcome]


def command(arguments: list[str], sound: str = _SOUND, out: Path | None = None) -> Outcome:
    """Run a command line and judge what it printed."""
    said, told = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(told):
            status = run(arguments)
    except BaseException as error:
        return Outcome("internal error", f"{type(error).__name__}: {error}")
    return judged(status, said.getvalue(), sound, out)


def judged(status: int, said: str, sound: str, out: Path | None = None) -> Outcome:
    """Judge an exit status and what was said on stderr."""
    lines = [line for line in said.splitlines() if line.startswith("alvh: ")]
    if "internal error" in said or "Traceback" in said or status not in _STATUSES:
        return Outcome("internal error", said[-300:])
    if status in (0, 1) or (sound and sound in said):
        return Outcome("accepted")
    if len(lines) != 1 or len(lines[0]) > LONGEST + len("alvh: "):
        return Outcome("unclear", said[-1000:])
    if out is not None and out.exists():
        return Outcome("partial output", str(sorted(out.rglob("*"))))
    return Outcome({2: "ConfigError", 3: "DataError"}[status])


def reading(read: Callable[[], object], name: str) -> Outcome:
    """Call a reader and judge what it raised."""
    try:
        read()
    except AlvhError as error:
        message = str(error)
        if "\n" in message or len(message) > LONGEST or name not in message:
            return Outcome("unclear", message)
        return Outcome(type(error).__name__)
    except Exception as error:
        return Outcome("internal error", f"{type(error).__name__}: {error}")
    return Outcome("accepted")


def targets(folder: Path) -> dict[str, Target]:
    """Every kind of input, its sound files written under `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {"market csv": _market(folder / "market"), "report folder": _saved(folder / "saved")}
    for name, text, read in (
        ("study toml", STUDY, _study),
        ("sweep toml", SWEEP, lambda path: command(["sweep", str(path), "--data", "/nowhere"], "/nowhere")),
        ("claims toml", CLAIMS, lambda path: reading(lambda: read_claims(path), path.name)),
        ("cboe_monthly csv", MONTHLY, lambda path: reading(lambda: read_monthly(path), path.name)),
        ("vxth_daily csv", VXTH, lambda path: reading(lambda: read_vxth(path), path.name)),
    ):
        path = folder / f"{name.split()[0]}.{name.split()[1]}"
        path.write_text(text, encoding="utf-8")
        made[name] = Target((path,), read)
    made["chains csv"], made["chains parquet"] = _chains(folder)
    sweep = write_sweep(folder / "swept", sweep_rows(weeks=8, count=6))
    parts = tuple(sorted((sweep / "parts").glob("*.parquet")))
    made["sweep parquet"] = Target(parts, lambda path: _shown(sweep))
    made["sweep manifest"] = Target((sweep / "manifest.json",), lambda path: _shown(sweep))
    return made


def _market(folder: Path) -> Target:
    write_folder(Shape(sessions=25, holes=0.05), folder)
    for name, text in _OTHERS.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    asked = ["compare", "--data", str(folder), "--start", "2031-01-02", "--hedge", "none"]
    return Target(tuple(sorted(folder.glob("*.csv"))), lambda path: command(asked, out=None))


_OTHERS = {
    "shiller": (
        "date,price,dividend,earnings,cape,gs10\n2015-06-01,2000,40,100,25,2\n2015-07-01,2010,40,99,25,\n"
    ),
    "reer": "date,reer\n2015-06-01,101.2\n2015-07-01,101.5\n",
    "hy_oas": "date,hy_oas\n2016-01-04,4.5\n2016-01-05,4.6\n",
    "macro_events": "date,event,actual,consensus\n2016-01-20,CPI,0.1,0.2\n2016-01-27,FOMC,,\n",
    "fundamentals": "as_of,symbol,group,quick_ratio\n2015-12-31,AAA,reit,1.2\n2015-12-31,B,technology,1\n",
    "breadth": "date,net_new_highs,percent_advancers\n2016-01-04,12,55.5\n2016-01-05,-8,44.1\n",
    "settlements": "date,spx_set,vro\n2016-01-15,1880.1,\n2016-01-20,,27.1\n",
    "cash_flow": "date,cash_flow\n2015-06-01,150.1\n",
    "foreign_rates": "date,rate\n2015-06-01,-0.3\n2016-01-04,-0.35\n",
    "etp_vxx": "date,close\n2016-01-04,20.1\n2016-01-05,20.4\n",
}


def _study(path: Path) -> Outcome:
    return command(["compare", "--config", str(path), "--data", "/nowhere"], "/nowhere")


def _shown(folder: Path) -> Outcome:
    return command(["sweep", "show", str(folder), "--sql", "SELECT count(*), avg(pnl_usd) FROM runs"], "")


def _chains(folder: Path) -> tuple[Target, Target]:
    texts = {
        "canonical": canonical_text(ROWS),
        "optionsdx": optionsdx_text(ROWS),
        "datashop": datashop_text(ROWS),
    }
    paths = []
    for name, text in texts.items():
        (folder / name).mkdir(parents=True)
        paths.append(folder / name / f"spx_{name}.csv")
        paths[-1].write_text(text, encoding="utf-8")
    (folder / "columns").mkdir()
    parquet = folder / "columns" / "chains.parquet"
    pq.write_table(parquet_table(ROWS), parquet)

    def read(path: Path) -> Outcome:
        def days() -> None:
            store = open_chains(path.parent)
            for day in store.days:
                store.day(int(day))

        return reading(days, path.name)

    return Target(tuple(paths), read), Target((parquet,), read)


def _saved(folder: Path) -> Target:
    result = long_comparison(sessions=300)
    folder.mkdir(parents=True)
    study = make_study(bootstrap_draws=100)
    result = result.__class__(**{**result.__dict__, "settings": study.settings()})
    summary = summarise(result, 100, 1)
    for name, content in {**table_files(result), "summary.json": json_text(summary).encode()}.items():
        (folder / name).write_bytes(content)
    load_result(folder)  # the sound ones must be sound
    json.loads((folder / "summary.json").read_text())
    files = tuple(path for path in sorted(folder.iterdir()) if path.suffix in (".parquet", ".json"))

    def read(path: Path) -> Outcome:
        if path.name == "journal.parquet":
            return command(["journal", str(folder), "--signals"], "")
        return reading(lambda: load_result(folder), "")

    return Target(files, read)


def fuzz_one(target: Target, seed: int) -> tuple[Outcome, Path]:
    """Break one file, read it, put the sound one back; the outcome, and which file it was."""
    draw = random.Random(seed)
    path = draw.choice(target.files)
    sound = path.read_bytes()
    try:
        path.write_bytes(mutated(sound, draw))
        return target.read(path), path
    finally:
        path.write_bytes(sound)


def clear_of(folder: Path) -> None:
    """Forget a folder."""
    shutil.rmtree(folder, ignore_errors=True)
