"""Span corruption: its format, and the law of its lengths and starts.

The tests of a law use SAMPLES draws with a fixed seed and reject at p < 1e-6: so rarely would
another seed raise a false alarm. Each must reject a sampler that differs from ours in one detail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gpt.corpus import read_documents
from gpt.dataset import CharCorruptionDataset
from gpt.vocabulary import MASK, MASK_ID, PAD, PAD_ID

FALSE_ALARM = 1e-6
SAMPLES = 20_000
LONGEST = 112  # 7/8 of the block of 128
ALPHABET = "abcdefghijklmnopqrstuvwxyz"
UNIFORM = st.floats(0, 1, exclude_max=True)

Ids = np.ndarray
Corrupt = Callable[[np.ndarray], Ids]


class Span(NamedTuple):
    """What a corrupted document tells: its length without the two MASK, the masked span."""

    length: int
    masked: int
    start: int


def span(ids: Ids) -> Span:
    prefix, suffix, masked = split(ids)
    return Span(len(prefix) + len(suffix) + len(masked), len(masked), len(prefix))


def split(ids: Ids) -> tuple[list[int], list[int], list[int]]:
    first, second = np.flatnonzero(ids == MASK_ID)[:2]
    return ids[:first].tolist(), ids[first + 1 : second].tolist(), ids[second + 1 :].tolist()


def dataset(length: int = 300, **options: bool) -> CharCorruptionDataset:
    return CharCorruptionDataset((ALPHABET * 12)[:length] + "\n", **options)


DRAWS = np.random.default_rng(5).random((SAMPLES, 4))


def sample(corrupt: Corrupt) -> Iterator[Span]:
    for u in DRAWS:
        yield span(corrupt(u))


def ours(length: int = 300, **options: bool) -> Corrupt:
    """The data set's corruptions, all of DRAWS made at once."""
    examples = dataset(length, **options).examples(
        torch.zeros(SAMPLES, dtype=torch.long), torch.from_numpy(DRAWS)
    )
    rows = examples.rows(torch.arange(SAMPLES), int(examples.sizes.max())).numpy()
    ids = (row[:size] for row, size in zip(rows, examples.sizes.tolist(), strict=True))
    return lambda u: next(ids)


def twin(length: int, masked: int, start: int) -> Ids:
    """The corruption of a long document with the lengths that a wrong sampler chose."""
    letters = np.arange(2, 2 + length)
    masked_part = letters[start : start + masked]
    mask = [MASK_ID]
    return np.concatenate((letters[:start], mask, letters[start + masked :], mask, masked_part))


def rejects(observed: list[int], probabilities: list[float]) -> bool:
    """Whether the chi-square test rejects counts of a discrete law."""
    expected = SAMPLES * np.array(probabilities)
    return bool(stats.chisquare(observed, expected, sum_check=True).pvalue < FALSE_ALARM)


# ------------------------------------------------------------------------------- the format


@settings(deadline=None)
@given(document=st.text(ALPHABET, min_size=1, max_size=200), u=st.tuples(*[UNIFORM] * 4))
def test_putting_the_masked_part_back_gives_the_truncated_document(
    document: str, u: tuple[float, ...]
) -> None:
    data = CharCorruptionDataset(document)
    prefix, suffix, masked = split(data.corrupt(0, np.array(u)).numpy())
    restored = data.vocabulary.decode(prefix + masked + suffix)
    assert document.startswith(restored)
    assert min(4, len(document)) <= len(restored) <= min(LONGEST, len(document))
    assert len(masked) >= 1


def test_x_and_y_are_the_padded_string_without_its_ends() -> None:
    data = dataset()
    for _ in range(100):
        x, y = data[0]
        assert x.shape == y.shape == (127,)
        assert x[1:].tolist() == y[:-1].tolist()
        written = data.vocabulary.decode([*x.tolist(), int(y[-1])])
        content = written.rstrip(PAD)
        assert content.count(MASK) == 2
        assert 4 + 2 <= len(content) <= LONGEST + 2
        assert PAD not in content


def test_the_example_of_the_courses_docstring_is_one_of_ours() -> None:
    """`Jaco⁇enry ⁇b H⁇`, of the years with a closing MASK: 12 characters, 3 masked from the 4th."""
    data = CharCorruptionDataset("Jacob Henry Studer.\n", closing_mask=True)
    u = np.array([(12 - 4 + 0.5) / 109, 0.5, (3 - 1 + 0.5) / 5, (4 + 0.5) / 10])
    assert data.vocabulary.decode(data.corrupt(0, u).tolist()) == f"Jaco{MASK}enry {MASK}b H{MASK}"


