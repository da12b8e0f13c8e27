"""The learning curve beside a training record, as CSV of at most a few hundred rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from gpt.trainer import Point
from reports.record import write_text

ROWS = 400


def write(path: Path, points: Sequence[Point]) -> None:
    """Write the curve; neighbouring steps are merged, their losses averaged, to at most ROWS rows.

    Columns: step, epoch, loss, learning_rate, tokens, seconds (of the last step merged).
    """
    table = pd.DataFrame([vars(point) for point in points])
    size = -(-len(table) // ROWS)
    merged = table.groupby(table.index // size).agg(
        {"step": "last", "epoch": "last", "loss": "mean", "learning_rate": "last",
         "tokens": "last", "seconds": "last"}
    )  # fmt: skip
    write_text(path, merged.round({"loss": 6, "seconds": 3}).to_csv(index=False))
