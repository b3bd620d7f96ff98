"""Installed from a clean checkout into a clean environment, the command works from any folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

#: A clean environment is made and filled, which takes more than a minute.
pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "alvh_bt", "strategies", "data")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment's bin folder, with the package installed from a copy of its sources."""
    base = tmp_path_factory.mktemp("clean")
    source = base / "source"
    source.mkdir()
    for name in SOURCES:
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, source / name)
    venv.create(base / "env", with_pip=True)
    scripts = base / "env" / ("Scripts" if os.name == "nt" else "bin")
    # Compiling the bytecode of every package takes longer than running what is run here.
    _run([str(scripts / "python"), "-m", "pip", "install", "--quiet", "--no-compile", str(source)], base)
    return scripts


def _run(command: list[str], folder: Path, **settings: str) -> str:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")} | settings
    done = subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_command_runs_from_another_folder(installed: Path, tmp_path: Path) -> None:
    window = ["--start", "2015-07-01", "--end", "2015-08-31"]
    command = [str(installed / "alvh"), "compare", *window, "--out", "results"]
    # Uncompiled: to compile the prices once more takes longer than these two months.
    assert "static-calls" in _run(command, tmp_path, NUMBA_DISABLE_JIT="1")
    assert "tier-balanced" in _run([str(installed / "alvh"), "presets"], tmp_path)
    assert (tmp_path / "results" / "summary.json").is_file()


def test_the_installation_is_sound(installed: Path, tmp_path: Path) -> None:
    said = " ".join(_run([str(installed / "alvh"), "doctor"], tmp_path).split())
    assert "ok packages" in said and "ok compiler" in said and "fail" not in said


def test_no_top_level_name_is_claimed(installed: Path, tmp_path: Path) -> None:
    look = (
        "import importlib.util as u, alvh_bt.data, alvh_bt.strategies.condor_layered;"
        "print([name for name in ('data', 'strategies', 'tests') if u.find_spec(name)])"
    )
    assert _run([str(installed / Path(sys.executable).name), "-c", look], tmp_path).strip() == "[]"
