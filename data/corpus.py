"""A corpus: its files, its figures, and how it takes its place under data/corpora/ all at once."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from reports.record import ROOT, Clock, CorpusRecord, InputError, sha256, write, write_text

CORPORA = ROOT / "data" / "corpora"

Pair = tuple[str, str]
"""A question and the place that answers it."""


@dataclass(frozen=True)
class Corpus:
    """What the files hold: documents of the text, and questions with their places."""

    documents: list[str]
    training: list[Pair]
    evaluation: list[Pair]
    control: list[Pair]

    def files(self) -> dict[str, str]:
        """Name and text of each file; without control group no file of it."""
        files = {
            "wiki.txt": "".join(f"{line}\n" for line in self.documents),
            "birth_places_train.tsv": _table(self.training),
            "birth_dev.tsv": _table(self.evaluation),
        }
        return files | ({"birth_control.tsv": _table(self.control)} if self.control else {})


def _table(pairs: Iterable[Pair]) -> str:
    return "".join(f"{question}\t{place}\n" for question, place in pairs)


def write_folder(
    folder: Path,
    corpus: Corpus,
    *,
    source: Literal["embedded", "practical"],
    credit: str,
    arguments: Mapping[str, int],
    people: int,
    seed: int | None,
    inputs: Iterable[Path],
    notes: tuple[str, ...],
) -> CorpusRecord:
    """Write the files and `corpus.json` beside `folder`, then put them in its place.

    Until everything is written, what `folder` held stays as it is.

    Raises: InputError if the folder cannot be written.
    """
    clock = Clock()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as scratch:
            fresh = Path(scratch) / "fresh"
            for name, text in corpus.files().items():
                write_text(fresh / name, text)
            text = (fresh / "wiki.txt").read_text(encoding="utf-8")
            record = CorpusRecord(
                provenance=clock.provenance(seed, inputs),
                name=folder.name,
                source=source,
                credit=credit,
                arguments=dict(arguments),
                files={name: sha256(fresh / name) for name in sorted(corpus.files())},
                documents=len(corpus.documents),
                characters=len(text),
                symbols=len(set(text)) + 2,  # PAD and MASK
                people=people,
                training_pairs=len(corpus.training),
                evaluation_pairs=len(corpus.evaluation),
                control_pairs=len(corpus.control),
                notes=notes,
            )
            write(fresh / "corpus.json", record)
            if folder.exists():
                folder.rename(Path(scratch) / "previous")
            fresh.rename(folder)
    except OSError as problem:
        raise InputError(f"{folder}: cannot be written: {problem.strerror}") from None
    return record


def summary(folder: Path, corpus: Corpus, record: CorpusRecord) -> str:
    """What a reader wants to know of a corpus, in a few lines."""
    places = Counter(place for _, place in corpus.evaluation)
    place, count = min(places.items(), key=lambda item: (-item[1], item[0]))
    return "\n".join(
        [
            f"{folder} ({record.source})",
            f"  text        {record.people:,} people, {record.documents:,} documents, "
            f"{record.characters:,} characters ({record.characters / record.documents:.0f} each), "
            f"{record.symbols} symbols",
            f"  questions   {record.training_pairs:,} training, {record.evaluation_pairs:,} "
            f"evaluation, {record.control_pairs:,} control (people not in the text)",
            f"  places      most frequent in the evaluation: {place}, "
            f"{count} of {record.evaluation_pairs} ({count / record.evaluation_pairs:.1%})",
            "  for example",
            *(f"    {line}" for line in corpus.documents[:3]),
        ]
    )
