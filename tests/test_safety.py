"""Configuration is data and runs no code; nothing from disk is unpickled; pages escape every string."""

from __future__ import annotations

import ast
import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from synthetic_anatomy import rich_comparison
from test_architecture import TREES

import alvh_bt
from alvh_bt.analysis.summary import summarise
from alvh_bt.cli.main import run
from alvh_bt.errors import LONGEST, ConfigError, told
from alvh_bt.report.html import render_report
from alvh_bt.sweep.constraints import read_constraint
from alvh_bt.sweep.spec import make_sweep, read_sweep

#: Leaves a mark where it is run.
MARKING = (
    "from pathlib import Path\nfrom alvh_bt.hedges import NoHedge\n"
    "Path(__file__).with_name('ran').touch()\n\n\nclass Idle(NoHedge):\n    name = 'idle'\n"
)
AXES = '[axes]\n"condor.short_delta" = [0.10, 0.16]\n'


@pytest.fixture
def marking(tmp_path: Path) -> str:
    (tmp_path / "mark.py").write_text(MARKING)
    return f"{tmp_path / 'mark.py'}:Idle"


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str], folder: Path) -> str:
    assert run(arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith("alvh: ") and said.count("\n") == 1
    assert not (folder / "ran").exists(), "a file ran code"
    return said


def test_a_study_file_runs_no_code(marking: str, tmp_path: Path, capsys) -> None:
    study = tmp_path / "study.toml"
    study.write_text(f'hedges = ["none", "{marking}"]\n')
    said = refused(["compare", "--config", str(study)], capsys, tmp_path)
    assert f"add --hedge {marking}" in said
    window = ["--start", "2017-03-01", "--end", "2017-03-31"]
    assert run(["compare", "--config", str(study), *window, "--hedge", marking]) == 0
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize("where", ["sweep", "study", "file"])
def test_a_sweep_file_runs_no_code(where: str, marking: str, tmp_path: Path, capsys) -> None:
    hedges = f'hedges = ["none", "{marking}"]\n'
    (tmp_path / "base.toml").write_text(hedges)
    texts = {
        "sweep": f"[sweep]\n{hedges}{AXES}",
        "study": f"{AXES}[study]\n{hedges}",
        "file": f'[sweep]\nstudy = "base.toml"\n{AXES}',
    }
    path = tmp_path / "sweep.toml"
    path.write_text(texts[where])
    refused(["sweep", str(path), "--dry-run"], capsys, tmp_path)
    assert read_sweep(path, [marking]).hedges == ("none", marking)
    # A user's own code may name what it likes.
    (tmp_path / "ran").unlink()
    assert make_sweep({"sweep": {"hedges": ["none", marking]}, "axes": {"condor.short_delta": [0.1]}})
    assert (tmp_path / "ran").exists()


def test_a_claims_file_runs_no_code(marking: str, tmp_path: Path, capsys) -> None:
    path = tmp_path / "claims.toml"
    path.write_text(
        '[[claim]]\nid = "x"\nclaim = "x"\npublished = "0"\nmeasure = "annual_bleed"\nat_most = 0.0\n'
        f'books = [{{ preset = "default", hedge = "{marking}" }}]\n'
    )
    refused(["claims", "--claims", str(path)], capsys, tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('touch ran')",
        "condor.__class__ < 1",
        "().__class__.__bases__[0] < 1",
        "9**9**9 < 1",
        "condor.short_delta ** 2 < 1",
        "open('ran', 'w') < 1",
        "lambda: 0",
        "condor.short_delta < 1 or 1",
        "[x for x in y] < 1",
        "f'{1}' < 1",
        "(" * 190 + "1",
        "(" * 100_000,
        "-" * 100_000 + "1 < 2",
        "1" * 5000 + " < 2",
        "condor.short_delta < \x00",
    ],
)
def test_a_constraint_is_read_not_run(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_constraint(text, "here")
        make_sweep({"sweep": {"constraints": [text]}, "axes": {"condor.short_delta": [0.1]}})
    assert len(str(caught.value)) <= LONGEST


@pytest.mark.parametrize("text", ["a = " + "[" * 50_000, "a = " + "9" * 5000, "a.b" * 1, "\x00", "a = nan"])
@pytest.mark.parametrize("what", [["compare", "--config"], ["sweep"], ["claims", "--claims"]])
def test_toml_of_any_depth_or_length_is_one_line(what: list[str], text: str, tmp_path: Path, capsys) -> None:
    path = tmp_path / "it.toml"
    path.write_text(text)
    assert run([*what, str(path)]) == 2
    said = capsys.readouterr().err
    assert "internal" not in said and said.count("\n") == 1 and len(said) <= LONGEST + 10


def test_a_message_is_one_printable_line() -> None:
    assert told("a\n b\x1b[31m\u202e") == "a b\\x1b[31m\\u202e"
    long = told("where: " + "x" * 10_000 + "; the remedy")
    assert len(long) <= LONGEST and long.startswith("where: ") and long.endswith("; the remedy")
    assert told(told("y" * 1000)) == told("y" * 1000)


FORBIDDEN = {
    "eval", "exec", "compile", "__import__", "pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve",
    "marshal", "read_pickle", "to_pickle", "yaml", "system", "popen",
}  # fmt: skip


def faults_of(tree: ast.AST) -> list[str]:
    """What of a source could run what a file holds, or trust a server that nobody vouches for."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in FORBIDDEN]
        elif isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] in FORBIDDEN:
            found.append(str(node.module))
        elif isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            owner = getattr(getattr(node.func, "value", None), "id", "")
            if name in FORBIDDEN and (owner, name) != ("re", "compile"):
                found.append(name)
            for word in node.keywords:
                value = getattr(word.value, "value", None)
                if (word.arg, value) in (("shell", True), ("verify", False), ("allow_pickle", True)):
                    found.append(f"{word.arg}={value}")
    return found


@pytest.mark.parametrize(
    "text",
    [
        "eval('1')", "import pickle", "from joblib import load", "pd.read_pickle(p)", "os.system('x')",
        "run('x', shell=True)", "get(u, verify=False)", "np.load(p, allow_pickle=True)",
    ],
)  # fmt: skip
def test_the_walk_sees_what_it_looks_for(text: str) -> None:
    assert faults_of(ast.parse(text))


def test_no_source_runs_or_unpickles_what_it_reads_and_tls_is_verified() -> None:
    assert {name: faults for name, tree in TREES.items() if (faults := faults_of(tree))} == {}
    strategies = Path(alvh_bt.__file__).parents[1] / "strategies"
    for path in strategies.glob("*.py"):
        assert not faults_of(ast.parse(path.read_text(encoding="utf-8")))


HOSTILE = "</script><img src=x onerror=alert(1)>\"'&"


def test_the_report_escapes_every_string() -> None:
    result = rich_comparison(sessions=120, variants=2, journal_rows=30)
    hostile = {run_.variant: f"{run_.variant}{HOSTILE}" for run_ in result.runs}
    runs = []
    for run_ in result.runs:
        journal, trades = run_.journal.copy(), run_.trades.copy()
        for frame in (journal, trades):
            frame["reason"] = HOSTILE
            frame["layer"] = HOSTILE
        runs.append(
            dataclasses.replace(
                run_, variant=hostile[run_.variant], journal=journal, trades=trades, stopped=HOSTILE
            )
        )
    anatomy = {hostile[name]: each for name, each in result.anatomy.items()}
    result = dataclasses.replace(
        result,
        runs=tuple(runs),
        anatomy=anatomy,
        notes=(HOSTILE,),
        settings={**result.settings, "x": HOSTILE},
    )
    summary = summarise(result, 100, 1)
    page = render_report(result, summary, {f"{HOSTILE}.png": b""})
    assert "onerror=alert" in page or "onerror=" in page, "the strings are not on the page at all"
    assert "<img src=x" not in page
    # Only the page's own scripts end.
    assert page.count("</script>") == page.count("<script")
    assert not re.search(r"<[^>]*\son\w+\s*=\s*alert", page)


def test_nothing_of_the_environment_is_logged_or_written(tmp_path: Path) -> None:
    secret = "s3cr3t-t0ken-0123456789"
    out = tmp_path / "out"
    words = ["compare", "--start", "2017-03-01", "--end", "2017-03-31", "--hedge", "none", "--out", str(out)]
    done = subprocess.run(
        [sys.executable, "-m", "alvh_bt.cli.main", *words, "--log-level", "debug"],
        env={**os.environ, "API_KEY": secret, "FRED_API_KEY": secret},
        capture_output=True,
        text=True,
        check=True,
    )
    assert secret not in done.stdout + done.stderr
    files = [path for path in out.rglob("*") if path.is_file()]
    assert len(files) > 5
    for path in files:
        assert secret.encode() not in path.read_bytes(), path.name
