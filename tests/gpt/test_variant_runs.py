"""Every variant through `run.py`: twenty steps of pretraining, finetuned, asked; refusals.

All in one small recipe, with options of the variant that are not its defaults where it has any.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from gpt.attention import VARIANTS
from gpt.attention.options import parse, resolved, written
from gpt.card import path_of
from gpt.parameters import identity_of, read_parameters
from gpt.recipe import BEST, RECIPES, Stage
from gpt.run import main
from gpt.studies import STUDIES
from gpt.training import command
from gpt.training.checkpoint import Checkpoints
from reports.record import EvaluationRecord, TrainingRecord, exit_on_input_error, read

OPTIONS = {
    "performer": ["features=16", "redraw=7", "map=hyperbolic", "rotary=true"],
    "linformer": ["k=8", "block=8", "share=headwise"],
    "bigbird": ["block=8", "window=1", "random_blocks=2", "rotary=true"],
    "perceiver": ["bottleneck=16", "mask=spread"],
}
STEPS = 20
PAIRS = "--finetune_corpus_path birth_places_train.tsv"
ASKED = "--eval_corpus_path birth_dev.tsv --outputs_path out.predictions"


@pytest.fixture(autouse=True)
def small(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The corpus of two dozen people, each epoch one batch, for a model of width 16."""
    quick = replace(
        RECIPES["quick"], layers=2, heads=2, width=16, precision="fp32", question_share=0.0,
        pretrain=Stage(STEPS, 32, 0.01), finetune=Stage(2, 8, 1e-3),
    )  # fmt: skip
    monkeypatch.setitem(RECIPES, "quick", quick)


def others(variant: str) -> list[str]:
    return [name for name in VARIANTS if name != variant]


def pretrain(variant: str, *more: str) -> str:
    options = OPTIONS.get(variant, [])
    attention = f"--attention {' '.join(options)}" if options else ""
    words = f"pretrain {variant} wiki.txt --writing_params_path a.params --recipe quick"
    return " ".join([words, attention, *more])


def finetune(variant: str) -> str:
    reading = "--reading_params_path a.params --writing_params_path b.params"
    return f"finetune {variant} wiki.txt {reading} {PAIRS}"


def evaluate(variant: str, params: str) -> str:
    return f"evaluate {variant} wiki.txt --reading_params_path {params} {ASKED}"


def run(line: str) -> None:
    assert main(line.split()) == 0


def refused(line: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What `run.py` prints where it ends with 2, in one line."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        exit_on_input_error(lambda: main(line.split()))
    assert stopped.value.code == 2
    printed = capsys.readouterr()
    assert re.fullmatch(r"error: .+\n", printed.err), printed.err
    assert printed.out == ""
    return printed.err.removeprefix("error: ").rstrip("\n")


# ------------------------------------------------------------------------- from end to end


def require_trained_and_asked(variant: str) -> None:
    """Pretrained for twenty steps, in which it learns; finetuned with its options; all asked."""
    for line in (pretrain(variant), finetune(variant), evaluate(variant, "b.params")):
        run(line)
    asked_for = resolved(variant, parse(variant, OPTIONS.get(variant, [])))
    for name in ("a.params", "b.params"):
        record = read(Path(f"{name}.record.json"), TrainingRecord)
        assert record.variant == variant
        assert record.hyperparameters.get("attention", {}) == asked_for
        model, header = read_parameters(Path(name))
        assert (header.config.variant, header.config.attention) == (variant, asked_for)
        assert record.parameters == model.count()
        said = f" (`{' '.join(sorted(written(asked_for)))}`)" if asked_for else ""
        assert f" and {variant} attention{said}, pretrained" in path_of(Path(name)).read_text()
    losses = [
        json.loads(row)["loss"] for row in Path("a.params.log.jsonl").read_text().splitlines()
    ]
    assert len(losses) == read(Path("a.params.record.json"), TrainingRecord).steps == STEPS
    assert fmean(losses[-5:]) < losses[0] - 0.5
    evaluation = read(Path("out.predictions.record.json"), EvaluationRecord)
    assert (evaluation.variant, evaluation.model) == (variant, "pretrain")
    assert evaluation.result.n == len(Path("out.predictions").read_text().splitlines()) == 8


@pytest.mark.parametrize("variant", VARIANTS)
def test_twenty_steps_then_finetuned_and_asked(variant: str) -> None:
    require_trained_and_asked(variant)


def test_training_that_does_not_learn_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    still = replace(RECIPES["quick"], pretrain=Stage(STEPS, 32, 0.0))
    monkeypatch.setitem(RECIPES, "quick", still)
    with pytest.raises(AssertionError, match="fmean"):
        require_trained_and_asked("vanilla")


def test_options_that_run_py_ignores_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "parse", lambda *_: {})
    with pytest.raises(AssertionError, match="'k': 32"):
        require_trained_and_asked("linformer")


