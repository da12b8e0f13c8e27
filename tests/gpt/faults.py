"""A tiny run that can be cut anywhere: in a forked child, by a kill, and resumed in another."""

from __future__ import annotations

import json
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import torch

from gpt.batches import TrainingData
from gpt.dataset import CharCorruptionDataset
from gpt.model import build
from gpt.recipe import PRACTICAL, Recipe, Stage
from gpt.training.checkpoint import Checkpoints
from gpt.training.identity import Identity
from gpt.training.trainer import train

CPU = torch.device("cpu")
COURSE = replace(PRACTICAL, layers=1, heads=2, width=16, dropout=0.1)
LINEAR = replace(COURSE, schedule="linear", shuffle=True)
STAGE = Stage(epochs=2, batch_size=10, rate=0.01, matrix_rate=0.02)  # 24 documents: 3 steps each
STEPS = 6
IDENTITY = Identity({"seed": 1}, {}, {"torch": torch.__version__})
KILLED = -signal.SIGKILL


@dataclass(frozen=True)
class Tiny:
    """A run of six steps with dropout, AdamW and Muon, whose files lie in `folder`."""

    folder: Path
    text: str
    recipe: Recipe = LINEAR
    every: int = 1

    @property
    def log(self) -> Path:
        return self.folder / "log.jsonl"

    def checkpoints(self) -> Checkpoints:
        return Checkpoints(self.folder / "out.params", IDENTITY, self.every)

    def __call__(self, resume: bool = False) -> dict[str, Any]:
        """Train; returns losses, rates, counts and the weights, all of which must repeat."""
        data = CharCorruptionDataset(self.text)
        model = build("vanilla", data.vocab_size, seed=1, layers=1, heads=2, width=16, dropout=0.1)
        checkpoints = self.checkpoints()
        done = train(
            model, TrainingData(data, None), self.recipe, STAGE, 2, 1, CPU, "fp32", self.log,
            checkpoints=checkpoints, begun=checkpoints.newest() if resume else None,
        )  # fmt: skip
        return {
            "points": [{k: v for k, v in vars(p).items() if k != "seconds"} for p in done.points],
            "weights": [p.flatten().tolist() for p in model.parameters()],
            "generator": torch.get_rng_state().tolist(),
        }

    def logged(self) -> list[dict[str, Any]]:
        """The log's lines without their times."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [{k: v for k, v in line.items() if k != "seconds"} for line in lines]

    def resumed_in_a_child(self) -> dict[str, Any]:
        """What a new process makes of what lies in the folder."""
        outcome = self.folder / "outcome.json"
        assert in_a_child(lambda: outcome.write_text(json.dumps(self(resume=True)))) == 0
        found: dict[str, Any] = json.loads(outcome.read_text())
        return found


def in_a_child(work: Callable[[], object]) -> int:
    """Do it in a forked child; its exit code, or minus the signal that killed it."""
    if torch.cuda.is_available():
        pytest.skip("autograd cannot be forked once it has threads for CUDA devices")
    sys.stdout.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside other threads
        child = os.fork()
    if child == 0:
        code = 1
        try:
            code = int(work() is NotImplemented)
        except SystemExit as stopped:
            code = stopped.code if isinstance(stopped.code, int) else 1
        except BaseException as problem:
            print(f"{type(problem).__name__}: {problem}", file=sys.stderr, flush=True)
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dying_at_line(work: Callable[[], object], functions: set[str], line: int) -> None:
    """Do it, dying before the `line`-th line of the functions of these names is run."""
    run = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal run
        if frame.f_code.co_name not in functions:
            return None
        if event == "line":
            run += 1
            if run == line:
                die()
        return trace

    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(None)


def damaged(whole: bytes) -> Iterator[tuple[str, bytes]]:
    """The file cut at 0, 1, half and all but one byte, and with a bit flipped in each region."""
    for size in (0, 1, len(whole) // 2, len(whole) - 1):
        yield f"cut at {size}", whole[:size]
    header = 8 + int.from_bytes(whole[:8], "little")
    spots = [0, 4, *range(8, header, max(1, header // 25))]
    spots += range(header, len(whole), max(1, (len(whole) - header) // 25))
    for spot in spots:
        changed = bytearray(whole)
        changed[spot] ^= 1 << (spot % 7)
        yield f"bit flipped in byte {spot}", bytes(changed)
