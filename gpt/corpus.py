"""Reading the practical's files: cosmetic differences are tolerated, the rest is refused by line.

Tolerated with the same result: CRLF line ends, a byte order mark, a missing final newline.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from gpt.vocabulary import MASK, PAD
from reports.record import ROOT, InputError, printable

CORPORA = ROOT / "data" / "corpora"
FORBIDDEN = ("\0", "\r", PAD, MASK)  # binary data, stray line ends, the vocabulary's own symbols


@dataclass(frozen=True)
class Pair:
    """A question and its place; `line` is the number of its line in the file, from 1."""

    question: str
    place: str | None
    line: int


def find(name: str, corpus: str) -> Path:
    """The file `name`: in the current folder, else in the corpus of the profile, which it says.

    Raises: InputError if it is in neither.
    """
    here, elsewhere = Path(name), CORPORA / corpus / name
    if here.is_file():
        return here
    if elsewhere.is_file():
        print(f"{name} is not here: taken from {elsewhere.parent}", file=sys.stderr)
        return elsewhere
    raise InputError(
        f"{name}: no such file here or in {CORPORA / corpus} (`make data` builds the corpus)"
    )


def refuse_overwriting(inputs: list[Path], outputs: list[Path]) -> None:
    """Raises: InputError if a file to be written is also read, or named for two outputs."""
    taken = {path.resolve(): f"the run reads {path}" for path in inputs}
    for path in outputs:
        if path.resolve() in taken:
            raise InputError(f"{path}: cannot be written: {taken[path.resolve()]}")
        taken[path.resolve()] = "another output of the run has this name"


def read_text(path: Path) -> str:
    """The text of a file, with line ends as newlines, without byte order mark.

    Raises: InputError if the file is missing, empty, or (naming the line) not UTF-8 or with a
    character that no text of the practical can have.
    """
    try:
        raw = path.read_bytes()
    except OSError as problem:
        raise InputError(f"{path}: cannot be read: {problem.strerror}") from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = raw.count(b"\n", 0, problem.start) + 1
        value = raw[problem.start : problem.start + 1]
        raise InputError(f"{path}:{line}: not UTF-8: byte {value!r}") from None
    text = text.replace("\r\n", "\n")
    if not text.strip():
        raise InputError(f"{path}: the file is empty")
    for symbol in FORBIDDEN:
        at = text.find(symbol)
        if at >= 0:
            line = text.count("\n", 0, at) + 1
            raise InputError(f"{path}:{line}: character {symbol!r} cannot stand in a text")
    return text


def read_documents(path: Path) -> str:
    """The pretraining corpus, empty last lines dropped and ended by one newline.

    The newline is part of the practical's vocabulary, so a file without the last one is given it.
    """
    return read_text(path).rstrip("\n") + "\n"


def read_pairs(path: Path) -> list[Pair]:
    """Lines `question<TAB>place`; a file without any tab is questions alone (place None).

    Raises: InputError naming file, line and value for a line without a tab among lines with one,
    an extra tab, an empty line, or an empty question or place.
    """
    lines = read_text(path).rstrip("\n").split("\n")
    with_places = any("\t" in line for line in lines)
    return [_parse(path, number, line, with_places) for number, line in enumerate(lines, start=1)]


def _parse(path: Path, number: int, line: str, with_places: bool) -> Pair:
    cells = line.split("\t")
    expected = 2 if with_places else 1
    if len(cells) != expected:
        problem = "no tab between question and place" if len(cells) < expected else "extra tab"
        raise InputError(f"{path}:{number}: {problem}: {printable(line)!r:.120}")
    cells = [cell.strip() for cell in cells]
    if not all(cells):
        raise InputError(f"{path}:{number}: empty question or place: {printable(line)!r:.120}")
    return Pair(cells[0], cells[1] if with_places else None, number)
