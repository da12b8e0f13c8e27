"""Figures that set a Monte Carlo sample beside the law that theory/ derived for it.

Each module draws the table of its name: `draw` takes the rows and returns the figure. The columns
are named in its docstring.
"""

from __future__ import annotations

from collections.abc import Callable

from reports.figures import Figure
from reports.theory_figures import feature_error, leak, miss, phases, positions, sweeps
from reports.theory_figures.rows import Rows

DRAWINGS: dict[str, Callable[[Rows], Figure]] = {
    "leak": leak.draw,
    "positions": positions.draw,
    "phases": phases.draw,
    "miss": miss.draw,
    "sweeps": sweeps.draw,
    "feature_error": feature_error.draw,
}
