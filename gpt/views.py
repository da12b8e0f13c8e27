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
from gpt.vocabulary import MASK_ID, Vocabulary

NAME = re.compile(r"(.+?(?<![ .]\w)(?<!^\w))\. ")  # the stop after an initial ends no name
CAPITALISED = r"[^\W\d_a-zß-ÿ][\w'’-]*"
ENTITY = re.compile(rf"{CAPITALISED}(?: {CAPITALISED})*")
MONTHS = frozenset(calendar.month_name[1:])


class EntityViews:
    """The views of a corpus: a fixed list of (name, entity), the words between drawn anew."""

    def __init__(
        self, documents: list[str], vocabulary: Vocabulary, words: int, block: int
    ) -> None:
        """words: at most so many words to the left of an entity are shown

        A view that is longer than `block` is left out.
        """
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

    def examples(self, chosen: Int[Tensor, " n"], u: Float[Tensor, " n"]) -> Examples:
        """The chosen views; `u` of [0, 1) decides how many words are shown, all numbers alike.

        Name, words and MASKs before the entity are no targets: there is nothing to learn from
        guessing a name.
        """
        offset, begin, start, end = self.entities[chosen].unbind(-1)
        shown = (u * self.lefts.shape[1]).long()
        left = self.lefts[chosen].gather(1, shown[:, None])[:, 0]
        mask = torch.tensor([0, 1]).expand(len(chosen), 2)
        name = torch.stack((offset, begin), -1)
        words = torch.stack((offset + left, start - left), -1)
        entity = torch.stack((offset + start, end - start), -1)
        pieces = torch.stack((name, mask, words, mask, entity, mask), 1)
        return Examples(self.symbols, pieces, begin + (start - left) + 1)


MASK_OFFSET = 1  # symbols[0] is MASK, the documents follow


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
