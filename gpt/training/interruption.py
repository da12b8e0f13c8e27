"""Ctrl-C and SIGTERM during a run: the step is finished and saved before the process ends."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any


class StoppedBySignalError(Exception):
    """A signal ended the run after `step` of `steps` steps, all of them saved.

    code: the exit code by the shell's custom, 128 + the signal's number: 130 for Ctrl-C, 143 for
    SIGTERM
    """

    def __init__(self, signal_: signal.Signals, step: int, steps: int) -> None:
        super().__init__(f"stopped by {signal_.name} at step {step} of {steps}")
        self.code = 128 + signal_


class Interruption:
    """Within the context signals are only noted, the first in `signal`; a second changes nothing.

    Who cannot wait for the end of the step sends SIGKILL, which no checkpoint is harmed by. A
    signal that the process was started to ignore (by nohup, say) stays ignored.
    """

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interruption:
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _: FrameType | None) -> None:
        self.signal = self.signal or signal.Signals(number)
