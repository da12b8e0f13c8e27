"""Records that are missing, stale or malformed are refused in one line with the make target."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from reports.record import SCHEMA, BaselineRecord, Count, RecordError, TrainingRecord, read, write
from reports.shelf import gather


@pytest.mark.parametrize(
    ("file", "make"),
    [
        ("corpus.json", "data"), ("theory.json", "theory"), ("simulate.json", "simulate"),
        ("baseline.json", "baseline"), ("vanilla.pretrain.json", "pretrain"),
        ("vanilla.finetune.json", "finetune"), ("vanilla.scratch.json", "finetune"),
        ("vanilla.pretrain.evaluate.json", "evaluate"),
        ("vanilla.scratch.evaluate.json", "evaluate"), ("vanilla.spectrum.json", "spectrum"),
        ("simulate.leak.csv", "simulate"), ("vanilla.pretrain.curve.csv", "pretrain"),
        ("vanilla.scratch.predictions.jsonl", "evaluate"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named_with_its_target(
    fake: Any, tmp_path: Path, file: str, make: str
) -> None:
    (fake.shelf(tmp_path) / file).unlink()
    with pytest.raises(RecordError) as problem:
        gather(tmp_path, "quick", "vanilla")
    assert file in str(problem.value)
    assert f"`make {make}`" in str(problem.value)
    assert "\n" not in str(problem.value)


def test_a_stale_record_is_refused(fake: Any, tmp_path: Path) -> None:
    source = tmp_path / "theory" / "copying.py"
    source.parent.mkdir()
    source.write_text("new")
    old = fake.provenance(sources={"theory/copying.py": "0" * 64})
    fake.shelf(tmp_path, changes={"theory.json": {"provenance": old}})
    with pytest.raises(
        RecordError, match=r"theory\.json: stale, theory/copying\.py .*`make theory`"
    ):
        gather(tmp_path, "quick", "vanilla", root=tmp_path)


def test_a_fresh_record_is_accepted(fake: Any, tmp_path: Path) -> None:
    from reports.record import sha256

    source = tmp_path / "theory.py"
    source.write_text("same")
    fresh = fake.provenance(sources={"theory.py": sha256(source)})
    fake.shelf(tmp_path, changes={"theory.json": {"provenance": fresh}})
    assert gather(tmp_path, "quick", "vanilla", root=tmp_path).variant == "vanilla"


def test_a_table_that_is_not_the_recorded_one_is_refused(fake: Any, tmp_path: Path) -> None:
    table = fake.shelf(tmp_path) / "simulate.leak.csv"
    table.write_text(table.read_text().replace("4,", "5,", 1))
    with pytest.raises(RecordError, match=r"leak\.csv: not the table .*`make simulate`"):
        gather(tmp_path, "quick", "vanilla")


def test_as_many_predictions_as_questions(fake: Any, tmp_path: Path) -> None:
    answers = fake.shelf(tmp_path) / "vanilla.pretrain.predictions.jsonl"
    answers.write_text("\n".join(answers.read_text().splitlines()[:-1]) + "\n")
    with pytest.raises(RecordError, match="39 predictions for 40 questions"):
        gather(tmp_path, "quick", "vanilla")


def test_a_malformed_prediction_is_named_by_line(fake: Any, tmp_path: Path) -> None:
    answers = fake.shelf(tmp_path) / "vanilla.pretrain.predictions.jsonl"
    lines = answers.read_text().splitlines()
    lines[2] = '{"answer": "x"}'
    answers.write_text("\n".join(lines))
    with pytest.raises(RecordError, match=r"predictions\.jsonl:3: not a prediction"):
        gather(tmp_path, "quick", "vanilla")


PREDICTIONS = "vanilla.pretrain.predictions.jsonl"
CONTROL = "vanilla.pretrain.control.jsonl"
CURVE = "vanilla.pretrain.curve.csv"


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (CURVE, b"loss", b"lo\xffss", r"not a table: .* byte 0xff"),
        (CURVE, b"1.5", b"nan", r"column 'loss' holds 'nan', not a number"),
        (CURVE, b"1.5", b"inf", r"column 'loss' holds 'inf', not a number"),
        (CURVE, b"1.5", b"low", r"column 'loss' holds 'low', not a number"),
        (PREDICTIONS, b"Town 1", b"Town \xff", r"not predictions: .* byte 0xff"),
        (PREDICTIONS, b'{"q', b"[" * 99999, r":1: not a prediction"),
        (PREDICTIONS, b"0.9}", b"%d}" % 10**400, r":1: probability: expected 0 to 1, got 1000"),
        (PREDICTIONS, b"0.9}", b"1.01}", r":1: probability: expected 0 to 1, got 1\.01"),
        (PREDICTIONS, b"0.9}", b"-0.01}", r":1: probability: expected 0 to 1, got -0\.01"),
        (PREDICTIONS, b"0.9}", b"NaN}", r":1: probability: expected 0 to 1, got nan"),
        (PREDICTIONS, b"true", b'"false"', r":1: correct: expected true or false, got 'false'"),
        (PREDICTIONS, b"true", b"false", "23 predictions are correct, the record has 24"),
        (CONTROL, b"false", b"true", "2 predictions are correct, the record has 1"),
        (CONTROL, b"\n", b"\n" * 2, r":2: not a prediction"),
        (CONTROL, b'{"q', b'{"answer": "", "correct": false, "probability": 0}\n{"q',
         "21 predictions for 20 questions"),
    ],
)  # fmt: skip
def test_a_malformed_or_contradicting_table_is_refused_in_one_line(
    fake: Any, tmp_path: Path, file: str, old: bytes, new: bytes, message: str
) -> None:
    path = fake.shelf(tmp_path) / file
    assert old in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    with pytest.raises(RecordError, match=f"{file}.*{message}") as problem:
        gather(tmp_path, "quick", "vanilla")
    assert "\n" not in str(problem.value)
    assert len(str(problem.value)) < 400


@pytest.mark.parametrize(
    ("profile", "variant", "file", "command"),
    [
        ("quick", "vanilla", "{}.pretrain.json", "make pretrain"),
        ("quick", "rope", "{}.pretrain.json", "make VARIANT=rope pretrain"),
        ("practical", "vanilla", "{}.scratch.json", "make PROFILE=practical finetune"),
        ("practical", "rope", "{}.pretrain.curve.csv",
         "make PROFILE=practical VARIANT=rope pretrain"),
        ("practical", "rope", "{}.scratch.predictions.jsonl",
         "make PROFILE=practical VARIANT=rope evaluate"),
        ("practical", "rope", "theory.json", "make PROFILE=practical theory"),
        ("best", "rope", "simulate.leak.csv", "make PROFILE=best simulate"),
    ],
)  # fmt: skip
def test_the_make_command_has_the_settings_that_differ_from_the_defaults(
    fake: Any, tmp_path: Path, profile: str, variant: str, file: str, command: str
) -> None:
    (fake.shelf(tmp_path, profile, variant) / file.format(variant)).unlink()
    with pytest.raises(RecordError, match=f"; run `{command}`$"):
        gather(tmp_path, profile, variant)


def test_a_line_separator_inside_an_answer_is_no_new_line(fake: Any, tmp_path: Path) -> None:
    answers = fake.shelf(tmp_path) / "vanilla.pretrain.predictions.jsonl"
    text = answers.read_text().replace("Town 0", "Town\u20280", 1)
    answers.write_text(text, encoding="utf-8")
    shelf = gather(tmp_path, "quick", "vanilla")
    assert shelf.pretrained_evaluation.predictions[0].answer == "Town\u20280"


def test_further_runs_are_found_and_stale_ones_left_out(fake: Any, tmp_path: Path) -> None:
    folder = fake.shelf(tmp_path)
    write(folder / "rope.pretrain.evaluate.json", fake.evaluation(folder, "rope", "pretrain", 30))
    old = fake.training(folder, "rope", "pretrain")
    gone = fake.provenance(sources={"gone.py": "0" * 64})
    write(folder / "rope.pretrain.json", dataclasses.replace(old, provenance=gone))
    shelf = gather(tmp_path, "quick", "vanilla")
    assert [e.record.variant for e in shelf.evaluations] == ["vanilla", "vanilla", "rope"]
    assert shelf.left_out == ("rope.pretrain.json",)


def test_a_further_run_may_have_any_name(fake: Any, tmp_path: Path) -> None:
    folder = fake.shelf(tmp_path)
    write(folder / "other.json", fake.training(folder, "rope", "pretrain"))
    assert [t.name for t in gather(tmp_path, "quick", "vanilla").further_training] == ["other"]


def test_references_are_read_with_their_recipe_and_seed(fake: Any, tmp_path: Path) -> None:
    fake.shelf(tmp_path)
    for seed in (0, 10, 2):
        folder = tmp_path / "reference" / "best" / f"seed{seed}"
        folder.mkdir(parents=True)
        record = fake.evaluation(folder, "vanilla", "pretrain", 30 + seed // 2)
        write(folder / "vanilla.pretrain.evaluate.json", record)
        write(folder / "vanilla.pretrain.json", fake.training(folder, "vanilla", "pretrain"))
    shelf = gather(tmp_path, "quick", "vanilla")
    assert [r.seed for r in shelf.references] == ["0", "2", "10"]
    path = tmp_path / "reference" / "best" / "seed10" / "vanilla.pretrain.json"
    other = dataclasses.replace(read(path, TrainingRecord), recipe_hash="c" * 64)
    write(path, other)
    with pytest.raises(RecordError, match="its recipe is not the one of"):
        gather(tmp_path, "quick", "vanilla")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"wall_time": 61.0', f'"wall_time": {10**400}', r"provenance: wall_time: expected float"),
        ('"wall_time": 61.0', f'"wall_time": {"9" * 5000}', "not a record: Exceeds the limit"),
        ('"wall_time": 61.0', f'"wall_time": {"[" * 99999}', "not a record: "),
        ('"wall_time": 61.0', '"wall_time": NaN', "wall_time: expected float, got nan"),
        ('"n": 40', '"n": 0', "london: n is 0, expected at least 1"),
        ('"correct": 1', '"correct": 41', "most_frequent: correct is 41, expected 0 to 40"),
        ('"correct": 1', '"correct": -1', "most_frequent: correct is -1, expected 0 to 40"),
        ('"accuracy": 0.025', '"accuracy": 0.026', "most_frequent: accuracy is 0.026, not 1/40"),
        ('"interval": [', '"interval": [0.1, ', "interval: expected 2 values, got 3"),
        ('"interval": [\n   0.0,', '"interval": [\n   0.1,', r"london: interval begins at 0\.1"),
        ('"interval": [\n   0.0,', '"interval": [\n   -0.1,', r"london: interval begins at -0\.1"),
    ],
)  # fmt: skip
def test_a_malformed_record_is_refused_in_one_line(
    fake: Any, tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = fake.shelf(tmp_path) / "baseline.json"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(RecordError, match=rf"baseline\.json: .*{message}") as problem:
        read(path, BaselineRecord)
    assert "\n" not in str(problem.value)
    assert len(str(problem.value)) < 400


@pytest.mark.parametrize("interval", [(0.3, 0.5), (0.1, 0.2), (-0.1, 0.5), (0.1, 1.1)])
def test_an_interval_holds_its_proportion_within_zero_and_one(
    interval: tuple[float, float],
) -> None:
    with pytest.raises(ValueError, match="interval"):
        Count(4, 1, 0.25, interval)


def test_a_record_of_another_schema_is_refused(fake: Any, tmp_path: Path) -> None:
    path = fake.shelf(tmp_path) / "baseline.json"
    path.write_text(path.read_text().replace(f'"schema": {SCHEMA}', '"schema": 0'))
    with pytest.raises(RecordError, match="schema is 0"):
        read(path, BaselineRecord)
