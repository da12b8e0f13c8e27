"""The practical's command lines from end to end, on a corpus of two dozen people."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch

from gpt.recipe import RECIPES
from gpt.run import main
from reports.record import ROOT, EvaluationRecord, TrainingRecord, read, sha256, stale

QUICK = ["--recipe", "quick", "--epochs", "1"]
PAIRS = ["--finetune_corpus_path", "birth_places_train.tsv"]
QUESTIONS = ["--eval_corpus_path", "birth_dev.tsv"]


def train(function: str, variant: str, *options: str) -> list[str]:
    return [function, variant, "wiki.txt", *options, *QUICK]


def evaluate(variant: str, params: str, outputs: str, *options: str) -> list[str]:
    reading = ["--reading_params_path", params, "--outputs_path", outputs]
    return ["evaluate", variant, "wiki.txt", *reading, *QUESTIONS, *options]


@pytest.mark.parametrize("variant", ["vanilla", "rope"])
def test_pretrain_finetune_evaluate(
    folder: Path, capsys: pytest.CaptureFixture[str], variant: str
) -> None:
    a, b = "a.params", "b.params"
    assert main(train("pretrain", variant, "--writing_params_path", a, *PAIRS)) == 0
    finetune = ["--reading_params_path", a, "--writing_params_path", b]
    assert main(["finetune", variant, "wiki.txt", *finetune, *PAIRS, "--epochs", "1"]) == 0
    capsys.readouterr()
    control = ["--control_corpus_path", "birth_places_train.tsv"]
    assert main(evaluate(variant, b, "predictions", *control)) == 0
    lines = capsys.readouterr().out.splitlines()

    pretrained = read(folder / "a.params.record.json", TrainingRecord)
    finetuned = read(folder / "b.params.record.json", TrainingRecord)
    assert (pretrained.run, finetuned.run) == ("pretrain", "finetune")
    for record in (pretrained, finetuned):
        assert (record.variant, record.recipe, record.documents) == (variant, "quick", 25)
        assert record.recipe_hash == RECIPES["quick"].with_epochs(record.run, 1).sha256
        assert (record.epochs, record.precision in ("fp32", "bf16")) == (1, True)
        curve = pd.read_csv(folder / record.curve)
        assert curve["step"].iloc[-1] == record.steps - 1
        assert curve["tokens"].iloc[-1] == record.tokens
        assert stale(record) == []
    inputs = finetuned.provenance.inputs
    assert inputs[str(folder / "birth_places_train.tsv")] == sha256(
        folder / "birth_places_train.tsv"
    )
    assert len((folder / "a.params.log.jsonl").read_text().splitlines()) == pretrained.steps

    result = read(folder / "predictions.record.json", EvaluationRecord)
    assert (result.model, result.recipe, result.result.n) == ("pretrain", "quick", 8)
    assert result.control is not None
    assert result.control.n == 16
    correct = float(result.result.correct)
    assert lines[0] == f"Correct: {correct} out of 8.0: {correct / 8 * 100}%"
    rows = [json.loads(line) for line in (folder / result.predictions).read_text().splitlines()]
    predictions = (folder / "predictions").read_text().splitlines()
    assert [row["answer"] for row in rows] == predictions
    assert sum(row["correct"] for row in rows) == correct
    assert len(predictions) == 8


def test_without_pretraining(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    params = ["--writing_params_path", "new/folder/scratch.params"]
    chosen = ["--record", "r.json", "--log", "l.jsonl", "--precision", "fp32", "--seed", "3"]
    assert main(train("finetune", "vanilla", *params, *PAIRS, *chosen)) == 0
    record = read(folder / "r.json", TrainingRecord)
    assert (record.run, record.precision, record.provenance.seed) == ("scratch", "fp32", 3)
    assert (folder / "l.jsonl").is_file()
    made = sorted(path.name for path in (folder / "new" / "folder").iterdir())
    assert made == ["scratch.params", "scratch.params.md"]
    assert main(evaluate("vanilla", "new/folder/scratch.params", "out")) == 0
    assert read(folder / "out.record.json", EvaluationRecord).model == "scratch"
    assert "Correct: " in capsys.readouterr().out


def test_the_same_command_writes_the_same_weights(folder: Path) -> None:
    digests: list[str] = []
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        torch.manual_seed(len(digests))
        fixed = ["--writing_params_path", name, "--seed", seed, "--precision", "fp32"]
        assert main(train("finetune", "rope", *fixed, *PAIRS)) == 0
        digests.append(read(folder / f"{name}.record.json", TrainingRecord).weights_sha256)
    assert digests[0] == digests[1] != digests[2]


def test_questions_alone_are_answered(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(train("finetune", "vanilla", "--writing_params_path", "s.params", *PAIRS)) == 0
    asked = [line.split("\t")[0] for line in Path("birth_dev.tsv").read_text().splitlines()]
    assert main(evaluate("vanilla", "s.params", "with_places")) == 0
    (folder / "birth_dev.tsv").write_text("\n".join(asked))
    capsys.readouterr()
    assert main(evaluate("vanilla", "s.params", "alone")) == 0
    printed = capsys.readouterr().out
    assert printed == "Predictions written to alone; no targets provided\n"
    assert (folder / "alone").read_bytes() == (folder / "with_places").read_bytes()
    assert not (folder / "alone.record.json").exists()


def test_unknown_characters_are_reported(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(train("finetune", "vanilla", "--writing_params_path", "s.params", *PAIRS)) == 0
    with (folder / "birth_dev.tsv").open("a", encoding="utf-8") as file:
        file.write("Where was Łódź Żak born?\tRome\n")
    assert main(evaluate("vanilla", "s.params", "out")) == 0
    assert "4 characters of the questions are not in the vocabulary" in capsys.readouterr().out
    assert read(folder / "out.record.json", EvaluationRecord).unknown_characters == 4
    assert len((folder / "out").read_text().splitlines()) == 9


@pytest.mark.parametrize("form", ["CRLF", "mark", "no final newline"])
def test_cosmetic_differences_score_the_same(folder: Path, form: str) -> None:
    change = {
        "CRLF": lambda raw: raw.replace(b"\n", b"\r\n"),
        "mark": lambda raw: b"\xef\xbb\xbf" + raw,
        "no final newline": lambda raw: raw.removesuffix(b"\n"),
    }[form]
    written = []
    for name in ("before", "after"):
        fixed = ["--writing_params_path", name, "--precision", "fp32"]
        assert main(train("finetune", "vanilla", *fixed, *PAIRS)) == 0
        assert main(evaluate("vanilla", name, f"{name}.predictions")) == 0
        record = read(folder / f"{name}.predictions.record.json", EvaluationRecord)
        written.append((record.result, (folder / f"{name}.predictions").read_bytes()))
        for path in (folder / "wiki.txt", *folder.glob("birth_*.tsv")):
            path.write_bytes(change(path.read_bytes()))
    assert written[0] == written[1]


def test_by_absolute_path_from_another_folder(folder: Path) -> None:
    """As a stranger runs it: no installation, no PYTHONPATH, the files in the current folder."""
    environment = os.environ | {"PYTHONPATH": "", "OMP_NUM_THREADS": "1"}
    script = str(ROOT / "gpt" / "run.py")

    def run(arguments: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, script, *arguments], capture_output=True, text=True, cwd=folder,
            env=environment,
        )  # fmt: skip

    done = run(train("finetune", "vanilla", "--writing_params_path", "s.params", *PAIRS))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("scratch vanilla with recipe quick: ")
    record = read(folder / "s.params.record.json", TrainingRecord)
    assert record.provenance.command.startswith("python gpt/run.py finetune vanilla")
    assert "gpt/training/trainer.py" in record.provenance.sources
    refused = run(evaluate("rope", "s.params", "out"))
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert refused.stderr == "error: s.params: variant is 'vanilla', not 'rope'\n"
