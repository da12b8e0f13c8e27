"""The optimizers: AdamW as the course sets it, or Muon for the hidden matrices beside it."""

from __future__ import annotations

from torch import nn
from torch.optim import AdamW, Muon, Optimizer

from gpt.recipe import Stage

BETAS = (0.9, 0.95)


def optimizers(model: nn.Module, stage: Stage, weight_decay: float) -> list[Optimizer]:
    """The optimizers of a run, each group with its peak rate as `initial_lr`.

    AdamW decays everything but biases: the course means to leave out LayerNorm gains, embeddings
    and positions as well, but its list of names misses them. With a `matrix_rate`, Muon (Jordan
    2024) trains the matrices of the blocks, each orthogonalised update scaled by
    √max(1, rows/columns).
    """
    named = list(model.named_parameters())
    hidden = [p for n, p in named if stage.matrix_rate and n.startswith("blocks.") and p.ndim == 2]
    chosen = {id(p) for p in hidden}
    rest = [(n, p) for n, p in named if id(p) not in chosen]
    decayed = [p for n, p in rest if not n.endswith("bias")]
    biases = [p for n, p in rest if n.endswith("bias")]
    made: list[Optimizer] = [
        AdamW(
            [
                {"params": decayed, "weight_decay": weight_decay},
                {"params": biases, "weight_decay": 0.0},
            ],
            lr=stage.rate,
            betas=BETAS,
            fused=True,
        )
    ]
    if stage.matrix_rate:
        made.append(Muon(hidden, lr=stage.matrix_rate, weight_decay=weight_decay))
    for optimizer in made:
        for group in optimizer.param_groups:
            group["initial_lr"] = group["lr"]
    return made


def set_factor(made: list[Optimizer], factor: float) -> None:
    """Set every group's rate to `factor` times its peak rate."""
    for optimizer in made:
        for group in optimizer.param_groups:
            group["lr"] = factor * group["initial_lr"]
