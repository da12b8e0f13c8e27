"""A report built once from made-up records, for all the tests that look at it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from reports.__main__ import draw, main
from reports.document import render
from reports.figures import Figure
from reports.shelf import gather


def _fake_records() -> ModuleType:
    """The module beside this one: tests are not a package."""
    path = Path(__file__).with_name("fake_records.py")
    specification = importlib.util.spec_from_file_location("fake_records", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules.setdefault("fake_records", module)
    specification.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Built:
    """A finished report."""

    pdf: Path
    html: str


@pytest.fixture(scope="session")
def fake() -> Any:
    """Makes made-up records: see fake_records.py."""
    return _fake_records()


@pytest.fixture(scope="session")
def built(fake: Any, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The report of one shelf of made-up records."""
    folder = tmp_path_factory.mktemp("report")
    fake.shelf(folder / "results")
    assert main(["--results", str(folder / "results"), "--output", str(folder / "build")]) == 0
    return Built(
        folder / "build" / "report.pdf",
        (folder / "build" / "report.html").read_text(encoding="utf-8"),
    )


@pytest.fixture(scope="session")
def figures(fake: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Figure]:
    """The figures of the made-up records, drawn once."""
    folder = tmp_path_factory.mktemp("figures")
    fake.shelf(folder)
    return draw(gather(folder, "quick", "vanilla"))


@pytest.fixture
def html_of(fake: Any, figures: dict[str, Figure], tmp_path: Path) -> Callable[..., str]:
    """The HTML twin of made-up records with some fields replaced; its figures stay the same."""

    def build(changes: dict[str, dict[str, Any]] | None = None) -> str:
        fake.shelf(tmp_path, changes=changes)
        return render(gather(tmp_path, "quick", "vanilla"), figures, "html").html

    return build
