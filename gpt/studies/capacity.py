"""How much a model holds: people of the embedded corpus, times the width of the model.

    for n in 300 1000 3000 17000; do python -m data --people $n --wordings 5 --name people$n; done
    python -m gpt.study capacity

Asked are people who are in the text and in no training pair; `measures` are the bits of their
places that the model recalls (see recall.py). The number of epochs is the same for all, so every
fact is seen equally often, and a run's cost should grow as its tokens do.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from gpt.corpus import read_pairs
from gpt.evaluation import ask
from gpt.model import GPT
from gpt.recall import frequencies, probabilities, recalled_bits
from gpt.recipe import QUICK
from gpt.studies.entry import DEV, Entry, Study
from gpt.vocabulary import Vocabulary

PEOPLE = (300, 1000, 3000, 17000)  # 17,640 of the database fit the corpus
WIDTHS = (16, 32, 64, 128)
EPOCHS = 40
CONTROL = "birth_control.tsv"

BASE = replace(QUICK, question_share=0.3).with_epochs("pretrain", EPOCHS)


def measure(model: GPT, vocabulary: Vocabulary, folder: Path) -> dict[str, float]:
    """What the model recalls of the corpus in `folder`.

    place_bits: mean of −log₂ π over the people asked, which is all that could be recalled of one;
    bits_a_person: mean recalled of one, and its standard error; bits_a_parameter: as much of every
    person of the text, for each parameter of the model; control: accuracy on people who are not
    in the text
    """
    asked, control = read_pairs(folder / DEV), read_pairs(folder / CONTROL)
    places = [pair.place or "" for pair in asked]
    others = [pair.place or "" for pair in read_pairs(folder / "birth_places_train.tsv")]
    prior = frequencies(places, others + places)
    bits = recalled_bits(probabilities(model, vocabulary, asked, folder / DEV), prior)
    people = len(places) + len(others)
    right = ask(model, vocabulary, control, folder / CONTROL).right
    return {
        "people": people,
        "place_bits": float(-np.log2(prior).mean()),
        "bits_a_person": float(bits.mean()),
        "bits_a_person_error": float(bits.std(ddof=1) / math.sqrt(len(bits))),
        "bits_a_parameter": float(people * bits.mean() / model.count()),
        "control": float(np.mean(right)),
    }


CAPACITY = Study(
    name="capacity",
    title="What models of several widths hold of ever more people",
    asked=DEV,
    asked_twice=False,
    entries=tuple(
        Entry(
            f"people{people}-width{width}",
            f"{people:,} people, width {width}.",
            replace(BASE, width=width),
            finetunes=False,
            corpus=f"people{people}",
        )
        for people in PEOPLE
        for width in WIDTHS
    ),
    measure=measure,
)
