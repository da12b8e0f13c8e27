"""Batches: what they hold, in which order, and that shorter padding changes no loss."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from data.__main__ import main as make_corpus
from gpt.batches import Batch, TrainingData, batches
from gpt.corpus import Pair, read_documents, read_pairs
from gpt.dataset import CharCorruptionDataset, NameDataset
from gpt.model import GPT
from gpt.recipe import RECIPES, Recipe
from gpt.training.precision import loss_of
from gpt.vocabulary import MASK, PAD_ID, Vocabulary

BLOCK = 128


@pytest.fixture
def names(vocabulary: Vocabulary) -> NameDataset:
    """Pairs of very different lengths."""
    asked = ["Was A", "Where was Ada born?", "W", "Where was Bo " + "Ek " * 25 + "born?", "born"]
    pairs = [Pair(question, "Oslo"[: 1 + i], i + 1) for i, question in enumerate(asked)]
    return NameDataset(vocabulary, pairs)


@pytest.fixture
def corruption(text: str) -> CharCorruptionDataset:
    return CharCorruptionDataset(text)


def all_batches(data: TrainingData, shuffle: bool, seed: int = 0, epoch: int = 0) -> list[Batch]:
    return list(batches(data, 2, BLOCK, shuffle, seed, epoch))


def rows(made: list[Batch]) -> list[list[int]]:
    """Whole examples of an epoch without padding, in their order."""
    padded = [
        torch.cat((x, y[-1:])) for batch in made for x, y in zip(batch.x, batch.y, strict=True)
    ]
    return [row[row != PAD_ID].tolist() for row in padded]


def same(one: list[Batch], other: list[Batch]) -> bool:
    return len(one) == len(other) and all(
        a.x.tolist() == b.x.tolist() and a.y.tolist() == b.y.tolist() and a.labels == b.labels
        for a, b in zip(one, other, strict=True)
    )


# ----------------------------------------------------------------------------------- order


def test_without_shuffling_examples_come_in_file_order(names: NameDataset) -> None:
    made = all_batches(TrainingData(None, names), shuffle=False)
    assert [len(batch.x) for batch in made] == [2, 2, 1]
    assert rows(made) == [ids.tolist() for ids in names.rows]


def test_shuffled_epochs_hold_every_example_once(names: NameDataset) -> None:
    data = TrainingData(None, names)
    orders = [rows(all_batches(data, True, epoch=epoch)) for epoch in range(8)]
    wanted = sorted(ids.tolist() for ids in names.rows)
    assert all(sorted(order) == wanted for order in orders)
    assert len({str(order) for order in orders}) > 1


def test_documents_and_questions_of_an_epoch_are_counted(
    corruption: CharCorruptionDataset, names: NameDataset
) -> None:
    data = TrainingData(corruption, names, question_share=0.25)
    made = rows(all_batches(data, shuffle=True))
    questions = {tuple(ids.tolist()) for ids in names.rows}
    assert len(made) == len(data) == 24 + 8
    assert sum(tuple(row) in questions for row in made) == 8


@pytest.mark.parametrize("shuffle", [False, True])
def test_an_epoch_is_a_pure_function_of_seed_and_epoch(
    corruption: CharCorruptionDataset, names: NameDataset, shuffle: bool
) -> None:
    data = TrainingData(corruption, names, question_share=0.25)
    made = all_batches(data, shuffle, seed=3, epoch=4)
    torch.manual_seed(99)
    corruption[0]  # draws from the data set's own generator
    assert same(all_batches(data, shuffle, seed=3, epoch=4), made)
    assert not same(all_batches(data, shuffle, seed=3, epoch=5), made)
    assert not same(all_batches(data, shuffle, seed=4, epoch=4), made)


def test_each_epoch_corrupts_documents_anew(corruption: CharCorruptionDataset) -> None:
    data = TrainingData(corruption, None)
    one, other = (rows(all_batches(data, shuffle=False, epoch=epoch)) for epoch in (0, 1))
    assert sum(a == b for a, b in zip(one, other, strict=True)) <= 2


def test_similar_lengths_come_together(corruption: CharCorruptionDataset) -> None:
    data = TrainingData(corruption, None)
    padding = {
        shuffle: sum(int((batch.x == PAD_ID).sum()) for batch in all_batches(data, shuffle))
        for shuffle in (False, True)
    }
    assert padding[True] < padding[False] / 3


# ---------------------------------------------------------------- padding changes no loss


def loss(model: GPT, batch: Batch) -> Tensor:
    return functional.cross_entropy(model(batch.x).flatten(0, 1), batch.y.flatten(), ignore_index=0)


def course_loss(model: GPT, examples: list[tuple[Tensor, Tensor]]) -> Tensor:
    """The loss as the practical's trainer takes it, over blocks padded to their full length."""
    x = torch.stack([x for x, _ in examples])
    y = torch.stack([y for _, y in examples])
    logits = model(x)
    return functional.cross_entropy(logits.view(-1, logits.shape[-1]), y.view(-1), ignore_index=0)


