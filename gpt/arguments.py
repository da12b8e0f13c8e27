"""Numbers on the command lines; what is refused here ends with exit code 2 and a usage line."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from pathlib import Path

from reports.record import InputError


def positive(text: str) -> int:
    """An integer of at least 1."""
    return _at_least(1, text)


def seed(text: str) -> int:
    """An integer that every random generator takes as a seed: 0 … 2⁶³ − 1."""
    value = _at_least(0, text)
    if value >= 2**63:
        raise ArgumentTypeError(f"must be below 2^63, got {value}")
    return value


def _at_least(least: int, text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        raise ArgumentTypeError(f"not an integer: {text!r}") from None
    if value < least:
        raise ArgumentTypeError(f"must be at least {least}, got {value}")
    return value


def required(arguments: Namespace, name: str) -> str:
    """The file named by an option that this function of the command needs.

    Raises: InputError if it is not given, or names none ('', as of a shell variable that is unset).
    """
    value: str | None = getattr(arguments, name)
    if value is None:
        raise InputError(f"{arguments.function} needs --{name}")
    if not Path(value).name:
        raise InputError(f"--{name} {value!r}: not the name of a file")
    return value
