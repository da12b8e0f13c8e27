"""The character vocabulary of the practical: 0 is PAD, 1 is MASK, then the sorted characters."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from reports.record import InputError, printable

PAD = "\u25a1"  # □
MASK = "\u2047"  # ⁇
PAD_ID = 0
MASK_ID = 1


class Vocabulary:
    """A bijection between characters and ids 0 … len−1.

    stoi: character to id; itos: id to character (both as the practical names them)
    """

    def __init__(self, symbols: Sequence[str]) -> None:
        """`symbols`: all characters in the order of their ids, PAD and MASK first."""
        if list(symbols[:2]) != [PAD, MASK] or len(set(symbols)) != len(symbols):
            raise InputError("vocabulary: symbols must be distinct and begin with PAD and MASK")
        self.symbols = tuple(symbols)
        self.stoi = {symbol: i for i, symbol in enumerate(symbols)}
        self.itos = dict(enumerate(symbols))

    @classmethod
    def of_text(cls, text: str) -> Vocabulary:
        """The vocabulary of a pretraining corpus, its newlines included.

        Raises: InputError if the text contains PAD or MASK.
        """
        for number, line in enumerate(text.split("\n"), start=1):
            for symbol in (PAD, MASK):
                if symbol in line:
                    raise InputError(f"pretraining corpus, line {number}: reserved {symbol!r}")
        return cls([PAD, MASK, *sorted(set(text))])

    def __len__(self) -> int:
        return len(self.symbols)

    def encode(self, text: str) -> list[int]:
        """Ids of the characters of `text`.

        Raises: InputError naming the first character that the vocabulary lacks.
        """
        try:
            return [self.stoi[character] for character in text]
        except KeyError as unknown:
            raise InputError(
                f"character {unknown.args[0]!r} of {printable(text)!r} is not in the pretraining "
                "corpus, so the model has no symbol for it"
            ) from None

    def decode(self, ids: Iterable[int]) -> str:
        """The characters of `ids`, joined."""
        return "".join(self.itos[int(i)] for i in ids)

    @property
    def sha256(self) -> str:
        """A fingerprint of the symbols in their order."""
        return hashlib.sha256("".join(self.symbols).encode()).hexdigest()
