"""The gradient of a batch from its microbatches, dealt to ranks and computed one after the other.

The loss of a batch is the mean over its targets. A microbatch counts by its targets: its mean loss
times its part of the batch's targets. So the losses, and the gradients, of the microbatches add up
to the batch's, whatever their lengths; the mean of their means would not.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from gpt.batches import Batch
from gpt.model import GPT
from gpt.ranks import Ranks
from gpt.training.precision import Precision, loss_of


def gradient(
    model: GPT,
    batch: Batch,
    precision: Precision,
    ranks: Ranks,
    accumulate: int = 1,
) -> Float[Tensor, ""]:
    """Leave the gradient of the batch's loss in the parameters of every rank; returns that loss.

    The gradients of the microbatches, `accumulate` on each rank, are added to what the parameters
    hold, then over the ranks.

    Raises: SystemExit if a rank is gone.
    """
    total = torch.zeros((), device=batch.x.device)
    for microbatch, part in deal(batch, ranks.size * accumulate)[ranks.rank :: ranks.size]:
        if part:
            loss = loss_of(model, microbatch, precision) * part
            loss.backward()
            total += loss.detach()
    if ranks.size > 1:
        for parameter in model.parameters():
            if parameter.grad is None:  # this rank had no rows
                parameter.grad = torch.zeros_like(parameter)
        ranks.add([total, *(p.grad for p in model.parameters() if p.grad is not None)])
    return total


def deal(batch: Batch, parts: int) -> list[tuple[Batch, float]]:
    """The rows of a batch dealt like cards to `parts` microbatches, each with its part of the
    batch's targets (0 where it has no rows).

    Rows of similar length lie side by side in a batch, so the microbatches take equally long.
    """
    if parts == 1:
        return [(batch, 1.0)]
    targets = int(batch.scored.sum())
    dealt = [batch.part(slice(i, None, parts)) for i in range(parts)]
    return [(microbatch, int(microbatch.scored.sum()) / targets) for microbatch in dealt]
