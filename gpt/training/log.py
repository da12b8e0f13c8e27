"""The log of a run: JSON lines, one a step."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from gpt.training.progress import Point
from reports.record import InputError


class Log:
    """A file that holds the lines of the steps that are done and no others, whatever was in it.

    Each line is written at once: nothing waits in a buffer for a disk that is full.
    """

    def __init__(self, path: Path, points: Iterable[Point]) -> None:
        """Raises: InputError if the file cannot be written."""
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("wb", buffering=0)
        except OSError as problem:
            raise self._refusal(problem.strerror) from None
        self._write(*points)

    def add(self, point: Point) -> None:
        """Write the line of a step.

        Raises: InputError if it cannot be written.
        """
        self._write(point)

    def close(self) -> None:
        self._file.close()

    def _write(self, *points: Point) -> None:
        content = "".join(json.dumps(vars(point)) + "\n" for point in points).encode()
        try:
            whole = self._file.write(content) == len(content)
        except OSError as problem:
            raise self._refusal(problem.strerror) from None
        if not whole:
            raise self._refusal("a line was cut short, as on a full disk")

    def _refusal(self, reason: str | None) -> InputError:
        return InputError(f"{self.path}: cannot be written: {reason}")
