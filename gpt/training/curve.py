"""The learning curve beside a training record, as CSV of at most a few hundred rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from statistics import fmean

from gpt.training.progress import Point
from reports.record import write_text

ROWS = 400


def write(path: Path, points: Sequence[Point]) -> None:
    """Write the curve; neighbouring steps are merged, their losses averaged, to at most ROWS rows.

    Columns: step, epoch, loss, learning_rate, tokens, seconds (of the last step merged).
    """
    size = -(-len(points) // ROWS)
    text = io.StringIO()
    table = csv.DictWriter(text, [field.name for field in fields(Point)], lineterminator="\n")
    table.writeheader()
    for start in range(0, len(points), size):
        chunk = points[start : start + size]
        mean = round(fmean(point.loss for point in chunk), 6)
        table.writerow(asdict(replace(chunk[-1], loss=mean)))
    write_text(path, text.getvalue())
