"""The journal of a run: what is finished so far, so that an interrupted run goes on from there.

It is named after everything that the results depend on (arguments, code, libraries, machine), so a
run can only ever find its own. It is written whole and atomically every few seconds,
and removed when the run is done. One that was damaged is not used.
"""

from __future__ import annotations

import hashlib
import json
import platform
import time
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from reports.record import ROOT, processor, sha256, write_text
from simulate.schedules import Ranks

PAUSE = 2.0
"""Seconds between two writings, at least."""


class Journal:
    """Where the state of a run is kept: a file in `folder`.

    settings: all that the results depend on but the code
    ranks: the first alone reads and writes the file
    """

    def __init__(
        self, settings: Mapping[str, Any], folder: Path, ranks: Ranks | None = None
    ) -> None:
        self.path = folder / f"simulate.unfinished.{_fingerprint(settings)}.json"
        self._ranks = ranks or Ranks()
        self._written = time.monotonic()

    def read(self) -> dict[str, Any]:
        """The state written last; empty where there is none, or where it was damaged."""
        return self._ranks.of_first(self._read() if self._ranks.first else {})

    def found(self) -> bool:
        """Whether there is a state that can be used. Of the first rank alone."""
        return bool(self._read())

    def _read(self) -> dict[str, Any]:
        try:
            content = json.loads(self.path.read_text())
            if content["sha256"] == _digest(content["state"]):
                return dict(content["state"])
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return {}

    def write(self, state: Mapping[str, Any]) -> None:
        """Keep this state in place of the last.

        Raises: InputError if the folder cannot be written.
        """
        if not self._ranks.first:
            return
        write_text(self.path, json.dumps({"sha256": _digest(state), "state": state}))
        self._written = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether it is time to write again."""
        return time.monotonic() > self._written + PAUSE

    def remove(self) -> None:
        """The run is done."""
        if self._ranks.first:
            self.path.unlink(missing_ok=True)


def _fingerprint(settings: Mapping[str, Any]) -> str:
    """Hash of the settings, the code, the libraries that compute and the machine."""
    code = [p for folder in ("simulate", "theory") for p in sorted((ROOT / folder).rglob("*.py"))]
    everything = {
        "settings": dict(settings),
        "code": {str(p.relative_to(ROOT)): sha256(p) for p in code},
        "libraries": {name: metadata.version(name) for name in ("numpy", "scipy", "sympy")},
        "machine": [platform.python_version(), platform.machine(), processor()],
    }
    return _digest(everything)[:16]


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
