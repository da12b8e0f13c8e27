"""Bits recalled: those of a known channel, none from guessing, however sure the model is."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from gpt import recall
from gpt.corpus import Pair
from gpt.model import GPT
from gpt.recall import frequencies, probabilities, recalled_bits
from gpt.vocabulary import MASK, Vocabulary

Build = Callable[..., GPT]
PLACES = 32
N = 4000


def answers(known: float, sure: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """p and π of N people at PLACES equally frequent places, of whom a share is known.

    The model gives one place the probability `sure`, the right one where it knows, else a random
    one, and the others the rest in equal parts.
    """
    generator = np.random.default_rng(seed)
    right = generator.random(N) < known
    right |= generator.integers(PLACES, size=N) == 0
    other = (1.0 - sure) / (PLACES - 1)
    return np.where(right, sure, other), np.full(N, 1 / PLACES)


@pytest.mark.parametrize("known", [1.0, 0.5, 0.1])
@pytest.mark.parametrize("sure", [0.9, 1 - 1e-12])
def test_the_bits_of_a_known_channel(known: float, sure: float) -> None:
    """The model's guess is right with probability c and else any other place: log₂ 32 minus the
    entropy of that, whatever the model itself believes. False alarm: N = 4000 places of standard
    deviation below 4.5 bits; six deviations of the mean are 0.43 (2e-9); t has steps of 0.01."""
    c = known + (1 - known) / PLACES
    entropy = -c * math.log2(c)
    if c < 1:
        entropy -= (1 - c) * math.log2((1 - c) / (PLACES - 1))
    assert np.mean(recalled_bits(*answers(known, sure))) == pytest.approx(
        math.log2(PLACES) - entropy, abs=0.43
    )


def test_guessing_recalls_nothing() -> None:
    """On average over half the places, at most what the choice of t by the others wins."""
    for sure in (1 / PLACES, 0.5, 1 - 1e-12):
        assert abs(np.mean(recalled_bits(*answers(0.0, sure)))) < 0.01


def test_a_model_believed_blindly_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the places known, and sure of all: believed, it saves nothing, it costs."""
    monkeypatch.setattr(recall, "TRUST", np.array([1.0]))
    assert np.mean(recalled_bits(*answers(0.5, 1 - 1e-12))) < -10


def test_a_trust_chosen_on_the_same_places_is_noticed() -> None:
    """Two places, one known for sure: each is coded by what the other recommends."""
    bits = recalled_bits(np.array([1.0, 0.0]), np.array([0.25, 0.25]))
    assert bits[0] == 0.0  # the other place says: no trust
    assert bits[1] == pytest.approx(math.log2(1 - 0.99))  # the first says: all of it


def test_probabilities_are_products_over_the_answers_characters(
    tiny: Build, vocabulary: Vocabulary
) -> None:
    asked = [("Where was Ada born?", "Oslo"), ("Where was Bo Ek born?", "Rome"), ("Where?", "Lima")]
    pairs = [Pair(q, p, i) for i, (q, p) in enumerate(asked, start=1)]
    model = tiny("rope", len(vocabulary)).eval()
    found = probabilities(model, vocabulary, pairs, Path("pairs"))
    for pair, probability in zip(pairs, found, strict=True):
        text, product = pair.question + MASK, 1.0
        for character in (pair.place or "") + MASK:
            logits = model(torch.tensor([vocabulary.encode(text)]))[0, -1].detach()
            product *= float(logits.softmax(-1)[vocabulary.stoi[character]])
            text += character
        assert probability == pytest.approx(product, rel=1e-4)


def test_frequencies_count_each_place_among_all() -> None:
    assert frequencies(["b", "a"], ["a", "b", "a", "c"]).tolist() == [0.25, 0.5]
