"""The options of a variant of attention, as `--attention NAME=VALUE` gives them.

A variant's class names its options with their defaults in `options`; values take the default's
type. What a value must be besides, the class itself refuses.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gpt.attention import VARIANTS


def resolved(variant: str, given: dict[str, Any]) -> dict[str, Any]:
    """All options of a variant: those given, and the defaults of the others.

    Raises: ValueError for an unknown variant or option.
    """
    if variant not in VARIANTS:
        raise ValueError(f"unknown variant {variant!r}; known: {', '.join(VARIANTS)}")
    known = VARIANTS[variant].options
    for name in given:
        if name not in known:
            listed = ", ".join(known) or "none"
            raise ValueError(f"unknown option {name!r} of variant {variant!r}; known: {listed}")
    return known | given


def parse(variant: str, texts: Iterable[str]) -> dict[str, Any]:
    """The options that `NAME=VALUE` texts give.

    Raises: ValueError for what is no such text, an unknown option, or a value of another type.
    """
    given: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"{text!r}: expected NAME=VALUE")
        resolved(variant, {name: value})  # refuses an unknown one
        given[name] = _value(text, value, type(VARIANTS[variant].options[name]))
    return given


def written(options: dict[str, Any]) -> list[str]:
    """The `NAME=VALUE` texts that `parse` reads as these options."""
    texts = {True: "true", False: "false"}
    return [
        f"{name}={texts[value] if isinstance(value, bool) else value}"
        for name, value in options.items()
    ]


def _value(text: str, value: str, kind: type) -> Any:
    if kind is bool:
        if value not in ("true", "false"):
            raise ValueError(f"{text!r}: expected true or false")
        return value == "true"
    try:
        return kind(value)
    except ValueError:
        raise ValueError(f"{text!r}: expected {NAMES[kind]}") from None


NAMES = {int: "an integer", float: "a number"}
