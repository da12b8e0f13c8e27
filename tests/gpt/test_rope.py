"""Rotary positions against complex numbers; scores that depend on the distance alone."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable

import torch
from torch import Tensor

from gpt.attention.rope import RotaryAttention
from gpt.model import GPT

SIZE = 8
Place = Callable[[Tensor], Tensor]


def rotary(block_size: int = 64) -> RotaryAttention:
    return RotaryAttention(width=2 * SIZE, heads=2, block_size=block_size, dropout=0.0)


def normal(*shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def test_rotation_is_multiplication_by_complex_numbers() -> None:
    """Equation 34 of Su et al. 2021: pair i of position t is multiplied by exp(i·t·θ_i).

    The pairs are halves, coordinates i and i + D/2.
    """
    half = SIZE // 2
    x = normal(1, 2, 40, SIZE)
    rotated = rotary().place(x)
    for head in range(2):
        for t in range(40):
            for i in range(half):
                z = complex(x[0, head, t, i], x[0, head, t, half + i])
                w = z * cmath.exp(1j * t * 10000 ** (-2 * i / SIZE))
                # the angles' cosines are kept in float32
                assert math.isclose(rotated[0, head, t, i], w.real, abs_tol=1e-6)
                assert math.isclose(rotated[0, head, t, half + i], w.imag, abs_tol=1e-6)


def depends_on_the_distance_alone(query: Place, key: Place) -> bool:
    """Whether moving the same vectors along the positions leaves all scores as they were."""
    q, k = normal(1, 1, 1, SIZE), normal(1, 1, 2, SIZE)[:, :, 1:]
    T = 30
    scores = query(q.expand(-1, -1, T, -1)) @ key(k.expand(-1, -1, T, -1)).mT
    shifted = scores[0, 0, 1:, 1:] - scores[0, 0, :-1, :-1]
    assert float(scores.std()) > 0.1
    return float(shifted.abs().max()) < 1e-5


def test_scores_depend_on_the_distance_alone() -> None:
    place = rotary().place
    assert depends_on_the_distance_alone(place, place)


def test_unrotated_keys_are_caught() -> None:
    assert not depends_on_the_distance_alone(rotary().place, lambda x: x)


def test_the_layer_is_causal_attention_over_rotated_queries_and_keys() -> None:
    """Scores by complex numbers: Re Σ_i q_i · conj(k_i) · exp(i(t − s)θ_i) / √D."""
    torch.manual_seed(1)
    layer, x = rotary().double(), 3 * normal(1, 12, 2 * SIZE)
    theta = 10000.0 ** (-torch.arange(0, SIZE, 2, dtype=torch.float64) / SIZE)
    with torch.no_grad():
        q, k = (
            torch.complex(*part(x)[0].reshape(12, 2, 2, SIZE // 2).unbind(2))
            for part in (layer.query, layer.key)
        )
        v = layer.value(x)[0].reshape(12, 2, SIZE)
        outputs = torch.zeros(12, 2, SIZE, dtype=torch.float64)
        for head in range(2):
            for t in range(12):
                turns = [torch.exp(1j * (t - s) * theta) for s in range(t + 1)]
                products = [(q[t, head] * k[s, head].conj() * turns[s]).sum() for s in range(t + 1)]
                weights = (torch.stack(products).real / math.sqrt(SIZE)).softmax(0)
                outputs[t, head] = weights @ v[: t + 1, head]
        wanted = layer.projection(outputs.reshape(1, 12, 2 * SIZE))
        torch.testing.assert_close(layer(x), wanted, rtol=0, atol=1e-6)


def test_rotation_keeps_lengths_and_the_first_position() -> None:
    x = normal(1, 2, 40, SIZE)
    rotated = rotary().place(x)
    torch.testing.assert_close(rotated.norm(dim=-1), x.norm(dim=-1), rtol=1e-6, atol=0)
    assert bool((rotated[:, :, 0] == x[:, :, 0]).all())


def test_rope_differs_from_vanilla_and_learns_no_position(tiny: Callable[..., GPT]) -> None:
    models = {variant: tiny(variant, seed=1) for variant in ("vanilla", "rope")}
    state = models["vanilla"].state_dict()
    assert state.pop("positions").abs().max() == 0  # the same model, but for rotation
    models["rope"].load_state_dict(state)
    ids = torch.arange(1, 11)[None]
    with torch.no_grad():
        for model in models.values():
            for parameter in model.parameters():
                parameter.mul_(10.0)  # so that the scores of a fresh model are not all near 0
        vanilla, rope = models["vanilla"](ids), models["rope"](ids)
    assert (vanilla - rope).abs().max() > 0.01 * vanilla.abs().max()


def test_repeated_ids_have_the_same_logits_wherever_they_stand(tiny: Callable[..., GPT]) -> None:
    """With no learned position a constant text looks the same at all its positions."""
    with torch.no_grad():
        logits = tiny("rope").double()(torch.full((1, 20), 7))
    assert (logits - logits[:, :1]).abs().max() < 1e-9
