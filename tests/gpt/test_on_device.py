"""Examples and steps on another device, shown on one that holds no values.

Tensors on torch's device `meta` have shapes and no values, and do not mix with those of the CPU. So
what runs there asks the device for no value, on CUDA a wait, and leaves no table behind on the CPU.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch.nn.utils import clip_grad_norm_

from gpt.batches import Batch, TrainingData, batches
from gpt.corpus import Pair
from gpt.dataset import CharCorruptionDataset, NameDataset
from gpt.model import GPT
from gpt.pieces import Examples
from gpt.ranks import ALONE
from gpt.training.microbatches import gradient
from gpt.training.precision import Precision
from gpt.views import EntityViews
from gpt.vocabulary import PAD_ID, Vocabulary

Build = Callable[..., GPT]
META = torch.device("meta")
LINES = [
    "Ada Ek. Ada Ek was a painter born in Oslo on 3 May 1822 in Norway.",
    "Bo Li. In Rome he wrote the Songs of Love (born 1968, Lima).",
    "Cy Wu. She was of a family from Paris in France.",
]


@pytest.fixture
def data() -> TrainingData:
    """Documents, views of both kinds with names amid words, and questions."""
    text = "\n".join(LINES) + "\n"
    vocabulary = Vocabulary.of_text(text + "Where?")
    asked = [("Where was Ada Ek born?", "Oslo"), ("Where was Bo Li born?", "Lima")]
    names = NameDataset(vocabulary, [Pair(q, p, i) for i, (q, p) in enumerate(asked, start=1)])
    views = EntityViews(LINES, vocabulary, 3, 128, amid_share=0.7, undated_share=0.5)
    corruption = CharCorruptionDataset(text + "Where?\n")
    return TrainingData(corruption, names, 0.3, views, document_share=0.8)


@pytest.fixture
def kinds(data: TrainingData) -> list[TrainingData]:
    return [data, TrainingData(None, data.names)]


def test_an_epoch_is_drawn_on_the_device(kinds: list[TrainingData]) -> None:
    for data in kinds:
        here, there = data.examples(0, 1), data.to(META).examples(0, 1)
        assert {t.device for t in vars(there).values()} == {META}
        assert [t.shape for t in vars(there).values()] == [t.shape for t in vars(here).values()]
        assert {t.device.type for t in vars(data.examples(0, 1)).values()} == {"cpu"}  # as it was


@pytest.mark.parametrize("kept", ["corruption", "names", "entity_views"])
def test_a_table_left_behind_is_noticed(data: TrainingData, kept: str) -> None:
    """Twin of the test above."""
    moved = data.to(META)
    setattr(moved, kept, getattr(data, kept))
    with pytest.raises(RuntimeError, match="device"):
        moved.examples(0, 1)


# --------------------------------------------------------------------- a step without a wait


def on_meta(data: TrainingData, patch: pytest.MonkeyPatch) -> tuple[list[Batch], list[Batch]]:
    """The batches of an epoch on the CPU and on `meta`, there with the sizes it waits for."""
    here = list(batches(data, 4, 128, True, 0, 1))
    known = data.examples(0, 1).counted()
    patch.setattr(Examples, "counted", lambda self: known)
    return here, list(batches(data.to(META), 4, 128, True, 0, 1))


def test_batches_are_put_together_without_a_wait(
    kinds: list[TrainingData], monkeypatch: pytest.MonkeyPatch
) -> None:
    for data in kinds:
        with monkeypatch.context() as patch:
            here, there = on_meta(data, patch)
        assert len(here) == len(there) > 0
        for one, other in zip(here, there, strict=True):
            assert other.x.device == other.y.device == META
            assert one.x.shape == other.x.shape
            assert one.y.shape == other.y.shape
            assert torch.equal(one.kept, other.kept)
            assert (one.read, one.labels) == (other.read, other.labels)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("accumulate", [1, 3])
@pytest.mark.parametrize("variant", ["vanilla", "rope"])
def test_a_step_has_no_wait_before_its_loss_is_read(
    data: TrainingData,
    tiny: Build,
    monkeypatch: pytest.MonkeyPatch,
    precision: Precision,
    accumulate: int,
    variant: str,
) -> None:
    """But for the optimizers: torch's fused ones do not run on `meta`."""
    model = step_model(tiny, variant, data).to(META)
    _, (batch, *_) = on_meta(data, monkeypatch)
    loss = gradient(model, batch, precision, ALONE, accumulate)
    norm = clip_grad_norm_(model.parameters(), 1.0)
    assert loss.device == norm.device == META
    with pytest.raises((NotImplementedError, RuntimeError), match="meta"):
        torch.stack((loss, norm)).tolist()  # the step's one wait


def step_model(tiny: Build, variant: str, data: TrainingData) -> GPT:
    assert data.corruption is not None
    return tiny(variant, len(data.corruption.vocabulary), width=32, block_size=128)


def test_targets_that_are_looked_for_are_a_wait(
    data: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twin of the tests above: as positions were found before."""
    _, (batch, *_) = on_meta(data, monkeypatch)
    with pytest.raises((NotImplementedError, RuntimeError), match="meta"):
        (batch.y != PAD_ID).flatten().nonzero()


# --------------------------------------------------------------------------------- the counts


def test_a_batch_counts_what_its_ids_show(kinds: list[TrainingData]) -> None:
    for data in kinds:
        for batch in batches(data, 4, 128, True, 0, 1):
            assert batch.read == int((batch.x != PAD_ID).sum())
            assert batch.scored.tolist() == (batch.y != PAD_ID).sum(1).tolist()
            assert torch.equal(batch.kept, (batch.y != PAD_ID).flatten().nonzero()[:, 0])
            part = batch.part(slice(1, None, 2))
            assert part.scored.tolist() == batch.scored[1::2].tolist()
            assert torch.equal(part.kept, (part.y != PAD_ID).flatten().nonzero()[:, 0])
