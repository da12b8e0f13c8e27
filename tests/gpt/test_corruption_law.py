"""The law of the corruption, enumerated exactly: no sample, so no false alarm.

`examples` is a function of four uniform numbers. On a grid so fine that every border between two
outcomes lies on its lines, the share of grid cells with an outcome is the outcome's probability.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from fractions import Fraction

import pytest
import torch
from torch import Tensor

from gpt.dataset import CharCorruptionDataset
from gpt.vocabulary import MASK_ID

BLOCK, LONGEST = 12, 10  # 7/8 of 12, rounded down
LETTERS = "abcdefghijkl"
GRID = (LONGEST - 3, 2, math.lcm(1, 2, 3, 4), math.lcm(*range(1, LONGEST + 1)))
Law = dict[tuple[int, int, int], Fraction]  # of length, masked length, start


def cells() -> Tensor:
    """The midpoints of all cells of the grid."""
    axes = [(torch.arange(n, dtype=torch.float64) + 0.5) / n for n in GRID]
    return torch.cartesian_prod(*axes)


def enumerated(document: str, **options: bool) -> Law:
    """The share of cells in which a document of distinct letters becomes each outcome."""
    data = CharCorruptionDataset(document + "\n", BLOCK, **options)
    u = cells()
    examples = data.examples(torch.zeros(len(u), dtype=torch.long), u)
    rows = examples.rows(torch.arange(len(u)), int(examples.sizes.max()))
    masks = (rows == MASK_ID).nonzero()[:, 1].view(len(u), -1)
    start, second = masks[:, 0], masks[:, 1]
    length = examples.sizes - masks.shape[1]
    masked = length - (second - 1)
    keys, counts = torch.stack((length, masked, start), 1).unique(dim=0, return_counts=True)
    law: Law = {}
    for (size, content, begin), count in zip(keys.tolist(), counts.tolist(), strict=True):
        law[size, content, begin] = Fraction(count, len(u))
    return law


def defined(sizes: list[int], halves: Callable[[int], list[int]] | None = None) -> Law:
    """What the handout asks for, over documents truncated to each of `sizes` with equal chance.

    Half of the length, rounded down or up with probability ½, is h; the masked content has a
    length of 1 … h − 1, each as likely (1 if h is less than 2), and starts wherever it fits.
    """
    law: Law = {}
    for size in sizes:
        for half in halves(size) if halves else [size // 2, (size + 1) // 2]:
            contents = range(1, max(2, half))
            for masked in contents:
                starts = range(size - masked + 1)
                for start in starts:
                    share = Fraction(1, len(sizes) * 2 * len(contents) * len(starts))
                    outcome = (size, masked, start)
                    law[outcome] = law.get(outcome, Fraction(0)) + share
    return law


UNCUT, CUT = list(range(4, LONGEST + 1)), {6: [4, 5, 6, 6, 6, 6, 6], 3: [3] * 7}


@pytest.fixture(scope="module")
def law() -> Law:
    """That of a document longer than any truncation."""
    return enumerated(LETTERS)


def test_the_law_is_the_definition(law: Law) -> None:
    assert law == defined(UNCUT)
    assert enumerated(LETTERS, closing_mask=True) == law


@pytest.mark.parametrize("size", CUT)
def test_a_document_shorter_than_the_truncation_keeps_its_length(size: int) -> None:
    assert enumerated(LETTERS[:size]) == defined(CUT[size])


def test_whole_lines_are_truncated_to_seven_eighths_alone() -> None:
    assert enumerated(LETTERS, whole_lines=True) == defined([LONGEST])


def test_a_quarter_is_masked_on_average(law: Law) -> None:
    for size, given in itertools.groupby(sorted(law), key=lambda outcome: outcome[0]):
        outcomes = list(given)
        total = sum(law[o] for o in outcomes)
        mean = sum(law[o] * o[1] for o in outcomes) / total
        assert (total, mean) == (Fraction(1, len(UNCUT)), Fraction(size, 4))


def test_other_laws_are_told_apart(law: Law) -> None:
    assert sum(law.values()) == 1
    assert law != defined(UNCUT[:-1])  # never the longest
    assert law != defined(UNCUT, lambda n: [n // 2, n // 2])  # always rounded down
    assert law != defined(UNCUT, lambda n: [n // 2 + 1, (n + 1) // 2 + 1])  # up to half


def test_a_start_off_by_one_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: the last start that fits is never drawn."""
    examples = CharCorruptionDataset.examples

    def wrong(self: CharCorruptionDataset, chosen: Tensor, u: Tensor) -> object:
        return examples(self, chosen, torch.cat((u[:, :3], u[:, 3:] * 0.9), 1))

    monkeypatch.setattr(CharCorruptionDataset, "examples", wrong)
    assert enumerated(LETTERS) != defined(UNCUT)
