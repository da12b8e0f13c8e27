"""Studies: entries trained once, resumed one by one, and never on what they are asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from gpt import study
from gpt.batches import TrainingData, batches
from gpt.corpus import Pair, read_pairs
from gpt.recipe import BEST, QUICK, Stage
from gpt.studies import STUDIES
from gpt.studies.entry import DEV, SPLIT, Entry, Study, split, with_stage
from gpt.training.checkpoint import Checkpoint, Checkpoints
from gpt.training.progress import Point, Progress
from gpt.training.trainer import Trained, train
from gpt.vocabulary import PAD_ID, Vocabulary
from reports.record import InputError, StudyRecord, read, write

TINY = replace(
    QUICK, layers=1, heads=2, width=16, precision="fp32", question_share=0.5,
    pretrain=Stage(2, 8, 1e-3), finetune=Stage(1, 8, 1e-3),
)  # fmt: skip
CPU = torch.device("cpu")


def tiny(asked: str = SPLIT, **changes: Any) -> Study:
    entries = (
        Entry("base", "Nothing is changed.", TINY),
        Entry("wide", "Twice the width.", replace(TINY, width=32), variant="vanilla"),
    )
    return replace(Study("tiny", "A tiny study", asked, True, entries), **changes)


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.setitem(STUDIES, "tiny", tiny())
    return STUDIES["tiny"]


def questions_seen(
    made: Study, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[set[str], set[str]]:
    """The texts of all batches that carrying out the first entry draws, and the questions asked."""
    texts: set[str] = set()
    material = study.Material.of(made, folder)

    def spy(model: Any, data: TrainingData, *rest: Any, **named: Any) -> Trained:
        vocabulary = Vocabulary.of_text(material.text)
        for epoch in range(20):
            for batch in batches(data, 8, TINY.block_size, False, 0, epoch):
                for ids in batch.x.tolist():
                    texts.add(vocabulary.decode([i for i in ids if i != PAD_ID]))
        return train(model, data, *rest, **named)

    monkeypatch.setattr(study, "train", spy)
    study.carry_out(made, made.entries[0], 0, material, CPU)
    return texts, {pair.question for pair in material.questions}


def overlap(texts: set[str], questions: set[str]) -> set[str]:
    return {q for q in questions if any(q in text for text in texts)}


@pytest.mark.parametrize("asked", [SPLIT, DEV])
def test_no_question_that_is_asked_enters_a_training_batch(
    folder: Path, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    texts, questions = questions_seen(tiny(asked), folder, monkeypatch)
    assert any(text.startswith("Where was") for text in texts)
    assert questions
    assert overlap(texts, questions) == set()


def test_a_split_that_trains_on_what_it_asks_is_noticed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study, "split", lambda pairs: (pairs, pairs[4::5]))
    texts, questions = questions_seen(tiny(), folder, monkeypatch)
    assert overlap(texts, questions) == questions


def test_every_fifth_pair_is_held_out(folder: Path) -> None:
    pairs = read_pairs(folder / "birth_places_train.tsv")
    kept, held_out = split(pairs)
    assert [pair.line for pair in held_out] == [5, 10, 15]
    assert sorted(kept + held_out, key=lambda pair: pair.line) == pairs
    assert split([Pair("Where?", "Oslo", 1)]) == ([Pair("Where?", "Oslo", 1)], [])


def test_a_record_says_what_was_trained_and_what_was_right(folder: Path) -> None:
    made = tiny()
    record = study.carry_out(made, made.entries[1], 3, study.Material.of(made, folder), CPU)
    assert (record.entry, record.variant, record.provenance.seed) == ("wide", "vanilla", 3)
    assert record.recipe_hash == made.entries[1].recipe.sha256
    assert record.hyperparameters["width"] == 32
    assert [run.run for run in record.runs] == ["pretrain", "finetune"]
    assert [len(run.losses) for run in record.runs] == [2, 1]
    assert [found.after for found in record.answers] == ["pretrain", "finetune"]
    assert [found.result.n for found in record.answers] == [3, 3]
    assert record.seconds < record.provenance.wall_time
    write(folder / "made.json", record)
    assert read(folder / "made.json", StudyRecord) == record
    written = (folder / "made.json").read_text(encoding="utf-8")
    assert "Where was" not in written
    assert str(folder) not in written


def test_the_questions_are_asked_once_where_they_are_for_reporting(folder: Path) -> None:
    made = tiny(DEV, asked_twice=False)
    record = study.carry_out(made, made.entries[0], 0, study.Material.of(made, folder), CPU)
    assert [(a.after, a.result.n) for a in record.answers] == [("finetune", 8)]
    alone = replace(made.entries[0], finetunes=False)
    record = study.carry_out(made, alone, 0, study.Material.of(made, folder), CPU)
    assert [(a.after, a.result.n) for a in record.answers] == [("pretrain", 8)]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the entries that are carried out."""
    made: list[str] = []
    real = study.carry_out

    def counted(of: Study, entry: Entry, number: int, *rest: Any) -> StudyRecord:
        made.append(f"{entry.name} {number}")
        return real(of, entry, number, *rest)

    monkeypatch.setattr(study, "carry_out", counted)
    return made


