"""The course's recipe written plainly, as a student would: the opponent, and the reference.

Nothing here imports gpt/. The model is minGPT's, the trainer the course's: fp32, every example
corrupted by Python and padded to the block, a DataLoader, dropout in embedding, attention weights
and residual, AdamW, the loss fetched at each step. Its loss curve is what gpt/ must reproduce with
recipe `practical`; its characters a second are what gpt/ is compared with.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

PAD, MASK = "\u25a1", "\u2047"
Example = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Settings:
    """The course's numbers; `final_epochs` of labels until the cosine is at a tenth."""

    layers: int = 4
    heads: int = 8
    width: int = 256
    block: int = 128
    dropout: float = 0.1
    batch: int = 128
    rate: float = 6e-3
    warmup: int = 512 * 20
    final_epochs: int = 200


class Corruption(Dataset[Example]):
    """`prefix MASK suffix MASK masked PAD …` of each line, drawn anew each time."""

    def __init__(self, text: str, block: int, seed: int) -> None:
        self.symbols = {c: i for i, c in enumerate([PAD, MASK, *sorted(set(text))])}
        self.lines = text.rstrip("\n").split("\n")
        self.block, self.random = block, random.Random(seed)

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, index: int) -> tuple[Int[Tensor, " T"], Int[Tensor, " T"]]:
        line = self.lines[index][: self.random.randint(4, self.block * 7 // 8)]
        half = (len(line) + self.random.randint(0, 1)) // 2
        size = min(len(line), self.random.randint(1, max(1, half - 1)))
        start = self.random.randint(0, len(line) - size)
        prefix, masked, suffix = line[:start], line[start : start + size], line[start + size :]
        text = prefix + MASK + suffix + MASK + masked
        ids = [self.symbols[c] for c in text + PAD * (self.block - len(text))]
        return torch.tensor(ids[:-1]), torch.tensor(ids[1:])


class Attention(nn.Module):
    """Causal softmax attention, its weights written out and dropped."""

    def __init__(self, s: Settings) -> None:
        super().__init__()
        self.key = nn.Linear(s.width, s.width)
        self.query = nn.Linear(s.width, s.width)
        self.value = nn.Linear(s.width, s.width)
        self.weight_dropout = nn.Dropout(s.dropout)
        self.residual_dropout = nn.Dropout(s.dropout)
        self.projection = nn.Linear(s.width, s.width)
        self.register_buffer("mask", torch.tril(torch.ones(s.block, s.block))[None, None])
        self.mask: Tensor
        self.heads = s.heads

    def forward(self, x: Float[Tensor, "B T C"]) -> Float[Tensor, "B T C"]:
        B, T, C = x.size()
        k = self.key(x).view(B, T, self.heads, C // self.heads).transpose(1, 2)
        q = self.query(x).view(B, T, self.heads, C // self.heads).transpose(1, 2)
        v = self.value(x).view(B, T, self.heads, C // self.heads).transpose(1, 2)
        scores = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
        scores = scores.masked_fill(self.mask[:, :, :T, :T] == 0, -1e10)
        weights = self.weight_dropout(functional.softmax(scores, dim=-1))
        y = (weights @ v).transpose(1, 2).contiguous().view(B, T, C)
        out: Tensor = self.residual_dropout(self.projection(y))
        return out


class Block(nn.Module):
    def __init__(self, s: Settings) -> None:
        super().__init__()
        self.ln1 = nn.LayerNorm(s.width)
        self.ln2 = nn.LayerNorm(s.width)
        self.attention = Attention(s)
        self.mlp = nn.Sequential(
            nn.Linear(s.width, 4 * s.width),
            nn.GELU(),
            nn.Linear(4 * s.width, s.width),
            nn.Dropout(s.dropout),
        )

    def forward(self, x: Float[Tensor, "B T C"]) -> Float[Tensor, "B T C"]:
        x = x + self.attention(self.ln1(x))
        out: Tensor = x + self.mlp(self.ln2(x))
        return out


class Model(nn.Module):
    """Ids (B, T) and targets (B, T) to logits (B, T, V) and the mean loss over what is not PAD."""

    def __init__(self, symbols: int, s: Settings) -> None:
        super().__init__()
        self.tokens = nn.Embedding(symbols, s.width)
        self.positions = nn.Parameter(torch.zeros(1, s.block, s.width))
        self.dropout = nn.Dropout(s.dropout)
        self.blocks = nn.Sequential(*(Block(s) for _ in range(s.layers)))
        self.ln = nn.LayerNorm(s.width)
        self.head = nn.Linear(s.width, symbols, bias=False)
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                module.weight.data.normal_(mean=0.0, std=0.02)
            if isinstance(module, nn.Linear) and module.bias is not None:
                module.bias.data.zero_()

    def forward(
        self, x: Int[Tensor, "B T"], y: Int[Tensor, "B T"]
    ) -> tuple[Float[Tensor, "B T V"], Float[Tensor, ""]]:
        hidden = self.dropout(self.tokens(x) + self.positions[:, : x.size(1)])
        logits = self.head(self.ln(self.blocks(hidden)))
        loss = functional.cross_entropy(
            logits.view(-1, logits.size(-1)), y.reshape(-1), ignore_index=0
        )
        return logits, loss


def groups(model: nn.Module) -> list[dict[str, object]]:
    """AdamW's groups by the course's list of names, which misses LayerNorms named otherwise."""
    excluded = ("bias", "LayerNorm.weight")
    named = list(model.named_parameters())
    decayed = [p for n, p in named if not any(e in n for e in excluded)]
    others = [p for n, p in named if any(e in n for e in excluded)]
    return [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]


def train(
    model: Model,
    data: Dataset[Example],
    documents: int,
    epochs: int,
    settings: Settings,
    device: str = "cpu",
) -> Iterator[tuple[int, float, int]]:
    """The course's loop; after each step its epoch, loss (nats), characters that are not PAD."""
    model.to(device).train()
    optimizer = torch.optim.AdamW(groups(model), lr=settings.rate, betas=(0.9, 0.95))
    final = settings.final_epochs * documents * settings.block
    labels = 0
    for epoch in range(epochs):
        for x, y in DataLoader(data, batch_size=settings.batch):
            x, y = x.to(device), y.to(device)
            _, loss = model(x, y)
            value = loss.item()
            model.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            labels += int((y >= 0).sum())
            if labels < settings.warmup:
                factor = labels / max(1, settings.warmup)
            else:
                progress = (labels - settings.warmup) / max(1, final - settings.warmup)
                factor = max(0.1, 0.5 * (1.0 + math.cos(math.pi * progress)))
            for group in optimizer.param_groups:
                group["lr"] = settings.rate * factor
            yield epoch, value, int((x != 0).sum())
