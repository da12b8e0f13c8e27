"""A tally as JSON and back, every number exactly: floats are written so that they read back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from simulate.tallies.count import Count
from simulate.tallies.cumulative import Cumulative
from simulate.tallies.greatest import Greatest
from simulate.tallies.histogram import Histogram
from simulate.tallies.moments import Moments
from simulate.tallies.tally import Tally

KINDS: dict[str, type[Any]] = {
    kind.__name__: kind for kind in (Count, Cumulative, Greatest, Histogram, Moments)
}


def to_json(tally: Tally) -> dict[str, Any]:
    """What `json.dumps` takes. Infinity, which JSON does not know, becomes the string 'inf'."""
    plain = {name: _plain(value) for name, value in vars(tally).items()}
    return {"kind": type(tally).__name__, **plain}


def from_json(saved: dict[str, Any]) -> Any:
    """The tally that `to_json` made `saved` of.

    Raises: ValueError if there is no such tally.
    """
    fields = dict(saved)
    kind = KINDS.get(fields.pop("kind", ""))
    if kind is None or set(fields) != set(kind.__dataclass_fields__):
        raise ValueError(f"not a tally: {sorted(saved)}")
    return kind(**{name: _number(value) for name, value in fields.items()})


def _plain(value: int | float | np.ndarray) -> int | float | str | list[int]:
    if isinstance(value, np.ndarray):
        return [int(count) for count in value]
    return value if math.isfinite(value) else str(value)


def _number(value: int | float | str | list[int]) -> int | float | np.ndarray:
    if isinstance(value, list):
        return np.array(value, dtype=np.int64)
    return float(value) if isinstance(value, str) else value
