"""Options in words: none is shown as its bare name."""

from __future__ import annotations

from gpt.attention import VARIANTS
from reports import options
from reports.options import in_words


def unknown() -> set[str]:
    """The options of all variants that have no words."""
    every = {name for variant in VARIANTS.values() for name in variant.options}
    return every - set(options.PHRASES) - {name for name, _ in options.WHOLE}


def test_every_option_has_words() -> None:
    assert not unknown()
    known = options.PHRASES.pop("bottleneck")
    try:
        assert unknown() == {"bottleneck"}
    finally:
        options.PHRASES["bottleneck"] = known


def test_words_hold_the_values() -> None:
    assert in_words({}) == ""
    assert in_words({"block": 8, "rotary": True, "window": 3}) == (
        "blocks of 8, rotary positions, a window of 3"
    )
    assert in_words({"draws": "orthogonal", "features": 64, "redraw": 0, "rotary": False}) == (
        "orthogonal directions, 64 a head, drawn once"
    )
    assert in_words({"redraw": 500, "depth": 3}) == "depth 3, drawn anew every 500 calls"
