"""Figures: what they tell in words follows the numbers, and a bad table is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reports import evidence, theory_figures, training_figures
from reports.record import RecordError
from reports.shelf import gather


def rows(fake: Any, key: str) -> list[dict[str, str]]:
    """A made-up table as a CSV reader gives it: all text."""
    return [{k: str(v) for k, v in row.items()} for row in fake.tables()[key]]


@pytest.mark.parametrize("key", theory_figures.DRAWINGS)
def test_the_same_numbers_give_the_same_svg(fake: Any, key: str) -> None:
    drawing = theory_figures.DRAWINGS[key]
    first, second = drawing(rows(fake, key)), drawing(rows(fake, key))
    assert first.svg == second.svg
    assert first.key == key
    assert b"<text" not in first.svg
    assert b"<dc:date>" not in first.svg


@pytest.mark.parametrize("key", theory_figures.DRAWINGS)
@pytest.mark.parametrize("bad", ["", "abc"])
def test_a_column_without_numbers_is_named(fake: Any, key: str, bad: str) -> None:
    table = rows(fake, key)
    column = list(table[0])[-1]
    table[0][column] = bad
    with pytest.raises(RecordError, match=f"column '{column}'"):
        theory_figures.DRAWINGS[key](table)


def test_a_crossed_bound_is_told(fake: Any) -> None:
    table = rows(fake, "leak")
    assert "0 of 8 points lie above it" in theory_figures.leak.draw(table).alt
    table[3]["measured_max"] = "1e9"
    assert "1 of 8 points lie above it" in theory_figures.leak.draw(table).alt


def test_a_law_outside_its_interval_is_told(fake: Any) -> None:
    table = rows(fake, "miss")
    assert "inside 4 of 4 intervals" in theory_figures.miss.draw(table).alt
    table[0]["law"] = "0.5"
    assert "inside 3 of 4 intervals" in theory_figures.miss.draw(table).alt


def test_the_worst_bin_is_told(fake: Any) -> None:
    table = rows(fake, "positions")
    table[0]["count"] = "350"
    assert "by more than 0.25 in probability" in theory_figures.positions.draw(table).alt
    table[-1]["count"] = "999"  # the law of this one is that of a large gain
    assert "by more than 0.25 in probability" in theory_figures.positions.draw(table).alt


def test_where_outputs_fall_is_told(fake: Any) -> None:
    table = rows(fake, "positions")
    for row in table:
        if row["setting"] == "isotropic" and row["beta"] == "20":
            row["count"] = "500" if float(row["left"]) in (-1.0, 0.8) else "0"
    alt = theory_figures.positions.draw(table).alt
    assert "one head, 2 keys, round noise, beta 20: 50%, 0%, 50%" in alt
    assert "two heads, 8 keys, uncertain length, beta 20: 30%, 40%, 30%" in alt


def test_points_outside_the_boundary_are_told(fake: Any) -> None:
    """Near where the gain is above 1 and the noise below 0.1; theory: from gain 4, to noise 0.1."""
    table = rows(fake, "phases")
    told = "one head, round noise: 6 of 16, of which 4 within theory's boundary"
    assert told in theory_figures.phases.draw(table).alt
    table[0]["near"] = "500"
    told = "one head, round noise: 7 of 16, of which 4 within theory's boundary"
    assert told in theory_figures.phases.draw(table).alt


def test_a_map_without_a_boundary_is_drawn(fake: Any) -> None:
    table = [row | {"law": "0.1", "leak": "0.01"} for row in rows(fake, "phases")]
    assert "of which 0 within theory's boundary" in theory_figures.phases.draw(table).alt


def test_laws_outside_their_intervals_and_crossed_bounds_are_told(fake: Any) -> None:
    table = rows(fake, "sweeps")
    alt = theory_figures.sweeps.draw(table).alt
    assert "in 6 of 6 intervals; 0 of 3 intervals lie above their bound" in alt
    table[0]["law"], table[-1]["law"] = "0.2", "0.3"
    alt = theory_figures.sweeps.draw(table).alt
    assert "in 5 of 6 intervals; 1 of 3 intervals lie above their bound" in alt


def test_errors_of_features_are_set_beside_their_laws(fake: Any) -> None:
    table = rows(fake, "feature_error")
    alt = theory_figures.feature_error.draw(table).alt
    assert "in 18 of 18 intervals; 0 of 6 intervals of orthogonal directions lie above" in alt
    table[0]["law"], table[-1]["law"] = "2", "0.2"
    alt = theory_figures.feature_error.draw(table).alt
    assert "in 17 of 18 intervals; 1 of 6 intervals of orthogonal directions lie above" in alt


def test_a_long_curve_is_averaged_without_loss(fake: Any, tmp_path: Path) -> None:
    fake.shelf(tmp_path)
    run = gather(tmp_path, "quick", "vanilla").pretrain
    steps, losses = training_figures.smoothed(run, points=7)
    assert (len(steps), len(losses)) == (7, 7)
    sizes = [len(part) for part in np.array_split(np.arange(len(run.curve)), 7)]
    mean = sum(row["loss"] for row in run.curve) / len(run.curve)
    assert np.average(losses, weights=sizes) == pytest.approx(mean)


def test_bars_are_the_records_counts(fake: Any, tmp_path: Path) -> None:
    fake.shelf(tmp_path)
    shelf = gather(tmp_path, "quick", "vanilla")
    bars = evidence.bars(shelf)
    assert [bar.count.correct for bar in bars] == [2, 1, 24, 1, 0, 1]
    alt = training_figures.accuracies(bars).alt
    assert "vanilla, with pretraining 60.0 %" in alt
    assert "always “Springfield” 2.5 %" in alt