@pytest.mark.parametrize("variant", VARIANTS)
def test_options_are_written_as_they_are_read(variant: str) -> None:
    chosen = resolved(variant, parse(variant, OPTIONS.get(variant, [])))
    for options in (chosen, VARIANTS[variant].options):
        assert parse(variant, written(options)) == options


def test_the_study_of_variants_has_them_all_and_can_build_each() -> None:
    entries = STUDIES["variants"].entries
    assert entries[0].name == "vanilla"
    assert {entry.variant for entry in entries} == set(VARIANTS)
    for entry in entries:
        model = entry.recipe.model(entry.variant, 20, seed=0)
        assert model.config.attention == resolved(entry.variant, entry.recipe.attention)
        given = entry.recipe.hyperparameters().get("attention", {})
        assert given == model.config.attention  # the record says them all


def test_the_study_of_the_records_recipe_changes_its_attention_alone() -> None:
    """So that the report finds the entry of softmax attention that it is compared with."""
    softmax = [entry for entry in STUDIES["minutes"].entries if entry.recipe == BEST]
    assert [entry.variant for entry in softmax] == ["rope"]
    for entry in STUDIES["best"].entries:
        model = entry.recipe.model(entry.variant, 20, seed=0)
        assert model.config.attention["rotary"] is True
        rest = entry.recipe.hyperparameters()
        assert rest.pop("attention") == model.config.attention
        assert rest == softmax[0].recipe.hyperparameters()


