"""A corpus of two dozen people and models of a few thousand parameters."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from gpt.model import GPT, build
from gpt.vocabulary import Vocabulary

NAMES = ("Ada Moss", "Bo Ek", "Cy Oz", "Di Fox", "Ed Ray", "Flo Lim", "Gus Tan", "Hal Ito")
PLACES = ("Oslo", "Rome", "Lima", "London")
PEOPLE = [(f"{name} {suffix}", PLACES[i % 4]) for suffix in "JKL" for i, name in enumerate(NAMES)]


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """The models are far too small for more."""
    torch.set_num_threads(1)


@pytest.fixture
def text() -> str:
    """One document a person."""
    return "".join(f"{name}. {name} was born in {place} in 1901.\n" for name, place in PEOPLE)


@pytest.fixture
def vocabulary(text: str) -> Vocabulary:
    return Vocabulary.of_text(text + "Where?")


@pytest.fixture
def folder(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the practical's three files: 16 people to train, 8 to ask about."""
    lines = [f"Where was {name} born?\t{place}\n" for name, place in PEOPLE]
    lead = "Where? Here.\n"  # every character of the questions occurs in the text
    (tmp_path / "wiki.txt").write_text(lead + text, encoding="utf-8", newline="")
    (tmp_path / "birth_places_train.tsv").write_text("".join(lines[:16]), newline="")
    (tmp_path / "birth_dev.tsv").write_text("".join(lines[16:]), newline="")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def tiny() -> Callable[..., GPT]:
    """Builds a model of width 16, without dropout unless it is asked for."""

    def make(variant: str = "vanilla", vocabulary_size: int = 11, **options: object) -> GPT:
        sizes: dict[str, object] = {"layers": 2, "heads": 2, "width": 16, "dropout": 0.0}
        return build(variant, vocabulary_size, **(sizes | options))  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def practical() -> Path:
    """The practical's own files, where continuous integration finds them; else tests skip."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "practical"
    path = Path(os.environ.get("PRACTICAL_FILES", beside))
    if not (path / "wiki.txt").is_file():
        pytest.skip("the practical's own files are not here")
    return path
