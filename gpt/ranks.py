"""The ranks that `torchrun` starts: one writes and speaks, all add up their gradients.

    torchrun --nproc-per-node 2 gpt/run.py pretrain vanilla wiki.txt --writing_params_path …

Every rank makes the same batches and keeps the same model and optimizers; each computes the
gradient of its own rows alone (see training/microbatches.py), the sums go to all, and all take
the same step. The gradients are added by one flat all-reduce after the backward pass, instead of
DistributedDataParallel: its buckets are arranged anew after the first step, so that a run which
was resumed would add in another order than one that was not.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, distributed

from reports.record import InputError

R = TypeVar("R")

PATIENCE = 10.0
"""Seconds that another rank leaves to the first to end the run for the same bad input."""


class Ranks:
    """This process among the ranks of a run.

    A command is wrapped whole in `with Ranks.of_torchrun() as ranks`: ranks other than the first
    print nothing. What is wrong with the command line or a file is wrong for all, so the first
    says it and ends the run. A rank that dies leaves the others without its gradients: they end
    with an error, and `torchrun` ends whoever is left.
    """

    def __init__(self, rank: int = 0, size: int = 1, here: int = 0) -> None:
        """`here`: number of this rank on its own machine."""
        self.rank, self.size, self.here = rank, size, here
        self._silence = ExitStack()

    @staticmethod
    def of_torchrun() -> Ranks:
        """What `torchrun` says in the environment; one rank if it started nothing."""
        names = (("RANK", "0"), ("WORLD_SIZE", "1"), ("LOCAL_RANK", "0"))
        return Ranks(*(int(os.environ.get(name, alone)) for name, alone in names))

    def __enter__(self) -> Ranks:
        if self.size > 1:
            distributed.init_process_group()  # gloo for what lies on the CPU, NCCL on CUDA
        if not self.first:
            nowhere = self._silence.enter_context(open(os.devnull, "w", encoding="utf-8"))
            self._silence.enter_context(redirect_stdout(nowhere))
            self._silence.enter_context(redirect_stderr(nowhere))
        return self

    def __exit__(
        self, _: type[BaseException] | None, problem: BaseException | None, *__: object
    ) -> None:
        """Leaving with bad input, others than the first wait until it has said what is wrong."""
        self._silence.close()
        if problem is None and self.size > 1:
            distributed.destroy_process_group()
        refused = isinstance(problem, SystemExit) and problem.code == 2  # by the parser
        if not self.first and (refused or isinstance(problem, InputError)):
            time.sleep(PATIENCE)

    @property
    def first(self) -> bool:
        """Whether this is the rank that prints, writes and holds locks."""
        return self.rank == 0

    def device(self, device: torch.device) -> torch.device:
        """The device of this rank: on CUDA, the one of its own number on its machine.

        Raises: InputError if the machine has fewer than it has ranks.
        """
        if self.size == 1 or device.type != "cuda":
            return device
        if self.here >= torch.cuda.device_count():
            raise InputError(
                f"rank {self.rank}: CUDA device {self.here} does not exist, this machine has "
                f"{torch.cuda.device_count()}: start no more ranks on it"
            )
        return torch.device("cuda", self.here)

    def reseed(self, seed: int, step: int) -> None:
        """On ranks other than the first, draw the dropout of a step from (seed, rank, step).

        The first draws as one process does. So with dropout the curve depends on the number of
        ranks, though its law does not; and only the first has random states to be saved.
        """
        if not self.first:
            state = np.random.SeedSequence((seed, self.rank, step)).generate_state(1, np.uint64)
            torch.manual_seed(int(state[0]))

    def add(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor, in place, by its sum over all ranks; they lie on one device."""
        if self.size == 1:
            return
        flat = torch.cat([tensor.detach().flatten() for tensor in tensors])
        with _nobody_gone():
            distributed.all_reduce(flat)
        parts = flat.split([tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.detach().copy_(part.view_as(tensor))

    def largest(self, mine: int) -> int:
        """The largest of all ranks' numbers."""
        if self.size == 1:
            return mine
        number = torch.tensor(mine)
        with _nobody_gone():
            distributed.all_reduce(number, distributed.ReduceOp.MAX)
        return int(number)

    def wait(self) -> None:
        """Return once every rank is here."""
        self.largest(0)

    def of_first(self, mine: R) -> R:
        """What the first rank has, of whatever type."""
        if self.size == 1:
            return mine
        found: list[Any] = [mine if self.first else None]
        with _nobody_gone():
            distributed.broadcast_object_list(found, src=0)
        first: R = found[0]
        return first


ALONE = Ranks()
"""The one rank of a process that `torchrun` did not start."""


@contextmanager
def _nobody_gone() -> Iterator[None]:
    """Exits with an error if a rank is gone: without it there is no gradient, so no step."""
    try:
        yield
    except RuntimeError as problem:
        reason = str(problem).splitlines()[0]
        sys.exit(f"error: a rank is gone; what was saved before stands: {reason}")