# ---------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("variant", VARIANTS)
def test_parameters_of_another_variant_are_refused(
    variant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(pretrain(variant, "--epochs 1"))
    digest = identity_of(Path("a.params"))
    for other in others(variant):
        message = f"a.params: variant is '{variant}', not '{other}'"
        for line in (finetune(other), evaluate(other, "a.params")):
            assert refused(line, capsys) == message
    message = "a.params says what its attention is: --attention cannot change it"
    for line in (finetune(variant), evaluate(variant, "a.params")):
        assert refused(f"{line} --attention k=8", capsys) == message
    assert identity_of(Path("a.params")) == digest
    assert not Path("b.params").exists()


def cut(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretrain, and leave but the checkpoint of the third step."""
    with monkeypatch.context() as broken:
        broken.setattr(Checkpoints, "due", lambda self, step: step == 3)
        broken.setattr(command, "_save", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            main(line.split())
    assert not Path("a.params").exists()


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_checkpoint_of_another_variant_or_of_other_options_is_refused(
    variant: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cut(pretrain(variant), monkeypatch)
    for other in others(variant):
        message = refused(pretrain(other, "--resume"), capsys)
        assert message.endswith(f"the run there has variant {variant}, not {other}")
    if variant in OPTIONS:
        bare = f"pretrain {variant} wiki.txt --writing_params_path a.params --recipe quick"
        assert "the run there has hyperparameters attention" in refused(f"{bare} --resume", capsys)
    run(pretrain(variant, "--resume"))
    assert "resumed at step 3 of 20" in capsys.readouterr().out


ODD: dict[str, Any] = {"heads": 2, "width": 6}
REFUSALS: dict[str, tuple[str, list[str], str]] = {
    "m < 1": ("performer", ["features=0"], "features must be at least 1, got 0"),
    "m negative": ("performer", ["features=-3"], "features must be at least 1, got -3"),
    "unknown map": ("performer", ["map=cosine"], "unknown map 'cosine'; known: positive, "),
    "unknown draws": ("performer", ["draws=same"], "unknown draws 'same'; known: "),
    "chunk of three": ("performer", ["chunk=3"], "chunk must be a power of two, got 3"),
    "redraw < 0": ("performer", ["redraw=-1"], "redraw must be at least 0, got -1"),
    "k < 1": ("linformer", ["k=0"], "k must be from 1 to the block size 128, got 0"),
    "k > block size": ("linformer", ["k=129"], "k must be from 1 to the block size 128, got 129"),
    "projected block > block size": (
        "linformer", ["block=129"], "block must be from 1 to the block size 128, got 129",
    ),
    "unknown share": ("linformer", ["share=all"], "unknown share 'all'; known: headwise, "),
    "block > block size": (
        "bigbird", ["block=129"], "block must be from 1 to the block size 128, got 129",
    ),
    "no window": ("bigbird", ["window=0"], "window must be at least 1 block, got 0"),
    "too many random blocks": (
        "bigbird", ["random_blocks=9"], "random_blocks must be from 0 to 8, all blocks, got 9",
    ),
    "no latent": ("perceiver", ["bottleneck=0"], "bottleneck 0 is not from 1 to the block size"),
    "bottleneck > block size": (
        "perceiver", ["bottleneck=129"], "bottleneck 129 is not from 1 to the block size 128",
    ),
    "unknown mask": ("perceiver", ["mask=none"], "unknown mask 'none' of perceiver; known: "),
    "an option of another": (
        "linformer", ["k=8", "features=8"],
        "unknown option 'features' of variant 'linformer'; known: k, block, share, rotary",
    ),
    "options where there are none": (
        "vanilla", ["rotary=true"], "unknown option 'rotary' of variant 'vanilla'; known: none",
    ),
    "no value": ("bigbird", ["rotary"], "'rotary': expected NAME=VALUE"),
    "empty value": ("bigbird", ["block="], "'block=': expected an integer"),
    "no integer": ("performer", ["features=2.5"], "'features=2.5': expected an integer"),
    "no truth value": ("bigbird", ["rotary=yes"], "'rotary=yes': expected true or false"),
}  # fmt: skip


@pytest.mark.parametrize("function", ["pretrain", "finetune"])
@pytest.mark.parametrize(("variant", "options", "message"), REFUSALS.values(), ids=REFUSALS)
def test_options_that_make_no_sense_are_refused(
    function: str, variant: str, options: list[str], message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    line = f"{function} {variant} wiki.txt --writing_params_path a.params --recipe quick {PAIRS}"
    assert refused(f"{line} --attention {' '.join(options)}", capsys).startswith(message)
    assert not Path("a.params").exists()


ROTATED = [name for name, variant in VARIANTS.items() if "rotary" in variant.options]


@pytest.mark.parametrize("variant", ["rope", *ROTATED])
def test_rotated_heads_of_odd_size_are_refused(
    variant: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(RECIPES, "quick", replace(RECIPES["quick"], **ODD))
    line = f"pretrain {variant} wiki.txt --writing_params_path a.params --recipe quick --epochs 1"
    rotary = " --attention rotary=true" if variant in ROTATED else ""
    assert "3" in refused(line + rotary, capsys)
    if variant in ROTATED:
        run(f"{line} --attention rotary=false")
    assert Path("a.params").exists() == (variant in ROTATED)
