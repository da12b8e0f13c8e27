"""What makes two runs the same run: everything that their result depends on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from reports.record import ROOT, sha256


@dataclass(frozen=True)
class Identity:
    """A run can be resumed where the settings are the same and the code is unchanged.

    settings: whatever decides the result, as JSON: hyperparameters, seed, variant, SHA-256 of what
    is read; sources: SHA-256 of the modules that were loaded, by path
    surroundings: machine and versions; where they differ a run may go on, but its numbers may
    differ in the last digits from those of a run that was not cut, because kernels differ
    """

    settings: dict[str, Any]
    sources: dict[str, str]
    surroundings: dict[str, str]

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @staticmethod
    def from_json(text: str) -> Identity:
        """Raises: ValueError, TypeError if the text is none."""
        return Identity(**json.loads(text))

    def difference(self, before: Identity) -> str | None:
        """What forbids going on with what `before` began, in words; None if nothing does."""
        for name, ours, theirs in _differences(self.settings, before.settings):
            return f"{name} {_short(theirs)}, not {_short(ours)}"
        for path, digest in before.sources.items():
            if not (ROOT / path).is_file() or sha256(ROOT / path) != digest:
                return f"another {path}: the code has changed since"
        return None

    def moved(self, before: Identity) -> str | None:
        """What of the surroundings has changed, in words; None if nothing has."""
        for name, ours, theirs in _differences(self.surroundings, before.surroundings):
            return f"{name} {_short(ours)}, before {_short(theirs)}"
        return None


def _differences(
    ours: dict[str, Any], theirs: dict[str, Any], above: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    # the variant is named before its options, which are among the hyperparameters
    for name in sorted(set(ours) | set(theirs), key=lambda name: (name == "hyperparameters", name)):
        one, other = ours.get(name), theirs.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            yield from _differences(one, other, f"{above}{name} ")
        elif json.dumps(one) != json.dumps(other):
            yield f"{above}{name}", one, other


def _short(value: Any) -> str:
    """A value as it is typed; of a SHA-256, the first digits."""
    if isinstance(value, str):
        return value[:12] if re.fullmatch(r"[0-9a-f]{64}", value) else value
    return json.dumps(value)
