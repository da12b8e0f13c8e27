"""The options of a variant of attention, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PHRASES = {
    "block": "blocks of {}",
    "bottleneck": "{} latents",
    "chunk": "chunks of {}",
    "draws": "{} directions",
    "features": "{} a head",
    "global_blocks": "{} global",
    "k": "k = {}",
    "map": "{} features",
    "mask": "mask “{}”",
    "random_blocks": "{} random",
    "redraw": "drawn anew every {} calls",
    "window": "a window of {}",
}
WHOLE = {
    ("redraw", 0): "drawn once",
    ("rotary", True): "rotary positions",
    ("rotary", False): "",  # as every variant has it unless told otherwise
    ("share", "headwise"): "E and F shared by the heads",
    ("share", "key-value"): "one E for keys and values of all heads",
}


def in_words(options: Mapping[str, Any]) -> str:
    """`blocks of 8, 1 global, 1 random, rotary positions, a window of 3`; of an option that is
    not known here, its name and value."""
    return ", ".join(filter(None, (_phrase(*option) for option in sorted(options.items()))))


def _phrase(name: str, value: Any) -> str:
    if (name, value) in WHOLE:
        return WHOLE[name, value]
    return PHRASES.get(name, f"{name} {{}}").format(value)
