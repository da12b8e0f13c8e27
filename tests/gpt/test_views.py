"""Views of entities: what they show, that every line is treated alike, and who is not in them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gpt.batches import TrainingData, batches
from gpt.corpus import read_documents, read_pairs
from gpt.dataset import CharCorruptionDataset
from gpt.examples import training_data
from gpt.recipe import BEST
from gpt.views import EntityViews, body, entities
from gpt.vocabulary import MASK, PAD_ID, Vocabulary

LINES = [
    "Eduard Ender. Eduard Ender, born 3 March 1822 Rome, died in London where she died .",
    "A. G. E. Blake. In the city of New York, Blake was born in January; she and she .",
    "Ida Ek. She was born in Oslo .",
    "no name here, but Paris",
]
WORDS = 3
OFTEN = frozenset({"In", "She"})


@pytest.fixture
def vocabulary() -> Vocabulary:
    return Vocabulary.of_text("\n".join(LINES) + "\n")


@pytest.fixture
def views(vocabulary: Vocabulary) -> EntityViews:
    return EntityViews(LINES, vocabulary, WORDS, block=128)


def shown(views: EntityViews, vocabulary: Vocabulary, u: float) -> list[str]:
    n = len(views)
    made = views.examples(torch.arange(n), torch.full((n,), u, dtype=torch.float64))
    return [vocabulary.decode(made.ids(i).tolist()) for i in range(n)]


def found(line: str, often: frozenset[str] = OFTEN) -> list[str]:
    return [line[a:b] for a, b in entities(line, body(line), often)]


def test_the_name_ends_at_the_first_stop_that_follows_no_initial() -> None:
    names = ["Eduard Ender. ", "A. G. E. Blake. ", "Ida Ek. ", ""]
    assert [line[: body(line)] for line in LINES] == names


def test_entities_are_runs_of_capitalised_words_but_the_name_and_months() -> None:
    places = [["Rome", "London"], ["New York"], ["Oslo"], ["Paris"]]
    assert [found(line) for line in LINES] == places
    assert found(LINES[2], often=frozenset()) == ["She", "Oslo"]


def test_words_more_often_written_small_are_no_entities(vocabulary: Vocabulary) -> None:
    assert len(EntityViews(LINES, vocabulary, WORDS, 128)) == 5
    assert len(EntityViews(LINES[2:3], vocabulary, WORDS, 128)) == 2  # `She` is common no more


@pytest.mark.parametrize(
    ("u", "before"),
    [
        (0.0, ["", "", "", "", ""]),
        (0.25, ["1822 ", "in ", "of ", "in ", "but "]),
        (0.6, ["March 1822 ", "died in ", "city of ", "born in ", "here, but "]),
        (
            0.9,
            ["3 March 1822 ", "Rome, died in ", "the city of ", "was born in ", "name here, but "],
        ),
    ],
)
def test_the_words_before_an_entity(
    views: EntityViews, vocabulary: Vocabulary, u: float, before: list[str]
) -> None:
    names = ["Eduard Ender. "] * 2 + ["A. G. E. Blake. ", "Ida Ek. ", ""]
    places = ["Rome", "London", "New York", "Oslo", "Paris"]
    assert shown(views, vocabulary, u) == [
        f"{name}{MASK}{words}{MASK}{place}{MASK}"
        for name, words, place in zip(names, before, places, strict=True)
    ]


def test_only_the_entity_and_its_closing_mask_are_targets(
    vocabulary: Vocabulary, views: EntityViews
) -> None:
    corruption = CharCorruptionDataset("\n".join(LINES) + "\n")
    data = TrainingData(corruption, None, views=views, document_share=0.0)
    assert len(data) == len(views)
    made = [row for batch in batches(data, 2, 128, True, 0, 0) for row in batch.y]
    targets = sorted(vocabulary.decode(y[y != PAD_ID].tolist()) for y in made)
    assert targets == sorted(f"{p}{MASK}" for p in ("Rome", "London", "New York", "Oslo", "Paris"))


def test_every_number_of_words_is_as_likely(views: EntityViews) -> None:
    """u decides alone: the quarters of [0, 1) show 0, 1, 2 and 3 words."""
    u = torch.arange(400, dtype=torch.float64) / 400
    made = views.examples(torch.zeros(400, dtype=torch.long), u)
    assert made.sizes.unique(return_counts=True)[1].tolist() == [100] * (WORDS + 1)


def test_where_dates_are_left_out_the_words_around_them_are_shown(vocabulary: Vocabulary) -> None:
    undated = EntityViews(LINES, vocabulary, WORDS, 128, undated_share=1.0)
    assert shown(undated, vocabulary, 0.9) == [
        f"Eduard Ender. {MASK}Eduard Ender, born {MASK}Rome{MASK}",
        f"Eduard Ender. {MASK}Rome, died in {MASK}London{MASK}",
        f"A. G. E. Blake. {MASK}the city of {MASK}New York{MASK}",
        f"Ida Ek. {MASK}was born in {MASK}Oslo{MASK}",
        f"{MASK}name here, but {MASK}Paris{MASK}",
    ]
    assert shown(undated, vocabulary, 0.25)[0] == f"Eduard Ender. {MASK}born {MASK}Rome{MASK}"


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("Ek (3 March 1822 ", "Ek ("),  # the bracket of a date stays
        ("Ek (born 1822, ", "Ek (born "),
        ("Ek, b. March 1822 in ", "Ek, b. in "),
        ("Ek (5th) Mayor of ", "Ek (Mayor of "),  # a month is a whole word
    ],
)
def test_words_with_a_digit_or_a_month_are_dates(words: str, left: str) -> None:
    line = f"Ida Ek. {words}Oslo ."
    vocabulary = Vocabulary.of_text(line)
    undated = EntityViews([line], vocabulary, 4, 128, undated_share=1.0)
    at_oslo = shown(undated, vocabulary, 0.99)[-1]
    assert at_oslo == f"Ida Ek. {MASK}{left}{MASK}Oslo{MASK}"


def test_the_share_of_views_without_dates_whatever_is_shown(vocabulary: Vocabulary) -> None:
    """Of each number of words, every other view leaves out the date; the rest are as before."""
    half = EntityViews(LINES, vocabulary, WORDS, 128, undated_share=0.5)
    all_dated = EntityViews(LINES, vocabulary, WORDS, 128)
    u = torch.arange(400, dtype=torch.float64) / 400
    first = torch.zeros(400, dtype=torch.long)
    texts, dated = (
        [vocabulary.decode(made.ids(i).tolist()) for i in range(400)]
        for made in (half.examples(first, u), all_dated.examples(first, u))
    )
    for number in range(1, WORDS + 1):
        quarter = slice(100 * number, 100 * (number + 1))
        assert sum("1822" in text for text in texts[quarter]) == 50
        assert sum("1822" in text for text in dated[quarter]) == 100
    assert {t for t in texts if "1822" in t} == {t for t in dated if "1822" in t}


def test_the_words_near_a_name_leave_out_dates_with_the_view(vocabulary: Vocabulary) -> None:
    """Each view has `born` after the name with probability 1/6: none of 200 has it in 1e-16."""
    undated = EntityViews(LINES, vocabulary, WORDS, 128, amid_share=1.0, undated_share=1.0)
    n = 200
    u = torch.linspace(0, 0.999, n, dtype=torch.float64)
    around = torch.rand(n, undated.surroundings.draws, dtype=torch.float64)
    made = undated.examples(torch.zeros(n, dtype=torch.long), u, around)
    texts = [vocabulary.decode(made.ids(i).tolist()) for i in range(n)]
    assert any("Ender born" in text.split(MASK)[0] for text in texts)
    assert not any("1822" in text or "March" in text for text in texts)


def test_a_view_that_is_too_long_without_dates_is_left_out() -> None:
    lines = ["Ida Ek. hitherto unknown (5 May 1822 Oslo ."]
    vocabulary = Vocabulary.of_text(lines[0])
    size = len(f"Ida Ek. {MASK}hitherto unknown ({MASK}Oslo{MASK}")
    made = [EntityViews(lines, vocabulary, WORDS, size - d, undated_share=0.5) for d in (0, 1)]
    assert [len(views) for views in made] == [1, 0]
    assert len(EntityViews(lines, vocabulary, WORDS, size - 1)) == 1


def test_a_view_beyond_the_block_is_left_out(vocabulary: Vocabulary) -> None:
    size = len(f"Ida Ek. {MASK}was born in {MASK}Oslo{MASK}")
    lines = [LINES[2], "she and she"]
    assert len(EntityViews(lines, vocabulary, WORDS, size)) == 1
    assert len(EntityViews(lines, vocabulary, WORDS, size - 1)) == 0


def test_a_text_without_entities_leaves_the_documents_alone(vocabulary: Vocabulary) -> None:
    lines = ["no name here", "she and she"]
    none = EntityViews(lines, vocabulary, WORDS, 128)
    assert len(none) == 0
    corruption = CharCorruptionDataset("\n".join(LINES) + "\n")
    with_none, without = (TrainingData(corruption, None, views=v) for v in (none, None))
    for one, other in zip(
        batches(with_none, 2, 128, True, 0, 0), batches(without, 2, 128, True, 0, 0), strict=True
    ):
        assert torch.equal(one.x, other.x)
        assert torch.equal(one.y, other.y)


def test_all_lines_are_treated_alike(vocabulary: Vocabulary) -> None:
    """A line's views are its own, wherever it stands."""
    moved = EntityViews([LINES[i] for i in (2, 0, 3, 1)], vocabulary, WORDS, 128)
    here = EntityViews(LINES, vocabulary, WORDS, 128)
    for u in (0.0, 0.3, 0.6, 0.9):
        assert sorted(shown(moved, vocabulary, u)) == sorted(shown(here, vocabulary, u))


# ------------------------------------------------------------------------------ fair play


def trained_texts(folder: Path) -> tuple[set[str], list[str]]:
    """All that the recipe pretrains on in two epochs, and the questions of the evaluation."""
    text = read_documents(folder / "wiki.txt")
    source = folder / "birth_places_train.tsv"
    vocabulary = Vocabulary.of_text(text)
    data = training_data("pretrain", BEST, text, vocabulary, read_pairs(source), source, seed=0)
    made = (data.examples(0, epoch) for epoch in (0, 1))
    texts = {
        vocabulary.decode(examples.ids(i).tolist())
        for examples in made
        for i in range(len(examples))
    }
    return texts, [pair.question for pair in read_pairs(folder / "birth_dev.tsv")]


def test_the_best_recipe_pretrains_on_no_question_of_the_evaluation(practical: Path) -> None:
    texts, questions = trained_texts(practical)
    assert len(texts) > 10_000
    assert not any("where was" in text.lower() and " born" in text for text in texts)
    assert not any(question in text for question in questions for text in texts)
