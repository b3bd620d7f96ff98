"""What commands log: a file of JSON lines in --out, lines on stderr when asked, and no secret in either."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alvh_bt.cli.logs import LOG_FILE, logging_to
from alvh_bt.cli.main import run

WINDOW = ["--start", "2015-07-01", "--end", "2015-08-31", "--hedge", "none"]


def lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / LOG_FILE).read_text(encoding="utf-8").splitlines()]


def test_a_command_logs_how_it_began_and_ended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert run(["compare", *WINDOW, "--out", str(out)]) == 0
    began, *_, ended = lines(out)
    assert began["message"] == "started" and began["command"] == "compare"
    assert began["options"]["hedge"] == "['none']" and "version" in began
    assert ended["message"] == "ended" and ended["status"] == 0 and ended["seconds"] > 0
    assert {"time", "level", "part", "process"} <= began.keys()
    assert "started" not in capsys.readouterr().err
    assert run(["compare", *WINDOW, "--out", str(out)]) == 0
    assert [line["message"] for line in lines(out)].count("started") == 2


def test_a_failure_is_logged_where_the_folder_is_there_and_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["compare", "--data", str(tmp_path / "nowhere"), "--out", str(tmp_path)]) == 3
    last = lines(tmp_path)[-1]
    assert last["level"] == "ERROR" and "no such folder" in last["message"]
    assert capsys.readouterr().err.count("no such folder") == 1
    assert run(["compare", "--data", str(tmp_path / "nowhere"), "--out", str(tmp_path / "new")]) == 3
    assert not (tmp_path / "new").exists()


def test_a_traceback_is_kept_in_the_log_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("not foreseen")

    monkeypatch.setattr("alvh_bt.market.load_market", broken)
    assert run(["compare", "--out", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "internal error, ValueError: not foreseen" in said and "Traceback" not in said
    assert "Traceback" in lines(tmp_path)[-1]["exc_info"]
    assert run(["compare", "--debug", "--out", str(tmp_path)]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_levels_are_shown_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["presets", "--log-level", "INFO"]) == 0
    assert "INFO alvh_bt: started" in capsys.readouterr().err
    assert run(["presets", "--log-level", "silly"]) == 2
    assert "'silly' is not a level: write debug, info, warning, error" in capsys.readouterr().err


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    import logging

    (tmp_path / LOG_FILE).mkdir()
    with logging_to(tmp_path, "warning"):
        logging.getLogger("alvh_bt").info("kept")
    assert (tmp_path / LOG_FILE).is_dir()


def test_results_at_an_address_are_not_logged_into_a_folder_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with logging_to("s3://bucket/results", "warning"):
        pass
    assert not list(tmp_path.iterdir())
