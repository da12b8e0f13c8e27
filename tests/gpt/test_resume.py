"""A run that was cut anywhere ends bitwise as if it had not been: losses, weights, generator.

Everything here is deterministic: there is no false alarm but by a fault of the machine.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import pytest
import torch

from gpt.training.checkpoint import Checkpoint, Checkpoints
from gpt.training.progress import Progress
from tests.gpt.faults import COURSE, KILLED, LINEAR, STEPS, Tiny, die, dying_at_line, in_a_child

Patch = pytest.MonkeyPatch


@pytest.fixture
def tiny_run(tmp_path: Path, text: str) -> Callable[..., Tiny]:
    def make(name: str = "run", **options: Any) -> Tiny:
        (tmp_path / name).mkdir(exist_ok=True)
        return Tiny(tmp_path / name, text, **options)

    return make


def dying(step: int, after: bool) -> Callable[[Checkpoints, Checkpoint], None]:
    """`Checkpoints.save`, but for the kill before or after the step is saved."""
    save = Checkpoints.save

    def act(self: Checkpoints, checkpoint: Checkpoint) -> None:
        if checkpoint.progress.step == step and not after:
            die()
        save(self, checkpoint)
        if checkpoint.progress.step == step:
            die()

    return act


@pytest.mark.parametrize("recipe", [COURSE, LINEAR], ids=["course", "linear"])
def test_a_kill_at_every_step_changes_nothing(
    tiny_run: Callable[..., Tiny], monkeypatch: Patch, recipe: Any
) -> None:
    """Epochs end at steps 3 and 6. Before the save, the step is in the log but in no checkpoint."""
    whole = tiny_run("whole", recipe=recipe)()
    for step in range(1, STEPS + 1):
        for after in (False, True):
            cut = tiny_run(f"{step}-{after}", recipe=recipe)
            with monkeypatch.context() as patch:
                patch.setattr(Checkpoints, "save", dying(step, after))
                assert in_a_child(cut) == KILLED
            assert len(cut.logged()) == step
            assert cut.resumed_in_a_child() == whole
            assert cut.logged() == whole["points"]


def test_a_kill_between_checkpoints_repeats_the_steps_since(
    tiny_run: Callable[..., Tiny], monkeypatch: Patch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = tiny_run("whole")()
    for step in (1, 3, 5):
        cut = tiny_run(f"{step}", every=1)
        with monkeypatch.context() as patch:
            patch.setattr(Checkpoints, "save", dying(step, after=True))
            patch.setattr(Checkpoints, "due", lambda _, now: now in (2, 4, step))  # noqa: B023
            assert in_a_child(cut) == KILLED
        newest = cut.checkpoints().files()[-1]
        newest.unlink()  # what the last save left is gone too
        capsys.readouterr()
        assert cut(resume=True) == whole
        printed = capsys.readouterr().out
        assert printed == (f"resumed at step {step - 1} of {STEPS}\n" if step > 1 else "")
        assert cut.logged() == whole["points"]


def test_several_kills_in_one_run(tiny_run: Callable[..., Tiny], monkeypatch: Patch) -> None:
    whole, cut = tiny_run("whole")(), tiny_run("cut")
    for step in (2, 3, 5):
        with monkeypatch.context() as patch:
            patch.setattr(Checkpoints, "save", dying(step, after=True))
            assert in_a_child(lambda: cut(resume=True)) == KILLED
    assert cut.resumed_in_a_child() == whole


WRITERS = {"save", "write", "write_bytes", "_fsync_folder", "replace", "unlink"}


def test_a_kill_inside_every_line_of_a_write(
    tiny_run: Callable[..., Tiny], monkeypatch: Patch, tmp_path: Path
) -> None:
    """The third save: before each of its lines is run the process dies; the second or the third
    checkpoint is then the newest, nothing half-written is taken for one, and the run ends alike."""
    whole = tiny_run("whole")()
    base = tiny_run("base")
    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "save", dying(2, after=True))
        assert in_a_child(base) == KILLED
    save, seen = Checkpoints.save, set()
    lines, steps = 0, 0

    def traced(self: Checkpoints, checkpoint: Checkpoint) -> None:
        if checkpoint.progress.step == 3:
            dying_at_line(lambda: save(self, checkpoint), WRITERS, lines)
            raise SystemExit(77)  # fewer lines than that: all of them have been run
        save(self, checkpoint)

    monkeypatch.setattr(Checkpoints, "save", traced)
    while True:
        lines += 1
        cut = tiny_run("cut")
        shutil.rmtree(cut.folder)
        shutil.copytree(base.folder, cut.folder)
        code = in_a_child(lambda: cut(resume=True))  # noqa: B023
        if code == 77:
            break
        assert code == KILLED
        files = [path.name for path in cut.checkpoints().files()]
        newest = cut.checkpoints().newest()
        assert newest is not None
        assert newest.progress.step in (2, 3)
        steps += newest.progress.step == 3
        assert not list(cut.checkpoints().folder.glob(".*"))
        if tuple(files) not in seen:
            seen.add(tuple(files))
            monkeypatch.setattr(Checkpoints, "save", save)
            assert cut.resumed_in_a_child() == whole
            monkeypatch.setattr(Checkpoints, "save", traced)
    assert lines > 40
    assert 0 < steps < lines
    assert seen == {  # before the third, with it, and without the first any more
        ("step-00000001.safetensors", "step-00000002.safetensors"),
        ("step-00000001.safetensors", "step-00000002.safetensors", "step-00000003.safetensors"),
        ("step-00000002.safetensors", "step-00000003.safetensors"),
    }


def test_a_kill_when_half_of_the_bytes_are_written(
    tiny_run: Callable[..., Tiny], monkeypatch: Patch
) -> None:
    whole, cut = tiny_run("whole")(), tiny_run("cut")
    real = tempfile.NamedTemporaryFile

    def half(**options: Any) -> Any:
        file: IO[bytes] = real(**options)
        if ".step-00000004" in options["prefix"]:
            write = file.write

            def act(content: bytes) -> int:
                write(content[: len(content) // 2])
                file.flush()
                die()
                return 0

            monkeypatch.setattr(file, "write", act)
        return file

    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "NamedTemporaryFile", half)
        assert in_a_child(cut) == KILLED
    (litter,) = cut.checkpoints().folder.glob(".*")
    assert litter.stat().st_size > 1000
    assert cut.resumed_in_a_child() == whole
    assert not litter.exists()


def test_saving_changes_nothing(tiny_run: Callable[..., Tiny]) -> None:
    often, never = tiny_run("often")(), tiny_run("never", every=100)()
    assert often == never


# ------------------------------------------------------- resumes that forget one thing


def keeping(**changes: Any) -> Callable[[Checkpoint], Checkpoint]:
    def act(begun: Checkpoint) -> Checkpoint:
        progress = begun.progress
        known = {"epoch": progress.epoch, "batch": progress.batch, "labels": progress.labels}
        return replace(begun, progress=Progress(**(known | changes), points=progress.points))

    return act


def without(part: str) -> Callable[[Checkpoint], Checkpoint]:
    def act(begun: Checkpoint) -> Checkpoint:
        torch.manual_seed(1)
        tensors = {k: v for k, v in begun.tensors.items() if not k.startswith(part)}
        if part == "generator":
            tensors["generator.cpu"] = torch.get_rng_state()
        return replace(begun, tensors=tensors)

    return act


def without_the_curve(begun: Checkpoint) -> Checkpoint:
    return replace(begun, progress=replace(begun.progress, points=[]))


def rounded(begun: Checkpoint) -> Checkpoint:
    tensors = {
        k: v.bfloat16().float() if k.startswith("model") else v for k, v in begun.tensors.items()
    }
    return replace(begun, tensors=tensors)


FORGETFUL = {
    "AdamW's moments": without("optimizer.0"),
    "Muon's momentum": without("optimizer.1"),
    "the generator": without("generator"),
    "the batch within the epoch": keeping(batch=0),
    "the epoch": keeping(epoch=0),
    "the rest of an epoch": keeping(epoch=2, batch=0),
    "a batch": keeping(batch=2),
    "the labels that the course's schedule counts": keeping(labels=0),
    "the steps done": without_the_curve,
    "the weights' last bits": rounded,
}


@pytest.mark.parametrize("forgets", FORGETFUL.values(), ids=FORGETFUL.keys())
def test_a_resume_that_forgets_anything_is_seen(
    tiny_run: Callable[..., Tiny], monkeypatch: Patch, forgets: Callable[[Checkpoint], Checkpoint]
) -> None:
    """After step 4, which is one step into the second epoch."""
    whole, cut = tiny_run("whole", recipe=COURSE)(), tiny_run("cut", recipe=COURSE)
    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "save", dying(4, after=True))
        assert in_a_child(cut) == KILLED
    kept = shutil.copytree(cut.folder, cut.folder.with_name("kept"))
    newest = Checkpoints.newest
    monkeypatch.setattr(Checkpoints, "newest", lambda self: forgets(newest(self)))  # type: ignore[arg-type]
    assert cut(resume=True) != whole
    monkeypatch.setattr(Checkpoints, "newest", newest)
    assert replace(cut, folder=kept)(resume=True) == whole


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device is here")
def test_the_state_of_a_cuda_device_is_restored() -> None:
    from gpt.training.state import capture, restore

    device = torch.device("cuda")
    model = torch.nn.Dropout(0.5)
    state = capture(model, [], device)
    drawn = torch.rand(100, device=device)
    restore(state, model, [], device)
    assert torch.equal(torch.rand(100, device=device), drawn)
