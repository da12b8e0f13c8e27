"""Softmax attention with padding, by loops; what every variant shares; the options of variants."""

from __future__ import annotations

import math
from collections.abc import Callable
from inspect import signature

import pytest
import torch
from torch import Tensor

from gpt.attention import VARIANTS, vanilla
from gpt.attention.heads import Attention
from gpt.attention.masked import weighted
from gpt.attention.options import parse, resolved
from gpt.attention.vanilla import SelfAttention, softmax_attention

T, SCALE = 6, 0.7
PADDING = torch.tensor(
    [[False] * T, [True, True, False, True, False, False], [False] * 5 + [True], [True] * T]
)


def rows(dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    q, k, v = torch.randn(3, len(PADDING), 2, T, 4, generator=generator, dtype=torch.float64)
    return q.to(dtype), k.to(dtype), v.to(dtype)


def by_loops(q: Tensor, k: Tensor, v: Tensor, causal: bool) -> Tensor:
    """The definition, one query at a time."""
    y = torch.zeros_like(v)
    for row in range(q.shape[0]):
        for head in range(q.shape[1]):
            for t in range(T):
                seen = [j for j in range(t + 1 if causal else T) if not PADDING[row, j]]
                raised = [math.exp(SCALE * float(q[row, head, t] @ k[row, head, j])) for j in seen]
                for weight, j in zip(raised, seen, strict=True):
                    y[row, head, t] += weight / sum(raised) * v[row, head, j]
    return y


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize(("dtype", "within"), [(torch.float64, 1e-12), (torch.bfloat16, 0.03)])
def test_padding_is_seen_by_no_query(causal: bool, dtype: torch.dtype, within: float) -> None:
    q, k, v = rows(dtype)
    y = softmax_attention(q, k, v, SCALE, causal, 0.0, PADDING)
    expected = by_loops(q.double(), k.double(), v.double(), causal)
    assert y.dtype == dtype
    assert float((y.double() - expected).abs().max()) < within
    twin = softmax_attention(q, k, v, SCALE, causal, 0.0)  # padding ignored
    assert float((twin.double() - expected).abs().max()) > 0.3
    assert torch.equal(y[3], torch.zeros_like(y[3]))


@pytest.mark.parametrize("causal", [True, False])
def test_without_padding_both_ways_agree(causal: bool) -> None:
    q, k, v = rows()
    none = torch.zeros_like(PADDING)
    one, other = (softmax_attention(q, k, v, SCALE, causal, 0.0, p) for p in (None, none))
    torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


def gradient_checks(causal: bool) -> bool:
    q, k, v = (x[:2].requires_grad_() for x in rows())
    return bool(
        torch.autograd.gradcheck(
            lambda q, k, v: softmax_attention(q, k, v, SCALE, causal, 0.0, PADDING[[1, 3]]),
            (q, k, v),
        )
    )


@pytest.mark.parametrize("causal", [True, False])
def test_gradients_with_padding_are_right_and_finite(causal: bool) -> None:
    assert gradient_checks(causal)


def test_a_wrong_gradient_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: weights that gradients do not pass through."""

    def cut(scores: Tensor, *rest: Tensor) -> Tensor:
        return weighted(scores.detach(), *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(vanilla, "weighted", cut)
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        gradient_checks(causal=True)


@pytest.mark.parametrize(
    "make", [kind for kind in VARIANTS.values() if issubclass(kind, Attention)]
)
def test_every_variant_alone_takes_padding_and_refuses_to_extend_what_sees_the_future(
    make: Callable[..., Attention],
) -> None:
    torch.manual_seed(0)
    x = torch.randn(len(PADDING), T, 16)
    for causal in (True, False):
        layer = make(16, 2, 32, 0.0, causal).eval()
        y = layer(x, PADDING)
        assert y.shape == x.shape
        assert bool(y.isfinite().all())
        other = torch.where(PADDING[..., None], torch.randn_like(x), x)
        there = ~PADDING
        assert torch.allclose(layer(other, PADDING)[there], y[there], atol=1e-6)
        if causal:
            assert layer.start(x, torch.full((4,), T), 1)[0].shape == x.shape
        else:
            with pytest.raises(ValueError, match="sees later positions cannot be extended"):
                layer.start(x, torch.full((4,), T), 1)


# ---------------------------------------------------------------------------------- options


def test_options_take_the_type_of_their_defaults() -> None:
    given = parse("performer", ["features=32", "map=hyperbolic", "rotary=true"])
    assert given == {"features": 32, "map": "hyperbolic", "rotary": True}
    assert resolved("performer", given) == VARIANTS["performer"].options | given
    assert resolved("vanilla", {}) == {}


@pytest.mark.parametrize(
    ("variant", "texts", "message"),
    [
        ("performer", ["features"], "'features': expected NAME=VALUE"),
        ("performer", ["features=many"], "'features=many': expected an integer"),
        ("performer", ["rotary=1"], "'rotary=1': expected true or false"),
        ("performer", ["feature=1"], "unknown option 'feature' of variant 'performer'; known: f"),
        ("vanilla", ["features=1"], "unknown option 'features' of variant 'vanilla'; known: none"),
        ("linear", ["features=1"], "unknown variant 'linear'; known: vanilla, rope"),
    ],
)
def test_bad_options_are_refused(variant: str, texts: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse(variant, texts)


@pytest.mark.parametrize("variant", VARIANTS)
def test_constructors_have_the_defaults_that_options_name(variant: str) -> None:
    kind = VARIANTS[variant]
    made_by: Callable[..., object] = kind if issubclass(kind, Attention) else kind.stack
    defaults = {
        name: parameter.default
        for name, parameter in signature(made_by).parameters.items()
        if name in kind.options
    }
    assert defaults == kind.options


def test_the_base_class_mixes_nothing() -> None:
    with pytest.raises(NotImplementedError):
        Attention(8, 2, 4, 0.0)(torch.zeros(1, 2, 8))
    assert SelfAttention(8, 2, 4, 0.0)(torch.zeros(1, 2, 8)).shape == (1, 2, 8)
