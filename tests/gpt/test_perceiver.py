"""The perceiver against its definition written in loops, and which inputs its outputs see."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.func import functional_call

from gpt.attention import perceiver
from gpt.attention.perceiver import DownProjection, Perceiver, UpProjection, latent_ends
from gpt.batches import TrainingData
from gpt.corpus import Pair
from gpt.dataset import NameDataset
from gpt.model import GPT, build
from gpt.parameters import read_parameters
from gpt.recipe import PRACTICAL, RECIPES, Stage
from gpt.run import main
from gpt.training.optimizer import optimizers
from gpt.training.trainer import train
from gpt.vocabulary import Vocabulary
from tests.gpt.test_cache import largest_error, shaken, texts
from tests.gpt.test_cross_attention import F64, HEADS, WIDTH, inputs, looked_up

Build = Callable[..., GPT]
BLOCK, BOTTLENECK = 24, 7
PLACES = ("Oslo", "Rome", "Lima", "Bonn")
MASKS = pytest.mark.parametrize("mask", ["course", "spread"])


def stack(mask: str, layers: int = 4, bottleneck: int = BOTTLENECK) -> Perceiver:
    """In float64, with all parameters random."""
    torch.manual_seed(1)
    made = Perceiver.stack(layers, WIDTH, HEADS, BLOCK, 0.0, bottleneck, mask).double()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_(std=0.5)
    return made.eval()


# ------------------------------------------------------------------------------- in loops


@torch.no_grad()
def output_in_loops(made: Perceiver, x: Tensor, t: int, mask: str) -> Tensor:
    """The output at position t of one row: down, among the latents and up, one after the other."""
    down, *between, up = made
    ends = list(range(BOTTLENECK))
    if mask == "spread":
        ends = [math.floor((j + 1) * BLOCK / BOTTLENECK) - 1 for j in range(BOTTLENECK)]
    latents = []
    for j in range(BOTTLENECK):
        if ends[j] <= t:
            latent = down.latents[0, j]
            seen = [x[s] for s in range(ends[j] + 1)]
            latent = latent + looked_up(down.attention, down.norm1(latent), seen)
            latents.append(latent + down.mlp(down.norm2(latent)))
    for block in between:
        normed = [block.norm1(latent) for latent in latents]
        for j in range(len(latents)):
            y = latents[j] + looked_up(block.attention, normed[j], normed[: j + 1])
            latents[j] = y + block.mlp(block.norm2(y))
    y = x[t] + looked_up(up.attention, x[t], [up.norm1(latent) for latent in latents])
    out: Tensor = y + up.mlp(up.norm2(y))
    return out


@torch.no_grad()
def stack_error(mask: str, T: int, layers: int) -> float:
    made, x = stack(mask, layers), inputs(T, B=1)
    expected = [output_in_loops(made, x[0], t, mask) for t in range(T)]
    return float((made(x)[0] - torch.stack(expected)).abs().max())


@MASKS
@pytest.mark.parametrize(("T", "layers"), [(1, 3), (2, 2), (5, 4), (BLOCK, 2), (BLOCK, 3)])
def test_the_stack_is_the_loops(mask: str, T: int, layers: int) -> None:
    assert stack_error(mask, T, layers) < 1e-12


# ------------------------------------------------------------------- what an output may see


def seen_by_gradients(made: Perceiver, T: int) -> list[set[int]]:
    """For each position the inputs on which its output depends."""
    x = inputs(T, B=1).requires_grad_()
    y = made(x)[0]
    found = []
    for t in range(T):
        (gradient,) = torch.autograd.grad(y[t].square().sum(), x, retain_graph=True)
        found.append({s for s in range(T) if bool((gradient[0, s] != 0).any())})
    return found


def test_the_courses_mask_shows_the_first_characters_alone() -> None:
    """As the module's text says: beyond the bottleneck a position knows these and itself."""
    expected = [set(range(min(t + 1, BOTTLENECK))) | {t} for t in range(BLOCK)]
    assert seen_by_gradients(stack("course"), BLOCK) == expected


