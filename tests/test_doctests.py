"""The examples in docstrings say what the code does."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import alvh_bt

MODULES = ["alvh_bt"] + [module.name for module in pkgutil.walk_packages(alvh_bt.__path__, "alvh_bt.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_true(name: str) -> None:
    module = importlib.import_module(name)
    found = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert found.failed == 0, f"{found.failed} of {found.attempted} examples in {name}"


def test_there_are_examples() -> None:
    attempted = [doctest.DocTestFinder().find(importlib.import_module(name)) for name in MODULES]
    assert sum(len(test.examples) for tests in attempted for test in tests) >= 20
