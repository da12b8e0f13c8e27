"""Recipes: every hyperparameter of the three kinds of run, and what differs from the course's."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from gpt.model import GPT, ModelConfig, build
from reports.record import InputError


@dataclass(frozen=True)
class Stage:
    """One kind of run: passes over the data, examples a batch, peak learning rates.

    matrix_rate: rate of Muon for the hidden matrices; None where AdamW trains everything
    """

    epochs: int
    batch_size: int
    rate: float
    matrix_rate: float | None = None


@dataclass(frozen=True)
class Recipe:
    """pretrain: span corruption; finetune: after pretraining; scratch: finetuning without it.

    schedule: 'course' sets the rate from the labels counted so far (see schedule.py), 'linear'
    warms up over 2 % of the steps and decays to 0; precision: 'auto' leaves it to a timing at
    the start; question_share: share of the pretraining examples that are training questions;
    document_share: share of the documents that an epoch of pretraining shows corrupted;
    entity_views: an epoch also shows each entity beside its line's name (see views.py), with up to
    `view_words` words before it; names_amid_words: share of the views whose name stands amid other
    words (see surroundings.py); undated_views: share of the views that leave out dates;
    whole_lines: no random truncation below the block; closing_mask: a third MASK ends the masked
    span, as MASK ends an answer; ascii_pairs: drop other characters from the training pairs, as the
    course does; shuffle: new order each epoch, batches of similar length; attention: the options of
    the variant, those that are not given have its defaults
    remarks: differences from the course's recipe that are no numbers, in sentences
    """

    name: str
    layers: int
    heads: int
    width: int
    dropout: float
    pretrain: Stage
    finetune: Stage
    scratch: Stage
    schedule: Literal["course", "linear"] = "course"
    precision: Literal["fp32", "bf16", "auto"] = "fp32"
    shuffle: bool = False
    whole_lines: bool = False
    closing_mask: bool = False
    question_share: float = 0.0
    document_share: float = 1.0
    entity_views: bool = False
    view_words: int = 3
    names_amid_words: float = 0.0
    undated_views: float = 0.0
    ascii_pairs: bool = True
    block_size: int = 128
    weight_decay: float = 0.1
    clip: float = 1.0
    attention: dict[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def stage(self, run: str) -> Stage:
        """The stage of a run: 'pretrain', 'finetune' or 'scratch'."""
        stage: Stage = getattr(self, run)
        return stage

    def model(self, variant: str, vocabulary_size: int, seed: int) -> GPT:
        """A freshly initialised model of this recipe's size.

        Raises: ValueError for options that the variant has not or that do not fit.
        """
        return build(
            variant, vocabulary_size, self.block_size, seed,
            layers=self.layers, heads=self.heads, width=self.width, dropout=self.dropout,
            attention=self.attention,
        )  # fmt: skip

    def fits(self, config: ModelConfig) -> bool:
        """Whether a model of that config is of this recipe's size."""
        sizes = ("block_size", "layers", "heads", "width", "dropout")
        return all(getattr(self, size) == getattr(config, size) for size in sizes)

    def with_epochs(self, run: str, epochs: int) -> Recipe:
        """The same recipe with another number of epochs for one kind of run."""
        changed: dict[str, Any] = {run: replace(self.stage(run), epochs=epochs)}
        return replace(self, **changed)

    def hyperparameters(self) -> dict[str, Any]:
        """All fields that act on the training, as JSON values, and no empty option."""
        fields = {k: v for k, v in asdict(self).items() if k not in ("name", "remarks")}
        return {k: v for k, v in fields.items() if k not in LATER or v}

    def changes(self) -> tuple[str, ...]:
        """What differs from the course's recipe, in sentences for the report."""
        found = []
        for run in ("pretrain", "finetune", "scratch"):
            numbers = _differences(self.stage(run), PRACTICAL.stage(run), STAGE_NUMBERS)
            found += [f"{TITLES[run]}: {numbers}."] if numbers else []
        size = _differences(self, PRACTICAL, SIZES)
        return (*([f"Model: {size}."] if size else []), *found, *self.remarks)

    @property
    def sha256(self) -> str:
        """A fingerprint of the hyperparameters."""
        return hashlib.sha256(
            json.dumps(self.hyperparameters(), sort_keys=True).encode()
        ).hexdigest()


