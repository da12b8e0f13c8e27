"""No whole number in a derivation can be changed without its claim ceasing to be proved.

Each integer in each function that adds steps to a proof is raised by one, the module is compiled
again, and its claims are put to the changed derivation. A step that is true with room to spare
would let a wrong constant pass: such steps name where their two sides are equal.
"""

from __future__ import annotations

import ast
import importlib
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

import theory
from theory.proof.claim import Claim


def derivations(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """Functions that add steps to a proof."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and "proof" in [a.arg for a in node.args.args]:
            yield node


def integers(function: ast.FunctionDef) -> Iterator[ast.Constant]:
    for node in ast.walk(function):
        if isinstance(node, ast.Constant) and type(node.value) is int:
            yield node


def changed(name: str, path: Path, tree: ast.Module) -> list[Claim]:
    """The claims of the module that the changed tree compiles to."""
    module = types.ModuleType("changed")
    module.__file__, module.__package__ = str(path), name.rpartition(".")[0]
    sys.modules["changed"] = module  # dataclasses look their module up
    exec(compile(tree, str(path), "exec"), module.__dict__)
    return [claim for claim in module.CLAIMS if isinstance(claim, Claim)]


def is_proved(name: str, path: Path, tree: ast.Module, function: str) -> bool:
    """Whether all claims that a function may concern are proved; code that fails proves none."""
    try:
        claims = changed(name, path, tree)
        concerned = [c for c in claims if c.derive.__name__ == function] or claims
        return all(claim.refute(claim.law.expression) == "proved" for claim in concerned)
    except Exception:
        return False


@pytest.mark.timeout(1200)  # up to a hundred derivations
@pytest.mark.parametrize("name", theory.CONSTRUCTIONS)
def test_every_integer_of_a_derivation_matters(name: str) -> None:
    path = Path(str(importlib.import_module(f"theory.{name}").__file__))
    lines = path.read_text(encoding="utf-8").splitlines()
    tree = ast.parse("\n".join(lines))
    unnoticed = []
    for function in derivations(tree):
        for constant in integers(function):
            value = constant.value
            assert isinstance(value, int)
            constant.value = value + 1
            if is_proved(f"theory.{name}", path, tree, function.name):
                line = lines[constant.lineno - 1].strip()
                unnoticed.append(f"{path.name}:{constant.lineno}:{constant.col_offset} {line}")
            constant.value = value
    assert not unnoticed, "\n".join(unnoticed)


def test_an_unchanged_derivation_is_proved() -> None:
    """Else the test above would pass idly."""
    path = Path(str(importlib.import_module("theory.averaging").__file__))
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert all(is_proved("theory.averaging", path, tree, f.name) for f in derivations(tree))
