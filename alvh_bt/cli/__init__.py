"""The command line: thin commands over the package."""

from __future__ import annotations

import sys


def start() -> None:
    """Run `alvh`; its import, the longest part of a short command, may be interrupted as well."""
    try:
        from alvh_bt.cli.main import main
    except KeyboardInterrupt:
        print("alvh: interrupted; nothing is left half-written", file=sys.stderr)
        sys.exit(130)
    main()
