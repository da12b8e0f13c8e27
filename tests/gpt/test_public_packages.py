"""Performer and Linformer beside the public packages as installed: where they agree, where not.

Tolerances: in float64 both sides differ in the order of sums alone, a few hundred roundings of
1e-16, so 1e-12 is far above them and far below any wrong term.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from benchmarks import public_packages
from gpt.attention import feature_maps, linformer, running_sums
from gpt.attention.linformer import LinformerAttention
from gpt.attention.performer import PerformerAttention
from gpt.attention.running_sums import RunningSums

HEADS, SIZE, T = 2, 4, 21
WIDTH = HEADS * SIZE
FORMS = pytest.mark.parametrize("causal", [True, False])


@pytest.fixture(autouse=True)
def _installed() -> None:
    try:
        public_packages.versions()
    except public_packages.MissingPackageError as problem:
        pytest.skip(str(problem))


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# -------------------------------------------------------------------------------- performer

Mix = Callable[[Tensor, Tensor, Tensor], Tensor]


def performers(causal: bool, size: int = SIZE) -> tuple[Mix, Any]:
    torch.manual_seed(0)
    ours = PerformerAttention(HEADS * size, HEADS, T, 0.0, causal, features=16, chunk=8)
    theirs = public_packages.performer(ours)
    return partial(ours.mix, padding=None), theirs


def without_constants(theirs: nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the package adds to each feature and to the causal normaliser made 0."""
    module = public_packages._loaded("performer_pytorch.performer_pytorch", "performer-pytorch")
    monkeypatch.setattr(module, "softmax_kernel", partial(module.softmax_kernel, eps=0.0))
    causal_form = partial(module.causal_linear_attention_noncuda, eps=0.0)
    monkeypatch.setattr(theirs, "causal_linear_fn", causal_form)


def difference(
    causal: bool, monkeypatch: pytest.MonkeyPatch | None = None, size: int = SIZE
) -> float:
    """Largest, of outputs of order 1; with their constants unless `monkeypatch` is given."""
    ours, theirs = performers(causal, size)
    if monkeypatch is not None:
        without_constants(theirs, monkeypatch)
    given = normal(3, 2, HEADS, T, size)
    return float((ours(*given) - theirs(*given)).abs().max())


@FORMS
def test_the_performer_is_the_packages_but_for_its_constants(
    causal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It adds 1e-4 to each feature, relative to the largest of all keys; ours adds nothing."""
    assert 1e-6 < difference(causal) < 0.1
    assert difference(causal, monkeypatch) < 1e-12


@FORMS
def test_in_heads_of_64_their_constants_outweigh_the_features(
    causal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Most features are then below 1e-4 of the largest."""
    assert difference(causal, size=64) > 0.1
    assert difference(causal, monkeypatch, size=64) < 1e-12


def forgetful(chunks: RunningSums) -> RunningSums:
    return RunningSums(chunks.maxima.roll(1, -3), chunks.sums.roll(1, -3))


TWINS: dict[str, tuple[bool, object, str, Callable[..., Any]]] = {
    "no norm in the features": (False, feature_maps, "_half_square", lambda x, _: 0 * x[..., :1]),
    "no norm, causal": (True, feature_maps, "_half_square", lambda x, _: 0 * x[..., :1]),
    "earlier chunks forgotten": (True, running_sums, "_before", forgetful),
}


@pytest.mark.parametrize(("causal", "owner", "name", "wrong"), TWINS.values(), ids=TWINS.keys())
def test_a_wrong_performer_is_not_the_packages(
    monkeypatch: pytest.MonkeyPatch,
    causal: bool,
    owner: object,
    name: str,
    wrong: Callable[..., Any],
) -> None:
    monkeypatch.setattr(owner, name, wrong)
    assert difference(causal, monkeypatch) > 1e-2


def moved_by_the_last_key(attend: Mix, size: float) -> float:
    """How far outputs before the last position move when its key is made `size` times longer."""
    q, k, v = normal(3, 2, HEADS, T, SIZE).float()
    other = k.clone()
    other[..., -1, :] *= size
    return float((attend(q, other, v) - attend(q, k, v))[..., :-1, :].abs().max())


def test_the_packages_causal_form_lets_the_future_through_and_ours_not_a_bit() -> None:
    """Its issue 82: the largest exponent of all keys, later ones included, is subtracted, and 1e-4
    is added to what is left; a long later key makes all earlier ones alike. (The same stabiliser in
    ours is caught in test_running_sums.py.)"""
    ours, theirs = performers(causal=True)
    for size, by in ((2.0, 1e-5), (30.0, 0.1)):
        assert moved_by_the_last_key(theirs, size) > by
        assert moved_by_the_last_key(ours, size) == 0.0


@FORMS
@torch.no_grad()
def test_in_bf16_the_package_rounds_its_sums_and_ours_its_outputs_alone(causal: bool) -> None:
    """Beside float64, beyond the rounding of each output itself."""
    ours, theirs = performers(causal)
    low = normal(3, 1, HEADS, 1000, SIZE).bfloat16()
    exact = ours(*low.double())
    beyond = [
        float(((mix(*low).double() - exact).abs() - 2**-8 * exact.abs()).max())
        for mix in (ours, theirs)
    ]
    assert beyond[0] < 1e-5
    assert beyond[1] > 1e-3


# -------------------------------------------------------------------------------- linformer


def linformers(share_kv: bool = False) -> tuple[LinformerAttention, Any]:
    """share_kv: the package's own sharing, with as many of the weights as are left"""
    torch.manual_seed(0)
    ours = LinformerAttention(WIDTH, HEADS, T, 0.0, False, k=5, share="headwise").double()
    with torch.no_grad():
        for layer in (ours.query, ours.key, ours.value):
            layer.weight.normal_(std=0.5)
    theirs = public_packages.linformer(ours).double()
    theirs.load_state_dict(ours_in_their_names(ours))
    if share_kv:
        shared = type(theirs)(WIDTH, T, k=5, heads=HEADS, share_kv=True).double()
        shared.load_state_dict(theirs.state_dict(), strict=False)
        return ours, shared
    return ours, theirs


def ours_in_their_names(ours: LinformerAttention) -> dict[str, Tensor]:
    """In float64; the copy that the benchmark takes is in float32."""
    return {
        "to_q.weight": ours.query.weight, "to_k.weight": ours.key.weight,
        "to_v.weight": ours.value.weight, "to_out.weight": ours.projection.weight,
        "to_out.bias": ours.projection.bias, "proj_k": ours.E.T, "proj_v": ours.F.T,
    }  # fmt: skip


@torch.no_grad()
def apart(ours: nn.Module, theirs: nn.Module, length: int = T) -> float:
    x = normal(2, length, WIDTH)
    return float((ours(x) - theirs(x)).abs().max())


@pytest.mark.parametrize("length", [1, 8, T])
def test_linformer_is_the_packages_at_its_length_and_below(length: int) -> None:
    assert apart(*linformers(), length) < 1e-12


def test_their_sharing_of_keys_and_values_is_not_the_papers() -> None:
    """They take projected keys for values; the paper shares E and F, as `share="key-value"`."""
    assert apart(*linformers(share_kv=True)) > 0.1


def test_a_wrong_linformer_is_not_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = linformers()
    swapped = ours.F, ours.E
    monkeypatch.setattr(LinformerAttention, "matrices", swapped)
    assert apart(ours, theirs) > 0.1
    monkeypatch.undo()
    project = linformer.project_heads
    monkeypatch.setattr(linformer, "project_heads", lambda E, x: 2 * project(E, x))
    assert apart(ours, theirs) > 0.1
