"""numpy and torch under one name: what the measurements need is spelled alike in both.

Both know `axis` and `keepdims`, `amax`, `exp`, `log`, `where`, `isfinite` and their like. torch is
looked up only where a tensor has already brought it in.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np


def namespace(array: Any) -> Any:
    """The module that computes with `array`: numpy, or torch for a tensor."""
    return np if isinstance(array, np.ndarray | np.generic) else sys.modules["torch"]


def on_host(array: Any) -> Any:
    """The same numbers as a numpy array."""
    return array if isinstance(array, np.ndarray | np.generic) else array.cpu().numpy()


def alike(array: np.ndarray, other: Any) -> Any:
    """The same numbers as an array of the kind of `other`, on its device."""
    if isinstance(other, np.ndarray):
        return array
    return namespace(other).as_tensor(array, device=other.device)
