"""`alvh presets`: the named studies, each with its sentence."""

from __future__ import annotations


def presets() -> None:
    """List the presets, published variants as named studies, for `alvh compare --preset NAME`.

    Example: alvh presets
    """
    from rich.console import Console
    from rich.table import Table

    from alvh_bt.presets import preset_names, preset_sentence

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name in preset_names():
        table.add_row(name, preset_sentence(name))
    console = Console()
    console.print(table, width=min(console.width, 100), highlight=False)
