"""The embedded corpus: real people, our own sentences, the practical's format.

Who is drawn, who is asked about, who is worded how and in which order the lines stand is decided by
SHA-256 of (seed, purpose, key): the same bytes on every machine and with every version of Python.
More people extend a corpus: those of the smaller one keep their wordings.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from data import wordings
from data.arguments import Arguments
from data.corpus import Corpus, Origin, save, table
from data.lahman import CREDIT, Person, people, tables
from reports.record import Clock, CorpusRecord, InputError

T = TypeVar("T")

SYMBOLS = f"Symbols. {string.ascii_letters} {string.digits} . , ; : ' ( ) - ?"
"""The last document: every symbol the corpus, its questions and its control group use, so that
the vocabulary is the same for every number of people (and holds the question mark)."""

NOTES = (
    "The last document lists the symbols, so that the vocabulary never varies.",
    "Left out: people who share a name, active players, names and towns beyond ASCII letters.",
)


def generate(arguments: Arguments) -> Corpus:
    """The corpus of `arguments`; the same for the same arguments, byte by byte.

    Raises: InputError if an argument is out of its range.
    """
    everybody = people()
    _check(arguments, len(everybody))
    seed = arguments.seed
    order = _shuffled(everybody, seed, "person", lambda p: p.key)
    known = order[: arguments.people]
    control = order[len(order) - arguments.control :]
    asked = _shuffled(known, seed, "split", lambda p: p.key)
    dev_size = min(max(1, len(known) * arguments.dev_share // 100), len(known) - 1)
    dev, training = asked[:dev_size], asked[dev_size:]

    documents = []
    for person in known:
        written = _shuffled(wordings.documents(person), seed, "wording", lambda d: d)
        documents += written[: arguments.wordings]
    return Corpus(
        documents=[*_shuffled(documents, seed, "document", lambda d: d), SYMBOLS],
        training=[_pair(p) for p in training],
        evaluation=[_pair(p) for p in dev],
        control=[_pair(p) for p in control],
    )


def build(arguments: Arguments, folder: Path) -> tuple[Corpus, CorpusRecord]:
    """Generate the corpus into `folder`, replacing the one that is there.

    Raises: InputError if an argument is out of its range or the folder cannot be written.
    """
    clock = Clock()
    corpus = generate(arguments)
    files = {
        "wiki.txt": "".join(f"{line}\n" for line in corpus.documents),
        "birth_places_train.tsv": table(corpus.training),
        "birth_dev.tsv": table(corpus.evaluation),
        "birth_control.tsv": table(corpus.control),
    }
    origin = Origin(
        source="embedded",
        credit=CREDIT,
        people=arguments.people,
        notes=NOTES,
        arguments=vars(arguments),
        seed=arguments.seed,
        inputs=tables(),
    )
    return corpus, save(folder, files, corpus, origin, clock)


def _pair(person: Person) -> tuple[str, str]:
    return f"Where was {person.name} born?", person.city


def _shuffled(items: Sequence[T], seed: int, purpose: str, key: Callable[[T], str]) -> list[T]:
    """`items` in the order of a hash of their keys: a permutation that depends on nothing else."""
    return sorted(
        items, key=lambda item: hashlib.sha256(f"{seed}\n{purpose}\n{key(item)}".encode()).digest()
    )


def _check(arguments: Arguments, available: int) -> None:
    most = len(wordings.ALWAYS)
    if not 1 <= arguments.control <= available - 2:
        raise InputError(f"--control {arguments.control}: must be from 1 to {available - 2}")
    if not 2 <= arguments.people <= available - arguments.control:
        raise InputError(
            f"--people {arguments.people}: must be from 2 to {available - arguments.control} "
            f"({available} people fit, {arguments.control} of them are the control group)"
        )
    if not 1 <= arguments.dev_share <= 99:
        raise InputError(f"--dev-share {arguments.dev_share}: must be from 1 to 99 (per cent)")
    if not 1 <= arguments.wordings <= most:
        raise InputError(f"--wordings {arguments.wordings}: must be from 1 to {most}")
