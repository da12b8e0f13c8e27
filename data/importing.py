"""Import of the practical's own files, checked against their SHA-256.

Copies in circulation differ in line ends, a byte order mark or a final newline: these are brought
to the form whose SHA-256 is known. Anything else is refused with file and line.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from data.corpus import Corpus, Origin, Pair, save
from data.fetching import FILES, fetch
from reports.record import Clock, CorpusRecord, InputError

CREDIT = (
    "Text: Wikipedia, CC BY-SA; questions: the practical's course material "
    "(after Stanford CS224N, assignment 5)"
)


@dataclass(frozen=True)
class Known:
    """The practical's version of a file: its SHA-256, its lines, how it ends."""

    sha256: str
    lines: int
    end: str


KNOWN = {
    "wiki.txt": Known(
        "17e381468abd91b60be8acaff006c66b77532b4ea4c0ce097b0a686d2e8e8219", lines=2937, end=""
    ),
    "birth_places_train.tsv": Known(
        "02364dfca78e23d2583a19f03a2d8cddd90ee3e1a3795ddec7f0addadea30b0d", lines=2000, end="\n"
    ),
    "birth_dev.tsv": Known(
        "101a56073eba0db9aad5e2aaf1aa9bf8bdae966ae3aaed8fc8cda5edfa7856da", lines=500, end="\n"
    ),
}


def build(source: str, folder: Path, any_version: bool) -> tuple[Corpus, CorpusRecord]:
    """Import the practical's files from `source` (see `data.fetching.fetch`) into `folder`.

    any_version: whether sound files that differ from the practical's are accepted

    Raises: InputError naming file and line; then `folder` stays as it was.
    """
    clock = Clock()
    texts: dict[str, str] = {}
    notes: list[str] = []
    for name, content in fetch(source).items():
        texts[name], mended = normalise(name, content)
        notes += [f"{name}: {what}" for what in mended]
    corpus = Corpus(
        documents=documents("wiki.txt", texts["wiki.txt"]),
        training=pairs("birth_places_train.tsv", texts["birth_places_train.tsv"]),
        evaluation=pairs("birth_dev.tsv", texts["birth_dev.tsv"]),
        control=[],
    )
    for name in FILES:
        difference = compare(name, texts[name])
        if difference and not any_version:
            raise InputError(f"{difference}; --any-version accepts it")
        notes += [difference] if difference else []
    origin = Origin(
        source="practical", credit=CREDIT, people=len(corpus.documents), notes=tuple(notes)
    )
    return corpus, save(folder, texts, corpus, origin, clock)


def normalise(name: str, content: bytes) -> tuple[str, list[str]]:
    """The text of a file in the practical's form, and what had to be changed for it.

    Raises: InputError for an empty file and for what is not UTF-8.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        byte = content[problem.start]
        raise InputError(f"{name}:{line}: not UTF-8 (byte 0x{byte:02x})") from None
    notes = []
    if text.startswith("\ufeff"):
        text = text.removeprefix("\ufeff")
        notes.append("byte order mark removed")
    if "\r\n" in text:
        text = text.replace("\r\n", "\n")
        notes.append("line ends CRLF replaced by LF")
    body = text.rstrip("\n")
    if not body.strip():
        raise InputError(f"{name}: is empty")
    normal = body + KNOWN[name].end
    if text != normal:
        notes.append(f"final newlines: {len(text) - len(body)} instead of {len(KNOWN[name].end)}")
    return normal, notes


def documents(name: str, text: str) -> list[str]:
    """The documents of a text, one a line.

    Raises: InputError for an empty line and for control characters.
    """
    lines = text.removesuffix("\n").split("\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            raise InputError(f"{name}:{number}: empty line between documents")
        _refuse_control(name, number, line)
    return lines


def pairs(name: str, text: str) -> list[Pair]:
    """Questions and places of a TSV file.

    Raises: InputError naming the first line that is not question, tab, place.
    """
    found = []
    for number, line in enumerate(text.removesuffix("\n").split("\n"), start=1):
        fields = line.split("\t")
        if len(fields) != 2:
            raise InputError(f"{name}:{number}: {_tabs(fields)} ({line[:80]!r})")
        question, place = fields
        if not question.strip() or not place.strip():
            missing = "place" if question.strip() else "question"
            raise InputError(f"{name}:{number}: no {missing} beside the tab ({line[:80]!r})")
        _refuse_control(name, number, question + place)
        found.append((question, place))
    return found


def _tabs(fields: list[str]) -> str:
    if len(fields) > 2:
        return f"{len(fields) - 1} tabs, expected one between question and place"
    if re.search(r"\? +\S", fields[0]):
        return "no tab between question and place, there are spaces in its stead"
    return "no tab between question and place"


def _refuse_control(name: str, number: int, line: str) -> None:
    if control := re.search(r"[\x00-\x1f\x7f-\x9f]", line):
        raise InputError(f"{name}:{number}: control character U+{ord(control.group()):04X}")


def compare(name: str, text: str) -> str | None:
    """How a sound file differs from the practical's version; None if it is that version."""
    known = KNOWN[name]
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    if sha256 == known.sha256:
        return None
    lines = text.removesuffix("\n").count("\n") + 1
    return (
        f"{name}: not the practical's version: {lines} lines of {known.lines}, "
        f"SHA-256 {sha256[:12]}… instead of {known.sha256[:12]}…"
    )
