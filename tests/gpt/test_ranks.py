"""Training on several ranks: the curve of one, one voice, and no wrong file however it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from gpt import ranks, run
from gpt.ranks import Ranks
from gpt.recipe import PRACTICAL, RECIPES, Recipe, Stage
from gpt.training.microbatches import deal, gradient
from gpt.training.precision import loss_of
from reports.record import ROOT, InputError
from tests.gpt.ranked import Ended, ranked

STEPS = 10
TINY = replace(
    PRACTICAL, name="tiny", layers=2, heads=2, width=16, dropout=0.0, schedule="linear",
    shuffle=True, pretrain=Stage(epochs=5, batch_size=13, rate=0.01),
)  # fmt: skip
ROUNDING = {None: 2e-6, 0.02: 1e-4}
"""Of a loss within ten steps, by Muon's rate: its products are in bf16, which magnifies."""
DEAL = "gpt.training.microbatches.deal"
Prepare = Callable[[int], None]


@pytest.fixture(autouse=True)
def recipe(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Callable[..., Recipe]:
    """Sets the recipe `tiny`: 25 documents, two batches an epoch."""
    monkeypatch.setattr(ranks, "PATIENCE", 60.0)

    def changed(**changes: object) -> Recipe:
        made: Recipe = replace(TINY, **changes)  # type: ignore[arg-type]
        monkeypatch.setitem(RECIPES, "tiny", made)
        return made

    changed()
    return changed


def pretrain(name: str, *options: str) -> list[str]:
    command = ["pretrain", "rope", "wiki.txt", "--recipe", "tiny", "--precision", "fp32"]
    return [*command, "--device", "cpu", "--writing_params_path", f"{name}.params", *options]


def losses(name: str) -> list[float]:
    lines = Path(f"{name}.params.log.jsonl").read_text().splitlines()
    return [json.loads(line)["loss"] for line in lines]


def difference(name: str, other: str) -> float:
    """The largest relative difference of the losses of two runs."""
    pairs = list(zip(losses(name), losses(other), strict=True))
    assert len(pairs) == STEPS
    return max(abs(a - b) / b for a, b in pairs)


def codes(ended: Sequence[Ended]) -> list[int]:
    return [one.code for one in ended]


def at_step(step: int, rank: int, act: Callable[[], object]) -> Prepare:
    """Makes a rank do something before it computes the gradient of a step."""

    def prepare(mine: int) -> None:
        begun = count()

        def acting(*given: Any) -> torch.Tensor:
            if next(begun) == step and mine == rank:
                act()
            return gradient(*given)

        plant("gpt.training.trainer.gradient", acting)

    return prepare


def plant(name: str, mistake: Callable[..., object]) -> None:
    """Put a mistake in the place of a function, in a process that ends with it."""
    pytest.MonkeyPatch().setattr(name, mistake)


# --------------------------------------------------------------------------- the same curve


@pytest.mark.parametrize(
    ("size", "accumulate", "matrix_rate"), [(2, 1, None), (1, 3, None), (3, 2, 0.02)]
)
def test_ranks_and_microbatches_draw_the_curve_of_one(
    folder: Path,
    recipe: Callable[..., Recipe],
    size: int,
    accumulate: int,
    matrix_rate: float | None,
) -> None:
    recipe(pretrain=replace(TINY.pretrain, matrix_rate=matrix_rate))
    assert run.main(pretrain("alone")) == 0
    ended = ranked(size, pretrain("shared", "--accumulate", str(accumulate)), folder)
    assert codes(ended) == [0] * size
    assert difference("shared", "alone") < ROUNDING[matrix_rate]


def mean_of_means(_: int) -> None:
    plant(DEAL, lambda batch, n: [(part, 1 / n) for part, _ in deal(batch, n)])


def nothing_added(_: int) -> None:
    plant("gpt.ranks.Ranks.add", lambda *_: None)


def the_first_rows_only(_: int) -> None:
    plant(DEAL, lambda batch, n: deal(batch, n)[:1] * n)


@pytest.mark.parametrize("mistake", [mean_of_means, nothing_added, the_first_rows_only])
def test_a_wrong_sum_over_the_ranks_is_noticed(folder: Path, mistake: Prepare) -> None:
    assert run.main(pretrain("alone")) == 0
    assert codes(ranked(2, pretrain("shared"), folder, mistake)) == [0, 0]
    assert difference("shared", "alone") > 100 * ROUNDING[None]


def test_torchrun_trains_and_one_rank_alone_writes_and_speaks(folder: Path) -> None:
    """The real command, of the practical's own size: one step of two ranks."""
    command = ["finetune", "vanilla", "wiki.txt", "--epochs", "1", "--device", "cpu"]
    command += ["--finetune_corpus_path", "birth_places_train.tsv", "--recipe", "quick"]
    command += ["--precision", "fp32", "--writing_params_path"]
    assert run.main([*command, "alone.params"]) == 0
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [*start, str(ROOT / "gpt" / "run.py"), *command, "shared.params"],
        capture_output=True, text=True, cwd=folder, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert losses("shared") == pytest.approx(losses("alone"), rel=ROUNDING[None])
    assert done.stdout.count("parameters: shared.params") == 1
    assert done.stdout.count("scratch vanilla with recipe quick") == 1
    assert "2 ranks" in done.stdout
    for name in ("params", "params.log.jsonl", "params.record.json", "params.record.curve.csv"):
        assert (folder / f"shared.{name}").exists()
    record = json.loads((folder / "shared.params.record.json").read_text())
    assert record["provenance"]["device_name"].endswith(", 2 ranks")


# ------------------------------------------------------------------------ however it ends


def is_untouched(name: str) -> bool:
    """Whether a run has left nothing that says it was finished."""
    return not any(Path(f"{name}.params{end}").exists() for end in ("", ".record.json"))


@pytest.mark.parametrize("rank", [0, 1])
def test_a_killed_rank_ends_the_run_and_a_resumed_one_repeats_it_to_the_bit(
    folder: Path, recipe: Callable[..., Recipe], rank: int
) -> None:
    """With dropout, which each rank draws for itself."""
    recipe(dropout=0.1)
    assert codes(ranked(2, pretrain("whole"), folder)) == [0, 0]
    cut = at_step(7, rank, lambda: os.kill(os.getpid(), signal.SIGKILL))
    ended = ranked(2, pretrain("cut", "--checkpoint_every", "3"), folder, cut)
    assert ended[rank].code == 128 + signal.SIGKILL
    assert ended[1 - rank].code in (1, 128 + signal.SIGTERM)  # by itself, or by who watches
    assert is_untouched("cut")
    resumed = ranked(2, pretrain("cut", "--resume"), folder)
    assert codes(resumed) == [0, 0]
    assert "resumed at step 6 of 10" in resumed[0].output
    assert losses("cut") == losses("whole")
    whole = load_file("whole.params")
    assert all(torch.equal(t, whole[name]) for name, t in load_file("cut.params").items())


def test_dropout_that_depends_on_what_a_rank_drew_before_is_noticed(
    folder: Path, recipe: Callable[..., Recipe]
) -> None:
    def once(ranks: Ranks, seed: int, step: int) -> None:
        if step == 0 and not ranks.first:
            torch.manual_seed(seed + ranks.rank)

    def seeded_once(_: int) -> None:
        plant("gpt.ranks.Ranks.reseed", once)

    def cut(rank: int) -> None:
        seeded_once(rank)
        at_step(7, 0, lambda: os.kill(os.getpid(), signal.SIGKILL))(rank)

    recipe(dropout=0.1)
    assert codes(ranked(2, pretrain("whole"), folder, seeded_once)) == [0, 0]
    ranked(2, pretrain("cut", "--checkpoint_every", "3"), folder, cut)
    assert codes(ranked(2, pretrain("cut", "--resume"), folder, seeded_once)) == [0, 0]
    assert losses("cut")[:6] == losses("whole")[:6]
    assert losses("cut")[6:] != losses("whole")[6:]


def test_an_error_of_one_rank_ends_the_run(folder: Path) -> None:
    def fail() -> None:
        raise OSError("no such luck")

    ended = ranked(2, pretrain("failed"), folder, at_step(2, 0, fail))
    assert all(codes(ended))
    assert "no such luck" in ended[0].errors
    assert is_untouched("failed")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--epochs", "0"], "error: argument --epochs: must be at least 1, got 0 (see --help)\n"),
        (["--reading_params_path", "none"], "error: none: cannot be read: No such file"),
    ],
)
def test_what_is_wrong_is_said_once(folder: Path, options: list[str], message: str) -> None:
    ended = ranked(2, pretrain("refused", *options), folder)
    assert ended[0].code == 2
    assert ended[0].errors.startswith(message)
    assert ended[0].errors.count("\n") == 1
    assert (ended[1].output, ended[1].errors) == ("", "")
    assert is_untouched("refused")


