"""The capacity study: its material, what it measures, and the fit of its cost."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gpt import study
from gpt.corpus import read_pairs
from gpt.recipe import Stage
from gpt.studies import STUDIES, capacity_tables
from gpt.studies.capacity import CAPACITY
from gpt.studies.capacity_tables import exponent
from gpt.studies.entry import Entry, Study
from reports.record import InputError, StudyRecord, read


@pytest.fixture
def small(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """The study on the same two dozen people under three names, with one tiny model."""
    recipe = replace(
        CAPACITY.entries[0].recipe, layers=1, width=16, precision="fp32", pretrain=Stage(2, 8, 1e-2)
    )
    lines = "".join(f"Where was {n} born?\tRome\n" for n in ("Ada Ito L", "Bo Moss", "Cy Ek"))
    for name in ("people1", "people2", "people3"):
        (folder / name).mkdir()
        for file in ("wiki.txt", "birth_places_train.tsv", "birth_dev.tsv"):
            text = (folder / file).read_text(encoding="utf-8")
            (folder / name / file).write_text(text, encoding="utf-8")
        (folder / name / "birth_control.tsv").write_text(lines, encoding="utf-8")
    entries = tuple(
        Entry(f"{name}-width16", "So many.", recipe, finetunes=False, corpus=name)
        for name in ("people1", "people2", "people3")
    )
    made = replace(CAPACITY, entries=entries)
    monkeypatch.setitem(STUDIES, "capacity", made)
    return made


def carry_out(folder: Path) -> list[StudyRecord]:
    command = ["capacity", "--corpus_folder", str(folder / "practical")]
    assert study.main([*command, "--output", str(folder)]) == 0
    return [read(path, StudyRecord) for path in sorted((folder / "capacity").glob("*.json"))]


def test_records_measure_what_is_recalled_and_tables_show_it(
    folder: Path, small: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    records = carry_out(folder)
    assert [record.corpus for record in records] == ["people1", "people2", "people3"]
    measured = records[0].measures
    assert measured["people"] == 24
    assert measured["place_bits"] == pytest.approx(2.0)  # four places, equally frequent
    assert measured["bits_a_person"] <= measured["place_bits"]
    assert measured["bits_a_parameter"] == pytest.approx(
        24 * measured["bits_a_person"] / records[0].parameters
    )
    assert 0 <= measured["control"] <= 1
    capacity_tables.main(["--records", str(folder / "capacity")])
    with (folder / "capacity" / "capacity.csv").open(encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    assert [row["tokens"] for row in table] == [str(r.runs[0].tokens) for r in records]
    assert [float(row["control"]) for row in table] == pytest.approx(
        [r.measures["control"] for r in records]
    )
    assert not (folder / "capacity" / "cost.csv").exists()  # one number of people has no exponent


def test_people_asked_stand_in_the_text_and_in_no_training_pair(small: Study, folder: Path) -> None:
    for entry in small.entries:
        material = study.Material.of(small, entry.folder(folder / "practical"))
        asked = {pair.question for pair in material.questions}
        assert asked == {p.question for p in read_pairs(folder / "birth_dev.tsv")}
        assert asked.isdisjoint(pair.question for pair in material.pairs)


def test_a_corpus_that_is_missing_is_named(folder: Path) -> None:
    with pytest.raises(InputError, match=r"people300.*cannot be read: No such file"):
        study.main(["capacity", "--corpus_folder", str(folder / "practical")])


def test_the_exponent_of_a_power_is_found_within_its_interval() -> None:
    """Student's 95 % interval holds the exponent in 95 % of 2,000 noisy powers: five standard
    deviations of that share are 0.024 (6e-7)."""
    generator = np.random.default_rng(0)
    tokens = [1e5, 3e5, 1e6, 6e6]
    inside = 0
    for _ in range(2000):
        noise = np.exp(0.05 * generator.standard_normal(4))
        _, low, high = exponent(tokens, (2e-5 * np.array(tokens) * noise).tolist())
        inside += low <= 1.0 <= high
    assert inside / 2000 == pytest.approx(0.95, abs=0.024)
    for power in (1.0, 1.5):
        value, low, high = exponent(tokens, [t**power for t in tokens])
        assert value == pytest.approx(power)
        assert low - 1e-6 <= power <= high + 1e-6


def test_a_cost_is_fitted_for_each_width_and_device_apart() -> None:
    runs = [(16, "a", 1, 1.0), (16, "b", 7, 2.0), (32, "a", 3, 1.0)]
    rows = [
        {
            "people": n, "width": width, "device": device, "threads": 1, "tokens": 100 * n,
            "seconds": factor * n**power,
        }
        for width, device, factor, power in runs
        for n in (300, 1000, 3000)
    ]  # fmt: skip
    found = capacity_tables.costs(
        [*rows, {**rows[0], "width": 64}]
    )  # one run of a width has no exponent
    assert [(row["width"], row["device"]) for row in found] == [(16, "a"), (16, "b"), (32, "a")]
    values = [float(str(row["exponent"])) for row in found]
    assert values == pytest.approx([1.0, 2.0, 1.0])
