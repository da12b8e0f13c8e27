"""Batches of an epoch as a pure function of (seed, epoch), cut to the longest example in each."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from gpt.dataset import CharCorruptionDataset, NameDataset
from gpt.device import moved, on_device
from gpt.pieces import Examples, join
from gpt.views import EntityViews
from gpt.vocabulary import PAD_ID

# Batches sorted by length together: on the embedded corpus 2 % of a batch is then padding, not 30.
POOL = 16


@dataclass(frozen=True)
class Batch:
    """x, y: ids with PAD only after (in y also before) each example's own; `labels` counts what
    the course's trainer counts: every position of the padded block.

    sizes, silent: of each example, its symbols, and how many of its first targets are left out of
    the loss. They are on the CPU wherever x and y are: so a batch is counted without a wait.
    """

    x: Int[Tensor, "B T"]
    y: Int[Tensor, "B T"]
    labels: int
    sizes: Int[Tensor, " B"]
    silent: Int[Tensor, " B"]

    @property
    def read(self) -> int:
        """Characters that are read: those of x but PAD."""
        return int(self.sizes.clamp(max=self.x.shape[1]).sum())

    @property
    def scored(self) -> Int[Tensor, " B"]:
        """Targets of each row: characters that the loss is taken over; on the CPU."""
        return (self.sizes - 1 - self.silent).clamp(min=0)

    @property
    def kept(self) -> Int[Tensor, " N"]:
        """Where the targets stand in the flattened y; on the CPU."""
        firsts = torch.arange(len(self.x)) * self.x.shape[1] + self.silent
        scored = self.scored
        before = scored.cumsum(0) - scored
        return torch.repeat_interleave(firsts - before, scored) + torch.arange(int(scored.sum()))

    def part(self, rows: slice) -> Batch:
        """The chosen rows, padded as they are."""
        counted = self.sizes[rows], self.silent[rows]
        return Batch(self.x[rows], self.y[rows], self.labels, *counted)


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
        self.device = torch.device("cpu")
        self.documents = round(document_share * len(corruption)) if corruption is not None else 0
        self.views = len(views) if views is not None else 0
        text = self.documents + self.views
        if corruption is None and names is not None:
            self.questions = len(names)
        else:
            self.questions = round(text * question_share / (1.0 - question_share))

    def __len__(self) -> int:
        return self.documents + self.views + self.questions

    def to(self, device: torch.device) -> TrainingData:
        """The same examples, drawn and put together on the device."""
        there = copy.copy(self)
        there.device = device
        if self.corruption is not None:
            there.corruption = on_device(self.corruption, device)
        if self.names is not None:
            there.names = on_device(self.names, device)
        if self.entity_views is not None:
            there.entity_views = on_device(self.entity_views, device)
            there.entity_views.surroundings = on_device(self.entity_views.surroundings, device)
        return there

    def examples(self, seed: int, epoch: int) -> Examples:
        """The examples of one epoch: documents, views, questions; whole kinds in file order."""
        kinds: list[Examples] = []
        if self.corruption is not None and self.documents:
            generator = _generator(seed, epoch, 0)
            draws = generator.random((len(self.corruption), 4))
            chosen = np.arange(len(self.corruption))
            if self.documents < len(self.corruption):
                order = generator.permutation(len(self.corruption))[: self.documents]
                chosen = np.sort(order)
            kinds.append(self.corruption.examples(self._there(chosen), self._there(draws[chosen])))
        if self.entity_views is not None:
            all_views = self._there(np.arange(self.views))
            shown = self._there(_generator(seed, epoch, 3).random(self.views))
            around = None
            if numbers := self.entity_views.surroundings.draws:
                around = self._there(_generator(seed, epoch, 4).random((self.views, numbers)))
            kinds.append(self.entity_views.examples(all_views, shown, around))
        if self.names is not None and self.questions:
            chosen = np.arange(len(self.names))
            if self.corruption is not None:
                chosen = _generator(seed, epoch, 1).integers(len(self.names), size=self.questions)
            kinds.append(self.names.examples(self._there(chosen)))
        return join(kinds)

    def _there(self, numbers: np.ndarray) -> Tensor:
        """Drawn on the CPU, so that a run has the same examples wherever it trains."""
        return moved(torch.from_numpy(numbers), self.device)


def batches(
    data: TrainingData, batch_size: int, block_size: int, shuffle: bool, seed: int, epoch: int
) -> Iterator[Batch]:
    """The batches of one epoch.

    Without `shuffle` the examples come in file order, as in the course's trainer. With it they
    come in a new order each epoch, those of similar length together.
    """
    examples = data.examples(seed, epoch)
    sizes, silent = examples.counted()
    chunks = _chunks(sizes, batch_size, shuffle, _generator(seed, epoch, 2))
    order = moved(torch.cat(chunks), data.device)
    for chunk, chosen in zip(chunks, order.split([len(c) for c in chunks]), strict=True):
        rows = examples.rows(chosen, int(sizes[chunk].max()))
        yield _batch(rows, examples.silent[chosen], block_size, sizes[chunk], silent[chunk])


def _chunks(
    sizes: Int[Tensor, " n"], batch_size: int, shuffle: bool, generator: np.random.Generator
) -> list[Int[Tensor, " B"]]:
    """Which examples each batch holds."""
    n = len(sizes)
    if not shuffle:
        return list(torch.arange(n).split(batch_size))
    order = torch.from_numpy(generator.permutation(n))
    chunks: list[Int[Tensor, " B"]] = []
    for pool in order.split(POOL * batch_size):
        chunks += pool[sizes[pool].argsort(stable=True)].split(batch_size)
    return [chunks[i] for i in generator.permutation(len(chunks))]


def _batch(
    rows: Int[Tensor, "B longest"],
    quiet: Int[Tensor, " B"],
    block_size: int,
    sizes: Int[Tensor, " B"],
    silent: Int[Tensor, " B"],
) -> Batch:
    """quiet: `silent` on the rows' device"""
    y = rows[:, 1:]
    left_out = torch.arange(y.shape[1], device=rows.device) < quiet[:, None]
    labels = len(rows) * (block_size - 1)
    return Batch(rows[:, :-1].contiguous(), y.masked_fill(left_out, PAD_ID), labels, sizes, silent)


def _generator(seed: int, epoch: int, purpose: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, epoch, purpose))))
