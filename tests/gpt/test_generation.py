"""Batched answers against the course's loop: one question at a time, one character at a time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from gpt import generation
from gpt.attention.cache import KeyValues
from gpt.batches import TrainingData
from gpt.corpus import Pair
from gpt.dataset import NameDataset
from gpt.generation import ANSWER_LENGTH, Answer, Pace, answer, greedy
from gpt.model import GPT
from gpt.partings import partings
from gpt.recipe import PRACTICAL, Stage
from gpt.training.trainer import train
from gpt.vocabulary import MASK, MASK_ID, Vocabulary
from reports.record import InputError

Build = Callable[..., GPT]
QUESTIONS = ["W", "Where was Bo born?", "born " * 20 + "?", "Where?", "Ada in Oslo", "W" * 60]
BABBLE = [f"{a} in {b}" for a in ("Ada", "Bo", "Cy", "Di", "Ed") for b in ("Oslo", "Rome", "1901")]
SEED = 11
TRAINED = [("Where was Bo born?", "Oslo"), ("Where?", "Rome"), ("W", "L" * 31), ("Ada", "")]


@torch.no_grad()
def course_answer(model: GPT, vocabulary: Vocabulary, question: str) -> Answer:
    """The course's `sample` for 32 steps, then the text between the first two MASK.

    Where the course would drop the beginning of a question that fills the block, we stop.
    """
    ids = vocabulary.encode(question + MASK)
    start = len(ids)
    probability = 1.0
    for _ in range(32):
        if len(ids) == model.config.block_size:
            break
        probabilities = model(torch.tensor([ids]))[0, -1].double().softmax(-1)
        best = int(probabilities.argmax())
        if MASK_ID not in ids[start:]:
            probability *= float(probabilities[best])
        ids.append(best)
    completion = vocabulary.decode(ids)
    text = completion.split(MASK)[1].replace("\n", " ")
    return Answer(text, probability, MASK_ID in ids[start:])


def agree(found: list[Answer], wanted: list[Answer]) -> None:
    assert [(a.text, a.finished) for a in found] == [(a.text, a.finished) for a in wanted]
    for a, b in zip(found, wanted, strict=True):
        assert math.isclose(a.probability, b.probability, rel_tol=1e-9, abs_tol=1e-300)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("variant", ["vanilla", "rope"])
def test_a_random_models_answers_are_those_of_the_courses_loop(
    tiny: Build, vocabulary: Vocabulary, variant: str, seed: int
) -> None:
    model = tiny(variant, len(vocabulary), seed=seed).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(20.0)  # a fresh model repeats one character for ever
    model.eval()
    wanted = [course_answer(model, vocabulary, question) for question in QUESTIONS]
    assert len({a.text for a in wanted}) > 2
    for batch_size in (1, 4, 128):
        agree(answer(model, vocabulary, QUESTIONS, batch_size), wanted)


@pytest.mark.parametrize("variant", ["vanilla", "rope"])
def test_a_trained_models_answers_are_those_of_the_courses_loop(
    tiny: Build, vocabulary: Vocabulary, variant: str
) -> None:
    """One answer of 31 characters and its MASK, one empty, two ordinary, and unseen questions."""
    model = tiny(variant, len(vocabulary), width=32)
    pairs = [Pair(q, p, i) for i, (q, p) in enumerate(TRAINED, start=1)]
    data = TrainingData(None, NameDataset(vocabulary, pairs))
    recipe = replace(PRACTICAL, schedule="linear", dropout=0.0)
    train(model, data, recipe, Stage(150, 4, 0.01), 1, 0, torch.device("cpu"), "fp32")
    model.double().eval()
    questions = QUESTIONS + [question for question, _ in TRAINED]
    found = answer(model, vocabulary, questions)
    agree(found, [course_answer(model, vocabulary, question) for question in questions])
    learned = found[len(QUESTIONS) :]
    assert [a.text for a in learned] == [place for _, place in TRAINED]
    assert all(a.finished and a.probability > 0.3 for a in learned)


def favour(model: GPT, *ids: int) -> GPT:
    """A model that says `ids` in turn, one a position from the first on, the last for ever."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.norm.weight.fill_(1.0)
        for position in range(model.config.block_size):
            model.positions[position, min(position, len(ids) - 1)] = 1.0
        for index, symbol in enumerate(ids):
            model.head.weight[symbol, index] = 9.0
    return model


def test_an_answer_that_never_ends_has_32_characters(tiny: Build, vocabulary: Vocabulary) -> None:
    model = favour(tiny("vanilla", len(vocabulary)), vocabulary.stoi["a"])
    (found,) = answer(model, vocabulary, ["Where?"])
    assert found.text == "a" * ANSWER_LENGTH == "a" * 32
    assert not found.finished


