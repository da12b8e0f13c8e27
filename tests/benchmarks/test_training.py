"""The benchmark of training: every way trains, and its record keeps their order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmarks import measure, training
from gpt.recipe import Stage
from reports.record import BenchmarkRecord, read


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A few lines, a tiny model, one turn; returns where the records go."""
    line = "Ada Moss was born in Oslo, in the year 1901.\n"
    (tmp_path / "wiki.txt").write_text(line * 40, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(measure, "RECORDS", tmp_path / "records")
    monkeypatch.setattr(training, "REPETITIONS", 1)
    base = replace(training.BASE, layers=1, heads=2, width=16, pretrain=Stage(1, 8, 1e-3))
    monkeypatch.setattr(training, "BASE", base)
    return tmp_path / "records"


def test_every_way_trains_and_the_course_comes_first(tiny: Path) -> None:
    training.run()
    (path,) = tiny.glob("training.*.json")
    record = read(path, BenchmarkRecord)
    assert record.ways[0].name.startswith("the course")
    assert [way.name for way in record.ways[1:]] == [name for name, _ in training.CHANGES]
    assert all(rate > 0 for way in record.ways for rate in way.rates)


def test_the_ways_count_the_characters_that_are_not_pad(tiny: Path) -> None:
    """Without truncation every line of 44 gives 46: two MASK more than it has, the last unread."""
    text = Path("wiki.txt").read_text(encoding="utf-8")
    whole = replace(training.BASE, whole_lines=True)
    assert training.by_us(text, whole, torch.device("cpu"))() == 40 * 45