def test_the_same_command_goes_on_where_it_was_cut(
    folder: Path, listed: Study, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["tiny", "--corpus_folder", str(folder), "--output", str(folder / "out")]
    study.main([*command, "--entries", "base"])
    assert calls == ["base 0"]
    study.main([*command, "--seeds", "0", "1"])
    assert calls == ["base 0", "wide 0", "base 1", "wide 1"]
    study.main([*command, "--seeds", "0", "1"])
    assert len(calls) == 4

    changed = replace(listed.entries[0], recipe=with_stage(TINY, "pretrain", rate=2e-3))
    monkeypatch.setitem(STUDIES, "tiny", replace(listed, entries=(changed, listed.entries[1])))
    study.main(command)
    assert calls[4:] == ["base 0"]
    (folder / "out/tiny/wide.seed0.json").write_text("cut sho")
    study.main(command)
    assert calls[5:] == ["wide 0"]


def test_a_pretraining_that_was_cut_goes_on_from_its_checkpoint(
    folder: Path, listed: Study, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["tiny", "--corpus_folder", str(folder), "--entries", "base", "--output"]
    study.main([*command, str(folder / "whole")])
    with monkeypatch.context() as cut:
        cut.setattr(Checkpoints, "due", lambda self, step: step == 3)
        cut.setattr(study, "_answers", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            study.main([*command, str(folder / "cut")])
    assert "resumed" not in capsys.readouterr().out
    study.main([*command, str(folder / "cut")])
    assert "resumed at step 3 of" in capsys.readouterr().out
    whole, cut_once = (
        read(folder / name / "tiny" / "base.seed0.json", StudyRecord) for name in ("whole", "cut")
    )
    assert [run.losses for run in cut_once.runs] == [run.losses for run in whole.runs]
    assert [found.right for found in cut_once.answers] == [found.right for found in whole.answers]
    assert [path.suffix for path in (folder / "cut" / "tiny").glob("*")] == [".json"]


def test_checkpoints_of_another_device_are_removed(folder: Path, listed: Study) -> None:
    """Those of a CPU hold no generator of a GPU's, and sums are taken in another order."""
    path, entry = folder / "base.json", listed.entries[0]
    material = study.Material.of(listed, folder)
    kept = study.checkpoints(path, entry, 0, material, CPU)
    progress = Progress(points=[Point(0, 0, 1.0, 0.1, 7, 0.5)])
    kept.save(Checkpoint(progress, "fp32", 1, {"model.weight": torch.ones(1)}))
    assert study.checkpoints(path, entry, 0, material, CPU).files() == kept.files() != []
    study.checkpoints(path, entry, 0, material, torch.device("cuda"))
    assert kept.files() == []


def test_checkpoints_of_another_recipe_are_not_gone_on_from(
    folder: Path, listed: Study, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["tiny", "--corpus_folder", str(folder), "--entries", "base"]
    command += ["--output", str(folder / "out")]
    with monkeypatch.context() as cut:
        cut.setattr(Checkpoints, "due", lambda self, step: step == 3)
        cut.setattr(study, "_answers", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            study.main(command)
    changed = replace(listed.entries[0], recipe=with_stage(TINY, "pretrain", rate=2e-3))
    monkeypatch.setitem(STUDIES, "tiny", replace(listed, entries=(changed,)))
    study.main(command)
    assert "resumed" not in capsys.readouterr().out


def test_no_entry_begins_after_the_minutes(
    folder: Path, listed: Study, calls: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["tiny", "--corpus_folder", str(folder), "--output", str(folder / "out")]
    assert study.main([*command, "--minutes", "0"]) == 0
    assert calls == []
    assert "base seed 0: not begun" in capsys.readouterr().out


def test_too_few_pairs_to_hold_one_out_are_refused(folder: Path, listed: Study) -> None:
    (folder / "birth_places_train.tsv").write_text("Where was Ada Moss J born?\tOslo\n" * 4)
    with pytest.raises(InputError, match=r"birth_places_train.tsv: too few pairs to be split"):
        study.main(["tiny", "--corpus_folder", str(folder), "--output", str(folder / "out")])


def test_an_unknown_entry_is_refused_with_the_known_ones(folder: Path, listed: Study) -> None:
    with pytest.raises(InputError, match=r"study tiny: unknown entry 'tall'; known: base, wide"):
        study.main(["tiny", "--corpus_folder", str(folder), "--entries", "tall"])


def test_a_failed_process_ends_with_its_own_line(folder: Path) -> None:
    (folder / "birth_places_train.tsv").write_text("Where was Ada Moss J born? Oslo\n" * 5)
    command = ["minutes", "--corpus_folder", str(folder), "--entries", "epochs-10"]
    command += ["--side_by_side", "2", "--output", str(folder / "out")]
    with pytest.raises(InputError, match=r"epochs-10 seed 0: .*no tab between question and place"):
        study.main(command)
    assert not list((folder / "out").rglob("*.json"))


def test_every_entry_of_every_study_has_its_own_name_and_recipe() -> None:
    for made in STUDIES.values():
        names = [entry.name for entry in made.entries]
        assert len(set(names)) == len(names)
        recipes = {(e.recipe.sha256, e.variant, e.finetunes, e.corpus) for e in made.entries}
        assert len(recipes) == len(names), made.name
        assert all(entry.sentence.endswith(".") for entry in made.entries)
        assert {entry.recipe.name for entry in made.entries} <= {BEST.name, QUICK.name, "practical"}
