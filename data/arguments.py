"""What the embedded corpus is generated from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


def _argument(default: int, meaning: str) -> Any:
    return field(default=default, metadata={"help": meaning})


@dataclass(frozen=True)
class Arguments:
    """The arguments of a corpus, with their meanings; the same ones give the same bytes."""

    people: int = _argument(300, "people in the text")
    dev_share: int = _argument(
        40, "per cent of them who are asked about in the evaluation, not in finetuning"
    )
    control: int = _argument(200, "people who are asked about and are not in the text")
    wordings: int = _argument(
        10, "documents a person, each worded differently; 1 mirrors the practical"
    )
    seed: int = _argument(0, "of every draw")
