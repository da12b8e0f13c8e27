"""What attention keeps of a text, so that one more position costs one position.

Every variant of attention offers, beside `forward` and in evaluation mode alone,

    start(x, lengths, room) -> y, state      all positions of the questions at once
    extend(x, positions, state) -> y         one more position of every row

with the outputs that `forward` has on the whole text. Rows are padded on the right to one length;
`lengths` (B,) are their own, `room` says how many positions may follow the longest, `positions`
(B,) is where each row's new one stands. The state is the variant's own: all keys and values here,
running sums for attention with a feature map.
"""

from __future__ import annotations

from typing import Protocol, Self

import torch
from jaxtyping import Float, Int
from torch import Tensor


class State(Protocol):
    """What one attention layer remembers of the rows of a batch."""

    def keep(self, rows: Int[Tensor, " kept"]) -> Self:
        """The state of those rows alone."""
        ...


class KeyValues:
    """Keys and values of all positions so far (the key-value cache of softmax attention)."""

    def __init__(
        self, keys: Float[Tensor, "B H T D"], values: Float[Tensor, "B H T D"], room: int
    ) -> None:
        B, H, T, D = keys.shape
        self._keys, self._values = (keys.new_zeros(B, H, T + room, D) for _ in range(2))
        self._keys[:, :, :T], self._values[:, :, :T] = keys, values
        self._used = T  # columns that some row uses; known without asking the device

    def keep(self, rows: Int[Tensor, " kept"]) -> KeyValues:
        used, total = self._used, self._keys.shape[2]
        return KeyValues(self._keys[rows, :, :used], self._values[rows, :, :used], total - used)

    def append(
        self,
        key: Float[Tensor, "B H 1 D"],
        value: Float[Tensor, "B H 1 D"],
        positions: Int[Tensor, " B"],
    ) -> None:
        """Put each row's key and value where they stand, over padding or behind the last."""
        rows = torch.arange(len(positions), device=positions.device)
        self._keys[rows, :, positions] = key[:, :, 0]
        self._values[rows, :, positions] = value[:, :, 0]
        self._used = min(self._used + 1, self._keys.shape[2])

    def attend(
        self, query: Float[Tensor, "B H 1 D"], positions: Int[Tensor, " B"], scale: float
    ) -> Float[Tensor, "B H 1 D"]:
        """softmax(scale · qKᵀ)V over each row's keys up to and including its position.

        By plain products: with one query a row there is no matrix of weights to be spared, which
        is what fused kernels are for.
        """
        keys, values = self._keys[:, :, : self._used], self._values[:, :, : self._used]
        columns = torch.arange(self._used, device=positions.device)
        later = columns > positions[:, None, None, None]
        scores = scale * (query @ keys.transpose(2, 3))
        attended: Tensor = scores.masked_fill_(later, float("-inf")).softmax(-1) @ values
        return attended
