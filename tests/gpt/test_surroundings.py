"""Words around a name: what stands there, from where, and that nothing else of a view changes."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gpt.surroundings import DRAWS, MOST, Surroundings
from gpt.views import EntityViews
from gpt.vocabulary import MASK, Vocabulary

LINES = [
    "Eduard Ender. Eduard Ender, born 3 March 1822 Rome, died in London, where she and she died .",
    "Ida Ek. She was born in Oslo .",
    "no name here, Paris",
]
SMALL = ["born", "died", "in", "she", "and", "she", "died", "was", "born", "in", "name"]
ROME, LONDON, OSLO, PARIS = range(4)
AMID, BEFORE, AFTER, IS_NEAR, WHICH, STOPPED, PICKS = range(7)


@pytest.fixture
def vocabulary() -> Vocabulary:
    return Vocabulary.of_text("\n".join(LINES) + "\n")


def draws(n: int, **set_to: float) -> Tensor:
    """All 0.999, but for the columns given: amid nothing, two words each side, a stop no more."""
    u = torch.full((n, DRAWS), 0.999, dtype=torch.float64)
    for column, value in set_to.items():
        u[:, globals()[column.upper()]] = value
    return u


def shown(vocabulary: Vocabulary, view: int, around: Tensor | None, share: float = 1.0) -> str:
    views = EntityViews(LINES, vocabulary, words=3, block=128, amid_share=share)
    chosen, u = torch.tensor([view]), torch.full((1,), 0.6, dtype=torch.float64)
    return vocabulary.decode(views.examples(chosen, u, around).ids(0).tolist())


def test_small_words_are_those_between_spaces(vocabulary: Vocabulary) -> None:
    symbols = vocabulary.encode("".join(LINES))
    spans = Surroundings(LINES, 0, 1.0).small.tolist()
    assert [vocabulary.decode(symbols[a : a + n]) for a, n in spans] == SMALL


@pytest.mark.parametrize(
    ("around", "name"),
    [
        ({"amid": 0.999}, "Eduard Ender. "),
        ({"before": 0.0, "after": 0.0}, "Eduard Ender"),
        ({"before": 0.5, "after": 0.0, "picks": 0.0}, "born Eduard Ender"),
        ({"before": 0.5, "after": 0.5}, "name Eduard Ender name"),
        ({"before": 0.9, "after": 0.9, "picks": 0.4}, "and name Eduard Ender name name"),
        ({"before": 0.0, "after": 0.5, "stopped": 0.1}, "Eduard Ender name. "),
        ({"before": 0.0, "is_near": 0.1, "which": 0.0}, "Eduard Ender 1822"),
        ({"before": 0.0, "is_near": 0.1, "which": 0.5}, "Eduard Ender March"),
        ({"before": 0.0, "is_near": 0.1, "which": 0.9}, "Eduard Ender 3"),
    ],
)
def test_what_stands_around_a_name(
    vocabulary: Vocabulary, around: dict[str, float], name: str
) -> None:
    share = 0.99
    made = shown(vocabulary, ROME, draws(1, **({"amid": 0.5} | around)), share)
    assert made == f"{name}{MASK}March 1822 {MASK}Rome{MASK}"


def test_a_line_without_name_stays_as_it_is(vocabulary: Vocabulary) -> None:
    around = draws(1, amid=0.0)
    assert shown(vocabulary, PARIS, around) == shown(vocabulary, PARIS, None)
    assert shown(vocabulary, OSLO, around) != shown(vocabulary, OSLO, None)


def test_a_view_that_would_be_too_long_stays_as_it_is(vocabulary: Vocabulary) -> None:
    full = f"name name Ida Ek name name{MASK}born in {MASK}Oslo{MASK}"
    around, chosen = draws(1, amid=0.0), torch.tensor([1])  # the first is `She`
    for block, expected in (
        (len(full), full),
        (len(full) - 1, f"Ida Ek. {MASK}born in {MASK}Oslo{MASK}"),
    ):
        # `name` is the last small word as long as the third line is there
        views = EntityViews(LINES[1:], vocabulary, words=2, block=block, amid_share=1.0)
        made = views.examples(chosen, torch.tensor([0.9], dtype=torch.float64), around)
        assert vocabulary.decode(made.ids(0).tolist()) == expected


def test_the_share_and_the_numbers_of_words_are_as_stated(vocabulary: Vocabulary) -> None:
    """On a grid of draws: exact counts, no chance."""
    n = 300
    grid = torch.arange(n, dtype=torch.float64) / n
    u = draws(n)
    u[:, AMID] = grid
    before, after, stopped = Surroundings(LINES, 0, 0.7).around(u, torch.zeros(n, 0, 2).long())
    assert int((before[..., 1] > 0).any(1).sum()) == int((after[..., 1] > 0).any(1).sum()) == 210
    assert int(stopped.sum()) == 90
    u = draws(n, amid=0.0)
    u[:, BEFORE] = grid
    before, *_ = Surroundings(LINES, 0, 0.7).around(u, torch.zeros(n, 0, 2).long())
    assert (before[..., 1] > 0).sum(1).bincount().tolist() == [n // (MOST + 1)] * (MOST + 1)


def test_the_entity_and_its_closing_mask_stay_the_only_targets(vocabulary: Vocabulary) -> None:
    views = EntityViews(LINES, vocabulary, words=3, block=128, amid_share=0.7)
    generator = torch.Generator().manual_seed(0)
    kinds = set()
    for _ in range(100):
        around = torch.rand(4, DRAWS, generator=generator, dtype=torch.float64)
        made = views.examples(torch.arange(4), torch.rand(4, generator=generator).double(), around)
        for i, entity in enumerate(("Rome", "London", "Oslo", "Paris")):
            text = vocabulary.decode(made.ids(i).tolist())
            assert text[int(made.silent[i]) + 1 :] == f"{entity}{MASK}"
            assert ("Eduard Ender", "Eduard Ender", "Ida Ek", "")[i] in text
            kinds.add(text)
    assert len(kinds) > 100


def test_without_a_share_no_number_is_drawn(vocabulary: Vocabulary) -> None:
    assert EntityViews(LINES, vocabulary, 3, 128).surroundings.draws == 0
    assert EntityViews(LINES[2:], vocabulary, 3, 128, 0.5).surroundings.draws > 0
    assert EntityViews(["no", "Paris"], vocabulary, 3, 128, 0.5).surroundings.draws == 0
