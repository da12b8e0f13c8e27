"""Studies and benchmarks in the report: as recorded, compared fairly, left out when absent."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import binomtest

from reports import study_figures, study_tables
from reports.document import render
from reports.figures import Figure
from reports.record import RecordError, StudyRecord, read, write
from reports.shelf import gather
from reports.studies import Studies, collect


@pytest.fixture
def studies(fake: Any, tmp_path: Path) -> Studies:
    return collect(fake.put_studies(tmp_path), tmp_path)


@pytest.fixture
def html(fake: Any, figures: dict[str, Figure], tmp_path: Path) -> str:
    fake.shelf(tmp_path)
    fake.put_studies(tmp_path)
    shelf = gather(tmp_path, "quick", "vanilla")
    drawn = {figure.key: figure for figure in study_figures.draw(shelf.studies)}
    return render(shelf, figures | drawn, "html").html


def table_of(html: str, key: str) -> list[str]:
    """The text of each row of a table's body."""
    body = html.split(f'id="table-{key}"', 1)[1].split("<tbody>", 1)[1].split("</tbody>", 1)[0]
    rows = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows]


def test_without_records_every_part_says_so(built: Any) -> None:
    text = built.html.split('id="studies"', 1)[1].split('id="appendix"', 1)[0]
    assert text.count("so nothing is shown") == 9
    assert "<table" not in text
    for command in ("gpt.study ablations", "gpt.study variants", "gpt.study minutes",
                    "gpt.study best", "gpt.study capacity", "benchmarks.loss_curves", "make bench",
                    "python -m benchmarks public_attention"):  # fmt: skip
        assert command in text


def test_the_ablations_are_all_shown_base_first_losers_included(html: str) -> None:
    rows = table_of(html, "ablations")
    assert [row.split(" ")[0] == "A" for row in rows] == [True, False, True, True, False]
    assert "base" in rows[0]
    assert "level" in rows[2]
    assert "worse 0 2.5 % 10.0 %" in rows[3]
    assert rows[4].startswith("1 2.5 % 10.0 %")


def test_an_entry_is_compared_with_the_base_of_its_own_seed(studies: Studies) -> None:
    rows = study_tables.compared(studies["ablations"], "base")
    p = binomtest(0, 20).pvalue
    assert [row.paired is None for row in rows] == [True, True, False, False, False]
    level, *worse = rows[2:]
    assert level.paired is not None
    assert (level.paired.only_first, level.paired.only_second) == (1, 0)
    for row in worse:
        assert row.paired is not None
        assert (row.paired.only_first, row.paired.only_second) == (0, 20)
        assert row.paired.p == pytest.approx(p)
    assert [row.adjusted for row in worse] == pytest.approx([3 * p, 3 * p])
    assert [row.clear for row in rows] == [False, False, False, True, True]


def test_answers_to_other_questions_are_not_paired(fake: Any, tmp_path: Path) -> None:
    folder = fake.put_studies(tmp_path)
    path = folder / "ablations" / "level.seed0.json"
    short = fake.study("ablations", "level")
    answers = dataclasses.replace(short.answers[-1], result=fake.count(1, 2), right="10")
    write(path, dataclasses.replace(short, answers=(answers,)))
    rows = study_tables.compared(collect(folder, tmp_path)["ablations"], "base")
    assert next(row for row in rows if row.entry.name == "level").paired is None


def test_holms_adjustment() -> None:
    """Holm (1979), with ties and the cut at 1; example computed by hand."""
    assert study_tables.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert study_tables.holm([0.9, 0.6]) == [1.0, 1.0]
    assert study_tables.holm([]) == []


def test_minutes_count_all_stages_and_are_sorted(html: str, studies: Studies) -> None:
    runs = study_tables.by_minutes(studies["minutes"])
    assert [made.record.seconds for made in runs] == [302.0, 602.0, 1202.0]
    rows = table_of(html, "minutes")
    assert "5.03 pretraining 5 min 0 s, asking 2.0 s 40 12.5 %" in rows[0]
    alt = study_figures.minutes(runs).alt
    assert "12.5 % in 5.0, 25.0 % in 10.0, 50.0 % in 20.0 minutes" in alt


def test_capacity_shows_its_measures_and_the_growth_of_the_cost(html: str) -> None:
    rows = table_of(html, "capacity")
    assert [row.split()[:4] for row in rows[:2]] == [
        ["300", "64", "1", "234"],
        ["300", "128", "1", "234"],
    ]
    assert "25.0 % 14.2–40.2 % 5.0 % 2.5 ± 0.2 0.0469" in rows[0]
    text = " ".join(html.split())
    assert "Width 64, 3 models on an imagined processor: the training’s seconds grow" in text


