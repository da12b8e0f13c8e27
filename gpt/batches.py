"""Batches of an epoch as a pure function of (seed, epoch), cut to the longest example in each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from gpt.dataset import CharCorruptionDataset, NameDataset
from gpt.pieces import Examples, join
from gpt.views import EntityViews
from gpt.vocabulary import PAD_ID

# Batches sorted by length together: on the embedded corpus 2 % of a batch is then padding, not 30.
POOL = 16


@dataclass(frozen=True)
class Batch:
    """x, y: ids with PAD only after (in y also before) each example's own; `labels` counts what
    the course's trainer counts: every position of the padded block."""

    x: Int[Tensor, "B T"]
    y: Int[Tensor, "B T"]
    labels: int

    @property
    def targets(self) -> int:
        """Characters that the loss is taken over."""
        return int((self.y != PAD_ID).sum())


class TrainingData:
    """The examples of a run: corrupted documents, views of entities, question pairs, or a mixture.

    Of each epoch, `documents` examples are corrupted documents and `views` are views of entities,
    both without repetition; `questions` are pairs, drawn with replacement where they are mixed in.
    """

    def __init__(
        self,
        corruption: CharCorruptionDataset | None,
        names: NameDataset | None,
        question_share: float = 0.0,
        views: EntityViews | None = None,
        document_share: float = 1.0,
    ) -> None:
        """question_share: of all examples; document_share: of all documents, shown in an epoch."""
        assert corruption is not None or names is not None
        self.corruption, self.names, self.entity_views = corruption, names, views
        self.documents = round(document_share * len(corruption)) if corruption is not None else 0
        self.views = len(views) if views is not None else 0
        text = self.documents + self.views
        if corruption is None and names is not None:
            self.questions = len(names)
        else:
            self.questions = round(text * question_share / (1.0 - question_share))

    def __len__(self) -> int:
        return self.documents + self.views + self.questions

    def examples(self, seed: int, epoch: int) -> Examples:
        """The examples of one epoch: documents, views, questions; whole kinds in file order."""
        kinds: list[Examples] = []
        if self.corruption is not None and self.documents:
            generator = _generator(seed, epoch, 0)
            draws = torch.from_numpy(generator.random((len(self.corruption), 4)))
            chosen = torch.arange(len(self.corruption))
            if self.documents < len(self.corruption):
                order = generator.permutation(len(self.corruption))[: self.documents]
                chosen = torch.from_numpy(np.sort(order))
            kinds.append(self.corruption.examples(chosen, draws[chosen]))
        if self.entity_views is not None:
            shown = torch.from_numpy(_generator(seed, epoch, 3).random(self.views))
            around = None
            if numbers := self.entity_views.surroundings.draws:
                around = torch.from_numpy(_generator(seed, epoch, 4).random((self.views, numbers)))
            kinds.append(self.entity_views.examples(torch.arange(self.views), shown, around))
        if self.names is not None and self.questions:
            chosen = torch.arange(len(self.names))
            if self.corruption is not None:
                drawn = _generator(seed, epoch, 1).integers(len(self.names), size=self.questions)
                chosen = torch.from_numpy(drawn)
            kinds.append(self.names.examples(chosen))
        return join(kinds)


def batches(
    data: TrainingData, batch_size: int, block_size: int, shuffle: bool, seed: int, epoch: int
) -> Iterator[Batch]:
    """The batches of one epoch.

    Without `shuffle` the examples come in file order, as in the course's trainer. With it they
    come in a new order each epoch, those of similar length together.
    """
    examples = data.examples(seed, epoch)
    for chosen in _chunks(examples, batch_size, shuffle, _generator(seed, epoch, 2)):
        yield _collate(examples, chosen, block_size)


def _chunks(
    examples: Examples, batch_size: int, shuffle: bool, generator: np.random.Generator
) -> list[Int[Tensor, " B"]]:
    """Which examples each batch holds."""
    n = len(examples)
    if not shuffle:
        return list(torch.arange(n).split(batch_size))
    order = torch.from_numpy(generator.permutation(n))
    chunks: list[Int[Tensor, " B"]] = []
    for pool in order.split(POOL * batch_size):
        by_size = examples.sizes[pool].argsort(stable=True)
        chunks += pool[by_size].split(batch_size)
    return [chunks[i] for i in generator.permutation(len(chunks))]


def _collate(examples: Examples, chosen: Int[Tensor, " B"], block_size: int) -> Batch:
    rows = examples.rows(chosen)
    y = rows[:, 1:].clone()
    y[torch.arange(y.shape[1]) < examples.silent[chosen, None]] = PAD_ID
    return Batch(rows[:, :-1].contiguous(), y, len(chosen) * (block_size - 1))


def _generator(seed: int, epoch: int, purpose: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, epoch, purpose))))
