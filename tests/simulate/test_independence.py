"""Streams of different blocks, experiments, seeds, keys and heads are independent.

Two streams x, y of m standard normals are compared in two ways, both with exact guarantees:

- every shift: the sum of x_i y_(i+shift) over |x| is standard normal for independent streams, since
  given x it is a sum of normals whose squared factors add up to 1; the largest over the m circular
  shifts, found by a Fourier transform, shows correlations and stretches that overlap;
- a grid: the pairs (Φ(x_i), Φ(y_i)) are uniform on the unit square; the relative entropy D of
  their shares of the k = 16 x 16 cells to the uniform law has, for mε > k - 1,
  P(D ≥ ε) ≤ e^(-mε) (e mε/(k - 1))^(k - 1) (Agrawal,
  "Finite-sample concentration of the multinomial in relative entropy", IEEE Transactions on
  Information Theory 66, 2020, theorem 1.2), which shows dependence of any form.

All comparisons of this file together raise a false alarm with probability at most 1e-6 for ideal
random words; the seeds are fixed.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from scipy import fft, optimize, special

from simulate.catalogue import catalogue
from simulate.keys import RandomKeys, Scores
from simulate.samplers import Sampler, reduced
from simulate.setting import Setting
from simulate.streams import Block

M = 2**16
CELLS = 16
DETECTABLE = 0.055
FALSE_ALARM = 1e-6
MISS = 1e-6

Name = tuple[int, str, int]
"""Seed, experiment and number of a block."""

Stream = Callable[[int, str, int], np.ndarray]


def stream(seed: int, key: str, number: int) -> np.ndarray:
    """The first M normals of a block."""
    return Block(seed, key, number).generator().standard_normal(M)


# ------------------------------------------------------------------------- which are compared


def _pairs() -> dict[str, list[tuple[Name, Name]]]:
    """Pairs of blocks, by what differs between the two."""
    keys = [e.key for e in catalogue()]
    powers = [2**j for j in range(64)]
    key = keys[0]
    return {
        "blocks": [((0, key, b), (0, key, b + 1)) for b in range(8)]
        + [((0, key, 0), (0, key, b)) for b in powers],
        "experiments": [((0, a, 0), (0, b, 0)) for a, b in itertools.pairwise(keys)],
        "seeds": [((s, key, 0), (s + 1, key, 0)) for s in range(10)]
        + [((0, key, 0), (s, key, 0)) for s in powers],
        "seed against block": [((s, key, s + 1), (s + 1, key, s)) for s in range(8)],
    }


PAIRS = _pairs()
CORRELATED = RandomKeys.of(3, 0.5, 0.5)
LAWS = {
    "one query a mean": Setting(0.5, 2.0, 4).two_heads(),
    "queries with a common part": Scores(CORRELATED, CORRELATED.means[[0, 0]] + np.eye(3)[:2]),
}
ROWS = {name: math.comb(math.prod(law.shape), 2) for name, law in LAWS.items()}
COMPARISONS = sum(map(len, PAIRS.values())) + sum(ROWS.values())
SHARE = FALSE_ALARM / COMPARISONS / 2
"""What each of the two tests of one comparison may spend."""


# ------------------------------------------------------------------------------- the two tests


Z = float(-special.ndtri(SHARE / M / 2))
"""The largest correlation over M shifts, times the root of M, stays below this."""


def _entropy_threshold(share: float) -> float:
    """mε at which the bound on the relative entropy has fallen to `share`."""
    free = CELLS**2 - 1

    def excess(t: float) -> float:
        return -t + free * (1 + math.log(t / free)) - math.log(share)

    return float(optimize.brentq(excess, free, 20 * free))


ENTROPY = _entropy_threshold(SHARE)


def largest_correlation(x: np.ndarray, y: np.ndarray) -> float:
    """Over all circular shifts; in standard deviations."""
    product = fft.irfft(fft.rfft(y) * np.conj(fft.rfft(x)), len(x))
    return float(np.abs(product).max() / np.linalg.norm(x))


def relative_entropy(x: np.ndarray, y: np.ndarray) -> float:
    """Of the counts in the cells of the grid to the uniform law, times the number of pairs."""
    column, row = ((CELLS * special.ndtr(z)).astype(int) for z in (x, y))
    share = np.bincount(CELLS * row + column, minlength=CELLS**2) / len(x)
    return float(len(x) * special.rel_entr(share, 1 / CELLS**2).sum())


def dependent(x: np.ndarray, y: np.ndarray) -> bool:
    return largest_correlation(x, y) > Z or relative_entropy(x, y) > ENTROPY


def dependent_pairs(draw: Stream, pairs: list[tuple[Name, Name]]) -> int:
    drawn = functools.lru_cache(8)(draw)
    return sum(dependent(drawn(*one), drawn(*other)) for one, other in pairs)


def rows(sampler: Sampler, law: Scores) -> np.ndarray:
    """The noise in the scores of all heads and keys, made independent: (heads · n, trials)."""
    off = sampler(Block(0, "rows", law.shape[1]), M, law) - law.means[:, :, None]
    noise: np.ndarray = np.einsum("ngh,hnt->gnt", np.linalg.inv(law.roots), off)
    return noise.reshape(-1, M)


def dependent_rows(sampler: Sampler, law: Scores) -> int:
    drawn = rows(sampler, law)
    return sum(dependent(drawn[i], drawn[j]) for i in range(len(drawn)) for j in range(i))


# ----------------------------------------------------------------------------------- the streams


@pytest.mark.parametrize("what", PAIRS)
def test_streams_are_independent(what: str) -> None:
    assert dependent_pairs(stream, PAIRS[what]) == 0


@pytest.mark.parametrize("name", LAWS)
def test_keys_and_heads_are_independent(name: str) -> None:
    assert dependent_rows(reduced, LAWS[name]) == 0


# ----------------------------------------------------------------------------- planted mistakes


def _counter_counts_blocks(seed: int, key: str, number: int) -> np.ndarray:
    """Block b + 1 begins one step of the counter, four words, after block b."""
    words = np.frombuffer(Block(seed, key, 0).digest, dtype="<u8").astype(np.uint64)
    start = np.array([number, 0, 0, 0], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=words, counter=start)).standard_normal(M)


def _overlap(seed: int, key: str, number: int) -> np.ndarray:
    """Block b + 1 begins where fifteen sixteenths of block b have been read."""
    start = number * M * 15 // 16 if number < 16 else 0
    return Block(seed, key, 0).generator().standard_normal(start + M)[start:]


SPOILT: dict[str, tuple[Stream, str]] = {
    "noise shared by blocks": (lambda s, k, b: stream(s, k, 0), "blocks"),
    "sign changed from block to block": (lambda s, k, b: stream(s, k, 0) * (-1) ** b, "blocks"),
    "blocks numbered modulo 2^8": (lambda s, k, b: stream(s, k, b % 2**8), "blocks"),
    "blocks numbered in 32 bits": (lambda s, k, b: stream(s, k, b % 2**32), "blocks"),
    "each of two ranks counts its own blocks": (lambda s, k, b: stream(s, k, b // 2), "blocks"),
    "counter counts blocks": (_counter_counts_blocks, "blocks"),
    "neighbours overlap by a sixteenth": (_overlap, "blocks"),
    "noise shared by experiments": (lambda s, k, b: stream(s, "", b), "experiments"),
    "experiments told apart by their question": (
        lambda s, k, b: stream(s, k.split(".")[0], b), "experiments",
    ),
    "seed ignored": (lambda s, k, b: stream(0, k, b), "seeds"),
    "seed cut to 32 bits": (lambda s, k, b: stream(s % 2**32, k, b), "seeds"),
    "block added to seed": (lambda s, k, b: stream(s + b, k, 0), "seed against block"),
}  # fmt: skip


@pytest.mark.parametrize("name", SPOILT)
def test_spoilt_streams_are_found_out(name: str) -> None:
    draw, what = SPOILT[name]
    assert dependent_pairs(draw, PAIRS[what]) > 0


def _shared(shape: tuple[int, int, int]) -> Sampler:
    """A sampler whose noise has this shape, broadcast over heads, keys and trials."""

    def sampler(block: Block, trials: int, law: Scores) -> np.ndarray:
        heads, n, _ = (min(a, b) for a, b in zip(shape, (*law.shape, trials), strict=True))
        noise = block.generator().standard_normal((heads, n, trials))
        full = np.broadcast_to(noise, (*law.shape, trials))
        scores: np.ndarray = np.einsum("ngh,hnt->gnt", law.roots, full) + law.means[:, :, None]
        return scores

    return sampler


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize(
    "sampler",
    [
        pytest.param(_shared((2, 1, M)), id="noise shared by the keys"),
        pytest.param(_shared((1, 4, M)), id="noise shared by the heads"),
    ],
)
def test_shared_noise_is_found_out(name: str, sampler: Sampler) -> None:
    assert dependent_rows(sampler, LAWS[name]) > 0


# ------------------------------------------------------------------------------- the tests tested


def test_what_would_have_been_seen() -> None:
    """A correlation of DETECTABLE, at any shift, is missed with probability MISS at most.

    The sum over |x| is then ρ|x| + √(1 - ρ²) z. It has a mean of at least ρ√(M - 1), and, as the
    length |x| changes by no more than x does, tails no heavier than those of a standard normal.
    """
    lost = math.sqrt(2 * math.log(1 / MISS))
    assert math.sqrt(M - 1) * DETECTABLE - lost > Z
    rng = np.random.default_rng(1)
    for shift in (0, 1, 1000):
        for sign in (1, -1):
            x, z = rng.standard_normal((2, M))
            y = sign * DETECTABLE * np.roll(x, shift) + math.sqrt(1 - DETECTABLE**2) * z
            assert largest_correlation(x, y) > Z


def test_correlation_agrees_with_the_sum_at_every_shift() -> None:
    x, y = np.random.default_rng(2).standard_normal((2, 50))
    sums = [abs(x @ np.roll(y, -shift)) for shift in range(50)]
    assert largest_correlation(x, y) == pytest.approx(max(sums) / math.sqrt(x @ x))


def test_the_grid_sees_dependence_without_correlation() -> None:
    """Size of one, sign of the other: uncorrelated, and both standard normal."""
    x, z = np.random.default_rng(3).standard_normal((2, M))
    y = np.abs(x) * np.sign(z)
    assert largest_correlation(x, y) < Z
    assert relative_entropy(x, y) > ENTROPY


def _as_likely(counts: tuple[int, ...], n: int) -> float:
    """Probability of these counts in equally likely cells."""
    ways = math.factorial(n) // math.prod(map(math.factorial, counts))
    return float(ways / len(counts) ** n)


def _compositions(n: int, cells: int) -> Iterator[tuple[int, ...]]:
    if cells == 1:
        yield (n,)
        return
    for first in range(n + 1):
        for rest in _compositions(n - first, cells - 1):
            yield (first, *rest)


@pytest.mark.parametrize("t", [3.5, 5.0, 8.0, 12.0])
def test_the_bound_on_the_relative_entropy_holds_exactly(t: float) -> None:
    """All counts of 20 draws in 4 cells, gone through."""
    n, cells = 20, 4
    beyond = 0.0
    for counts in _compositions(n, cells):
        entropy = special.rel_entr(np.array(counts) / n, 1 / cells).sum() * n
        beyond += _as_likely(counts, n) * (entropy >= t)
    assert 0 < beyond <= math.exp(-t) * (math.e * t / (cells - 1)) ** (cells - 1)


# ------------------------------------------------------------------------------------- overlap


@pytest.mark.parametrize("number", [0, 5, 2**63])
def test_a_block_moves_only_the_lower_half_of_its_counter(number: int) -> None:
    """The counter's words are (low, high, number, 0); each step of it is four random words.

    The number of the block changes after 2^128 steps, 2^130 words: at 10^10 words a second that
    takes 10^21 years. So no block runs into the next.
    """
    generator = Block(0, "a", number).generator()
    generator.standard_normal(2**20)
    generator.standard_exponential(2**16)
    low, high, block, rest = (int(w) for w in generator.bit_generator.state["state"]["counter"])
    assert (high, block, rest) == (0, number, 0)
    assert 2**20 / 4 < low < 2**20 / 2
    assert 2**130 / 1e10 / (365 * 24 * 3600) > 1e21


def test_the_next_block_begins_where_the_counter_is_used_up() -> None:
    one, other = Block(0, "a", 6).generator(), Block(0, "a", 7).generator()
    state = one.bit_generator.state
    state["state"]["counter"][:2] = 2**64 - 1
    one.bit_generator.state = state
    one.bit_generator.random_raw(4)
    assert np.array_equal(one.bit_generator.random_raw(8), other.bit_generator.random_raw(8))


def test_numbers_beyond_64_bits_are_refused() -> None:
    with pytest.raises(OverflowError):
        Block(0, "a", 2**64).generator()
