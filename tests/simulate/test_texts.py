"""Random texts against counting fact by fact and against all texts in exact fractions."""

from __future__ import annotations

import itertools
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from simulate.ensembles.texts import PACK, Pack, Texts

UNEVEN = Pack((128, 64, 32, 31, 1))


def test_a_pack_has_its_shares() -> None:
    assert np.array_equal(np.bincount(UNEVEN.faces), UNEVEN.cards)
    assert UNEVEN.shares.tolist() == [card / PACK for card in UNEVEN.cards]
    assert Pack.even(4).cards == (64,) * 4


@pytest.mark.parametrize("cards", [(255,), (256, 0), (100, 100)])
def test_a_pack_of_other_cards_is_refused(cards: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="256 cards"):
        Pack(cards)


def test_draws_follow_the_shares() -> None:
    """A chi-squared test with a false-alarm probability of 1e-6."""
    drawn = UNEVEN.draw(np.random.default_rng(0), 100, 2000)
    counts = np.bincount(drawn.ravel())
    assert drawn.shape == (100, 2000)
    assert stats.chisquare(counts, UNEVEN.shares * counts.sum()).pvalue > 1e-6


def test_facts_are_counted_as_by_hand() -> None:
    texts = Texts(UNEVEN, 7)
    times = texts.times(np.random.default_rng(1), 300)
    text = UNEVEN.draw(np.random.default_rng(1), 7, 300)
    G, M = texts.singletons(times), texts.missing(times)
    for trial in range(300):
        told = Counter(text[:, trial].tolist())
        assert G[trial] == sum(count == 1 for count in told.values()) / 7
        assert M[trial] == sum(p for i, p in enumerate(UNEVEN.shares) if i not in told)


@pytest.mark.parametrize("draws", [1, 2, 4])
def test_means_agree_with_all_texts(draws: int) -> None:
    texts = Texts(UNEVEN, draws)
    shares = [Fraction(card, PACK) for card in UNEVEN.cards]
    G = M = Fraction(0)
    for text in itertools.product(range(len(shares)), repeat=draws):
        chance = Fraction(1)
        for fact in text:
            chance *= shares[fact]
        G += chance * Fraction(sum(text.count(fact) == 1 for fact in text), draws)
        M += chance * sum(p for fact, p in enumerate(shares) if fact not in text)
    assert texts.mean_singletons == pytest.approx(float(G), rel=1e-14)
    assert texts.mean_missing == pytest.approx(float(M), rel=1e-14)
