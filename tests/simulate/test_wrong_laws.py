"""Planted mistakes in laws and in attention itself: the experiments must reject each of them.

An exact check needs no sample of any size: one block shows all there is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from simulate import experiment
from simulate.attention import weights
from simulate.catalogue import catalogue
from simulate.experiments import (
    averaging,
    copying,
    identity_attention,
    key_query_value,
    multi_head,
)
from simulate.streams import SIZE
from tests.simulate.verdicts import verdicts
from theory import law

CATALOGUE = {e.key: e for e in catalogue()}
COUNTED = CATALOGUE["multi_head.miss.alpha0.1.n16"]
MODULES = (copying, averaging, identity_attention, key_query_value)
EXACT = [CATALOGUE["multi_head.error"], *(e for m in MODULES for e in m.experiments(0.0))]


def spoil(monkeypatch: pytest.MonkeyPatch, name: str, wrong: Any) -> None:
    for module in (*MODULES, multi_head):
        monkeypatch.setattr(module, name, wrong, raising=False)


def test_exact_checks_pass_unspoilt() -> None:
    assert set(verdicts(EXACT, trials=SIZE).values()) == {"consistent"}


def test_one_key_fewer_in_a_law_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    """n - 1 for n: sixteen keys miss more often than fifteen, by 0.004."""
    monkeypatch.setattr(experiment, "law", fewer)
    assert verdicts([COUNTED]) == {COUNTED.key: "contradicted"}


def fewer(name: str) -> Callable[..., Any]:
    def value(*arguments: Any) -> Any:
        given = found.bind(*arguments)
        return found(**given | {"n": given["n"] - 1})

    found: Any = law(name)
    return value


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda s: np.full(s.shape, 1 / s.shape[-2]), id="constant"),
        pytest.param(lambda s: weights(s / np.sqrt(6)), id="scaled by the root of d"),
        pytest.param(lambda s: weights(-s), id="sign of the score"),
        pytest.param(lambda s: weights(s.astype(np.float32)), id="half the digits"),
    ],
)
def test_wrong_attention_weights_break_every_exact_check(
    monkeypatch: pytest.MonkeyPatch, wrong: Callable[[np.ndarray], np.ndarray]
) -> None:
    """But for the hull, which holds whatever the weights are."""
    spoil(monkeypatch, "weights", wrong)
    passed = {
        key for key, verdict in verdicts(EXACT, trials=SIZE).items() if verdict == "consistent"
    }
    assert passed == {e.key for e in EXACT if e.claim == "identity_attention.hull"}


@pytest.mark.parametrize("factor", [0.99, 1.01])
def test_a_law_that_is_one_percent_off_never_passes_an_exact_check(
    monkeypatch: pytest.MonkeyPatch, factor: float
) -> None:
    def off(name: str) -> Callable[..., Any]:
        exact: Any = law(name)
        if name.endswith("matrices"):
            return lambda *u: tuple(factor * matrix for matrix in exact(*u))
        return lambda *arguments: factor * exact(*arguments)

    spoil(monkeypatch, "law", off)
    assert "consistent" not in verdicts(EXACT, trials=SIZE).values()


def test_one_key_fewer_in_an_exact_law_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(monkeypatch, "law", fewer)
    counted = [e for e in EXACT if e.question in ("2a", "2b", "2d.1")]
    assert len(counted) == 9
    assert set(verdicts(counted, trials=SIZE).values()) == {"contradicted"}
