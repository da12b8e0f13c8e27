"""Checkpoints: all that decides the rest of a run, on disk, so that it can be cut anywhere.

They lie in a folder beside the parameters that the run will write, `<parameters>.checkpoints`,
one sealed safetensors file each (see tensor_file.py), and go when the run is finished.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from torch import Tensor

from gpt import tensor_file
from gpt.training.identity import Identity
from gpt.training.precision import Precision
from gpt.training.progress import Progress, as_table, from_table
from reports.record import InputError, printable

FORMAT = "attention-practical checkpoint 1"
SECONDS = 60.0
"""Between two checkpoints, where no number of steps is given."""


class AnotherRunError(InputError):
    """What is there was begun by a run of other settings or other code; names the difference."""


@dataclass(frozen=True)
class Checkpoint:
    """Progress and state (see state.py) after a whole number of steps.

    precision: what 'auto' came to; threads: of the CPU, whose sums depend on their number
    """

    progress: Progress
    precision: Precision
    threads: int
    tensors: dict[str, Tensor]


class Checkpoints:
    """The checkpoints of one run, the newest two kept; one process alone may use the folder."""

    def __init__(self, parameters: Path, identity: Identity, every: int | None = None) -> None:
        """`parameters`: the file that the run will write; `every`: steps between checkpoints."""
        self.folder = parameters.with_name(parameters.name + ".checkpoints")
        self.identity, self.every = identity, every
        self._last: Path | None = None  # that this run saved or goes on from
        self._saved_at = time.monotonic()

    def due(self, step: int) -> bool:
        """Whether to save after `step` steps."""
        if self.every is not None:
            return step % self.every == 0
        return time.monotonic() - self._saved_at >= SECONDS

    def save(self, checkpoint: Checkpoint) -> None:
        """Write atomically; then of the others only this run's last is kept.

        Raises: InputError if it cannot be written; the others are as they were.
        """
        progress = checkpoint.progress
        header = {
            "identity": self.identity.to_json(),
            "position": json.dumps([progress.epoch, progress.batch, progress.labels]),
            "precision": checkpoint.precision,
            "threads": str(checkpoint.threads),
        }
        path = self.folder / f"step-{progress.step:08d}.safetensors"
        tensors = checkpoint.tensors | {"points": as_table(progress.points)}
        tensor_file.write(path, FORMAT, header, tensors)
        for other in self.files():
            if other not in (path, self._last):
                other.unlink()
        self._last, self._saved_at = path, time.monotonic()

    def newest(self, precision: Precision | Literal["auto"] = "auto") -> Checkpoint | None:
        """The newest checkpoint that is whole; a damaged one is passed over in one printed line.

        Raises: AnotherRunError if it was saved by a run of other settings or other code, or of
        another precision than is asked for ('auto' asks for none).
        """
        self._remove_litter()
        for path in reversed(self.files()):
            try:
                header, tensors = tensor_file.read(path, FORMAT)
            except InputError as problem:
                print(printable(f"damaged checkpoint passed over: {problem}"))
                continue
            before = Identity.from_json(header["identity"])
            difference = self.identity.difference(before)
            if precision not in ("auto", header["precision"]):
                difference = f"precision {header['precision']}, not {precision}"
            if difference is not None:
                raise AnotherRunError(f"{path}: the run there has {difference}")
            moved = self.identity.moved(before)
            if moved is not None:
                print(printable(f"the run goes on, but not to the last digit: {moved}"))
            self._last = path
            return _checkpoint(header, tensors)
        return None

    def files(self) -> list[Path]:
        """The checkpoints, damaged ones among them, oldest first."""
        return sorted(p for p in self.folder.glob("step-*.safetensors") if p.is_file())

    def drop(self) -> None:
        """Remove the checkpoints and their folder."""
        self._remove_litter()
        for path in self.files():
            path.unlink()
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _remove_litter(self) -> None:
        """Temporary files that a killed writer left."""
        for path in self.folder.glob(".step-*"):
            path.unlink()


def _checkpoint(header: dict[str, str], tensors: dict[str, Tensor]) -> Checkpoint:
    points = list(from_table(tensors.pop("points")))
    epoch, batch, labels = json.loads(header["position"])
    precision: Precision = "bf16" if header["precision"] == "bf16" else "fp32"
    progress = Progress(epoch, batch, labels, points)
    return Checkpoint(progress, precision, int(header["threads"]), tensors)