@pytest.mark.parametrize(("room", "said"), [(0, ""), (1, "a"), (31, "a" * 31), (40, "a" * 32)])
def test_the_end_of_the_block_cuts_an_answer(
    tiny: Build, vocabulary: Vocabulary, room: int, said: str
) -> None:
    """With room 0, question and MASK fill the block."""
    model = favour(tiny("vanilla", len(vocabulary)), vocabulary.stoi["a"])
    long = "W" * (127 - room)
    found = answer(model, vocabulary, ["Where?", long])
    assert [a.text for a in found] == ["a" * 32, said]
    assert not found[1].finished
    agree(found[1:], [course_answer(model, vocabulary, long)])
    if room == 0:
        assert found[1].probability == 1.0


def test_a_question_beyond_the_block_is_refused(tiny: Build, vocabulary: Vocabulary) -> None:
    model = tiny("vanilla", len(vocabulary))
    with pytest.raises(ValueError, match="128 characters and ⁇ exceed a block of 128"):
        answer(model, vocabulary, ["W", "W" * 128])
    assert answer(model, vocabulary, []) == []


def test_an_unknown_character_is_refused(tiny: Build, vocabulary: Vocabulary) -> None:
    with pytest.raises(InputError, match="character 'Ł'"):
        answer(tiny("vanilla", len(vocabulary)), vocabulary, ["Łódź?"])


def test_a_newline_in_an_answer_is_written_as_a_space(tiny: Build, vocabulary: Vocabulary) -> None:
    said = [vocabulary.stoi[c] for c in ("a", "a", "\n", "a", MASK)]
    model = favour(tiny("vanilla", len(vocabulary)), *said)
    (found,) = answer(model, vocabulary, ["W"])  # MASK, at position 1, is the first to answer
    assert found.text == "a a"
    assert found.finished
    agree([found], [course_answer(model, vocabulary, "W")])


def test_answers_leave_the_model_in_evaluation_mode_without_dropout(
    tiny: Build, vocabulary: Vocabulary
) -> None:
    model = tiny("vanilla", len(vocabulary), dropout=0.5).train()
    first = answer(model, vocabulary, QUESTIONS)
    assert not model.training
    assert answer(model, vocabulary, QUESTIONS) == first


# -------------------------------------------------------- rows that end, and ways that differ


def babbling(tiny: Build, vocabulary: Vocabulary) -> GPT:
    """A random model whose answers to `BABBLE` end after few characters, many, or never."""
    model = tiny("vanilla", len(vocabulary), seed=SEED).double()
    generator = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.5 * torch.randn(parameter.shape, generator=generator).double())
        model.head.weight[MASK_ID] *= 2.0
    return model.eval()


@pytest.mark.parametrize("looks", [1, 8, 40])
def test_how_often_ended_rows_are_dropped_changes_no_answer(
    tiny: Build, vocabulary: Vocabulary, monkeypatch: pytest.MonkeyPatch, looks: int
) -> None:
    model = babbling(tiny, vocabulary)
    wanted = [course_answer(model, vocabulary, question) for question in BABBLE]
    assert len({len(a.text) for a in wanted}) > 5
    assert 0 < sum(a.finished for a in wanted) < len(wanted)
    monkeypatch.setitem(generation.PACES, "cpu", Pace(64, looks))
    agree(answer(model, vocabulary, BABBLE), wanted)


def test_dropping_the_wrong_rows_is_caught(
    tiny: Build, vocabulary: Vocabulary, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = KeyValues.keep
    monkeypatch.setattr(KeyValues, "keep", lambda self, rows: keep(self, rows.flip(0)))
    with pytest.raises(AssertionError):
        test_how_often_ended_rows_are_dropped_changes_no_answer(tiny, vocabulary, monkeypatch, 1)


def test_answers_that_part_are_listed_with_the_gap_of_their_logits(
    tiny: Build, vocabulary: Vocabulary
) -> None:
    model = babbling(tiny, vocabulary)
    prompts = [vocabulary.encode(question + MASK) for question in BABBLE]
    ours = [spoken.ids for spoken in greedy(model, prompts)]
    assert partings(model, prompts, ours, ours) == []
    index = next(i for i, ids in enumerate(ours) if len(ids) > 4)
    said = ours[index]
    other = 2 + (said[3] - 1) % (len(vocabulary) - 2)  # neither PAD, nor MASK, nor what was said
    theirs = list(ours)
    theirs[index] = [*said[:3], other, *said[4:]]
    (found,) = partings(model, prompts, ours, theirs)
    with torch.no_grad():
        logits = model(torch.tensor([prompts[index] + said[:3]]))[0, -1]
    assert (found.prompt, found.said) == (index, 3)
    assert found.gap == pytest.approx(float(logits.max() - logits[other]), rel=1e-9)
    assert found.gap > 1e-5  # no tie: another order of summation does not explain it
    with pytest.raises(ValueError, match="answers to prompt 0 have 5 and 4 ids"):
        partings(model, prompts[:1], [said[:5]], [said[:4]])
