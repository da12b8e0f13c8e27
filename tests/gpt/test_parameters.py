"""Parameter files: what was saved is what is loaded, and everything else is refused."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from gpt.model import GPT
from gpt.parameters import FORMAT, Header, load_parameters, save_parameters
from gpt.vocabulary import MASK, PAD, Vocabulary
from reports.record import InputError

VOCABULARY = Vocabulary.of_text("Where was Adą born?\n")


@pytest.fixture
def model(tiny: Callable[..., GPT]) -> GPT:
    return tiny("rope", len(VOCABULARY), layers=1, width=8, block_size=16)


@pytest.fixture
def saved(tmp_path: Path, model: GPT) -> Path:
    path = tmp_path / "rope.params"
    save_parameters(path, model, Header(model.config, VOCABULARY, "ab" * 32, "quick", "pretrain"))
    return path


def refused(path: Path, message: str, variant: str = "rope") -> None:
    """One line that names the file."""
    with pytest.raises(InputError, match=message) as problem:
        load_parameters(path, variant, VOCABULARY)
    assert str(problem.value).startswith(f"{path}: ")
    assert "\n" not in str(problem.value)


def test_loading_gives_back_the_model_and_its_header(saved: Path, model: GPT) -> None:
    loaded, header = load_parameters(saved, "rope", VOCABULARY)
    assert header.config == model.config == loaded.config
    assert header.vocabulary.symbols == VOCABULARY.symbols
    assert (header.corpus_sha256, header.recipe, header.run) == ("ab" * 32, "quick", "pretrain")
    ours = model.state_dict()
    assert set(loaded.state_dict()) == set(ours)
    for name, value in loaded.state_dict().items():
        assert value.dtype == torch.float32
        assert torch.equal(value, ours[name]), name
    ids = torch.arange(10)[None]
    assert torch.equal(model.eval()(ids), loaded.eval()(ids))


def test_the_digest_is_of_the_weights(saved: Path, model: GPT, tmp_path: Path) -> None:
    header = Header(model.config, VOCABULARY, "", "best", "finetune")
    one = save_parameters(tmp_path / "one", model, header)
    assert one == save_parameters(saved, model, header)
    with torch.no_grad():
        model.head.weight[0, 0] += 1e-6
    assert save_parameters(tmp_path / "other", model, header) != one


@pytest.mark.parametrize("share", ["nothing", "one byte", "half", "all but one byte"])
def test_a_truncated_file_is_refused(saved: Path, share: str) -> None:
    whole = saved.read_bytes()
    sizes = {"nothing": 0, "one byte": 1, "half": len(whole) // 2}
    saved.write_bytes(whole[: sizes.get(share, len(whole) - 1)])
    refused(saved, "not a whole safetensors file")


def test_bytes_behind_the_end_are_refused(saved: Path) -> None:
    saved.write_bytes(saved.read_bytes() + b"\0")
    refused(saved, "not a whole safetensors file")


def test_a_changed_bit_of_the_header_is_noticed(saved: Path) -> None:
    """In every third byte: a changed number of heads, say, would load without a complaint."""
    whole = saved.read_bytes()
    size = 8 + int.from_bytes(whole[:8], "little")
    for position in range(0, size, 3):
        changed = bytearray(whole)
        changed[position] ^= 1 << (position % 7)
        saved.write_bytes(changed)
        with pytest.raises(InputError, match=r"rope\.params: "):
            load_parameters(saved, "rope", VOCABULARY)


def test_any_changed_tensor_is_noticed(saved: Path) -> None:
    whole = saved.read_bytes()
    start = 8 + int.from_bytes(whole[:8], "little")
    for position in range(start, len(whole), max(1, (len(whole) - start) // 50)):
        changed = bytearray(whole)
        changed[position] ^= 1
        saved.write_bytes(changed)
        refused(saved, "the tensors changed after saving: SHA-256 is [0-9a-f]{12}")


class Payload:
    """Unpickling it would create a file."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.touch, (self.target,)


@pytest.mark.parametrize("form", ["pickle", "torch"])
def test_a_pickle_is_refused_and_never_run(tmp_path: Path, form: str) -> None:
    path, target = tmp_path / "vanilla.params", tmp_path / "was-run"
    if form == "pickle":
        path.write_bytes(pickle.dumps(Payload(target)))
    else:
        torch.save({"weights": Payload(target)}, path)
    refused(path, "foreign: a pickle is never read")
    assert not target.exists()
    with path.open("rb") as file:  # the payload is a live one: whoever unpickles it runs it
        if form == "pickle":
            pickle.load(file)
        else:
            torch.load(file, weights_only=False)
    assert target.exists()


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}])
def test_a_foreign_safetensors_file_is_refused(
    tmp_path: Path, metadata: dict[str, str] | None
) -> None:
    path = tmp_path / "foreign.params"
    save_file({"weight": torch.zeros(2, 2)}, path, metadata)
    refused(path, f"format is .*, expected '{FORMAT}'")


def test_a_file_without_metadata_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.params"
    header = json.dumps({"__metadata__": None}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    refused(path, "format is None|not a whole safetensors file")


OTHERS = {
    "a character more": [*VOCABULARY.symbols, "z"],
    "another character": [*VOCABULARY.symbols[:-1], "z"],
    "another order": [PAD, MASK, *reversed(VOCABULARY.symbols[2:])],
}


@pytest.mark.parametrize("symbols", OTHERS.values(), ids=OTHERS.keys())
def test_another_vocabulary_is_refused(saved: Path, symbols: list[str]) -> None:
    with pytest.raises(InputError, match=r"rope\.params: made with another vocabulary"):
        load_parameters(saved, "rope", Vocabulary(symbols))


def test_another_variant_is_refused(saved: Path) -> None:
    refused(saved, "variant is 'rope', not 'vanilla'", variant="vanilla")


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    refused(tmp_path / "none.params", "cannot be read: No such file")
    refused(tmp_path, "cannot be read: Is a directory")


def test_saving_where_nothing_can_be_written_leaves_what_is_there(
    saved: Path, model: GPT, tmp_path: Path
) -> None:
    before = saved.read_bytes()
    with pytest.raises(InputError, match="cannot be written"):
        save_parameters(
            saved / "below.params", model, Header(model.config, VOCABULARY, "", "quick", "scratch")
        )
    assert saved.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [saved.name]