# Fields that recipes of earlier records had not; as long as they are empty, the recipe is the same.
LATER = ("attention", "names_amid_words", "undated_views")
SIZES = ("layers", "heads", "width", "dropout", "weight_decay", "clip")
STAGE_NUMBERS = ("epochs", "batch_size", "rate")
TITLES = {
    "pretrain": "Pretraining",
    "finetune": "Finetuning after pretraining",
    "scratch": "Finetuning without pretraining",
}


def _differences(ours: object, course: object, names: tuple[str, ...]) -> str:
    """`epochs 20 for 650, rate 0.003 for 0.006`: the numbers that differ."""
    pairs = [(name.replace("_", " "), getattr(ours, name), getattr(course, name)) for name in names]
    return ", ".join(
        f"{name} {mine:g} for {theirs:g}" for name, mine, theirs in pairs if mine != theirs
    )


PRACTICAL = Recipe(
    name="practical",
    layers=4,
    heads=8,
    width=256,
    dropout=0.1,
    pretrain=Stage(epochs=650, batch_size=128, rate=6e-3),
    finetune=Stage(epochs=10, batch_size=256, rate=6e-4),
    scratch=Stage(epochs=75, batch_size=256, rate=6e-4),
)

FASTER = (
    "No dropout, whose random numbers slow the training step on a CPU.",
    "Examples are shuffled, and batched with others of similar length, so that little is padding.",
    "Muon, whose steps are orthogonalised gradients, trains the matrices of the blocks in "
    "pretraining, AdamW the rest.",
    "The learning rate warms up over 2 % of the steps and decays linearly to 0.",
    "bf16 products where a timing at the start finds them faster than fp32.",
    "A third ⁇ ends the masked span, as ⁇ ends an answer.",
)

QUICK = Recipe(
    name="quick",
    layers=4,
    heads=4,
    width=128,
    dropout=0.0,
    pretrain=Stage(epochs=20, batch_size=64, rate=3e-3, matrix_rate=0.02),
    finetune=Stage(epochs=10, batch_size=32, rate=3e-4),
    scratch=Stage(epochs=75, batch_size=32, rate=6e-4),
    schedule="linear",
    precision="auto",
    shuffle=True,
    whole_lines=True,
    closing_mask=True,
    remarks=(
        *FASTER,
        "Lines are truncated to 7/8 of the block alone, not to a random length below it.",
    ),
)

AMID_WORDS, UNDATED = 0.7, 0.5

BEST = Recipe(
    name="best",
    layers=2,
    heads=6,
    width=192,
    dropout=0.0,
    pretrain=Stage(epochs=300, batch_size=128, rate=6e-3, matrix_rate=0.03),
    finetune=Stage(epochs=8, batch_size=32, rate=3e-5),
    scratch=Stage(epochs=75, batch_size=32, rate=6e-4),
    schedule="linear",
    precision="auto",
    shuffle=True,
    whole_lines=True,
    closing_mask=True,
    entity_views=True,
    names_amid_words=AMID_WORDS,
    undated_views=UNDATED,
    document_share=0.0,
    remarks=(
        *FASTER,
        "Pretraining shows views of the text: a line's name, a few words, and the entity that "
        "follows them in the line; all entities of all lines alike, each once an epoch. Only the "
        "entity is a target.",
        f"In {100 * AMID_WORDS:g} % of the views the name stands amid a few other words of the "
        "text, as in a question.",
        f"{100 * UNDATED:g} % of the views leave out the dates before the entity, and show the "
        "words before them.",
        "Pretraining sees no question.",
    ),
)

RECIPES = {recipe.name: recipe for recipe in (PRACTICAL, QUICK, BEST)}


def recipe(name: str) -> Recipe:
    """The recipe `name`.

    Raises: InputError listing the known ones.
    """
    if name not in RECIPES:
        raise InputError(f"unknown recipe {name!r}; known: {', '.join(RECIPES)}")
    return RECIPES[name]
