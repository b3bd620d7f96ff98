"""The folder of a validation: `validate.json`, tables as CSV, and figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pandas as pd

from alvh_bt.analysis.plain import json_text
from alvh_bt.errors import ConfigError
from alvh_bt.placing import check_out, place_files
from alvh_bt.validation.results import ValidationResult, validation_summary

_SUMMARY: Final = "validate.json"

#: What a run writes by the part of its summary that says so; a picture for each file of quotes besides.
_FILES: Final = {
    "quotes": ("quotes.csv", "figures/quotes_overall.png"),
    "indices": ("index_months.csv", "figures/indices.png"),
    "vxth": ("vxth_days.csv", "vxth_rolls.csv", "figures/vxth.png"),
    "etps": ("etp_weeks.csv", "figures/etps.png"),
}


def write_validation(result: ValidationResult, out: Path, summary: dict[str, Any] | None = None) -> None:
    """Write summary, tables and figures of a validation into the folder `out`.

    What an earlier run wrote there, by its own summary, and this one does not is removed. The summary comes
    last: where it is new, everything is.

    Parameters
    ----------
    result
        What was compared.
    out
        Folder, made when it is not there; files of other names stay.
    summary
        What `validation_summary` gave for `result`; computed when None.

    Raises
    ------
    ConfigError
        When `out` cannot be written.
    """
    check_out(out)
    files = render_validation(result, summary or validation_summary(result))
    last = {_SUMMARY: files.pop(_SUMMARY)}
    if files:
        place_files(files, out)
    _remove(_written_before(out) - files.keys(), out)
    place_files(last, out)


def _written_before(out: Path) -> set[str]:
    """Return the files that the summary in the folder `out` stands for; none where there is no summary."""
    from alvh_bt.report.validation_figures import quotes_figure

    try:
        summary = json.loads((out / _SUMMARY).read_bytes())
    except (OSError, ValueError, RecursionError):
        return set()
    if not isinstance(summary, dict):
        return set()
    names = {name for part, files in _FILES.items() if summary.get(part) for name in files}
    return names | {f"figures/{quotes_figure(file)}" for file in summary.get("quotes") or ()}


def _remove(names: set[str], out: Path) -> None:
    for name in sorted(names):
        try:
            if (out / name).is_file():
                (out / name).unlink()
        except OSError as error:
            raise ConfigError(
                f"--out {out}: {name} of an earlier run cannot be removed ({error.strerror}); "
                "give --out a folder that can be written"
            ) from None


def render_validation(result: ValidationResult, summary: dict[str, Any]) -> dict[str, bytes]:
    """Return every output file's bytes by its path inside the folder, the summary last."""
    # Matplotlib takes half a second to import: not for those who only look at the terminal.
    from alvh_bt.report.validation_figures import draw_validation

    files = {f"{name}.csv": _csv(table) for name, table in validation_frames(result).items()}
    files |= {f"figures/{name}": picture for name, picture in draw_validation(result).items()}
    return {**files, _SUMMARY: json_text(summary).encode()}


def validation_frames(result: ValidationResult) -> dict[str, pd.DataFrame]:
    """Return the tables behind the summary by name; empty ones are left out.

    `quotes`: errors by file, underlying, delta and days. `index_months`: monthly returns of each index.
    `vxth_days` and `vxth_rolls`: the held calls. `etp_weeks`: weekly returns of each fund.
    """
    quotes = [
        {"file": file.name, "underlying": name, **bucket._asdict()}
        for file in result.quotes
        for name, tally in (("SPX", file.spx), ("VIX", file.vix))
        for bucket in tally.buckets()
        if bucket.n
    ]
    months = [each.months.assign(index_name=name) for name, each in result.indices.items()]
    weeks = [each.weekly.assign(fund=each.name) for each in result.etps]
    frames = {
        "quotes": pd.DataFrame(quotes),
        "index_months": pd.concat(months).reset_index() if months else pd.DataFrame(),
        "etp_weeks": pd.concat(weeks).reset_index() if weeks else pd.DataFrame(),
    }
    if result.vxth is not None:
        frames["vxth_days"] = _dated(result.vxth.days)
        frames["vxth_rolls"] = _dated(result.vxth.rolls)
    return {name: frame for name, frame in frames.items() if len(frame)}


def _dated(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table with its epoch days as dates."""
    dates = {name: frame[name].to_numpy().astype("datetime64[D]").astype(str) for name in ("day", "expiry")}
    return frame.assign(**dates)


def _csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False, float_format="%.8g", lineterminator="\n").encode()