def test_what_is_wrong_on_another_rank_alone_is_said_by_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its folder holds another corpus; nothing ends the run meanwhile, so its patience does."""
    monkeypatch.setattr(ranks, "PATIENCE", 0.1)
    (folder / "other").mkdir()
    text = (folder / "wiki.txt").read_text()
    (folder / "other" / "wiki.txt").write_text(text.replace("1901", "1910"))
    ended = ranked(2, pretrain("failed"), folder, lambda rank: os.chdir("other" if rank else "."))
    assert ended[1].code == 2
    assert ended[1].errors.startswith("error: rank 1 differs from the first, which has corpus ")
    assert ended[0].code != 0
    assert is_untouched("failed")


@pytest.mark.parametrize("rank", [0, 1])
def test_a_signal_to_one_rank_stops_all_after_the_same_step(folder: Path, rank: int) -> None:
    assert codes(ranked(2, pretrain("whole"), folder)) == [0, 0]
    stop = at_step(4, rank, lambda: os.kill(os.getpid(), signal.SIGTERM))
    ended = ranked(2, pretrain("cut"), folder, stop)
    assert codes(ended) == [128 + signal.SIGTERM] * 2
    assert ended[0].errors.splitlines()[-1].startswith("stopped by SIGTERM at step 5 of 10")
    resumed = ranked(2, pretrain("cut", "--resume"), folder)
    assert "resumed at step 5 of 10" in resumed[0].output
    assert losses("cut") == losses("whole")


def test_another_number_of_ranks_does_not_go_on(folder: Path) -> None:
    """It would not repeat the run to the bit, so it is refused as another run is."""
    stop = at_step(4, 0, lambda: os.kill(os.getpid(), signal.SIGTERM))
    ranked(2, pretrain("cut"), folder, stop)
    with pytest.raises(InputError, match=r"the run there has ranks 2, not 1$"):
        run.main(pretrain("cut", "--resume"))
    with pytest.raises(InputError, match=r"the run there has microbatches 1, not 3"):
        run.main(pretrain("cut", "--resume", "--accumulate", "3"))


def test_a_losing_loss_stops_every_rank_before_the_step(folder: Path) -> None:
    """A loss that is not finite on one rank alone is none on all."""

    def spoil(rank: int) -> None:
        factor = float("nan") if rank else 1.0
        plant("gpt.training.microbatches.loss_of", lambda *given: loss_of(*given) * factor)

    ended = ranked(2, pretrain("failed"), folder, spoil)
    assert ended[0].code == 2
    assert ended[0].errors.splitlines()[-1].startswith("error: loss is nan at step 0 of 10")
    assert is_untouched("failed")
