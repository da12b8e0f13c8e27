"""When directions are drawn anew, and that a run that was cut has the draws of one that was not.

Everything here is deterministic: there is no false alarm but by a fault of the machine.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from gpt.attention.performer import PerformerAttention
from gpt.model import GPT, build
from gpt.parameters import Header, read_parameters, save_parameters
from gpt.training.checkpoint import Checkpoints
from gpt.vocabulary import Vocabulary
from tests.gpt import faults
from tests.gpt.faults import KILLED, STEPS, Tiny, die, in_a_child


def layer(redraw: int) -> PerformerAttention:
    torch.manual_seed(0)
    return PerformerAttention(8, 2, 64, 0.0, features=5, redraw=redraw)


def draws_of(made: PerformerAttention, calls: int) -> list[Tensor]:
    """The directions in use at each of so many calls."""
    found = []
    for _ in range(calls):
        made(torch.randn(1, 3, 8))
        found.append(made.directions.clone())
    return found


def test_directions_are_redrawn_after_so_many_calls_in_training_alone() -> None:
    made = layer(redraw=3)
    used = draws_of(made, 10)
    assert [bool((a == used[0]).all()) for a in used[:4]] == [True, True, True, False]
    changes = [not bool((a == b).all()) for a, b in pairwise(used)]
    assert changes == [False, False, True, False, False, True, False, False, True]
    assert not bool((used[3] == used[6]).any())
    for still in (draws_of(made.eval(), 5), draws_of(layer(redraw=0), 5)):
        assert all(bool((a == b).all()) for a, b in pairwise(still))
    assert int(made.calls) == 10


def test_two_calls_before_a_backward_pass_may_have_two_draws() -> None:
    made, x = layer(redraw=1), torch.randn(1, 5, 8, requires_grad=True)
    (made(x) + made(x)).sum().backward()
    assert x.grad is not None
    assert bool(x.grad.isfinite().all())


def test_layers_heads_and_seeds_have_draws_of_their_own(tiny: Callable[..., GPT]) -> None:
    buffers = [
        head
        for seed in (1, 2)
        for name, buffer in tiny("performer", seed=seed).named_buffers()
        if name.endswith("directions")
        for head in buffer
    ]
    assert len(buffers) == 2 * 2 * 2
    for i, one in enumerate(buffers):
        assert all(not bool((one == other).any()) for other in buffers[:i])


@pytest.fixture
def performing(monkeypatch: pytest.MonkeyPatch) -> None:
    def built(variant: str, *arguments: Any, **options: Any) -> GPT:
        return build("performer", *arguments, **options, attention={"features": 8, "redraw": 2})

    monkeypatch.setattr(faults, "build", built)


def ends_alike(folder: Path, text: str, step: int, patch: pytest.MonkeyPatch) -> bool:
    """Whether a run killed after that step and resumed ends bitwise as one that was not."""
    runs = []
    for name in ("whole", f"cut-{step}"):
        (folder / name).mkdir(exist_ok=True)
        runs.append(Tiny(folder / name, text))
    whole, save = runs[0](), Checkpoints.save

    def dying(self: Checkpoints, checkpoint: Any) -> None:
        save(self, checkpoint)
        if checkpoint.progress.step == step:
            die()

    with patch.context() as inner:
        inner.setattr(Checkpoints, "save", dying)
        assert in_a_child(runs[1]) == KILLED
    return runs[1].resumed_in_a_child() == whole


@pytest.mark.usefixtures("performing")
def test_a_resumed_run_has_the_draws_of_one_that_was_not_cut(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in range(1, STEPS):
        assert ends_alike(tmp_path, text, step, monkeypatch)


@pytest.mark.usefixtures("performing")
@pytest.mark.parametrize("forgotten", ["calls", "directions"])
def test_draws_that_do_not_survive_a_resume_are_caught(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch, forgotten: str
) -> None:
    made = PerformerAttention.__init__

    def forgetting(self: PerformerAttention, *arguments: Any, **options: Any) -> None:
        made(self, *arguments, **options)
        self._non_persistent_buffers_set.add(forgotten)

    monkeypatch.setattr(PerformerAttention, "__init__", forgetting)
    assert not ends_alike(tmp_path, text, 3, monkeypatch)


def test_a_parameter_file_keeps_the_draws(
    tiny: Callable[..., GPT], vocabulary: Vocabulary, tmp_path: Path
) -> None:
    """Seeds and counts too, though its tensors are all float32."""
    options = {"features": 5, "redraw": 2, "map": "hyperbolic"}
    model = tiny("performer", len(vocabulary), attention=options).train()
    ids = torch.arange(2, 9)[None]
    for _ in range(3):
        model(ids)
    save_parameters(tmp_path / "p", model, Header(model.config, vocabulary, "", "quick", "scratch"))
    found, _ = read_parameters(tmp_path / "p")
    for (name, one), (_, other) in zip(model.named_buffers(), found.named_buffers(), strict=True):
        assert one.dtype == other.dtype, name
        assert bool((one == other).all()), name
    assert bool((model(ids) == found.train()(ids)).all())  # the fourth call, the same draw
    assert bool((model(ids) == found(ids)).all())  # the fifth, a new one
