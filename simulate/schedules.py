"""Who computes what: tasks spread over the threads of a process, or over the ranks of `torchrun`.

Results come back in the order of the tasks, so whatever is made of them does not depend on who
computed them, nor in what order they were ready.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any, Protocol, TypeVar

S = TypeVar("S")
R = TypeVar("R")


class Schedule(Protocol):
    """(work, tasks) to each task with what came of it, in the order of the tasks."""

    def __call__(self, compute: Callable[[S], R], tasks: Iterable[S]) -> Iterator[tuple[S, R]]: ...


def on_threads(workers: int) -> Schedule:
    """A schedule on threads of this process, with a few tasks a thread under way at a time."""

    def schedule(compute: Callable[[S], R], tasks: Iterable[S]) -> Iterator[tuple[S, R]]:
        ahead: deque[tuple[S, Future[R]]] = deque()
        with ThreadPoolExecutor(workers) as pool:
            try:
                for task in tasks:
                    ahead.append((task, pool.submit(compute, task)))
                    if len(ahead) > 2 * workers:
                        first, future = ahead.popleft()
                        yield first, future.result()
                while ahead:
                    first, future = ahead.popleft()
                    yield first, future.result()
            finally:
                pool.shutdown(cancel_futures=True)

    return schedule


ONE_THREAD = on_threads(1)


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Ranks:
    """This process among those that `torchrun` started; alone if it did not.

    All ranks go through the same tasks in the same order, and each computes its share of every
    round; after a round all have all its results. A rank that dies leaves the others without them:
    they end with an error, and `torchrun` ends whoever is left.
    """

    def __init__(self) -> None:
        self.rank = int(os.environ.get("RANK", "0"))
        self.size = int(os.environ.get("WORLD_SIZE", "1"))
        self.here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))

    def __enter__(self) -> Ranks:
        if self.size > 1:
            import torch.distributed

            torch.distributed.init_process_group("gloo")
        return self

    def __exit__(self, problem: type[BaseException] | None, *_: object) -> None:
        """Leaving with a problem, nobody waits for the others."""
        if self.size > 1 and problem is None:
            import torch.distributed

            torch.distributed.destroy_process_group()

    @property
    def first(self) -> bool:
        """Whether this is the rank that prints and writes."""
        return self.rank == 0

    def of_first(self, value: R) -> R:
        """The value that the first rank has."""
        if self.size == 1:
            return value
        import torch.distributed

        values: list[Any] = [value]
        torch.distributed.broadcast_object_list(values, src=0)
        found: R = values[0]
        return found

    def schedule(self, workers: int) -> Schedule:
        """A schedule over all ranks, each with as many threads."""
        if self.size == 1:
            return on_threads(workers)

        def schedule(compute: Callable[[S], R], tasks: Iterable[S]) -> Iterator[tuple[S, R]]:
            remaining = iter(tasks)
            while batch := list(islice(remaining, 2 * workers * self.size)):
                mine = batch[self.rank :: self.size]
                found = [result for _, result in on_threads(workers)(compute, mine)]
                of_rank = _gathered(found, self.size)
                for i, task in enumerate(batch):
                    yield task, of_rank[i % self.size][i // self.size]

        return schedule


def _gathered(mine: list[R], ranks: int) -> list[list[R]]:
    """What each rank has found, by rank.

    Exits with an error if a rank is gone: its trials are missing, so there is no result.
    """
    import torch.distributed

    found: list[Any] = [None] * ranks
    try:
        torch.distributed.all_gather_object(found, mine)
    except RuntimeError as problem:
        sys.exit(f"error: a rank is gone, so nothing was counted: {problem}")
    return found
