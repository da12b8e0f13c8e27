"""A corpus: its files, its figures, and how it takes its place under data/corpora/ all at once."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from reports.record import ROOT, Clock, CorpusRecord, InputError, sha256, write, write_text

CORPORA = ROOT / "data" / "corpora"
RECORD = "corpus.json"

Pair = tuple[str, str]
"""A question and the place that answers it."""


@dataclass(frozen=True)
class Corpus:
    """What a corpus says: documents of the text, and questions with their places."""

    documents: list[str]
    training: list[Pair]
    evaluation: list[Pair]
    control: list[Pair]


@dataclass(frozen=True)
class Origin:
    """Where a corpus comes from; `inputs` are the files that it was made of."""

    source: Literal["embedded", "practical"]
    credit: str
    people: int
    notes: tuple[str, ...]
    arguments: Mapping[str, int] = field(default_factory=dict)
    seed: int | None = None
    inputs: tuple[Path, ...] = ()


def table(pairs: Iterable[Pair]) -> str:
    """The text of a TSV file: a question, a tab and its place a line."""
    return "".join(f"{question}\t{place}\n" for question, place in pairs)


def folder_of(corpora: Path, name: str) -> Path:
    """The folder of the corpus `name`, one that may be written.

    Raises: InputError if the name is no plain one, or if what is there is not a corpus.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise InputError(f"--name {name}: must be letters, digits, dots, - and _")
    folder = corpora / name
    ours = not folder.exists() or (folder / RECORD).is_file()
    if not ours:
        raise InputError(f"{folder}: is there already and is not a corpus ({RECORD} is missing)")
    return folder


def save(
    folder: Path, files: Mapping[str, str], corpus: Corpus, origin: Origin, clock: Clock
) -> CorpusRecord:
    """Write `files` and the record of `corpus` beside `folder`, then put them in its place.

    What `folder` held stays as it is until everything is written.

    Raises: InputError if the folder cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as scratch:
            fresh = Path(scratch) / "fresh"
            for name, text in files.items():
                write_text(fresh / name, text)
            hashes = {name: sha256(fresh / name) for name in files}
            record = _record(folder.name, files["wiki.txt"], hashes, corpus, origin, clock)
            write(fresh / RECORD, record)
            _put_in_place(fresh, folder, Path(scratch) / "previous")
    except OSError as problem:
        raise InputError(f"{folder}: cannot be written: {problem.strerror}") from None
    return record


def _record(
    name: str, text: str, hashes: dict[str, str], corpus: Corpus, origin: Origin, clock: Clock
) -> CorpusRecord:
    return CorpusRecord(
        provenance=clock.provenance(origin.seed, origin.inputs),
        name=name,
        source=origin.source,
        credit=origin.credit,
        arguments=dict(origin.arguments),
        files=hashes,
        documents=len(corpus.documents),
        characters=len(text),
        symbols=len(set(text)) + 2,  # PAD and MASK
        people=origin.people,
        training_pairs=len(corpus.training),
        evaluation_pairs=len(corpus.evaluation),
        control_pairs=len(corpus.control),
        notes=origin.notes,
    )


def _put_in_place(fresh: Path, folder: Path, previous: Path) -> None:
    """Rename `fresh` to `folder`; what was there goes to `previous`, or comes back on failure."""
    replaced = folder.exists()
    if replaced:
        folder.rename(previous)
    try:
        fresh.rename(folder)
    except OSError:
        if replaced:
            previous.rename(folder)
        raise


def summary(folder: Path, corpus: Corpus, record: CorpusRecord) -> list[str]:
    """What a reader wants to know of a corpus, line by line."""
    places = Counter(place for _, place in corpus.evaluation)
    place, count = min(places.items(), key=lambda item: (-item[1], item[0]))
    length = sum(map(len, corpus.documents)) / record.documents
    return [
        f"{folder} ({record.source})",
        f"  text       {record.people:,} people, {record.documents:,} documents, "
        f"{record.characters:,} characters ({length:.0f} a document), {record.symbols} symbols",
        f"  questions  {record.training_pairs:,} training, {record.evaluation_pairs:,} "
        f"evaluation, {record.control_pairs:,} control (people who are not in the text)",
        f"  places     most frequent in the evaluation: {place}, "
        f"{count / record.evaluation_pairs:.1%}",
        *(f"  note       {note}" for note in record.notes),
        "  documents, for example",
        *(f"    {document}" for document in corpus.documents[:3]),
    ]
