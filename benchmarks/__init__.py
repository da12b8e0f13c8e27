"""Side-by-side measurements: each prints what it compared and ends with one JSON line."""

import os

# A tensor above 32 MiB is mapped anew at every call, in pages of 4 KiB, whose faults are then much
# of what is timed: any way would look worse than linear where its tensors pass that size. torch
# asks for huge pages if this is set before its first tensor.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
