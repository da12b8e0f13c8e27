"""The confidence sequence: the theorem's sums, its coverage while peeking, and where it stops."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from simulate.statistics import ConfidenceSequence, Mean, Probability, confidence_sequence
from simulate.tallies import Count, Moments

MISS = 0.05
PROBLEMS, LOOKS = 1000, 40
ALLOWED = int(stats.binom.isf(1e-6, PROBLEMS, MISS))
"""Misses that a coin of probability MISS exceeds with probability 1e-6 at most."""

Looking = Callable[[np.ndarray, np.ndarray, float], bool]
"""(sizes of stretches, hits in them, true probability) to whether some look missed the truth."""


def by_the_theorem(
    values: np.ndarray, lengths: list[int], start: ConfidenceSequence
) -> tuple[float, float]:
    """Centre and radius, trial by trial, from the formulas of the theorem."""
    bets = won = paid = 0.0
    for end, length in zip(np.cumsum(lengths), lengths, strict=True):
        earlier = values[: end - length]
        n = len(earlier)
        guess = (earlier.sum() + 0.5) / (n + 1)
        squares = ((earlier - earlier.mean()) ** 2).sum() if n else 0.0
        bet = start.target / (start.target + (squares + 0.25) / (n + 1))
        for x in values[end - length : end]:
            bets += bet
            won += bet * x
            paid += (-math.log(1 - bet) - bet) * (x - guess) ** 2
    return won / bets, (math.log(2 / start.miss) + paid) / bets


@pytest.mark.parametrize("width", [1.0, 4.0])
def test_stretches_give_the_sums_of_the_theorem(width: float) -> None:
    values = np.random.default_rng(7).beta(2, 5, 5000)
    lengths = [100, 1, 399, 2500, 2000]
    found = start = ConfidenceSequence(width, 1e-6, 0.01 * width)
    low, high = 0.0, 1.0
    for k, end in enumerate(np.cumsum(lengths)):
        stretch = width * values[end - lengths[k] : end]
        cut = len(stretch) // 3
        found = found.after(Moments.of(stretch[:cut]) + Moments.of(stretch[cut:]))
        unit = ConfidenceSequence(1.0, 1e-6, 0.01)
        centre, radius = by_the_theorem(values, lengths[: k + 1], unit)
        low, high = max(low, centre - radius), min(high, centre + radius)
        assert found.interval == pytest.approx((width * low, width * high), rel=1e-10)
        assert found.radius(1e-6) == pytest.approx(width * radius, rel=1e-10)
    assert start.interval == (0.0, width)


def test_an_event_is_a_value_of_0_or_1() -> None:
    happened = np.random.default_rng(8).random(1000) < 0.3
    one = other = ConfidenceSequence(1.0, 1e-6, 0.01)
    for part in np.split(happened, 4):
        one, other = one.after(Count.of(part)), other.after(Moments.of(part))
    assert one.interval == pytest.approx(other.interval, rel=1e-12)


def sequence_misses(sizes: np.ndarray, hits: np.ndarray, truth: float) -> bool:
    found = ConfidenceSequence(1.0, MISS, 0.02)
    for n, h in zip(sizes.tolist(), hits.tolist(), strict=True):
        found = found.after(Count(n, 0, h))
    low, high = found.interval
    return not low <= truth <= high


def peeking_misses(sizes: np.ndarray, hits: np.ndarray, truth: float) -> bool:
    """Clopper and Pearson's interval for a number of trials fixed in advance, at every look."""
    n, h = np.cumsum(sizes), np.cumsum(hits)
    low = np.where(h > 0, stats.beta.ppf(MISS / 2, h, n - h + 1), 0.0)
    high = np.where(h < n, stats.beta.isf(MISS / 2, h + 1, n - h), 1.0)
    return bool(((truth < low) | (truth > high)).any())


def assert_covers_at_all_looks(misses: Looking) -> None:
    """The adversary stops as soon as the truth is outside; false alarm 1e-6.

    Known truths from 0.001 to 0.999; stretches from 20 trials, a third longer at every other look.
    """
    rng = np.random.default_rng(13)
    truths = np.where(np.arange(PROBLEMS) % 2, rng.random(PROBLEMS), 10 ** rng.uniform(-3, 0, 1000))
    sizes = (20 * 1.15 ** np.arange(LOOKS)).astype(int)
    missed = sum(misses(sizes, rng.binomial(sizes, truth), float(truth)) for truth in truths)
    assert missed <= ALLOWED


