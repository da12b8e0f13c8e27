"""Batches of an epoch as a pure function of (seed, epoch), cut to the longest example in each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from gpt.dataset import CharCorruptionDataset, Ids, NameDataset
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


@dataclass(frozen=True)
class Examples:
    """One epoch's examples; `silent[i]` first targets of example i are left out of the loss."""

    ids: list[Ids]
    silent: list[int]


class TrainingData:
    """The examples of a run: corrupted documents, question pairs, or documents with questions.

    questions_per_epoch: how many examples of each epoch are questions, drawn with replacement
    """

    def __init__(
        self,
        corruption: CharCorruptionDataset | None,
        names: NameDataset | None,
        question_share: float = 0.0,
    ) -> None:
        self.corruption, self.names = corruption, names
        self.documents = len(corruption) if corruption is not None else 0
        if corruption is None:
            assert names is not None
            self.questions_per_epoch = len(names)
        else:
            self.questions_per_epoch = round(
                self.documents * question_share / (1.0 - question_share)
            )

    def __len__(self) -> int:
        return self.documents + self.questions_per_epoch

    def examples(self, seed: int, epoch: int) -> Examples:
        """The examples of one epoch, in file order, questions after documents."""
        draws = _generator(seed, epoch, 0).random((self.documents, 4))
        ids = (
            [self.corruption.corrupt(i, u) for i, u in enumerate(draws)] if self.corruption else []
        )
        silent = [0] * len(ids)
        if self.names is not None:
            chosen = np.arange(len(self.names))
            if self.corruption is not None:
                generator = _generator(seed, epoch, 1)
                chosen = generator.integers(len(self.names), size=self.questions_per_epoch)
            ids += [self.names.examples[i] for i in chosen]
            silent += [self.names.questions[i] - 1 for i in chosen]
        return Examples(ids, silent)


def batches(
    data: TrainingData, batch_size: int, block_size: int, shuffle: bool, seed: int, epoch: int
) -> Iterator[Batch]:
    """The batches of one epoch.

    Without `shuffle` the examples come in file order, as in the course's trainer. With it they
    come in a new order each epoch, those of similar length together.
    """
    examples = data.examples(seed, epoch)
    n = len(examples.ids)
    if not shuffle:
        for start in range(0, n, batch_size):
            yield _collate(examples, range(start, min(n, start + batch_size)), block_size)
        return
    generator = _generator(seed, epoch, 2)
    order = generator.permutation(n)
    chunks = []
    for start in range(0, n, POOL * batch_size):
        pool = sorted(order[start : start + POOL * batch_size], key=lambda i: len(examples.ids[i]))
        chunks += [pool[i : i + batch_size] for i in range(0, len(pool), batch_size)]
    for chunk in generator.permutation(len(chunks)):
        yield _collate(examples, chunks[chunk], block_size)


def _collate(examples: Examples, indices: range | list[int], block_size: int) -> Batch:
    longest = max(len(examples.ids[i]) for i in indices)
    padded = np.full((len(indices), longest), PAD_ID, dtype=np.int64)
    for row, i in enumerate(indices):
        padded[row, : len(examples.ids[i])] = examples.ids[i]
    y = padded[:, 1:].copy()
    for row, i in enumerate(indices):
        y[row, : examples.silent[i]] = PAD_ID
    labels = len(indices) * (block_size - 1)
    return Batch(torch.from_numpy(padded[:, :-1].copy()), torch.from_numpy(y), labels)


def _generator(seed: int, epoch: int, purpose: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, epoch, purpose))))
