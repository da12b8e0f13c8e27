"""The training step: the course's padded fp32 batches against ours, of the same documents."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import torch
from torch.nn import functional
from torch.nn.utils import clip_grad_norm_
from torch.optim import AdamW

from benchmarks.measure import alternate, report
from gpt.batches import Batch, TrainingData, batches
from gpt.corpus import find, read_documents
from gpt.dataset import CharCorruptionDataset
from gpt.model import build
from gpt.recipe import PRACTICAL
from gpt.training.precision import Precision, faster_precision
from gpt.vocabulary import PAD_ID

SIZE = PRACTICAL.pretrain.batch_size
STEPS = 4
REPETITIONS = 3


def run() -> None:
    """Characters that are not PAD a second, on the practical's model and batch size."""
    corpus = CharCorruptionDataset(read_documents(find("wiki.txt", "embedded")))
    cut = list(batches(TrainingData(corpus, None), SIZE, corpus.block_size, True, 0, 0))[:STEPS]
    model = build("vanilla", corpus.vocab_size, dropout=0.0)
    fast = faster_precision(model, cut[0], torch.device("cpu"))
    ways = {
        "padded, fp32, dropout": Steps(
            corpus.vocab_size, PRACTICAL.dropout, _padded(corpus), "fp32"
        ),
        f"cut, {fast}, no dropout": Steps(corpus.vocab_size, 0.0, itertools.cycle(cut), fast),
    }
    report("training", "characters", alternate(dict(ways), REPETITIONS))


class Steps:
    """A few training steps of a model of the practical's size on the batches given."""

    def __init__(
        self, symbols: int, dropout: float, source: Iterator[Batch], precision: Precision
    ) -> None:
        self.model = build("vanilla", symbols, dropout=dropout)
        self.optimizer = AdamW(self.model.parameters())
        self.source, self.precision = source, precision

    def __call__(self) -> float:
        """Take the steps; returns the characters that were not PAD."""
        return float(sum(self._step(batch) for batch in itertools.islice(self.source, STEPS)))

    def _step(self, batch: Batch) -> int:
        with torch.autocast("cpu", torch.bfloat16, enabled=self.precision == "bf16"):
            logits = self.model(batch.x)
        loss = functional.cross_entropy(
            logits.float().flatten(0, 1), batch.y.flatten(), ignore_index=PAD_ID
        )
        loss.backward()
        clip_grad_norm_(self.model.parameters(), PRACTICAL.clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return int((batch.x != PAD_ID).sum())


def _padded(corpus: CharCorruptionDataset) -> Iterator[Batch]:
    """The course's batches: file order, every example padded to the block."""
    for start in itertools.cycle(range(0, len(corpus) - SIZE, SIZE)):
        examples = [corpus[i] for i in range(start, start + SIZE)]
        x, y = (torch.stack(side) for side in zip(*examples, strict=True))
        yield Batch(x, y, y.numel())
