"""The rules of the house: who imports whom, file sizes, names, and tests that cannot pass idly.

Each rule is a function of source text, so that it can be shown a text that breaks it.
"""

from __future__ import annotations

import ast
import graphlib
import itertools
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("theory", "simulate", "gpt", "data", "reports", "benchmarks", "tests")
SHELF = "reports.record"
# Which of our packages each may import; `reports` stands for the shelf alone, but in itself.
MAY_IMPORT = {
    "theory": {"theory", SHELF},
    "simulate": {"simulate", "theory", SHELF},
    "gpt": {"gpt", SHELF},
    "data": {"data", SHELF},
    "reports": {"reports"},
}
LONGEST_FILE = 400
CHECKERS = {"theory.proof.boxes", "theory.proof.rigorous"}
PREDICATES = {"allclose", "array_equal", "array_equiv", "isclose", "equal", "equals"}


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sources(*FOLDERS[:-1])}


# --------------------------------------------------------------------------------- imports


def imported(tree: ast.AST) -> Iterator[str]:
    """Modules that the import statements of a tree name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else node.module or ""


def when_loaded(tree: ast.Module) -> Iterator[ast.stmt]:
    """The statements that run when a module is imported: no function's, no type checker's."""
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        statement = waiting.pop(0)
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.dump(statement.test):
            waiting += statement.orelse
            continue
        inner = [child for child in ast.iter_child_nodes(statement) if isinstance(child, ast.stmt)]
        waiting += inner
        if not inner:
            yield statement


def imported_when_loaded(source: str) -> set[str]:
    return {name for s in when_loaded(ast.parse(source)) for name in imported(s)}


def crossings(folder: str, source: str) -> set[str]:
    """Imports of ours, wherever they stand, that `folder` may not make."""
    ours = {name for name in imported(ast.parse(source)) if name.split(".")[0] in FOLDERS}
    allowed = MAY_IMPORT[folder]
    return {name for name in ours if name != SHELF and name.split(".")[0] not in allowed}


@pytest.mark.parametrize("folder", sorted(MAY_IMPORT))
def test_imports_run_downward_only(folder: str) -> None:
    found = {
        str(path.relative_to(ROOT)): crossed
        for path in sources(folder)
        if (crossed := crossings(folder, path.read_text(encoding="utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("folder", "line"),
    [
        ("theory", "from simulate import samplers"),
        ("simulate", "import gpt.model"),
        ("gpt", "def f():\n    from theory.copying import error"),
        ("gpt", "from reports.terminal import printable"),
        ("gpt", "from reports import assembly"),
        ("reports", "from gpt.recipe import RECIPES"),
        ("data", "import gpt"),
    ],
)
def test_an_import_that_runs_upward_is_caught(folder: str, line: str) -> None:
    assert len(crossings(folder, line)) == 1
    assert crossings(folder, "from reports.record import write") == set()


def heavy(source: str) -> set[str]:
    """What a module loads of the libraries that theory/ must not need to be imported."""
    return imported_when_loaded(source) & {"torch", "numpy", "flint", "scipy"}


def test_theory_loads_no_numerical_library() -> None:
    """But for the checker that is made of flint, and that nobody loads before it is used."""
    loaded = {name: path.read_text(encoding="utf-8") for name, path in MODULES.items()}
    theory = {name: text for name, text in loaded.items() if name.split(".")[0] == "theory"}
    assert {name for name, text in theory.items() if heavy(text)} <= CHECKERS
    others = {name: text for name, text in theory.items() if name not in CHECKERS}
    assert not {name for name, text in others.items() if CHECKERS & imported_when_loaded(text)}
    assert heavy("if True:\n    import numpy as np") == {"numpy"}
    assert heavy("def check():\n    import flint") == set()


def cycle(graph: dict[str, set[str]]) -> list[str]:
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as found:
        return list(found.args[1])
    return []


def test_no_import_cycle() -> None:
    graph = {
        name: (imported_when_loaded(path.read_text(encoding="utf-8")) & set(MODULES)) - {name}
        for name, path in MODULES.items()
    }
    assert sum(map(len, graph.values())) > 50
    assert cycle(graph) == []
    assert set(cycle(graph | {"gpt.vocabulary": {"gpt.run"}})) >= {"gpt.vocabulary", "gpt.run"}


def import_all(folder: str, blocked: list[str]) -> subprocess.CompletedProcess[str]:
    """Import every module of a folder in a new process where `blocked` cannot be imported."""
    names = [name for name in MODULES if name.split(".")[0] == folder and name not in CHECKERS]
    code = f"import sys, importlib\nsys.modules.update(dict.fromkeys({blocked!r}))\n"
    code += f"for name in {names!r}: importlib.import_module(name)\n"
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("folder", "blocked"),
    [
        ("theory", ["torch", "numpy", "scipy", "flint", "simulate", "gpt", "data"]),
        ("reports", ["torch", "theory", "simulate", "gpt", "data"]),
    ],
)
def test_theory_and_reports_can_be_imported_without_torch(folder: str, blocked: list[str]) -> None:
    done = import_all(folder, blocked)
    assert done.returncode == 0, done.stderr


def test_the_other_workshops_would_not() -> None:
    assert "torch" in import_all("gpt", ["torch"]).stderr


# ---------------------------------------------------------------------------- names, sizes


def shadows(names: list[str]) -> set[str]:
    return set(names) & set(sys.stdlib_module_names)


def test_no_module_of_gpt_shadows_the_standard_library() -> None:
    """`python gpt/run.py` puts the folder first on the path of imports."""
    assert shadows([path.stem for path in (ROOT / "gpt").iterdir()]) == set()
    assert shadows(["run", "random", "token"]) == {"random", "token"}


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8").count("\n")
        for path in sources(*FOLDERS)
    }
    assert len(lengths) > 50
    assert {name: n for name, n in lengths.items() if n > LONGEST_FILE} == {}


# --------------------------------------------------------- tests that would pass idly


def predicate_names(tree: ast.AST) -> set[str]:
    """The names under which a module calls a predicate, aliases included."""
    names = set(PREDICATES)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names |= {a.asname for a in node.names if a.asname and a.name in PREDICATES}
        elif isinstance(node, ast.Assign) and last_name(node.value) in PREDICATES:
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def last_name(node: ast.expr) -> str:
    """The name that is called; a proof's `equal` adds a step to it and compares nothing."""
    if isinstance(node, ast.Attribute):
        return "" if last_name(node.value) == "proof" else node.attr
    return node.id if isinstance(node, ast.Name) else ""


