"""Rows of a table of simulate.json, and what figures make of them.

A table comes from a CSV file, so that every value is text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from jaxtyping import Float

from reports.record import RecordError

Rows = Sequence[dict[str, str]]
Values: TypeAlias = Float[np.ndarray, " rows"]


def number(row: dict[str, str], column: str) -> float:
    """The value of a column as a number.

    Raises: RecordError naming the column.
    """
    try:
        return float(row[column])
    except (KeyError, TypeError, ValueError):
        raise RecordError(
            f"simulate.json: column {column!r} of a figure's table holds {row.get(column)!r}; "
            "run `make simulate`"
        ) from None


def groups(rows: Rows, *columns: str) -> dict[tuple[str, ...], list[dict[str, str]]]:
    """Rows by the text of some columns, in order of first appearance."""
    found: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for row in rows:
        found.setdefault(tuple(row.get(c, "") for c in columns), []).append(row)
    return found


def column(rows: Rows, name: str) -> Values:
    """All values of a column as numbers.

    Raises: RecordError naming the column.
    """
    return np.array([number(row, name) for row in rows])


def plain(text: str) -> str:
    """A number as a reader writes it: 0.010 as 0.01, 1e-06 as 10⁻⁶ in mathematics."""
    value = float(text)
    if value != 0 and (abs(value) < 1e-3 or abs(value) >= 1e5):
        mantissa, exponent = f"{value:.0e}".split("e")
        power = rf"10^{{{int(exponent)}}}"
        return power if mantissa == "1" else rf"{mantissa}\times {power}"
    return f"{value:g}"


def heads_in_words(count: str) -> str:
    """'1' as one head."""
    return {"1": "one head", "2": "two heads"}.get(count, f"{count} heads")
