"""The folder of results: all of it is made in memory first, then put in place, or nothing is."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from alvh_bt.analysis.plain import json_text
from alvh_bt.analysis.results import ComparisonResult
from alvh_bt.analysis.summary import summarise
from alvh_bt.errors import ConfigError
from alvh_bt.report.saved import table_files

_REMEDY: Final = "give --out a folder that can be written"


def write_outputs(result: ComparisonResult, out: Path, summary: dict[str, Any] | None = None) -> None:
    """Write summary, tables, figures and report of a comparison into the folder `out`.

    Files of the same name are replaced one by one, each at once; whatever else the folder holds
    stays. The summary comes last: where it is new, everything is.

    Parameters
    ----------
    result
        The runs.
    out
        Folder, made when it is not there.
    summary
        What `analysis.summary.summarise` gave for `result`; computed when None.

    Raises
    ------
    ConfigError
        When `out` cannot be written.
    """
    check_out(out)
    place_files(render_outputs(result, summarise(result) if summary is None else summary), out)


def render_outputs(result: ComparisonResult, summary: dict[str, Any]) -> dict[str, bytes]:
    """Return every output file's bytes by its path inside the folder, the summary last."""
    tables, views = table_files(result), render_views(result, summary)
    return {**tables, **views, "summary.json": json_text(summary).encode()}


def render_views(result: ComparisonResult, summary: dict[str, Any]) -> dict[str, bytes]:
    """Return what people look at, by path inside the folder: the figures and `report.html`."""
    # Matplotlib and Jinja2 take half a second to import: not for those who only look at the terminal.
    from alvh_bt.report.figures import draw_figures
    from alvh_bt.report.html import render_report
    from alvh_bt.report.paths_figure import draw_paths

    figures = draw_figures(result, summary)
    if result.paths is not None:
        figures |= draw_paths(result.paths, summary["paths"])
    drawn = {f"figures/{name}": picture for name, picture in figures.items()}
    return {**drawn, "report.html": render_report(result, summary, figures).encode()}


def check_out(out: Path) -> None:
    """Raise unless `out` is, or could become, a folder that can be written.

    A command calls it before a long run rather than after it.

    Raises
    ------
    ConfigError
        One line with the path and what is in the way.
    """
    standing = next(path for path in (out, *out.absolute().parents) if path.exists() or path.is_symlink())
    if not standing.is_dir():
        raise ConfigError(f"--out {out}: {standing} is a file, not a folder; {_REMEDY}")
    if not os.access(standing, os.W_OK | os.X_OK):
        raise ConfigError(f"--out {out}: no permission to write in {standing}; {_REMEDY}")


def place_files(files: Mapping[str, bytes], out: Path) -> None:
    """Write `files` (path inside the folder -> bytes) into `out`, in their order.

    They are staged on the same disk and moved into place at the end, so that a full disk or an
    interruption leaves no file half-written.

    Raises
    ------
    ConfigError
        When the disk refuses; names the path.
    """
    made = not out.exists()
    staging: Path | None = None
    try:
        out.mkdir(parents=True, exist_ok=True)
        # Inside the folder, for the folder may be a disk of its own, and a move must not cross disks.
        staging = Path(tempfile.mkdtemp(prefix=".alvh-", dir=out))
        _stage(files, staging, out)
        for name in files:
            (out / name).parent.mkdir(exist_ok=True)
            (staging / name).replace(out / name)
        made = False
    except OSError as error:
        where = error.filename2 or error.filename or out
        raise ConfigError(f"--out {out}: {error.strerror} ({where}); {_REMEDY}") from None
    finally:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)
        if made:
            shutil.rmtree(out, ignore_errors=True)


def _stage(files: Mapping[str, bytes], staging: Path, out: Path) -> None:
    for name, content in files.items():
        if (out / name).is_dir():
            raise IsADirectoryError(errno.EISDIR, "a folder is in the place of a file", str(out / name))
        (staging / name).parent.mkdir(exist_ok=True)
        (staging / name).write_bytes(content)
