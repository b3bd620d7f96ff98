"""Ctrl-C ends any command with one line and exit status 130, wherever it strikes."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from alvh_bt import cli
from alvh_bt.cli.interrupts import interrupts_heard

LINE = "alvh: interrupted; nothing is left half-written\n"
ALVH = (sys.executable, "-W", "ignore", "-c", "from alvh_bt.cli import start; start()")


@pytest.mark.skipif(sys.platform == "win32", reason="signals of a terminal")
@pytest.mark.parametrize(
    "command", [("compare", "--out"), ("audit", "--hedge", "static-calls", "--out")], ids=lambda each: each[0]
)
def test_a_command_that_has_begun(command: tuple[str, ...], tmp_path: Path) -> None:
    out = tmp_path / "out"
    running = subprocess.Popen(
        [*ALVH, *command, str(out), "--log-level", "info"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert running.stderr is not None
    assert "started" in running.stderr.readline()
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does: to all of them
    said = running.communicate(timeout=60)[1]
    assert running.returncode == 130
    assert said.endswith(LINE) and "Traceback" not in said
    assert not out.exists()


def test_a_command_that_is_being_imported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Impatient:
        @staticmethod
        def find_spec(name: str, path: object, target: object = None) -> None:
            if name == "alvh_bt.cli.main":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "alvh_bt.cli.main", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Impatient, *sys.meta_path])
    with pytest.raises(SystemExit, match="130"):
        cli.start()
    assert capsys.readouterr().err == LINE


def test_an_interrupt_that_a_callback_from_c_drops_is_sent_again() -> None:
    @ctypes.CFUNCTYPE(None)
    def struck() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), interrupts_heard():
        struck()  # Python drops it here
        time.sleep(20.0)