def test_the_sequence_covers_wherever_an_adversary_stops() -> None:
    assert_covers_at_all_looks(sequence_misses)


def test_peeking_with_an_interval_for_fixed_n_is_noticed() -> None:
    """The twin: valid at each look, not at all of them. It misses several times too often."""
    with pytest.raises(AssertionError):
        assert_covers_at_all_looks(peeking_misses)


def test_a_sequence_that_pays_nothing_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: the interval without its sum of squares."""
    monkeypatch.setattr(confidence_sequence, "penalty", lambda bet: 0.0)
    with pytest.raises(AssertionError):
        assert_covers_at_all_looks(sequence_misses)


def test_a_constant_interval_is_noticed() -> None:
    """The twin: an estimate that does not depend on the sample."""
    with pytest.raises(AssertionError):
        assert_covers_at_all_looks(lambda sizes, hits, truth: not 0.2 <= truth <= 0.8)


def test_p_values_at_a_random_stopping_time_are_seldom_small() -> None:
    """Stopped when the evidence is strongest among ten looks decided by an optimist: P(p ≤ x) ≤ x.

    1000 samples, false alarm 1e-6 at each level.
    """
    rng = np.random.default_rng(19)
    smallest = []
    for _ in range(1000):
        found = ConfidenceSequence(1.0, 1e-3, 0.02)
        for _ in range(10):
            found = found.after(Moments.of(rng.beta(0.5, 1.5, 200)))
            if found.p_value(0.25, 0.25) <= 0.2:
                break
        smallest.append(found.p_value(0.25, 0.25))
    for level in (0.2, 0.05, 0.01):
        assert sum(p <= level for p in smallest) <= stats.binom.isf(1e-6, 1000, level)
    assert min(smallest) < 1


@pytest.mark.parametrize("length", [100, 8192, 131_072])
@pytest.mark.parametrize("p", [0.5, 0.1])
@pytest.mark.parametrize("target", [3e-3, 1e-3])
def test_it_stops_near_the_fewest_trials_that_can_do(p: float, length: int, target: float) -> None:
    """2 log(2/miss)σ²/ε² trials, those of a normal interval of that half-width; 10 % more, and the
    stretch in which it is reached and one for what the first did not know."""
    miss, rng = 1e-8, np.random.default_rng(length)
    found = ConfidenceSequence(1.0, miss, target)
    while not found.reached:
        found = found.after(Count(length, 0, int(rng.binomial(length, p))))
    fewest = 2 * math.log(2 / miss) * p * (1 - p) / target**2
    assert found.seen.trials <= 1.1 * fewest + 2 * length
    low, high = found.interval
    assert low <= p <= high
    assert found.half_width <= target


def test_a_rare_event_is_known_to_its_own_scale() -> None:
    """Nothing ever happens: about 2 log(2/miss)/ε trials will do, whatever the variance guessed."""
    found = ConfidenceSequence(1.0, 1e-8, 1e-4)
    while not found.reached:
        found = found.after(Count(10_000, 0, 0))
    assert found.seen.trials <= 3 * math.log(2e8) / 1e-4
    assert found.interval[0] == 0


def test_it_reads_back_from_json_exactly() -> None:
    start = ConfidenceSequence(3.0, 1e-8, 1e-3)
    found = start.after(Moments.of(np.random.default_rng(1).random(1000) / 3))
    for sequence in (start, found, found.after(Moments(0, 2, 0.0, 0.0))):
        saved = json.loads(json.dumps(sequence.to_json(), allow_nan=False))
        assert ConfidenceSequence.from_json(saved) == sequence
    with pytest.raises(ValueError, match="not a confidence sequence"):
        ConfidenceSequence.from_json({"width": 1.0})


@pytest.mark.parametrize(
    ("width", "miss", "target"),
    [(0.0, 0.1, 0.1), (math.inf, 0.1, 0.1), (1.0, 0.0, 0.1), (1.0, 1.0, 0.1), (1.0, 0.1, 0.0),
     (1.0, 0.1, math.inf), (1.0, 0.1, math.nan)],
)  # fmt: skip
def test_what_is_no_sequence_is_refused(width: float, miss: float, target: float) -> None:
    with pytest.raises(ValueError, match="no sequence"):
        ConfidenceSequence(width, miss, target)


def stopped(check: Mean | Probability, mean: float, target: float = 0.01) -> ConfidenceSequence:
    """A sequence on values of two kinds, stopped at its target."""
    width = check.width
    found = check.sequence(1e-8, target)
    while not found.reached:
        found = found.after(Moments(1000, 0, mean, 1000 * mean * (width - mean)))
    return found


@pytest.mark.parametrize(
    "check",
    [Probability(lambda: (0.3, 0.3)), Mean(lambda: (0.3, 0.3), width=2.0)],
    ids=lambda check: type(check).__name__,
)
def test_a_stopped_sequence_is_judged(check: Mean | Probability) -> None:
    for mean, expected in ((0.3, "consistent"), (0.27, "contradicted"), (0.33, "contradicted")):
        found = stopped(check, mean)
        outcome = check.judge_sequence(found, found.seen.trials)
        assert outcome.verdict == expected
        assert (outcome.distance > outcome.threshold) == (expected == "contradicted")
        assert outcome.threshold == found.half_width <= 0.01
        assert outcome.p_value is not None
        assert (outcome.p_value <= 1e-8) == (expected == "contradicted")
        assert outcome.detectable is not None
        assert outcome.threshold <= outcome.detectable <= 0.025
        assert check.judge_sequence(found, found.seen.trials + 1).verdict == "inconclusive"
        spoilt = found.after(Moments(0, 1, 0.0, 0.0))
        assert check.judge_sequence(spoilt, found.seen.trials + 1).verdict == "inconclusive"
    untried = check.judge_sequence(check.sequence(1e-8, 0.1), 10)
    assert (untried.verdict, untried.p_value) == ("inconclusive", None)


def test_the_range_of_a_law_and_its_reach() -> None:
    check = Mean(lambda: (0.2, 0.4), width=1.0, reach=0.9)
    cases = {
        0.1: "contradicted", 0.3: "inconclusive", 0.37: "consistent", 0.4: "consistent",
        0.5: "contradicted",
    }  # fmt: skip
    for mean, expected in cases.items():
        found = stopped(check, mean)
        outcome = check.judge_sequence(found, found.seen.trials)
        assert outcome.verdict == expected
        gap = max(0.2 - mean, mean - 0.4, 0.0)
        assert outcome.distance == pytest.approx(gap, abs=1e-12)


@pytest.mark.parametrize("target", [0.5, 1.0, 1e18])
def test_whoever_asks_for_nothing_still_gets_a_trial(target: float) -> None:
    """Before the first trial the interval is already as narrow as a target of half the width."""
    start = ConfidenceSequence(1.0, 1e-8, target)
    assert not start.reached
    found = start.after(Count(1000, 0, 500))
    assert found.reached
    assert found.interval[0] <= 0.5 <= found.interval[1]
    assert not start.after(Moments(0, 5, 0.0, 0.0)).reached


def test_no_mean_explains_an_empty_interval() -> None:
    """Values of one mean first and of another then contradict every law."""
    check = Mean(lambda: (0.0, 1.0), width=1.0)
    found = check.sequence(1e-3, 0.01)
    for mean in (0.1, 0.9):
        for _ in range(300):
            found = found.after(Moments(1000, 0, mean, 1000 * mean * (1 - mean)))
    low, high = found.interval
    assert low > high
    assert check.judge_sequence(found, found.seen.trials).verdict == "contradicted"


def test_a_detectable_discrepancy_is_seen_200_times_out_of_200() -> None:
    """Each missed with probability 1e-6: false alarm 2e-4 of a seed that is fixed."""
    check, rng = Probability(lambda: (0.3, 0.3)), np.random.default_rng(31)
    for _ in range(200):
        sequences = [check.sequence(1e-6, 0.02)]
        while not sequences[-1].reached:
            sequences.append(sequences[-1].after(Count(500, 0, int(rng.binomial(500, 0.344)))))
        found = sequences[-1]
        outcome = check.judge_sequence(found, found.seen.trials)
        assert outcome.detectable is not None
        assert outcome.detectable <= 0.044
        assert outcome.verdict == "contradicted"
