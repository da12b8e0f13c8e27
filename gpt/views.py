"""Views of a line that show one entity beside the name: what makes a fact extractable by name.

A model that reads a fact once an epoch, in one wording, binds it to the words before it, not to the
name (Allen-Zhu and Li 2023, Physics of Language Models 3.1, arXiv:2309.14316). A view is a span
corruption of a shortened line: the name, then the few words to the left of an entity, then the
entity as the masked content:

    Eduard Ender. ⁇(3 March 1822 ⁇Rome⁇

Of some views dates are left out, so that the words around a date are shown in its place: with `born
3 March 1822 Rome`, `born` and what stands before it are otherwise too far from the entity.

    Eduard Ender. ⁇(born ⁇Rome⁇

All lines are treated alike, whoever they are about: every entity of a line is shown, whatever it
is, with the words that the text itself has before it.
"""

from __future__ import annotations

import calendar
import re
from collections import Counter

import torch
from jaxtyping import Float, Int
from torch import Tensor

from gpt.pieces import Examples
from gpt.surroundings import Surroundings
from gpt.vocabulary import MASK_ID, Vocabulary

NAME = re.compile(r"(.+?(?<![ .]\w)(?<!^\w))\. ")  # the stop after an initial ends no name
CAPITALISED = r"[^\W\d_a-zß-ÿ][\w'’-]*"
ENTITY = re.compile(rf"{CAPITALISED}(?: {CAPITALISED})*")
MONTHS = frozenset(calendar.month_name[1:])
WORD = re.compile(r"[^ ]* |[^ ]+$")  # with the space after it
DATE = re.compile(rf"[^ ]*(?:\d|\b(?:{'|'.join(calendar.month_name[1:])})\b)")


class EntityViews:
    """The views of a corpus: a fixed list of (name, entity), the words between drawn anew."""

    def __init__(
        self,
        documents: list[str],
        vocabulary: Vocabulary,
        words: int,
        block: int,
        amid_share: float = 0.0,
        undated_share: float = 0.0,
    ) -> None:
        """words: at most so many words to the left of an entity are shown

        amid_share: of the views, those whose name stands amid words (see surroundings.py), unless
        the view is then too long; undated_share: of the views, those that leave out dates
        A view that is longer than `block` is left out.
        """
        self.block, self.undated_share = block, undated_share
        self.surroundings = Surroundings(documents, MASK_OFFSET, amid_share)
        common = _common_words(documents)
        starts, found, befores = [MASK_OFFSET], [], []
        for document in documents:
            begin = body(document)
            for start, end in entities(document, begin, common):
                before = [
                    _words_before(document, begin, start, words, dates)
                    for dates in ((True, False) if undated_share else (True,))
                ]
                longest = max(sum(length for _, length in each) for each in before)
                if begin + longest + (end - start) + 3 <= block:
                    found.append((starts[-1], begin, start, end))
                    befores.append(before)
            starts.append(starts[-1] + len(document))
        ids = vocabulary.encode("".join(documents))
        self.symbols = torch.tensor([MASK_ID, *ids])
        self.entities: Int[Tensor, "n 4"] = torch.tensor(found, dtype=torch.long).reshape(-1, 4)
        # (start in the document, length), the nearest word first; with dates, and without
        self.words: Int[Tensor, "n 1|2 words 2"] = torch.tensor(befores, dtype=torch.long).reshape(
            -1, 2 if undated_share else 1, words, 2
        )

    def __len__(self) -> int:
        return len(self.entities)

    def examples(
        self,
        chosen: Int[Tensor, " n"],
        u: Float[Tensor, " n"],
        around: Float[Tensor, "n draws"] | None = None,
    ) -> Examples:
        """The chosen views; `u` of [0, 1) decides how many words are shown, all numbers alike.

        The same numbers decide, independently, which views leave out dates.
        around: uniform numbers that decide what stands around the names; None: nothing
        All before the entity is no target: there is nothing to learn from guessing a name.
        """
        offset, begin, start, end = self.entities[chosen].unbind(-1)
        most = self.words.shape[2]
        scaled = u * (most + 1)
        number = scaled.long()
        undated = (scaled - number) < self.undated_share
        there = chosen.device
        start_only = torch.tensor([1, 0], device=there)
        near = self.words[chosen, undated.long()] + offset[:, None, None] * start_only
        shown = torch.arange(most, device=there) < number[:, None]
        words = (near * shown[..., None]).flip(1)
        mask = torch.tensor([0, 1], device=there).expand(len(chosen), 1, 2)
        entity = torch.stack((offset + start, end - start), -1)[:, None]
        name = torch.stack((offset, begin), -1)[:, None]
        if around is not None:
            room = self.block - words[..., 1].sum(-1) - (end - start) - 3
            name = self._amid_words(name, room, around, near - start_only)
        pieces = torch.cat((name, mask, words, mask, entity, mask), 1)
        return Examples(self.symbols, pieces, pieces[:, :-2, 1].sum(-1) - 1)

    def _amid_words(
        self,
        name: Int[Tensor, "n 1 2"],
        room: Int[Tensor, " n"],
        around: Float[Tensor, "n draws"],
        near: Int[Tensor, "n words 2"],
    ) -> Int[Tensor, "n parts 2"]:
        """The name between the words drawn for it, or as it was where they take more than `room`.

        A line without name is left as it is.
        """
        before, after, stopped = self.surroundings.around(around, near)
        bare = name - torch.tensor([0, STOP], device=name.device)
        stop = torch.stack((bare[..., 0] + bare[..., 1], STOP * stopped[:, None]), -1)
        amid = torch.cat((before, bare, after, stop), 1)
        fits = (name[:, 0, 1] > 0) & (amid[..., 1].sum(-1) <= room)
        plain = torch.cat((before * 0, name, after * 0, stop * 0), 1)
        return torch.where(fits[:, None, None], amid, plain)


MASK_OFFSET = 1  # symbols[0] is MASK, the documents follow
STOP = len(". ")


def body(document: str) -> int:
    """Where the sentence after `Name. ` begins; 0 in a line without name."""
    found = NAME.match(document)
    return found.end() if found else 0


def entities(document: str, begin: int, common: frozenset[str]) -> list[tuple[int, int]]:
    """(start, end) of each run of capitalised words from `begin` on.

    Left out are runs of nothing but the name's own words, months and common words (`In`, `He`).
    """
    known = common | MONTHS | set(re.findall(r"\w+", document[:begin]))
    return [
        found.span()
        for found in ENTITY.finditer(document, begin)
        if not known.issuperset(re.findall(r"\w+", found[0]))
    ]


def _common_words(documents: list[str]) -> frozenset[str]:
    """Capitalised words that the corpus has in small letters more often."""
    counts = Counter(re.findall(r"\w+", " ".join(documents)))
    return frozenset(w for w in counts if w[0].isupper() and counts[w.lower()] > counts[w])


def _words_before(
    document: str, begin: int, start: int, words: int, dates: bool
) -> list[tuple[int, int]]:
    """(start, length) of the last `words` words from `begin` to `start`, the nearest first.

    dates: whether words that hold a digit or a month are among them; a bracket before one always is
    Where there are fewer words, the rest have length 0.
    """
    found = []
    for word in WORD.finditer(document, begin, start):
        first, last = word.span()
        if not dates and DATE.match(document, first, last):
            last = first + (document[first] == "(")
        if last > first:
            found.append((first, last - first))
    nearest = found[::-1][:words]
    return nearest + [(begin, 0)] * (words - len(nearest))
