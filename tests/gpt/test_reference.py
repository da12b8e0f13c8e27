"""Reference runs: resumed run by run, remade when the recipe changes, nothing private packed."""

from __future__ import annotations

import dataclasses
import json
import tarfile
import time
from pathlib import Path

import pytest

from gpt import recipe as recipes
from gpt import reference
from gpt.recipe import QUICK, Recipe, Stage
from reports.record import EvaluationRecord, InputError, TrainingRecord, read

PEOPLE = [(f"Ada N{c}", place) for c, place in zip("abcdef", ["Rome", "Oslo"] * 3, strict=True)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A tiny corpus in the practical's form."""
    text = "".join(f"{name}. {name} was born in {place}?\n" for name, place in PEOPLE)
    pairs = "".join(f"Where was {name} born?\t{place}\n" for name, place in PEOPLE)
    (tmp_path / "wiki.txt").write_text(text + "W h\n")
    (tmp_path / "birth_places_train.tsv").write_text(pairs)
    (tmp_path / "birth_dev.tsv").write_text(pairs)
    return tmp_path


@pytest.fixture
def plan(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> reference.Plan:
    monkeypatch.setattr(reference, "RESULTS", tmp_path / "reference")
    return reference.Plan("quick", "vanilla", 3, "cpu", folder, epochs=1)


def test_runs_are_made_once_and_nothing_private_is_kept(
    plan: reference.Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert reference.carry_out(plan, time.monotonic() + 600).endswith("complete")
    made = tmp_path / "reference" / "quick" / "seed3"
    assert read(made / "vanilla.finetune.json", TrainingRecord).provenance.seed == 3
    evaluation = read(made / "vanilla.pretrain.evaluate.json", EvaluationRecord)
    rows = [json.loads(line) for line in (made / evaluation.predictions).read_text().splitlines()]
    assert len(rows) == len(PEOPLE)
    assert all(set(row) == {"answer", "correct", "probability"} for row in rows)

    times = {p: p.stat().st_mtime_ns for p in made.iterdir()}
    assert reference.carry_out(plan, time.monotonic()).endswith("complete")  # no time, none needed
    assert {p: p.stat().st_mtime_ns for p in made.iterdir()} == times

    monkeypatch.setattr(reference, "ROOT", tmp_path)
    (tmp_path / "results").mkdir()
    with tarfile.open(reference.pack()) as archive:
        packed = {Path(name).suffix for name in archive.getnames()}
    assert packed == {".json", ".csv", ".jsonl"}


def test_a_record_of_another_recipe_is_not_taken_for_done(
    plan: reference.Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, _ = plan.commands()[0]
    record.parent.mkdir(parents=True)
    body = {"stage": "training", "run": "pretrain"}

    def done(of: Recipe) -> bool:
        record.write_text(json.dumps(body | {"recipe_hash": of.with_epochs("pretrain", 1).sha256}))
        return reference._is_done(record, plan)

    assert done(QUICK)
    assert not done(dataclasses.replace(QUICK, width=64))
    changed = dataclasses.replace(QUICK, scratch=Stage(1, 1, 1.0))
    monkeypatch.setitem(recipes.RECIPES, "quick", changed)
    assert not done(QUICK)


def test_no_run_is_started_after_the_deadline(plan: reference.Plan) -> None:
    assert "stopped before vanilla.pretrain.json" in reference.carry_out(plan, time.monotonic())
    assert not plan.folder.exists()


def test_a_run_is_stopped_at_the_deadline_and_goes_on_later(
    plan: reference.Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a script that, like `run.py`, saves and exits with 143 when it is asked to stop."""
    script = tmp_path / "gpt" / "run.py"
    script.parent.mkdir()
    script.write_text(
        "import pathlib, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\n"
        "assert sys.argv[1] == 'evaluate' or '--resume_or_restart' in sys.argv\n"
        "record = pathlib.Path(sys.argv[sys.argv.index('--record') + 1])\n"
        "again = record.with_suffix('.begun').exists()\n"
        "record.parent.mkdir(parents=True, exist_ok=True)\n"
        "record.with_suffix('.begun').touch()\n"
        "while not again: time.sleep(0.01)\n"
        "sys.exit('the second time')\n"
    )
    monkeypatch.setattr(reference, "ROOT", tmp_path)
    while not (plan.folder / "vanilla.pretrain.begun").exists():
        line = reference.carry_out(plan, time.monotonic() + 0.5)
        assert line == (
            "quick vanilla seed 3: stopped in vanilla.pretrain.json; "
            "the same command goes on from there"
        )
    with pytest.raises(InputError, match="the second time"):
        reference.carry_out(plan, time.monotonic() + 600)


def test_a_failed_run_ends_with_its_own_line(plan: reference.Plan, folder: Path) -> None:
    (folder / "birth_places_train.tsv").write_text("Where was Ada Na born? Rome\n")
    pretrained = dataclasses.replace(plan)
    with pytest.raises(InputError, match=r"finetune.*no tab between question and place"):
        reference.carry_out(pretrained, time.monotonic() + 600)
