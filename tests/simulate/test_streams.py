"""The random streams against the published cipher and an independent implementation of it."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from simulate.streams import Block

WORD = 2**64 - 1
# The test vectors of the Random123 library for philox4x64 with 10 rounds:
# counter, key, cipher text.
KNOWN_ANSWERS = [
    (
        (0, 0, 0, 0),
        (0, 0),
        (0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B),
    ),
    (
        (WORD, WORD, WORD, WORD),
        (WORD, WORD),
        (0x87B092C3013FE90B, 0x438C3C67BE8D0224, 0x9CC7D7C69CD777B6, 0xA09CAEBF594F0BA0),
    ),
    (
        (0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89),
        (0x452821E638D01377, 0xBE5466CF34E90C6C),
        (0xA528F45403E61D95, 0x38C72DBD566E9788, 0xA5A1610E72FD18B5, 0x57BD43B5E52B7FE6),
    ),
]


def philox(counter: tuple[int, ...], key: tuple[int, ...]) -> tuple[int, ...]:
    """Philox4x64-10 as the paper of Salmon et al. defines it, in Python's integers."""
    a, b, c, d = counter
    left, right = key
    for _ in range(10):
        first, second = 0xD2E7470EE14C6C93 * a, 0xCA5A826395121157 * c
        a, b, c, d = (
            (second >> 64) ^ b ^ left,
            second & WORD,
            (first >> 64) ^ d ^ right,
            first & WORD,
        )
        left, right = (left + 0x9E3779B97F4A7C15) & WORD, (right + 0xBB67AE8584CAA73B) & WORD
    return a, b, c, d


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN_ANSWERS)
def test_cipher_gives_the_published_answers(
    counter: tuple[int, ...], key: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    assert philox(counter, key) == expected
    before = sum(word << 64 * i for i, word in enumerate(counter)) - 1  # numpy counts up first
    bits = np.random.Philox(counter=before % 2**256, key=key[0] | key[1] << 64)
    assert tuple(bits.random_raw(4).tolist()) == expected


@pytest.mark.parametrize("number", [0, 1, 2**40])
def test_block_draws_the_cipher_of_its_seed_key_and_number(number: int) -> None:
    digest = hashlib.blake2b(b"7\nsome.experiment", digest_size=16).digest()
    key = (int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little"))
    expected = philox((1, 0, number, 0), key) + philox((2, 0, number, 0), key)
    drawn = Block(7, "some.experiment", number).generator().bit_generator.random_raw(8)
    assert tuple(drawn.tolist()) == expected


def test_seeds_keys_and_numbers_all_change_the_stream() -> None:
    drawn = {
        tuple(Block(seed, key, number).generator().bit_generator.random_raw(2).tolist())
        for seed in range(3)
        for key in ("a", "b", "1\na")
        for number in range(3)
    }
    assert len(drawn) == 27


def test_twins_of_blocks_are_distinct() -> None:
    twins = [twin for number in range(5) for twin in Block(3, "key", number, 100).twins()]
    assert sorted(twin.number for twin in twins) == list(range(10))
    assert {(twin.seed, twin.key, twin.size) for twin in twins} == {(3, "key", 100)}


def test_a_generator_begins_at_the_start_of_its_block() -> None:
    block = Block(0, "key", 3)
    assert block.generator().random(5).tolist() == block.generator().random(5).tolist()