def test_the_courses_latents_are_seen_as_its_starter_code_cuts_its_mask() -> None:
    """There `mask[:, :, :Tq, :Tk]` of one lower triangle says what each layer sees."""
    triangle = torch.tril(torch.ones(BLOCK, BLOCK))
    down = triangle[:BOTTLENECK, :BLOCK].double()
    among, up = triangle[:BOTTLENECK, :BOTTLENECK].double(), triangle[:BLOCK, :BOTTLENECK].double()
    reached = (up @ among @ among @ down + torch.eye(BLOCK)) > 0
    expected = [{s for s in range(BLOCK) if reached[t, s]} for t in range(BLOCK)]
    assert seen_by_gradients(stack("course"), BLOCK) == expected


def test_the_spread_mask_shows_all_up_to_the_last_end() -> None:
    ends = latent_ends(BLOCK, BOTTLENECK, "spread")
    assert ends[-1] == BLOCK - 1
    assert max(b - a for a, b in zip([-1, *ends], ends, strict=False)) <= -(-BLOCK // BOTTLENECK)
    finished = [max([e for e in ends if e <= t], default=-1) for t in range(BLOCK)]
    expected = [set(range(last + 1)) | {t} for t, last in enumerate(finished)]
    assert seen_by_gradients(stack("spread"), BLOCK) == expected


def sees_the_future(made: Perceiver, dtype: torch.dtype = F64) -> bool:
    """Whether changing one input changes a bit of an output before it, or of another row."""
    made, x = made.to(dtype), inputs(BLOCK).to(dtype)
    before = made(x)
    for t in range(BLOCK):
        changed = x.clone()
        changed[0, t] += 1
        after = made(changed)
        if not bool((before[0, :t] == after[0, :t]).all() and (before[1] == after[1]).all()):
            return True
    return False


@MASKS
@pytest.mark.parametrize("dtype", [torch.float32, F64])
@pytest.mark.parametrize("gradients", [False, True])  # with them, other products are used
def test_no_output_changes_in_a_bit_with_later_inputs(
    mask: str, dtype: torch.dtype, gradients: bool
) -> None:
    with torch.set_grad_enabled(gradients):
        assert not sees_the_future(stack(mask), dtype)


def loss_where_the_answer_hangs_on_a_late_character(tiny: Build, mask: str) -> float:
    """Mean loss of the last of 150 steps on four questions that differ in their 24th character."""
    asked = [f"Where in the world was {a}da born?" for a in "ABCD"]
    pairs = [Pair(q, p, i) for i, (q, p) in enumerate(zip(asked, PLACES, strict=True), 1)]
    vocabulary = Vocabulary.of_text("".join([*asked, *PLACES]))
    model = tiny("perceiver", len(vocabulary), width=32, attention={"bottleneck": 16, "mask": mask})
    chosen, stage = replace(PRACTICAL, schedule="linear", dropout=0.0), Stage(150, 4, 0.01)
    data = TrainingData(None, NameDataset(vocabulary, pairs))
    return train(model, data, chosen, stage, 1, 0, torch.device("cpu"), "fp32").final_loss


def test_with_the_courses_mask_nothing_beyond_the_bottleneck_is_learned(tiny: Build) -> None:
    """Of the 6 targets `⁇PLACE⁇`, one is then a guess among four."""
    blind = loss_where_the_answer_hangs_on_a_late_character(tiny, "course")
    assert blind > 0.9 * math.log(4) / 6
    assert loss_where_the_answer_hangs_on_a_late_character(tiny, "spread") < 0.01


# -------------------------------------------------------------------- one position at a time


@MASKS
@pytest.mark.parametrize("bottleneck", [1, 4, 15, 16])
@pytest.mark.parametrize("layers", [2, 4])
def test_one_position_at_a_time_gives_the_same(
    tiny: Build, mask: str, bottleneck: int, layers: int
) -> None:
    """Ragged rows, of which two leave half-way; the longest fills 15 of the block's 16."""
    options = {"bottleneck": bottleneck, "mask": mask}
    for seed in range(3):
        model = tiny("perceiver", 23, layers=layers, block_size=16, attention=options, seed=seed)
        assert largest_error(shaken(model, seed), texts(seed)) <= 1e-5
        assert largest_error(model.double(), texts(seed)) <= 1e-12


@MASKS
@torch.no_grad()
def test_a_model_of_the_practicals_size_keeps_the_bound(tiny: Build, mask: str) -> None:
    options = {"bottleneck": 8, "mask": mask}
    sizes = {"layers": 4, "heads": 8, "width": 256, "block_size": 16}
    model = tiny("perceiver", 23, attention=options, **sizes).eval()
    assert largest_error(model, texts(0)) <= 1e-5


@MASKS
@torch.no_grad()
def test_bf16_is_near_float64(tiny: Build, mask: str) -> None:
    """As training has it: bf16 copies of the parameters, one position to a whole block."""
    options = {"bottleneck": BOTTLENECK, "mask": mask}
    model = tiny("perceiver", layers=4, block_size=BLOCK, attention=options).eval()
    copies = {name: p.bfloat16() for name, p in model.named_parameters()}
    exact = build("perceiver", 11, BLOCK, layers=4, heads=2, width=16, attention=options)
    exact.load_state_dict({name: copy.float() for name, copy in copies.items()})
    for T in (1, 3, BLOCK):
        ids = (1 + torch.arange(T))[None] % 11
        low = functional_call(model, copies, (ids,))
        assert isinstance(low, Tensor)
        assert low.dtype == torch.bfloat16
        expected = exact.eval().double()(ids)
        assert float((low - expected).abs().max()) < 0.05 * float(expected.abs().max())


# -------------------------------------------------------------------------------- parameters


@MASKS
def test_parameters_are_the_courses(mask: str) -> None:
    """A Block of 12 w² + 13 w a layer, basis C of m w, and what every model has."""
    model = build("perceiver", 256, attention={"mask": mask})
    others = 2 * 256 * 256 + 128 * 256 + 2 * 256
    assert model.count() == 4 * (12 * 256**2 + 13 * 256) + 32 * 256 + others
    extra = set(model.state_dict()) ^ set(build("vanilla", 256).state_dict())
    assert extra == {"blocks.0.latents"}


def test_latents_start_as_the_course_draws_them() -> None:
    """Evenly from ±a: mean 0 and deviation a/√3, each within five standard errors of n draws."""
    made, other = (build("perceiver", 9, seed=seed).blocks[0].latents.detach() for seed in (0, 1))
    a, n = math.sqrt(6 / (256 * 33)), made.numel()
    assert made.shape == (1, 32, 256)
    assert 0.99 * a < float(made.abs().max()) <= a
    assert abs(float(made.mean())) < 5 * a / math.sqrt(3 * n)
    assert abs(float(made.std()) * math.sqrt(3) / a - 1) < 5 / math.sqrt(5 * n)
    assert not bool((made == other).any())


def test_muon_takes_the_matrices_and_adamw_the_latents(tiny: Build) -> None:
    model = tiny("perceiver", layers=3)
    adamw, muon = optimizers(model, Stage(1, 4, 1e-3, matrix_rate=0.02), 0.1)
    taken = {id(p) for group in muon.param_groups for p in group["params"]}
    assert {p.ndim for p in model.parameters() if id(p) in taken} == {2}
    assert len(taken) == 3 * 6
    decayed = [id(p) for p in adamw.param_groups[0]["params"]]
    assert id(model.blocks[0].latents) in decayed


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no latents": ({"bottleneck": 0}, "bottleneck 0 is not from 1 to the block size 128"),
    "more latents than inputs": ({"bottleneck": 129}, "bottleneck 129 is not from 1 to .* 128"),
    "unknown mask": ({"mask": "courses"}, "unknown mask 'courses' .* course, spread"),
    "unknown option": ({"latents": 3}, "unknown option 'latents' .* bottleneck, mask"),
}


