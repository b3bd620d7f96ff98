"""The results of a sweep: a manifest that says what it is, and Parquet parts, each written in one step."""

from __future__ import annotations

import io
import json
import math
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from alvh_bt.errors import ConfigError, DataError
from alvh_bt.sweep.lock import Lock, lock_place
from alvh_bt.sweep.places import TEMPORARY, open_place

MANIFEST: Final = "manifest.json"
PARTS: Final = "parts"

#: What two sweeps must share for their results to stand in one folder, with the words for it.
_SAME: Final = {
    "version": "the version of alvh_bt",
    "data": "the data",
    "window": "the window",
    "sweep": "the sweep file",
}


class Store:
    """A results folder or fsspec URL: `manifest.json` and `parts/part-*.parquet`.

    Parameters
    ----------
    where
        A folder, or a URL such as `memory://name` or `s3://bucket/name`.

    Examples
    --------
    >>> store = Store("memory://example-of-store")
    >>> store.create({"sweep": {"method": "grid"}, "version": "1"}, resume=False)
    >>> schema = pa.schema([("key", pa.string()), ("error", pa.string()), ("pnl_usd", pa.float64())])
    >>> store.write([{"key": "a", "pnl_usd": 1.0}], schema)
    >>> store.done()
    {'a'}
    >>> store.close()
    """

    def __init__(self, where: str | Path) -> None:
        self.place = open_place(where)
        self._lock: Lock | None = None
        self._next = 0

    @property
    def where(self) -> str:
        """The folder or URL, as it was given."""
        return self.place.where

    def create(self, manifest: Mapping[str, Any], resume: bool, retry_errors: bool = False) -> None:
        """Make the place ready for rows of one sweep, and hold it until `close`.

        Parameters
        ----------
        manifest
            JSON-ready; `version`, `sweep`, `data` and `window` say which sweep it is.
        resume
            Whether rows of the same sweep may be there already. A place without any is fine too.
        retry_errors
            Forget rows with an error, so that their runs are done again.

        Raises
        ------
        ConfigError
            When the place holds a sweep and `resume` is False, holds another sweep (names what differs),
            or another driver writes there.
        """
        # A refusal must leave no trace, so a place of another sweep is looked at before it is locked.
        self._check(manifest, resume)
        self._lock = lock_place(self.place)
        try:
            self._check(manifest, resume)
            self._tidy()
            if self.place.get(MANIFEST) is None:
                self.place.put(MANIFEST, _json(manifest))
            else:
                self.change(complete=False)
            if retry_errors:
                self._forget_errors()
            numbers = [int(name.split("-")[1].split(".")[0]) for name in self._parts()]
            self._next = max(numbers, default=-1) + 1
        except BaseException:
            self.close()
            raise

    def change(self, **fields: Any) -> None:
        """Change fields of the manifest, such as `complete`."""
        self.place.put(MANIFEST, _json({**self.manifest(), **fields}))

    def write(self, rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> None:
        """Write rows as one part, in one step; fields that a row lacks, and NaN, are null."""
        if not rows:
            return
        table = pa.Table.from_pylist([_without_nan(row) for row in rows], schema=schema)
        self._write_part(f"part-{self._next:06d}-{secrets.token_hex(3)}.parquet", table)
        self._next += 1

    def renew(self) -> None:
        """Give a sign of life to other drivers; called often."""
        if self._lock is not None:
            self._lock.renew()

    def close(self) -> None:
        """Let other drivers write."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def manifest(self) -> dict[str, Any]:
        """Return the manifest.

        Raises
        ------
        ConfigError
            When there is none, or it is not of a sweep.
        """
        found = self._manifest()
        if found is None:
            raise ConfigError(f"{self.where}: no sweep there (no {MANIFEST}); give the --out of alvh sweep")
        return found

    def has_manifest(self) -> bool:
        """Return whether a sweep was started here."""
        return self._manifest() is not None

    def has_rows(self) -> bool:
        """Return whether a run has finished."""
        return bool(self._parts())

    def done(self) -> set[str]:
        """Return the keys of finished runs, those with an error too."""
        return set(self.table(["key"]).column("key").to_pylist()) if self.has_rows() else set()

    def table(self, columns: Sequence[str]) -> pa.Table:
        """Return some columns of all rows.

        Raises
        ------
        DataError
            When there is no row yet, or a part is damaged.
        """
        try:
            return self.dataset().to_table(columns=list(columns))
        except (pa.ArrowInvalid, OSError) as error:
            raise DataError(f"{self.where}: {error}; remove the damaged part, then --resume") from None

    def dataset(self) -> Any:
        """Return all parts as a `pyarrow.dataset.Dataset`, which reads no more than it is asked for.

        Raises
        ------
        DataError
            When there is no row yet, or the first part is damaged.
        """
        import pyarrow.dataset as ds

        parts = [f"{self.place.root}/{PARTS}/{name}" for name in self._parts()]
        if not parts:
            raise DataError(f"{self.where}: no run has finished yet; run alvh sweep FILE --resume")
        try:
            return ds.dataset(parts, filesystem=self.place.filesystem, format="parquet")
        except (pa.ArrowInvalid, OSError) as error:
            raise DataError(f"{self.where}: {error}; remove the damaged part, then --resume") from None

    def _parts(self) -> list[str]:
        names = self.place.names(PARTS)
        return [name for name in names if name.startswith("part-") and name.endswith(".parquet")]

    def _write_part(self, name: str, table: pa.Table) -> None:
        buffer = io.BytesIO()
        # Floats hardly repeat: a dictionary of them is a second copy. Their bytes by place do compress.
        words = [field.name for field in table.schema if pa.types.is_string(field.type)]
        lists = [field.name for field in table.schema if pa.types.is_list(field.type)]
        split = {f"{name}.list.element": "BYTE_STREAM_SPLIT" for name in lists}
        pq.write_table(
            table,
            buffer,
            compression="zstd",
            use_dictionary=words,
            column_encoding=split,
            write_page_checksum=True,
        )
        self.place.put(f"{PARTS}/{name}", buffer.getvalue())

    def _manifest(self) -> dict[str, Any] | None:
        content = self.place.get(MANIFEST)
        if content is None:
            return None
        try:
            found = json.loads(content)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict) or "sweep" not in found:
            raise ConfigError(f"{self.where}: {MANIFEST} is not of a sweep; give another --out")
        return found

    def _check(self, manifest: Mapping[str, Any], resume: bool) -> None:
        """Raise unless rows of this sweep may go here."""
        found = self._manifest()
        if found is None:
            if self._parts():
                raise ConfigError(f"{self.where}: {PARTS} without {MANIFEST}; give another --out")
            return
        if not resume:
            raise ConfigError(f"{self.where} holds a sweep already; add --resume, or give another --out")
        told = differences(found, json.loads(_json(manifest)))
        if told:
            raise ConfigError(
                f"{self.where} holds another sweep: {'; '.join(told)}; give what it holds, or another --out"
            )

    def _tidy(self) -> None:
        """Remove what a killed driver left half-written."""
        for folder in ("", f"{PARTS}/"):
            for name in self.place.names(folder):
                if name.startswith(TEMPORARY):
                    self.place.remove(f"{folder}{name}")

    def _forget_errors(self) -> None:
        """Take the rows with an error out of the parts: one part at a time, each in one step."""
        for name in self._parts():
            content = self.place.get(f"{PARTS}/{name}") or b""
            try:
                table = pq.read_table(io.BytesIO(content))
            except (pa.ArrowInvalid, OSError) as error:
                raise DataError(f"{self.where}: {name}: {error}; remove it, then --resume") from None
            kept = table.filter(pc.is_null(table.column("error")))
            if kept.num_rows == 0:
                self.place.remove(f"{PARTS}/{name}")
            elif kept.num_rows < table.num_rows:
                self._write_part(name, kept)


def differences(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Return what tells two manifests apart, in words; none when they are of the same sweep.

    >>> differences({"data": "a", "sweep": {"seed": 1}}, {"data": "a", "sweep": {"seed": 2}})
    ['the sweep file differs (seed: 1 there, 2 here)']
    """
    told = []
    for name, words in _SAME.items():
        here, there = wanted.get(name), found.get(name)
        if here == there:
            continue
        paths = list(_differing(there, here, ""))
        more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
        told.append(f"{words} differs ({', '.join(paths[:3])}{more})")
    return told


def _differing(there: Any, here: Any, path: str) -> list[str]:
    """Return a line for each leaf that differs."""
    if isinstance(there, dict) and isinstance(here, dict):
        names = [*there, *(name for name in here if name not in there)]
        inner = (_differing(there.get(name), here.get(name), f"{path}.{name}".strip(".")) for name in names)
        return [line for lines in inner for line in lines]
    if there == here:
        return []
    return [f"{path}: {_short(there)} there, {_short(here)} here".removeprefix(": ")]


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _json(manifest: Mapping[str, Any]) -> bytes:
    # Not `analysis.plain`: rounded to ten digits, a sweep would no longer be the same sweep.
    return (json.dumps(manifest, indent=1, ensure_ascii=False) + "\n").encode()


def _without_nan(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: None if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()
    }
