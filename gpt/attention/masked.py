"""The step that variants with weights of their own share: a softmax over what each query sees."""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional


def weighted(
    scores: Float[Tensor, "*B T S"],
    seen: Bool[Tensor, "*#B #T S"],
    values: Float[Tensor, "*B S D"],
    dropout: float,
) -> Float[Tensor, "*B T D"]:
    """The values' mean by softmax over the scores that are seen, with dropout on the weights.

    A query that sees nothing gets 0.
    """
    nothing = ~seen.any(-1, keepdim=True)
    unseen = ~(seen | nothing)  # softmax over nothing is no number: over all, then made 0
    weights = scores.masked_fill(unseen, float("-inf")).softmax(-1)
    return (functional.dropout(weights, dropout) @ values).masked_fill(nothing, 0.0)
