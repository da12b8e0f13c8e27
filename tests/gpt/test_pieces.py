"""Examples as pieces of one array: joined like lists, whatever the lengths."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from gpt.pieces import Examples, join
from gpt.vocabulary import PAD_ID

SYMBOLS = torch.arange(100, 130)
PIECE = st.tuples(st.integers(0, 29), st.integers(0, 6)).map(
    lambda piece: (piece[0], min(piece[1], 30 - piece[0]))
)
TABLE = st.integers(1, 4).flatmap(
    lambda k: st.lists(st.lists(PIECE, min_size=k, max_size=k), min_size=1, max_size=6)
)


def made(table: list[list[tuple[int, int]]]) -> Examples:
    return Examples(SYMBOLS, torch.tensor(table), torch.zeros(len(table), dtype=torch.long))


def joined(pieces: list[tuple[int, int]], symbols: list[int]) -> list[int]:
    return [s for start, length in pieces for s in symbols[start : start + length]]


@given(TABLE)
def test_rows_are_the_pieces_joined_and_padded(table: list[list[tuple[int, int]]]) -> None:
    """Against lists; pieces of length 0 included, at the front too."""
    wanted = [joined(pieces, SYMBOLS.tolist()) for pieces in table]
    longest = max(map(len, wanted))
    chosen = torch.arange(len(table)).flip(0)
    rows = made(table).rows(chosen, longest).tolist()
    assert rows == [row + [PAD_ID] * (longest - len(row)) for row in reversed(wanted)]
    assert made(table).sizes.tolist() == [len(row) for row in wanted]


@given(TABLE, TABLE)
def test_kinds_are_put_one_after_the_other(
    one: list[list[tuple[int, int]]], other: list[list[tuple[int, int]]]
) -> None:
    second = Examples(SYMBOLS + 50, torch.tensor(other), torch.ones(len(other), dtype=torch.long))
    both = join([made(one), second])
    assert [both.ids(i).tolist() for i in range(len(both))] == [
        *(joined(pieces, SYMBOLS.tolist()) for pieces in one),
        *(joined(pieces, (SYMBOLS + 50).tolist()) for pieces in other),
    ]
    assert both.silent.tolist() == [0] * len(one) + [1] * len(other)
