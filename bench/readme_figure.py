"""Draw the README's pictures again, from a data folder, and print what it quotes.

    python bench/readme_figure.py --data market

Writes docs/comparison.png and docs/crises.png, and prints the verdict and the tables.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console

import alvh_bt as ab
from alvh_bt.report.tables import print_comparison

DOCS = Path(__file__).resolve().parents[1] / "docs"
#: File in docs/ -> figure.
PICTURES = {"comparison.png": "overview", "crises.png": "crises"}


def main() -> None:
    """Run the comparison, print it, write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--start", default="2006-03-01")
    parser.add_argument("--end", default="2024-12-31")
    given = parser.parse_args()
    found = ab.compare(given.data, start=given.start, end=given.end)
    print_comparison(found.summary, Console(width=100))
    for name, figure in PICTURES.items():
        (DOCS / name).write_bytes(found.figure(figure))
        print(f"written: {DOCS / name}")


if __name__ == "__main__":
    main()
