"""The model against Hugging Face's GPT-2, and what each of its outputs may depend on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from gpt.attention import VARIANTS
from gpt.attention.cross_attention import CrossAttention
from gpt.attention.heads import Attention
from gpt.attention.vanilla import softmax_attention
from gpt.model import GPT, build

Build = Callable[..., GPT]


def shaken(model: GPT) -> GPT:
    """The model with random biases, gains and positions, which start at 0 or 1."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
    return model


def huggingface(model: GPT, activation: str = "gelu") -> nn.Module:
    """GPT-2 of the `transformers` library with the weights of `model`."""
    from transformers import GPT2Config, GPT2LMHeadModel

    c = model.config
    theirs = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=c.vocabulary_size, n_positions=c.block_size, n_embd=c.width,
            n_layer=c.layers, n_head=c.heads, activation_function=activation, resid_pdrop=0.0,
            embd_pdrop=0.0, attn_pdrop=0.0, tie_word_embeddings=False, bos_token_id=0,
            eos_token_id=0,
        )
    )  # fmt: skip
    state: dict[str, Tensor] = {}
    ours = model.state_dict()
    for i in range(c.layers):
        mine, here = f"blocks.{i}.", f"transformer.h.{i}."
        heads = [ours[f"{mine}attention.{n}.weight"].T for n in ("query", "key", "value")]
        biases = [ours[f"{mine}attention.{n}.bias"] for n in ("query", "key", "value")]
        state[f"{here}attn.c_attn.weight"] = torch.cat(heads, dim=1)
        state[f"{here}attn.c_attn.bias"] = torch.cat(biases)
        for a, b in (
            ("attention.projection", "attn.c_proj"), ("mlp.0", "mlp.c_fc"), ("mlp.2", "mlp.c_proj")
        ):  # fmt: skip
            state[f"{here}{b}.weight"] = ours[f"{mine}{a}.weight"].T
            state[f"{here}{b}.bias"] = ours[f"{mine}{a}.bias"]
        for a, b in (("norm1", "ln_1"), ("norm2", "ln_2")):
            state[f"{here}{b}.weight"] = ours[f"{mine}{a}.weight"]
            state[f"{here}{b}.bias"] = ours[f"{mine}{a}.bias"]
    state["transformer.wte.weight"] = ours["tokens.weight"]
    state["transformer.wpe.weight"] = ours["positions"]
    state["transformer.ln_f.weight"] = ours["norm.weight"]
    state["transformer.ln_f.bias"] = ours["norm.bias"]
    state["lm_head.weight"] = ours["head.weight"]
    theirs.load_state_dict(state)
    return theirs.eval().to(ours["positions"].dtype)  # type: ignore[no-any-return]


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
def test_logits_are_those_of_hugging_faces_gpt2(
    tiny: Build, dtype: torch.dtype, tolerance: float
) -> None:
    model = shaken(tiny(vocabulary_size=23)).eval().to(dtype)
    ids = torch.randint(23, (3, 128), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        ours = model(ids)
        exact = huggingface(model)(ids).logits
        approximate = huggingface(model, "gelu_new")(ids).logits
    assert ours.shape == (3, 128, 23)
    assert ours.abs().max() > 1.0
    assert (ours - exact).abs().max() <= tolerance
    # the tanh form of GELU, which GPT-2 has and the practical has not, is told apart
    assert (ours - approximate).abs().max() > 10 * tolerance


# ------------------------------------------------------------------------------- causality


def sees_the_future(model: GPT, length: int = 12) -> bool:
    """Whether changing one id changes a bit of an output before it."""
    model = shaken(model).eval()
    ids = torch.randint(1, 11, (2, length), generator=torch.Generator().manual_seed(2))
    before = model(ids)
    for t in range(length):
        changed = ids.clone()
        changed[0, t] = 0
        after = model(changed)
        if not bool((before[0, :t] == after[0, :t]).all() and (before[1] == after[1]).all()):
            return True
        assert bool((before[0, t:] != after[0, t:]).any())
    return False


@pytest.mark.parametrize("gradients", [False, True])  # with them, other products are used
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_no_output_depends_on_later_ids_or_other_rows(
    tiny: Build, variant: str, dtype: torch.dtype, gradients: bool
) -> None:
    with torch.set_grad_enabled(gradients):
        assert not sees_the_future(tiny(variant).to(dtype))
        assert not sees_the_future(tiny(variant, layers=2, width=64).to(dtype), length=70)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("variant", sorted(VARIANTS))
@torch.no_grad()
def test_a_model_without_causal_mask_is_caught(
    tiny: Build, variant: str, dtype: torch.dtype
) -> None:
    model = tiny(variant).to(dtype)
    for module in model.modules():
        if isinstance(module, Attention | CrossAttention):
            module.causal = False
    assert sees_the_future(model)


@torch.no_grad()
def test_a_leak_of_one_position_is_caught(tiny: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: the last block's norm takes its mean over positions as well."""
    model = tiny()
    last = model.blocks[-1].norm2
    monkeypatch.setattr(last, "forward", lambda x: x - 1e-6 * x.mean(1, keepdim=True))
    assert sees_the_future(model)


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_a_shorter_input_has_the_logits_of_its_prefix(tiny: Build, variant: str) -> None:
    model = shaken(tiny(variant)).double().eval()
    ids = torch.arange(1, 11)[None]
    with torch.no_grad():
        torch.testing.assert_close(model(ids[:, :4]), model(ids)[:, :4], rtol=0, atol=1e-12)


# ----------------------------------------------------------------- weights, seeds, refusals


def test_the_same_seed_gives_the_same_weights_and_leaves_the_callers_generator(tiny: Build) -> None:
    torch.manual_seed(8)
    state = torch.get_rng_state()
    one, same, other = (tiny(seed=seed) for seed in (1, 1, 2))
    assert bool((torch.get_rng_state() == state).all())
    for (name, a), b, c in zip(
        one.named_parameters(), same.parameters(), other.parameters(), strict=True
    ):
        assert bool((a == b).all()), name
        if a.ndim == 2 and name != "positions":
            assert not bool((a == c).any()), name


def test_weights_start_as_the_course_has_them() -> None:
    model = build("vanilla", 50, layers=2, heads=2, width=64)
    for name, parameter in model.named_parameters():
        value = parameter.detach()
        if name == "positions" or name.endswith("bias"):
            assert bool((value == 0).all()), name
        elif "norm" in name:
            assert bool((value == 1).all()), name
        else:  # mean 0, deviation 0.02: within five standard errors of n draws
            n = value.numel()
            assert abs(float(value.mean())) < 5 * 0.02 / n**0.5, name
            assert abs(float(value.std()) / 0.02 - 1) < 5 / (2 * n) ** 0.5, name


def test_the_course_model_has_its_size() -> None:
    """12 w² + 13 w a block; embedding, positions, last norm, and a head without bias."""
    model = build("vanilla", 256)
    assert model.count() == 4 * (12 * 256**2 + 13 * 256) + 2 * 256 * 256 + 128 * 256 + 2 * 256
    assert build("rope", 256).count() == model.count() - 128 * 256


def test_dropout_acts_in_training_alone(tiny: Build) -> None:
    model = tiny(dropout=0.5)
    ids = torch.arange(1, 9)[None]
    with torch.no_grad():
        model.train()
        assert not bool((model(ids) == model(ids)).all())
        model.eval()
        assert bool((model(ids) == model(ids)).all())


REFUSED = {
    "unknown variant": ({"variant": "linear"}, "unknown variant 'linear'; known: vanilla, rope"),
    "heads": ({"variant": "vanilla", "width": 16, "heads": 3}, "width 16 .* multiple of 3 heads"),
    "rotary heads": ({"variant": "rope", "width": 16, "heads": 5}, "width 16 .* 5 heads"),
    "odd head": ({"variant": "rope", "width": 15, "heads": 3}, "even head size, got 5"),
}


@pytest.mark.parametrize(("options", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_shapes_that_do_not_fit_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(vocabulary_size=9, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_an_input_beyond_the_block_is_refused(tiny: Build, variant: str) -> None:
    model = tiny(variant, block_size=32)
    assert model(torch.ones(1, 32, dtype=torch.long)).shape == (1, 32, 11)
    with pytest.raises(ValueError, match="33 positions exceed the block size 32"):
        model(torch.ones(1, 33, dtype=torch.long))


@pytest.mark.parametrize("causal", [True, False])
def test_bf16_attention_by_products_equals_exact_softmax(causal: bool) -> None:
    q, k, v = torch.randn(3, 2, 3, 7, 8, generator=torch.Generator().manual_seed(0))
    low = softmax_attention(q.bfloat16(), k.bfloat16(), v.bfloat16(), 0.5, causal, 0.0)
    q, k, v = (x.bfloat16().double() for x in (q, k, v))
    scores = 0.5 * q @ k.transpose(-2, -1)
    if causal:
        scores = scores.masked_fill(torch.ones(7, 7).triu(1).bool(), -torch.inf)
    assert low.dtype == torch.bfloat16
    assert (low.double() - scores.softmax(-1) @ v).abs().max() < 0.03  # a few units of 2^-8
    assert (low.double() - (2 * scores).softmax(-1) @ v).abs().max() > 0.1  # twin: another scale
