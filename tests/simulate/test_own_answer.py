"""What a question of one's own leaves behind: record, table and figure, in a folder of its own."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure

import simulate.asked
from reports.record import Clock, InputError, SimulateRecord, read, sha256
from simulate.asked import answer, drawing
from simulate.asked.places import BINS, EDGES, MOST, Places, places
from simulate.asked.questions import ask
from simulate.experiment import Result
from simulate.runner import run
from simulate.samplers import reduced
from simulate.setting import Setting

TRIALS = 9000
RUN = {"seed": 7, "trials": TRIALS, "sampler": "reduced"}
GIVEN = {"alpha": "1e-3", "beta": "20", "dim": "64", "keys": "16"}
COLUMNS = (
    "alpha,beta,keys,dim,radial,heads,experiment,claim,n,measured,interval_low,interval_high,law,"
    "distance,threshold,detectable,p_value,verdict"
)


def asked_and_written(
    name: str, given: Mapping[str, str], path: Path
) -> tuple[list[Result], list[str]]:
    asked = ask(name, given)
    found = run(asked.experiments, asked.share, reduced, TRIALS, RUN["seed"])  # type: ignore[arg-type]
    return found, answer.write(path, asked, found, RUN, Clock().provenance(7))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("asked") / "multi_head"
    _, lines = asked_and_written("multi_head", GIVEN, path)
    assert lines == [f"Record, table and figure: {path}"]
    return path


def test_the_record_is_a_simulate_record(folder: Path) -> None:
    found = read(folder / "record.json", SimulateRecord)
    assert [e.key for e in found.experiments] == [
        e.key for e in ask("multi_head", GIVEN).experiments
    ]
    assert all(e.n == TRIALS for e in found.experiments)
    assert found.provenance.seed == 7
    (table,) = found.figures
    assert sha256(folder / table.file) == table.sha256


def test_the_table_has_a_row_for_each_experiment_with_what_was_asked(folder: Path) -> None:
    text = (folder / "table.csv").read_text()
    assert text.splitlines()[0] == COLUMNS
    rows = list(csv.DictReader(text.splitlines()))
    recorded = read(folder / "record.json", SimulateRecord).experiments
    assert [row["experiment"] for row in rows] == [e.key for e in recorded]
    for row, e in zip(rows, recorded, strict=True):
        assert [float(row[name]) for name in ("alpha", "beta", "keys", "dim")] == [1e-3, 20, 16, 64]
        assert float(row["measured"]) == e.observed
        assert float(row["p_value"]) == e.p_value
        assert row["verdict"] == e.verdict
        assert float(row["interval_low"]) <= e.observed <= float(row["interval_high"])


def test_the_figure_is_svg_and_png_of_the_numbers_beside_it(folder: Path) -> None:
    drawn = ElementTree.parse(folder / "figure.svg").getroot()
    assert drawn.tag.endswith("svg")
    titles = [e.text for e in drawn.iter() if e.tag.endswith("title")]
    assert titles[0] is not None
    assert r"$\beta=20$" in titles[0]
    assert (folder / "figure.png").read_bytes().startswith(b"\x89PNG")
    rows = list(csv.DictReader((folder / "figure.csv").read_text().splitlines()))
    assert len(rows) == BINS
    assert sum(int(r["count"]) for r in rows) == TRIALS
    assert sum(float(r["law_probability"]) for r in rows) == pytest.approx(1)


def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The canvases that are drawn from here on."""
    found: list[Any] = []
    files = drawing._files

    def spied(canvas: Figure, title: str) -> dict[str, bytes]:
        found.append(canvas)
        return files(canvas, title)

    monkeypatch.setattr(drawing, "_files", spied)
    return found


