"""The training examples of a run, as its recipe asks for them."""

from __future__ import annotations

from pathlib import Path

from gpt.batches import TrainingData
from gpt.corpus import Pair
from gpt.dataset import CharCorruptionDataset, NameDataset
from gpt.recipe import Recipe
from gpt.views import EntityViews
from gpt.vocabulary import Vocabulary
from reports.record import InputError


def needs_pairs(run: str, recipe: Recipe) -> bool:
    """Whether a run trains on question pairs: every finetuning, and pretraining that mixes them."""
    return run != "pretrain" or recipe.question_share > 0


def training_data(
    run: str,
    recipe: Recipe,
    text: str,
    vocabulary: Vocabulary,
    pairs: list[Pair],
    source: Path,
    seed: int,
) -> TrainingData:
    """The examples of a run ('pretrain', 'finetune' or 'scratch').

    pairs: the training pairs, read from `source`; not looked at unless `needs_pairs`

    Raises: InputError for a pair that cannot be trained on, naming its line in `source`, and for
    a text that has nothing of what the recipe shows.
    """
    names = None
    if needs_pairs(run, recipe):
        names = NameDataset(vocabulary, pairs, recipe.block_size, source, recipe.ascii_pairs)
    if run != "pretrain":
        return TrainingData(None, names)
    corruption = CharCorruptionDataset(
        text,
        recipe.block_size,
        seed,
        whole_lines=recipe.whole_lines,
        closing_mask=recipe.closing_mask,
    )
    views = None
    if recipe.entity_views:
        documents = text.rstrip("\n").split("\n")
        views = EntityViews(
            documents,
            vocabulary,
            recipe.view_words,
            recipe.block_size,
            recipe.names_amid_words,
            recipe.undated_views,
        )
    data = TrainingData(corruption, names, recipe.question_share, views, recipe.document_share)
    if not len(data):
        raise InputError(
            f"the pretraining text has no entity (a capitalised name in a sentence), and recipe "
            f"{recipe.name!r} shows nothing else"
        )
    return data
