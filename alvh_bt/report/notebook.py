"""A comparison as a notebook shows it: the verdict, the metrics, and what was modelled."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import pandas as pd

from alvh_bt.report import wording


def notebook_html(summary: Mapping[str, Any]) -> str:
    """Return a piece of HTML for a notebook's cell; all text is escaped.

    Parameters
    ----------
    summary
        What `analysis.summary.summarise` gave.
    """
    variants = summary["variants"]
    table = pd.DataFrame(
        {
            name: {label: write(each[key]) for key, label, write in wording.METRIC_ROWS}
            for name, each in variants.items()
        }
    )
    first, *more = summary["verdict"]
    sentences = "".join(f"<p>{escape(sentence)}</p>" for sentence in more)
    modelled = wording.inputs_line(summary["inputs"], "modelled")
    stopped = "".join(
        f"<p><b>{escape(name)} stopped early.</b> {escape(each['stopped'])}</p>"
        for name, each in variants.items()
        if each["stopped"]
    )
    return (
        f"<div><p><b>{escape(first)}</b></p>{sentences}{stopped}"
        f"{table.to_html(border=0)}<p>Inputs modelled: {escape(modelled)}.</p></div>"
    )
