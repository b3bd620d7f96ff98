"""Draw the README's picture again, from a data folder.

    python bench/readme_figure.py --data market

Writes docs/comparison.png and prints the table that the README quotes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console

from alvh_bt.analysis.compare import run_comparison
from alvh_bt.analysis.summary import summarise
from alvh_bt.config import make_study
from alvh_bt.market import load_market
from alvh_bt.report.figures import draw_figures
from alvh_bt.report.headline import headline
from alvh_bt.report.tables import print_comparison

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "comparison.png"


def main() -> None:
    """Run the comparison, print it, write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--start", default="2006-03-01")
    parser.add_argument("--end", default="2024-12-31")
    given = parser.parse_args()
    study = make_study(start=given.start, end=given.end)
    result = run_comparison(load_market(given.data), study)
    summary = summarise(result, study.bootstrap_draws, study.seed)
    print_comparison(summary, Console(width=100))
    print("\n".join(headline(summary)))
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_bytes(draw_figures(result)["overview.png"])
    print(f"written: {PICTURE}")


if __name__ == "__main__":
    main()
