"""Mergeable sums: all that is kept of the trials. Memory does not grow with their number.

A tally of one block plus the tally of the next is the tally of both. A trial whose value is not a
finite number is counted as invalid and never as evidence. Values are numpy arrays or torch tensors;
of a tensor the sums alone leave its device.
"""

from simulate.tallies.count import Count, indicator
from simulate.tallies.cumulative import Cumulative
from simulate.tallies.greatest import Greatest
from simulate.tallies.histogram import Histogram
from simulate.tallies.moments import Moments
from simulate.tallies.portable import from_json, to_json
from simulate.tallies.tally import Tally

__all__ = [
    "Count", "Cumulative", "Greatest", "Histogram", "Moments", "Tally", "from_json", "indicator",
    "to_json",
]  # fmt: skip
