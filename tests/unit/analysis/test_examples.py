from __future__ import annotations

import doctest
import importlib
import pkgutil

import analysis


def test_the_examples_in_the_docstrings() -> None:
    attempted = 0
    for module in pkgutil.iter_modules(analysis.__path__, "analysis."):
        failed, tried = doctest.testmod(importlib.import_module(module.name))
        assert not failed, module.name
        attempted += tried
    assert attempted >= 4
