"""The capacity study: its material, and what it measures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gpt import study
from gpt.corpus import read_pairs
from gpt.recipe import Stage
from gpt.studies import STUDIES
from gpt.studies.capacity import CAPACITY
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


def test_records_measure_what_is_recalled(folder: Path, small: Study) -> None:
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
    assert len({record.runs[0].tokens for record in records}) == 1  # the same people thrice


def test_people_asked_stand_in_the_text_and_in_no_training_pair(small: Study, folder: Path) -> None:
    for entry in small.entries:
        material = study.Material.of(small, entry.folder(folder / "practical"))
        asked = {pair.question for pair in material.questions}
        assert asked == {p.question for p in read_pairs(folder / "birth_dev.tsv")}
        assert asked.isdisjoint(pair.question for pair in material.pairs)


def test_a_corpus_that_is_missing_is_named(folder: Path) -> None:
    with pytest.raises(InputError, match=r"people300.*cannot be read: No such file"):
        study.main(["capacity", "--corpus_folder", str(folder / "practical")])
