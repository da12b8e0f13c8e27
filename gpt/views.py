"""Views of a line that show one entity beside the name: what makes a fact extractable by name.

A model that reads a fact once an epoch, in one wording, binds it to the words before it, not to the
name (Allen-Zhu and Li 2023, Physics of Language Models 3.1, arXiv:2309.14316). A view is a span
corruption of a shortened line: the name, then the few words to the left of an entity, then the
entity as the masked content:

    Eduard Ender. ⁇(3 March 1822 ⁇Rome⁇

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


class EntityViews:
    """The views of a corpus: a fixed list of (name, entity), the words between drawn anew."""

    def __init__(
        self,
        documents: list[str],
        vocabulary: Vocabulary,
        words: int,
        block: int,
        amid_share: float = 0.0,
    ) -> None:
        """words: at most so many words to the left of an entity are shown

        amid_share: of the views, those whose name stands amid words (see surroundings.py), unless
        the view is then too long
        A view that is longer than `block` is left out.
        """
        self.block = block
        self.surroundings = Surroundings(documents, MASK_OFFSET, amid_share)
        common = _common_words(documents)
        starts, found, lefts = [MASK_OFFSET], [], []
        for document in documents:
            begin = body(document)
            for start, end in entities(document, begin, common):
                left = _word_starts(document, begin, start, words)
                if begin + (start - left[-1]) + (end - start) + 3 <= block:
                    found.append((starts[-1], begin, start, end))
                    lefts.append(left)
            starts.append(starts[-1] + len(document))
        ids = vocabulary.encode("".join(documents))
        self.symbols = torch.tensor([MASK_ID, *ids])
        self.entities: Int[Tensor, "n 4"] = torch.tensor(found, dtype=torch.long).reshape(-1, 4)
        self.lefts: Int[Tensor, "n words+1"] = torch.tensor(lefts, dtype=torch.long).reshape(
            -1, words + 1
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

        around: uniform numbers that decide what stands around the names; None: nothing
        All before the entity is no target: there is nothing to learn from guessing a name.
        """
        offset, begin, start, end = self.entities[chosen].unbind(-1)
        lefts = self.lefts[chosen]
        left = lefts.gather(1, (u * lefts.shape[1]).long()[:, None])[:, 0]
        mask = torch.tensor([0, 1]).expand(len(chosen), 2)
        words = torch.stack((offset + left, start - left), -1)
        entity = torch.stack((offset + start, end - start), -1)
        name = torch.stack((offset, begin), -1)[:, None]
        if around is not None:
            near = torch.stack((offset[:, None] + lefts[:, 1:] - 1, -lefts.diff()), -1)
            name = self._amid_words(name, self.block - (end - left) - 3, around, near)
        rest = torch.stack((mask, words, mask, entity, mask), 1)
        pieces = torch.cat((name, rest), 1)
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
        bare = name - torch.tensor([0, STOP])
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


def _word_starts(document: str, begin: int, start: int, words: int) -> list[int]:
    """Where 0, 1, … `words` words to the left of `start` begin, none of them before `begin`."""
    starts = [start]
    for _ in range(words):
        before = document.rfind(" ", begin, max(begin, starts[-1] - 1))
        starts.append(before + 1 if before >= 0 else begin)
    return starts