@pytest.mark.parametrize("variant", ["vanilla", "rope"])
def test_the_loss_of_a_cut_batch_is_that_of_the_padded_block(
    tiny: Callable[..., GPT], names: NameDataset, variant: str
) -> None:
    model = tiny(variant, len(names.vocabulary)).double()
    with torch.no_grad():
        for index, batch in enumerate(all_batches(TrainingData(None, names), shuffle=False)):
            chosen = [names[i] for i in range(2 * index, min(5, 2 * index + 2))]
            assert batch.x.shape[1] < BLOCK - 1
            assert batch.labels == len(chosen) * 127
            assert int(batch.scored.sum()) == sum(int((y != PAD_ID).sum()) for _, y in chosen)
            wanted = course_loss(model, chosen)
            logits = model(batch.x)
            found = functional.cross_entropy(
                logits.flatten(0, 1), batch.y.flatten(), ignore_index=0
            )
            torch.testing.assert_close(found, wanted, rtol=0, atol=1e-12)
            in_float32 = loss_of(model.float(), batch, "fp32")
            torch.testing.assert_close(in_float32.double(), wanted, rtol=0, atol=1e-5)
            model.double()


def test_corrupted_documents_are_targets_throughout(
    tiny: Callable[..., GPT], corruption: CharCorruptionDataset
) -> None:
    model = tiny("vanilla", corruption.vocab_size).double()
    batch = all_batches(TrainingData(corruption, None), shuffle=False)[0]
    padded = []
    for x, y in zip(batch.x, batch.y, strict=True):
        assert x[1:].tolist() == y[:-1].tolist()
        room = BLOCK - 1 - len(x)
        padded.append((functional.pad(x, (0, room)), functional.pad(y, (0, room))))
    with torch.no_grad():
        wanted = course_loss(model, padded)
        torch.testing.assert_close(loss(model, batch), wanted, rtol=0, atol=1e-12)


# ------------------------------------------------------------------------------- fair play


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The corpus that `make data` makes, made anew."""
    corpora = tmp_path_factory.mktemp("corpora")
    assert make_corpus(["--into", str(corpora)]) == 0
    return corpora / "embedded"


def asked_in(data: TrainingData, vocabulary: Vocabulary, shuffle: bool) -> set[str]:
    """Every question about a birth place in the batches of an epoch, whole."""
    made = batches(data, 64, BLOCK, shuffle, 0, 0)
    texts = (vocabulary.decode(row.tolist()) for batch in made for row in batch.x)
    return {text.split(MASK)[0] for text in texts if text.startswith("Where was ")}


def held_out_asked(corpus: Path, pretrain: bool, recipe: Recipe, leak: list[Pair]) -> set[str]:
    """Questions of the evaluation and of the control group that a run on `corpus` trains on."""
    text = read_documents(corpus / "wiki.txt")
    vocabulary = Vocabulary.of_text(text)
    pairs = read_pairs(corpus / "birth_places_train.tsv") + leak
    names = NameDataset(vocabulary, pairs, ascii_only=recipe.ascii_pairs)
    data = TrainingData(None, names)
    if pretrain:  # some questions are mixed in, whether the recipe does so or not
        corruption = CharCorruptionDataset(text, whole_lines=recipe.whole_lines)
        data = TrainingData(corruption, names, max(recipe.question_share, 0.2))
    asked = asked_in(data, vocabulary, recipe.shuffle)
    assert len(asked) > 50
    files = ("birth_dev.tsv", "birth_control.tsv")
    return asked & {pair.question for file in files for pair in read_pairs(corpus / file)}


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())
@pytest.mark.parametrize("pretrain", [False, True], ids=["finetuning", "pretraining"])
def test_no_question_of_the_evaluation_is_trained_on(
    embedded: Path, pretrain: bool, recipe: Recipe
) -> None:
    assert held_out_asked(embedded, pretrain, recipe, leak=[]) == set()


def test_a_question_of_the_evaluation_among_the_pairs_is_caught(embedded: Path) -> None:
    (leak, *_) = read_pairs(embedded / "birth_dev.tsv")
    assert held_out_asked(embedded, False, RECIPES["quick"], [leak]) == {leak.question}