def test_cost_that_grows_with_the_square_is_seen(studies: Studies) -> None:
    rows = study_tables.capacity(studies["capacity"])
    assert [found.exponent for found in study_tables.growth(rows)] == pytest.approx([1.0, 1.0])
    assert study_tables.growth(rows[:4]) == []
    squared = []
    for row in rows:
        (run, *rest) = row.made.record.runs
        slower = dataclasses.replace(run, seconds=run.seconds**2)
        record = dataclasses.replace(row.made.record, runs=(slower, *rest))
        made = dataclasses.replace(row.made, record=record)
        squared.append(dataclasses.replace(row, made=made))
    assert [found.exponent for found in study_tables.growth(squared)] == pytest.approx([2.0, 2.0])


def test_loss_curves_are_judged(html: str, fake: Any, tmp_path: Path, studies: Studies) -> None:
    assert "At no epoch do the mean losses differ by more" in " ".join(html.split())
    folder = tmp_path / "reference"
    for seed in (0, 1, 2):
        record = read(folder / "curves" / f"practical.seed{seed}.json", StudyRecord)
        losses = tuple(loss + 0.5 for loss in record.runs[0].losses)
        run = dataclasses.replace(record.runs[0], losses=losses)
        write(folder / "curves" / f"practical.seed{seed}.json",
              dataclasses.replace(record, runs=(run,)))  # fmt: skip
    found = study_tables.learned_alike(collect(folder, tmp_path)["curves"])
    assert found is not None
    assert (found.verdict, found.outside) == ("contradicted", 5)
    (folder / "curves" / "plain.seed1.json").unlink()
    (folder / "curves" / "plain.seed2.json").unlink()
    assert study_tables.learned_alike(collect(folder, tmp_path)["curves"]) is None


def test_a_benchmark_keeps_the_order_of_its_ways(html: str) -> None:
    """Ratios of one turn: 3, 2.5 and 4."""
    rows = table_of(html, "benchmark-1")
    assert rows == ["by hand 20 – – –", "by machine 50 3 2.5–4 3"]


def test_seeds_of_one_entry_must_be_of_one_recipe(fake: Any, tmp_path: Path) -> None:
    folder = fake.put_studies(tmp_path)
    write(
        folder / "ablations" / "base.seed1.json",
        fake.study("ablations", "base", 1, recipe_hash="b" * 64),
    )
    with pytest.raises(RecordError, match=r"base\.seed1\.json: its recipe .* not those of seed 0"):
        collect(folder, tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"1000', '"0000', "right holds 0 ones, the result counts 1"),
        ('"1000', '"x000', "right is 'x000"),
        ('"schema": 3', '"schema": 2', "schema is 2"),
    ],
)
def test_a_malformed_record_is_refused_in_one_line(
    fake: Any, tmp_path: Path, old: str, new: str, message: str
) -> None:
    folder = fake.put_studies(tmp_path)
    path = folder / "ablations" / "base.seed0.json"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(RecordError, match=message) as problem:
        collect(folder, tmp_path)
    assert "\n" not in str(problem.value)


def test_a_machine_is_named_once_however_its_core_was_counted(fake: Any, tmp_path: Path) -> None:
    folder = fake.put_studies(tmp_path)
    for seed, name in ((0, "a machine, 1 cores"), (1, "a machine, 1 core")):
        path = folder / "ablations" / f"base.seed{seed}.json"
        body = json.loads(path.read_text())
        body["provenance"]["device_name"] = name
        path.write_text(json.dumps(body))
    (base, *_) = collect(folder, tmp_path)["ablations"]
    assert study_tables.origin(base.runs).split("; ")[0].startswith("a machine, 1 core, ")
    assert study_tables.origin(base.runs).count("a machine") == 1


def test_a_star_says_that_the_code_has_moved_on(fake: Any, tmp_path: Path) -> None:
    folder = fake.put_studies(tmp_path)
    path = folder / "ablations" / "base.seed0.json"
    body = json.loads(path.read_text())
    body["provenance"]["inputs"] = {"wiki.txt": "0" * 64}
    path.write_text(json.dumps(body))
    (base, *_) = collect(folder, tmp_path)["ablations"]
    assert "*" not in study_tables.origin(base.runs)
    body["provenance"]["sources"] = {"gpt/gone.py": "0" * 64}
    path.write_text(json.dumps(body))
    (base, *_) = collect(folder, tmp_path)["ablations"]
    assert study_tables.origin(base.runs).endswith(f"commit {'f' * 12}*; {'f' * 12}")
