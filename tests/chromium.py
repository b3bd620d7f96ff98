"""Where Chromium is, and how it is started so that it asks nothing of a network."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
)
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def chromium_path() -> str | None:
    """The browser of $ALVH_CHROMIUM, else the first one on the path; None without one."""
    own = os.environ.get("ALVH_CHROMIUM")
    if own:
        return own if Path(own).is_file() else None
    return next((found for name in NAMES if (found := shutil.which(name))), None)
