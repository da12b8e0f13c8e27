"""Tables of numbers that the report draws its figures from, one CSV file each.

What an experiment has already tallied is taken from its result; the rest is a sample of the
table's own, from its own random stream.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from reports import record
from simulate.experiment import Result
from simulate.samplers import Sampler
from simulate.tables import excluded, feature_error, leak, miss, phases, positions, sweeps
from simulate.tables.table import Run, Table

TABLES: dict[str, Callable[[Run], Table]] = {
    "leak": leak.table,
    "positions": positions.table,
    "phases": phases.table,
    "miss": miss.table,
    "excluded": excluded.table,
    "sweeps": sweeps.table,
    "feature_error": feature_error.table,
}


def write(
    results: Mapping[str, Result], alpha: float, seed: int, sampler: Sampler, path: Path
) -> tuple[record.Figure, ...]:
    """Write every table beside the record at `path`; results are by key of the experiment.

    Raises: InputError if the folder cannot be written.
    """
    run = Run(results, alpha, seed, sampler)
    return tuple(_write(key, table(run), path) for key, table in TABLES.items())


def _write(key: str, table: Table, path: Path) -> record.Figure:
    """One CSV file; numbers are written so that they read back exactly."""
    names, rows = table
    lines = [",".join(names), *(",".join(_cell(value) for value in row) for row in rows)]
    file = path.with_name(f"{path.stem}.{key}.csv")
    record.write_text(file, "\n".join(lines) + "\n")
    return record.Figure(key=key, file=file.name, sha256=record.sha256(file))


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | np.integer):
        return str(value)
    return repr(float(value)) if math.isfinite(value) else ""