@pytest.mark.parametrize(("options", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build("perceiver", 9, attention=options)


def test_sizes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 2 layers, down and up, got 1"):
        build("perceiver", 9, layers=1)
    with pytest.raises(ValueError, match="width 16 is not a multiple of 3 heads"):
        build("perceiver", 9, width=16, heads=3)


# -------------------------------------------------------------------------- the command line


@MASKS
def test_pretrain_finetune_evaluate(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    mask: str,
) -> None:
    monkeypatch.setitem(RECIPES, "quick", replace(RECIPES["quick"], layers=3, heads=2, width=16))
    pairs = ["--finetune_corpus_path", "birth_places_train.tsv", "--epochs", "1"]
    quick = ["--recipe", "quick", "--attention", "bottleneck=9", f"mask={mask}"]
    pretrain = ["pretrain", "perceiver", "wiki.txt", "--writing_params_path", "a.params"]
    assert main([*pretrain, *pairs, *quick]) == 0
    finetune = ["finetune", "perceiver", "wiki.txt", "--reading_params_path", "a.params"]
    assert main([*finetune, "--writing_params_path", "b.params", *pairs]) == 0
    capsys.readouterr()
    asked = ["--eval_corpus_path", "birth_dev.tsv", "--outputs_path", "predictions"]
    evaluate = ["evaluate", "perceiver", "wiki.txt", "--reading_params_path", "b.params"]
    assert main([*evaluate, *asked]) == 0
    assert "out of 8.0" in capsys.readouterr().out
    model, header = read_parameters(folder / "b.params")
    assert header.config.attention == {"bottleneck": 9, "mask": mask}
    assert len(model.blocks[0].latents[0]) == 9


# ------------------------------------------------------------------------------ wrong twins


def shifted(name: str, by: int) -> Callable[..., Tensor]:
    """`forward` of a projection whose latents end so many positions later."""
    forward = getattr(perceiver, name).forward

    def wrong(self: Any, *arguments: Any) -> Any:
        *before, ends = arguments[: 2 if name == "DownProjection" else 3]
        return forward(self, *before, ends + by, *arguments[len(before) + 1 :])

    return wrong


LEAKS = {
    "a latent that sees one position too many": (DownProjection, 1),
    "positions that see a latent not finished": (UpProjection, -1),
}


@MASKS
@pytest.mark.parametrize(("owner", "by"), LEAKS.values(), ids=LEAKS.keys())
def test_a_leak_of_one_position_is_caught(
    monkeypatch: pytest.MonkeyPatch, mask: str, owner: type, by: int
) -> None:
    monkeypatch.setattr(owner, "forward", shifted(owner.__name__, by))
    assert sees_the_future(stack(mask))
    assert stack_error(mask, BLOCK, 2) > 1e-3
    monkeypatch.undo()
    monkeypatch.setattr(owner, "forward", shifted(owner.__name__, -by))  # sees one too few
    assert not sees_the_future(stack(mask))
    assert stack_error(mask, BLOCK, 2) > 1e-3


@MASKS
def test_a_causal_flag_that_is_ignored_is_caught(mask: str) -> None:
    for which in (0, -1):
        made = stack(mask)
        made[which].attention.causal = False
        assert sees_the_future(made)


def late(self: Perceiver, positions: Tensor) -> Tensor:
    """A latent is not seen by the position at which it ends."""
    return torch.bucketize(positions, self.ends)


def early(self: Perceiver, positions: Tensor) -> Tensor:
    """A latent is seen one position before its end."""
    return torch.bucketize(positions + 1, self.ends, right=True)


def never_again(
    self: DownProjection, x: Tensor, positions: Tensor, slots: Tensor, *rest: Any
) -> Any:
    """A latent is not taken anew with the inputs that have come."""
    return extend(self, x, positions, (slots - 1).clamp(min=0), *rest)


extend = DownProjection.extend
TWINS = {
    "a latent seen too late": (Perceiver, "_finished", late),
    "a latent seen too early": (Perceiver, "_finished", early),
    "a latent that stays what it was": (DownProjection, "extend", never_again),
}


@MASKS
@pytest.mark.parametrize(("owner", "name", "wrong"), TWINS.values(), ids=TWINS.keys())
def test_a_wrong_state_is_caught(
    tiny: Build,
    monkeypatch: pytest.MonkeyPatch,
    mask: str,
    owner: type,
    name: str,
    wrong: Callable[..., Any],
) -> None:
    options = {"bottleneck": 8, "mask": mask}
    model = shaken(tiny("perceiver", 23, block_size=16, attention=options), 0)
    monkeypatch.setattr(owner, name, wrong)
    assert largest_error(model, texts(0)) > 1e-3
