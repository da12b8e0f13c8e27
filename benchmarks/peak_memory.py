"""How many bytes of tensors a call holds at most at a time, beyond what was held before it.

Counted is what torch's allocators hand out and take back during the call, on the device alone:
results, what is kept for a backward pass, gradients, and the scratch space of kernels that ask
torch for it. Not counted are what the call is given, Python's objects, the libraries' own buffers
(oneDNN, cuBLAS) and, on CUDA, memory that torch's cache holds but nobody uses.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable

import torch
from torch.profiler import ProfilerActivity, profile

NO_NOTES = "6"  # the profiler's library tells on stderr when it starts and stops


def peak(call: Callable[[], object], device: torch.device) -> int:
    """Bytes at the fullest moment of one call, its result still held when it ends."""
    return _on_cuda(call) if device.type == "cuda" else _on_cpu(call)


def _on_cuda(call: Callable[[], object]) -> int:
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    call()
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated() - before


def _on_cpu(call: Callable[[], object]) -> int:
    os.environ.setdefault("KINETO_LOG_LEVEL", NO_NOTES)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        result = call()
    del result
    assert profiled.profiler is not None
    found = profiled.profiler.kineto_results.events()
    changes = sorted((e.start_ns(), e.nbytes()) for e in found if e.name() == "[memory]")
    return max(itertools.accumulate(change for _, change in changes), default=0)