def test_options_of_other_years() -> None:
    x, y = dataset(closing_mask=True)[0]
    content = x[x != PAD_ID].tolist()
    assert content.count(MASK_ID) == 3
    assert content[-1] == MASK_ID
    x, y = dataset(extra_position=True)[0]
    assert x.shape == y.shape == (128,)
    u = np.array([0.0, 0.3, 0.6, 0.9])
    assert span(dataset().corrupt(0, u).numpy()).length == 4
    assert span(dataset(whole_lines=True).corrupt(0, u).numpy()).length == LONGEST


@pytest.mark.parametrize("length", [1, 2, 3])
def test_documents_shorter_than_four_keep_their_length(length: int) -> None:
    data = dataset(length)
    spans = {span(data.corrupt(0, u).numpy()) for u in np.random.default_rng(0).random((500, 4))}
    starts = {s.start for s in spans}
    assert {(s.length, s.masked) for s in spans} == {(length, 1)}
    assert starts == set(range(length))


def test_an_empty_document_between_others_is_two_masks() -> None:
    data = CharCorruptionDataset("a\n\nb\n\n\n")
    assert len(data) == 3
    assert data.corrupt(1, np.full(4, 0.5)).tolist() == [MASK_ID, MASK_ID]


def test_the_same_seed_draws_the_same_corruptions() -> None:
    drawn = [[CharCorruptionDataset(ALPHABET * 5, seed=seed)[0][0].tolist()] for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_the_practicals_corpus_has_one_document_a_line(practical: Path) -> None:
    data = CharCorruptionDataset(read_documents(practical / "wiki.txt"))
    assert (len(data), data.vocab_size) == (2937, 256)


# ---------------------------------------------------------------------------------- the law


def length_is_refused(corrupt: Corrupt) -> bool:
    """Every length from 4 to 112 has the same probability."""
    counts = np.bincount([s.length for s in sample(corrupt)], minlength=LONGEST + 1)
    assert len(counts) == LONGEST + 1
    assert counts[:4].sum() == 0
    return rejects(counts[4:].tolist(), [1 / 109] * 109)


def mean_is_refused(corrupt: Corrupt) -> bool:
    """A quarter is masked on average: a z-test of masked − length/4."""
    excess = np.array([s.masked - s.length / 4 for s in sample(corrupt)])
    return bool(stats.ttest_1samp(excess, 0.0).pvalue < FALSE_ALARM)


def masked_is_refused(corrupt: Corrupt, probabilities: list[float]) -> bool:
    """Masked lengths 1, 2, … of one truncated length have these probabilities."""
    counts = np.bincount([s.masked for s in sample(corrupt)], minlength=len(probabilities) + 1)
    if len(counts) != len(probabilities) + 1:
        return True
    return rejects(counts[1:].tolist(), probabilities)


def start_is_refused(corrupt: Corrupt) -> bool:
    """Every start that leaves room for the span is as likely: 20 cells of the spread-out rank."""
    within = np.random.default_rng(6).random(SAMPLES)
    ranks = [
        (s.start + w) / (s.length - s.masked + 1)
        for s, w in zip(sample(corrupt), within, strict=True)
    ]
    return rejects(np.histogram(ranks, bins=20, range=(0, 1))[0].tolist(), [1 / 20] * 20)


def test_every_truncation_is_as_likely() -> None:
    assert not length_is_refused(ours())


def test_a_quarter_is_masked_on_average() -> None:
    assert not mean_is_refused(ours())


def test_masked_lengths_are_uniform_below_half() -> None:
    assert not masked_is_refused(ours(whole_lines=True), [1 / 55] * 55)
    # Of 7 characters half is 3 or 4, each with probability ½: uniform on 1, 2 or on 1, 2, 3.
    assert not masked_is_refused(ours(7, whole_lines=True), [5 / 12, 5 / 12, 1 / 6])


def test_every_start_is_as_likely() -> None:
    assert not start_is_refused(ours())


def length_of(u: float) -> int:
    return 4 + int(u * 109)


def test_truncation_that_never_reaches_112_is_rejected() -> None:
    short = [4 + int(u * 108) for u in (0.0, 0.999999)]
    assert short == [4, 111]
    assert length_is_refused(lambda u: twin(4 + int(u[0] * 108), 1, 0))
    assert not length_is_refused(lambda u: twin(length_of(u[0]), 1, 0))


def test_a_mask_of_fixed_length_is_rejected() -> None:
    assert masked_is_refused(lambda u: twin(112, 28, 0), [1 / 55] * 55)


def test_a_mask_up_to_half_the_length_is_rejected() -> None:
    def corrupt(u: np.ndarray) -> Ids:
        length = length_of(u[0])
        return twin(length, 1 + int(u[2] * (length // 2)), 0)

    assert mean_is_refused(corrupt)


def test_a_start_off_by_one_is_rejected() -> None:
    def corrupt(u: np.ndarray) -> Ids:
        length = length_of(u[0])
        masked = max(1, length // 4)
        return twin(length, masked, int(u[3] * (length - masked)))

    assert start_is_refused(corrupt)
