"""Linear attention from features: Σ_j φ(q)ᵀφ(k_j) v_j / Σ_j φ(q)ᵀφ(k_j), over the keys seen.

(Katharopoulos et al. 2020, arXiv:2006.16236; Choromański et al. 2020, arXiv:2009.14794, equation
4 and appendix B.1.) Sums have a last column for values of 1, so that one sum holds the numerator
and the normaliser.

No sum overflows or vanishes, as in online softmax: each feature of some keys is divided by its
largest value among them, which a query's feature takes up again, and what a query reads is
divided by its largest summand, which cancels in the quotient. The normaliser of positive features
is then at least 1, and no constant need be added to it. Every maximum is over keys that the query
sees: one over all keys, which public code subtracts, lets the future change the last digits of
the past, and all digits of it where the future is large.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from gpt.attention.feature_maps import Features

FLOOR = 1e-6
"""The least size of a normaliser, which keeps its sign (public code, too, moves it away from 0).

That of positive features never comes near it. With trigonometric features it may be of either
sign, and near 0 where its variance is large: outputs are then far off, but finite.
"""


class Reading(NamedTuple):
    """What each query reads from some keys: exp(−largest) · Σ_j φ(q)ᵀφ(k_j) [v_j, 1]."""

    sums: Float[Tensor, "*B T D+1"]
    largest: Float[Tensor, "*B T 1"]

    def plus(self, other: Reading) -> Reading:
        """From the keys of both."""
        largest = torch.maximum(self.largest, other.largest)
        mine, theirs = (self.largest - largest).exp(), (other.largest - largest).exp()
        return Reading(self.sums * mine + other.sums * theirs, largest)

    def each(self, change: Callable[[Tensor], Tensor]) -> Reading:
        """With both tensors changed alike."""
        return Reading(change(self.sums), change(self.largest))

    def quotient(self) -> Float[Tensor, "*B T D"]:
        """The mean of the values by their weights; 0 where there was no key."""
        values, normaliser = self.sums[..., :-1], self.sums[..., -1:]
        floor = torch.full_like(normaliser, FLOOR).copysign(normaliser)
        return values / torch.where(normaliser.abs() < FLOOR, floor, normaliser)


@dataclass
class RunningSums:
    """Σ_j φ(k_j) [v_j, 1]ᵀ over the keys so far, each feature times exp(−its maximum).

    The state of a causal layer: R·(D + 2) numbers a head, however long the text.
    """

    maxima: Float[Tensor, "*B 1 E"]
    sums: Float[Tensor, "*B R D+1"]

    @staticmethod
    def of(keys: Features, values: Float[Tensor, "*B T D"]) -> RunningSums:
        maxima = _maxima(keys)
        raised = keys.shifted(-maxima).mT
        # a sum of its own for the ones: to append them copies all values, and products of D + 1
        # columns are slow
        return RunningSums(maxima, torch.cat((raised @ values, raised.sum(-1, keepdim=True)), -1))

    def plus(self, other: RunningSums) -> RunningSums:
        """Over the keys of both."""
        maxima = torch.maximum(self.maxima, other.maxima)
        mine, theirs = (self.maxima - maxima).exp(), (other.maxima - maxima).exp()
        return RunningSums(maxima, self.sums * mine.mT + other.sums * theirs.mT)

    def append(self, key: Features, value: Float[Tensor, "*B 1 D"]) -> None:
        """One more key, which `read` then sees."""
        total = self.plus(RunningSums.of(key, value))
        self.maxima, self.sums = total.maxima, total.sums

    def keep(self, rows: Int[Tensor, " kept"]) -> RunningSums:
        return RunningSums(self.maxima[rows], self.sums[rows])

    def read(self, queries: Features) -> Reading:
        raised, largest = _raised(queries, self.maxima)
        return Reading(raised @ self.sums, largest)


def read_causally(
    queries: Features, keys: Features, values: Float[Tensor, "*B T D"], chunk: int
) -> Reading:
    """What each query reads from the keys up to its own position.

    chunk: a power of two; of its own chunk of so many positions a query reads the keys by their
    products, of the chunks before it by their sums. What a backward pass needs grows with
    T·R·log₂(chunk) and T·chunk.
    """
    T = values.shape[-2]
    size = min(chunk, 1 << (T - 1).bit_length())
    whole = -(-T // size) * size
    none = torch.arange(whole, device=values.device) >= T
    q, k = (x.each(partial(_lengthened, rows=whole)) for x in (queries, keys))
    q, k = (x.each(partial(_blocks, size=size)) for x in (q, k.without(none)))
    v = _blocks(_lengthened(values, whole), size)
    reading = _read_own_chunk(q, k, functional.pad(v, (0, 1), value=1.0))
    if size < T:
        reading = reading.plus(_before(RunningSums.of(k, v)).read(q))
    return reading.each(lambda x: _joined(x)[..., :T, :])


def _read_own_chunk(
    queries: Features, keys: Features, values: Float[Tensor, "*B size D+1"]
) -> Reading:
    """By halves: each query its own key; then, in blocks of two, four, … positions, the queries
    of the second half all keys of the first.

    So every earlier key is read once, in the smallest block that holds both, by a product that
    needs no mask, and whatever its features are divided by is past for all who read it.
    """
    single = partial(_blocks, size=1)
    reading = _read(queries.each(single), keys.each(single), single(values)).each(_joined)
    half = 1
    while half < values.shape[-2]:
        earlier, later = partial(_half, size=half, which=0), partial(_half, size=half, which=1)
        found = _read(queries.each(later), keys.each(earlier), earlier(values))
        second = reading.each(later).plus(found)
        both = zip(reading.each(earlier), second, strict=True)
        reading = Reading(*(_joined(torch.stack(parts, -3)) for parts in both)).each(_joined)
        half *= 2
    return reading


def _read(queries: Features, keys: Features, values: Float[Tensor, "*B T D+1"]) -> Reading:
    """From all keys, as `RunningSums.of(keys, values).read(queries)`, by the weights of each pair:
    cheaper for fewer keys than features, and for one query that sees all keys.

    values: with a last column of ones
    """
    maxima = _maxima(keys)
    raised, largest = _raised(queries, maxima)
    return Reading((raised @ keys.shifted(-maxima).mT) @ values, largest)


def _before(chunks: RunningSums) -> RunningSums:
    """For each chunk (…, n, ·, ·), the sums over all chunks before it."""
    maxima, sums = chunks.maxima.unbind(-3), chunks.sums.unbind(-3)
    nothing = torch.full_like(maxima[0], _lowest(maxima[0])), torch.zeros_like(sums[0])
    before = [RunningSums(*nothing)]
    for chunk in zip(maxima[:-1], sums[:-1], strict=True):
        before.append(before[-1].plus(RunningSums(*chunk)))
    return RunningSums(
        torch.stack([x.maxima for x in before], -3), torch.stack([x.sums for x in before], -3)
    )


def _maxima(keys: Features) -> Float[Tensor, "*B 1 E"]:
    """The largest exponent of each feature, finite also if there is no key.

    Quotients do not depend on what they are divided by, so neither do gradients.
    """
    exponents = keys.exponents.detach()
    return exponents.amax(-2, keepdim=True).clamp(min=_lowest(exponents))


def _raised(
    queries: Features, maxima: Float[Tensor, "*B 1 E"]
) -> tuple[Float[Tensor, "*B T R"], Float[Tensor, "*B T 1"]]:
    """Queries' features times exp(maxima), divided by their rows' largest, and its logarithm."""
    exponents = queries.exponents + maxima
    largest = exponents.detach().amax(-1, keepdim=True)
    return queries._replace(exponents=exponents).shifted(-largest), largest


def _lowest(exponents: Tensor) -> float:
    return float(torch.finfo(exponents.dtype).min) / 2


def _blocks(x: Float[Tensor, "*B T c"], size: int) -> Float[Tensor, "*B n size c"]:
    blocks: Tensor = x.unflatten(-2, (-1, size))
    return blocks


def _half(x: Float[Tensor, "*B T c"], size: int, which: int) -> Float[Tensor, "*B n size c"]:
    """The first or second halves of blocks of 2·size rows."""
    halves: Tensor = x.unflatten(-2, (-1, 2, size))[..., which, :, :]
    return halves


def _joined(x: Float[Tensor, "*B n size c"]) -> Float[Tensor, "*B T c"]:
    return x.flatten(-3, -2)


def _lengthened(x: Float[Tensor, "*B T c"], rows: int) -> Float[Tensor, "*B rows c"]:
    return functional.pad(x, (0, 0, 0, rows - x.shape[-2]))