def is_predicate(node: ast.expr, names: set[str]) -> bool:
    """A predicate's call, also as `bool(…)`, `all(…)`, `not …` or `….all()`."""
    if isinstance(node, ast.UnaryOp):
        return is_predicate(node.operand, names)
    if not isinstance(node, ast.Call):
        return False
    if last_name(node.func) in names:
        return True
    if isinstance(node.func, ast.Name) and node.func.id in ("bool", "all", "any"):
        return any(is_predicate(argument, names) for argument in node.args)
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("all", "any", "item"):
        return is_predicate(node.func.value, names)
    return False


def discarded(source: str) -> list[int]:
    """Lines where the result of a comparison is thrown away, so that nothing is tested."""
    tree = ast.parse(source)
    names = predicate_names(tree)
    statements = (node for node in ast.walk(tree) if isinstance(node, ast.Expr))
    return [node.lineno for node in statements if is_predicate(node.value, names)]


def test_no_test_discards_a_comparison() -> None:
    found = {
        str(path.relative_to(ROOT)): lines
        for path in sources("tests")
        if (lines := discarded(path.read_text(encoding="utf-8")))
    }
    assert found == {}


def test_discarded_comparisons_are_caught() -> None:
    source = """\
        from math import isclose as near
        same = np.array_equal
        np.allclose(a, b)
        near(a, b)
        same(a, b)
        torch.isclose(a, b).all()
        bool(torch.equal(a, b))
        not a.equals(b)
        assert np.allclose(a, b)
        agree = np.allclose(a, b)
        found.append(torch.equal(a, b))
        np.testing.assert_allclose(a, b)
        proof.equal(a, b, "reason")
        a.equal(b)
    """
    assert discarded(textwrap.dedent(source)) == [3, 4, 5, 6, 7, 8, 14]


# ------------------------------------------------------------------------ committed texts

# Written in pieces, so that this file does not contain them.
NEIGHBOUR = ".." + "/shared"
NOWHERE = ("/wo" + "rk/", "py" + "pi.org", "python" + "hosted.org", "conda." + "anaconda.org")


def committed() -> Iterator[tuple[str, str]]:
    """Path and text of the files in git; binary ones are left out."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in filter(None, listed.stdout.split("\0")):
        raw = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b""
        if b"\0" not in raw:
            yield name, raw.decode("utf-8")


def misplaced(name: str, text: str) -> list[str]:
    """Places of one machine or service that a committed text must not name."""
    inside = name.startswith(("tests/", ".ci/"))
    words = itertools.chain(NOWHERE, () if inside else (NEIGHBOUR,))
    return [word for word in words if word in text]


def test_no_committed_text_names_a_place_of_one_machine() -> None:
    found = {name: words for name, text in committed() if (words := misplaced(name, text))}
    assert found == {}


def test_such_a_place_is_caught() -> None:
    assert misplaced("README.md", f"see {NEIGHBOUR}/x") == [NEIGHBOUR]
    assert misplaced("tests/a.py", f"see {NEIGHBOUR}/x") == []
    assert misplaced("tests/a.py", NOWHERE[0] + "main") == [NOWHERE[0]]
