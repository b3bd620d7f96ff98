"""Every error that the sources can give, read off their syntax trees; run, it writes docs/ERRORS.md anew.

A message is `what: remedy` or `what; remedy`. Values that a message quotes stand as <names>.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import alvh_bt

PACKAGE = Path(alvh_bt.__file__).resolve().parent
PAGE = PACKAGE.parent / "docs" / "ERRORS.md"
#: What stands above this line of the page is written by hand.
MARK = "<!-- From here on written by tests/error_catalogue.py. -->"

STATUS = {
    "AlvhError": 1,
    "AccountingError": 1,
    "HedgeError": 1,
    "MarginError": 1,
    "ConfigError": 2,
    "DataError": 3,
    "BadParameter": 2,
}
#: Functions that make an error of a what and a remedy -> the places of the two, and the exit status.
SAYERS = {"row_error": (2, 3, 3), "_refuse": (2, 3, 3), "error": (1, 2, 3)}
#: What a check of a study says; `Study` adds the remedy.
CHECK = "Check"

#: Folder or module -> its heading, in the order of the page.
PARTS = {
    "cli": "The command line",
    "config": "Studies and settings",
    "study_checks": "Studies and settings",
    "presets": "Studies and settings",
    "hedges": "Hedges, and classes of your own",
    "own_class": "Hedges, and classes of your own",
    "market": "Market data",
    "sessions": "Market data",
    "folder": "Market data: checking and bringing in",
    "fetch": "Market data: fetching",
    "chains": "Option chains",
    "engine": "Runs",
    "replay": "Runs",
    "pricing": "Prices and their parameters",
    "analysis": "Comparisons and claims",
    "report": "Comparisons and claims",
    "placing": "Writing results",
    "sweep": "Sweeps",
    "validation": "Validation",
    "audit": "Audits",
    "today": "The decision sheet",
    "api": "From Python",
    "views": "From Python",
}


class Entry(NamedTuple):
    """One error: its heading, exit status, what it says, and the remedy (may be part of what it says)."""

    part: str
    status: int
    what: str
    remedy: str


def name_of(node: ast.AST) -> str:
    """A word for a quoted value: the first name in its expression that says something."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.Attribute) and node.attr == "name":
        return name_of(node.value)
    found = [
        each.attr if isinstance(each, ast.Attribute) else each.id
        for each in ast.walk(node)
        if isinstance(each, ast.Attribute | ast.Name)
    ]
    named = [
        name.strip("_")
        for name in found
        if name not in ("self", "join", "str", "int", "type", "float", "len")
    ]
    plain = {"error": "reason", "strerror": "reason", "k": "number"}
    word = named[0] if named else "value"
    return plain.get(word, word.lower().replace("_", " "))


def text_of(node: ast.AST, module: Any) -> str | None:
    """A message with <names> for what it quotes; None where it is not written out there."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        sides = [text_of(side, module) or f"<{name_of(side)}>" for side in (node.left, node.right)]
        return "".join(sides)
    if not isinstance(node, ast.JoinedStr):
        return None
    parts = []
    for piece in node.values:
        if isinstance(piece, ast.Constant):
            parts.append(str(piece.value))
        elif isinstance(piece, ast.FormattedValue):
            constant = getattr(module, piece.value.id, None) if isinstance(piece.value, ast.Name) else None
            parts.append(str(constant) if isinstance(constant, str | int) else f"<{name_of(piece.value)}>")
    return "".join(parts)


def split(message: str) -> tuple[str, str]:
    """What is wrong, and the remedy behind the last `: ` or `; ` that is not inside brackets."""
    places = [found.start() for found in re.finditer(r"[:;] (?=[a-z<])", message)]
    outside = [at for at in places if message[:at].count("(") == message[:at].count(")")]
    if not outside:
        return message, ""
    return message[: outside[-1]], message[outside[-1] + 2 :]


def entries() -> Iterator[Entry]:
    """Every error of the sources, as it is written there."""
    for path in sorted(PACKAGE.rglob("*.py")):
        inside = path.relative_to(PACKAGE)
        if inside.parts[0] in ("data", "strategies"):
            continue
        dotted = ".".join(("alvh_bt", *inside.with_suffix("").parts)).removesuffix(".__init__")
        part = PARTS.get(inside.parts[0].removesuffix(".py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                for what, remedy, status in said(node, importlib.import_module(dotted)):
                    assert part, f"{inside}: give it a heading in PARTS"
                    yield Entry(part, status, what, remedy)


def said(call: ast.Call, module: Any) -> Iterator[tuple[str, str, int]]:
    """What a call that makes an error says, its remedy and exit status; nothing for other calls."""
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if name in STATUS and call.args:
        message = text_of(call.args[0], module)
        if message is not None:
            yield *split(message), STATUS[name]
    elif name == CHECK and len(call.args) == 2:
        message = text_of(call.args[1], module)
        if message is not None:
            yield message, "change the study", 2
    elif name in SAYERS and len(call.args) > SAYERS[name][1]:
        what, remedy, status = SAYERS[name]
        message, cure = text_of(call.args[what], module), text_of(call.args[remedy], module)
        if message is not None:
            yield f"<file>, row <row>: {message}", cure or "as the message says", status


def page() -> str:
    """The whole of docs/ERRORS.md: what was written by hand stays."""
    rows: dict[str, set[Entry]] = {heading: set() for heading in dict.fromkeys(PARTS.values())}
    for entry in entries():
        rows[entry.part].add(entry)
    parts = [PAGE.read_text(encoding="utf-8").partition(MARK)[0] + MARK]
    for heading, found in rows.items():
        if found:
            lines = [f"| {each.status} | {cell(each.what)} | {cell(each.remedy)} |" for each in sorted(found)]
            parts.append(
                "\n".join([f"## {heading}", "", "| exit | message | remedy |", "|---|---|---|", *lines])
            )
    return "\n\n".join(parts) + "\n"


def cell(text: str) -> str:
    return (
        " ".join(text.split())
        .replace("|", "\\|")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("{{", "{")
        .replace("}}", "}")
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