def test_the_eye_sees_samples_and_law_from_v_b_to_v_a(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    canvases = drawn(monkeypatch)
    asked_and_written("single_head", {"beta": "6"}, tmp_path / "one")
    (axes,) = canvases[0].axes
    heights = np.array([p.get_height() for p in axes.patches[:BINS]])
    law = axes.patches[BINS].get_data().values
    assert heights.sum() == pytest.approx(1)
    assert law.sum() == pytest.approx(1)
    assert np.abs(heights - law).max() < 0.02
    assert heights[0] + heights[-1] > 5 * heights[BINS // 2]
    labels = [t.get_text() for t in axes.get_xticklabels()]
    assert (labels[0], labels[-1]) == ("$v_b$", "$v_a$")
    legend = {t.get_text() for t in canvases[0].legends[0].get_texts()}
    assert legend == {f"{TRIALS:,} samples", "its law, exact"}


def test_without_outputs_the_figure_is_the_distance_from_each_law(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    canvases = drawn(monkeypatch)
    found, _ = asked_and_written("query_pairs.miss", {}, tmp_path / "pairs")
    (axes,) = canvases[0].axes
    widths = [p.get_width() for p in axes.patches]
    ratios = [r.judgement.distance / r.judgement.threshold for r in found]
    assert widths == pytest.approx([max(r, drawing.FAINTEST) for r in ratios])
    assert [t.get_text() for t in axes.get_yticklabels()] == [r.experiment.key for r in found]
    assert not (tmp_path / "pairs" / "figure.csv").exists()


@pytest.mark.parametrize("n", [2, 16])
@pytest.mark.parametrize("name", ["single_head", "multi_head"])
def test_the_bins_hold_the_probability_that_the_law_says(name: str, n: int) -> None:
    """Every bin within five deviations and 1e-3, where the law is that of this gain.

    Over a random seed one of the 81 bins of a case fails with probability 1e-4 at most.
    """
    setting = Setting(0.01, 5.0, n, 0.5)
    found = places(name, setting, seed=1, sampler=reduced, trials=2**16)
    assert isinstance(found, Places)
    assert found.histogram.trials == 2**16
    exact = name == "single_head" or n == 2
    assert ("exact" in found.law) == exact
    share = found.histogram.counts / 2**16
    deviation = np.sqrt(found.probabilities * (1 - found.probabilities) / 2**16)
    if exact:
        assert np.all(np.abs(share - found.probabilities) <= 5 * deviation + 1e-3)
    else:
        assert set(np.flatnonzero(found.probabilities)) <= {
            int(np.searchsorted(EDGES, x, side="right")) - 1 for x in (-1, -0.5, 0, 0.5, 0.999)
        }


def test_a_figure_needs_no_more_samples_than_the_eye_sees() -> None:
    found = places("single_head", Setting(0.01, 5.0, 2, 0.5), 1, reduced, trials=10**9)
    assert isinstance(found, Places)
    assert found.histogram.trials == MOST
    assert places("averaging", Setting(0.01, 5.0, 2), 1, reduced, trials=10) is None


def test_the_same_question_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    asked_and_written("multi_head", GIVEN, tmp_path / "again")
    for name in ("table.csv", "figure.csv", "figure.svg", "figure.png", "question.json"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes(), name


def test_another_question_never_overwrites_an_answer(folder: Path, tmp_path: Path) -> None:
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    for given, settings in [(GIVEN | {"beta": "21"}, RUN), (GIVEN, RUN | {"seed": 8})]:
        with pytest.raises(InputError, match="holds something else already"):
            answer.claim(folder, ask("multi_head", given), settings)
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before
    answer.claim(folder, ask("multi_head", GIVEN), RUN)
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "mine.txt").write_text("kept")
    (tmp_path / "file").write_text("kept")
    for taken in ("letters", "file"):
        with pytest.raises(InputError) as caught:
            answer.claim(tmp_path / taken, ask("multi_head", GIVEN), RUN)
        assert "\n" not in str(caught.value)


def test_each_question_has_a_folder_of_its_own() -> None:
    questions = [
        ("multi_head", {}, RUN),
        ("single_head", {}, RUN),
        ("multi_head", {}, RUN | {"trials": 9001}),
        ("multi_head", {}, RUN | {"until": 1e-4}),
        *(
            ("multi_head", {name: value}, RUN)
            for name, value in (
                ("alpha", "1.0000001e-3"), ("beta", "21"), ("keys", "15"), ("dim", "17"),
                ("radial", "0"), ("heads", "4"),
            )
        ),
    ]  # fmt: skip
    folders = [answer.folder(ask(name, given), settings) for name, given, settings in questions]
    assert len(set(folders)) == len(folders)
    assert {path.parent for path in folders} == {answer.ASKED}


def test_without_matplotlib_one_line_says_that_no_figure_was_drawn(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delitem(sys.modules, "simulate.asked.drawing")
    monkeypatch.delattr(simulate.asked, "drawing")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    _, lines = asked_and_written("single_head", {"keys": "2"}, tmp_path / "bare")
    assert lines[1:] == ["matplotlib is not installed: no figure was drawn"]
    assert {p.name for p in (tmp_path / "bare").iterdir()} == {
        "question.json", "record.json", "table.csv", "figure.csv",
    }  # fmt: skip
    assert json.loads((tmp_path / "bare" / "question.json").read_text())["run"] == RUN
