"""Checkpoint files: whole or passed over, the newest two kept, another run's refused by name."""

from __future__ import annotations

import os
import pickle
import resource
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from gpt.training.checkpoint import AnotherRunError, Checkpoint, Checkpoints
from gpt.training.identity import Identity
from gpt.training.lock import locked
from gpt.training.log import Log
from gpt.training.progress import Point, Progress
from gpt.vocabulary import MASK, PAD, Vocabulary
from reports.record import InputError, exit_on_input_error
from tests.gpt.faults import KILLED, Tiny, damaged, die, in_a_child

SETTINGS = {
    "run": "pretrain",
    "variant": "rope",
    "seed": 3,
    "hyperparameters": {"clip": 1.0, "pretrain": {"epochs": 2, "rate": 0.1}, "shuffle": True},
    "corpus": "ab" * 32,
    "vocabulary": Vocabulary.of_text("abc").sha256,
}
IDENTITY = Identity(SETTINGS, {}, {"torch": "2", "device": "a processor"})


def state(step: int) -> Checkpoint:
    points = [Point(i, 0, 1.0 / (i + 1), 0.1, 7 * i, 0.5 * i) for i in range(step)]
    tensors = {"model.weight": torch.arange(300.0) + step, "generator.cpu": torch.get_rng_state()}
    return Checkpoint(Progress(1, step, 90 * step, points), "bf16", 2, tensors)


@pytest.fixture
def checkpoints(tmp_path: Path) -> Checkpoints:
    """Of steps 4 and 5."""
    made = Checkpoints(tmp_path / "out.params", IDENTITY)
    for step in (3, 4, 5):
        made.save(state(step))
    return made


def names(checkpoints: Checkpoints) -> list[str]:
    return sorted(path.name for path in checkpoints.folder.iterdir())


TWO = ["step-00000004.safetensors", "step-00000005.safetensors"]


def test_what_is_saved_is_what_is_found(checkpoints: Checkpoints) -> None:
    assert checkpoints.folder.name == "out.params.checkpoints"
    assert names(checkpoints) == TWO
    found, saved = checkpoints.newest(), state(5)
    assert found is not None
    assert found.progress == saved.progress
    assert (found.precision, found.threads) == ("bf16", 2)
    assert found.tensors.keys() == saved.tensors.keys()
    assert all(torch.equal(found.tensors[name], saved.tensors[name]) for name in saved.tensors)


def test_without_a_checkpoint_there_is_none(tmp_path: Path) -> None:
    assert Checkpoints(tmp_path / "out.params", IDENTITY).newest() is None
    assert not list(tmp_path.iterdir())


def test_tensors_that_share_memory_are_saved(checkpoints: Checkpoints) -> None:
    flat = torch.arange(10.0)
    shared = {"model.a": flat[:4], "model.b": flat[4:], "model.c": flat.view(2, 5).T}
    checkpoints.save(replace(state(6), tensors=shared))
    found = checkpoints.newest()
    assert found is not None
    assert all(torch.equal(found.tensors[name], shared[name]) for name in shared)


@pytest.mark.parametrize("step", [1, 9])
def test_a_run_that_starts_anew_replaces_the_checkpoints_of_the_one_before(
    checkpoints: Checkpoints, tmp_path: Path, step: int
) -> None:
    """Both of them, whether they are further than its own or not."""
    anew = Checkpoints(tmp_path / "out.params", IDENTITY)
    anew.save(state(step))
    assert names(checkpoints) == [f"step-0000000{step}.safetensors"]
    anew.save(state(step + 1))
    assert len(names(checkpoints)) == 2


def test_every_damage_is_noticed_and_the_one_before_is_taken(
    checkpoints: Checkpoints, capsys: pytest.CaptureFixture[str]
) -> None:
    newest = checkpoints.files()[-1]
    cases = list(damaged(newest.read_bytes()))
    assert len(cases) > 50
    for what, content in cases:
        newest.write_bytes(content)
        found = checkpoints.newest()
        assert found is not None, what
        assert found.progress.step == 4, what
        (line,) = capsys.readouterr().out.splitlines()
        assert line.startswith(f"damaged checkpoint passed over: {newest}: "), what
    checkpoints.save(state(5))
    assert names(checkpoints) == TWO


def test_two_damaged_ones_leave_none(
    checkpoints: Checkpoints, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in checkpoints.files():
        path.write_bytes(path.read_bytes()[:-1])
    assert checkpoints.newest() is None
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_folder_of_that_name_is_no_checkpoint_and_is_left(checkpoints: Checkpoints) -> None:
    other = checkpoints.folder / "step-00000009.safetensors"
    other.mkdir()
    checkpoints.save(state(6))
    found = checkpoints.newest()
    assert found is not None
    assert found.progress.step == 6
    checkpoints.drop()
    assert names(checkpoints) == [other.name]


class Payload:
    """Unpickling it would create a file."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.touch, (self.target,)


def test_a_pickle_is_passed_over_and_never_run(checkpoints: Checkpoints, tmp_path: Path) -> None:
    target = tmp_path / "was-run"
    content = pickle.dumps(Payload(target))
    checkpoints.files()[-1].write_bytes(content)
    found = checkpoints.newest()
    assert found is not None
    assert found.progress.step == 4
    torch.save(Payload(target), checkpoints.files()[-1])
    assert checkpoints.newest() is not None
    assert not target.exists()
    pickle.loads(content)  # the payload is a live one
    assert target.exists()


def test_litter_of_a_killed_writer_is_removed(checkpoints: Checkpoints) -> None:
    (checkpoints.folder / ".step-00000006.safetensors.k1ll3d__").write_bytes(b"half")
    assert checkpoints.newest() is not None
    assert names(checkpoints) == TWO
    checkpoints.drop()
    assert not checkpoints.folder.exists()


# ------------------------------------------------------------------------- another run


CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "hyperparameters": (
        {"hyperparameters": {"clip": 1.0, "pretrain": {"epochs": 3, "rate": 0.1}, "shuffle": True}},
        "hyperparameters pretrain epochs 2, not 3",
    ),
    "a hyperparameter more": (
        {"hyperparameters": SETTINGS["hyperparameters"] | {"tied": True}},  # type: ignore[operator]
        "hyperparameters tied null, not true",
    ),
    "corpus": ({"corpus": "cd" * 32}, "corpus abababababab, not cdcdcdcdcdcd"),
    "variant": ({"variant": "vanilla"}, "variant rope, not vanilla"),
    "seed": ({"seed": 4}, "seed 3, not 4"),
    "vocabulary of the same size": (
        {"vocabulary": Vocabulary([PAD, MASK, "c", "b", "a"]).sha256},
        "vocabulary [0-9a-f]{12}, not [0-9a-f]{12}",
    ),
}


@pytest.mark.parametrize(("change", "message"), CHANGES.values(), ids=CHANGES.keys())
def test_another_run_is_refused_by_its_difference(
    checkpoints: Checkpoints, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    other = Identity(SETTINGS | change, {}, IDENTITY.surroundings)
    before = names(checkpoints)
    with pytest.raises(AnotherRunError, match=f"step-00000005.*: the run there has {message}$"):
        Checkpoints(tmp_path / "out.params", other).newest()
    assert names(checkpoints) == before


def test_another_precision_is_refused_and_auto_is_content(checkpoints: Checkpoints) -> None:
    assert checkpoints.newest("bf16") is not None
    assert checkpoints.newest("auto") is not None
    with pytest.raises(AnotherRunError, match=r"the run there has precision bf16, not fp32$"):
        checkpoints.newest("fp32")


def test_changed_code_is_refused(tmp_path: Path) -> None:
    same = Identity(SETTINGS, {}, {})
    assert same.difference(same) is None
    for sources in ({"gpt/model.py": "0" * 64}, {"gpt/no_longer.py": "0" * 64}):
        before = Identity.from_json(Identity(SETTINGS, sources, {}).to_json())
        (path,) = sources
        assert same.difference(before) == f"another {path}: the code has changed since"


def test_another_machine_is_told(
    checkpoints: Checkpoints, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = Identity(SETTINGS, {}, {"torch": "3", "device": "a processor"})
    assert Checkpoints(tmp_path / "out.params", moved).newest() is not None
    printed = capsys.readouterr().out
    assert printed == "the run goes on, but not to the last digit: torch 3, before 2\n"


# ----------------------------------------------------------- where nothing can be written


def limited(checkpoints: Checkpoints) -> None:
    """Save where a file may have 4 KiB at most, as on a disk that is full from there on."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
    exit_on_input_error(lambda: checkpoints.save(state(1000)))


def test_a_full_disk_leaves_what_was_saved(
    checkpoints: Checkpoints, capfd: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in checkpoints.folder.iterdir()}
    assert in_a_child(lambda: limited(checkpoints)) == 2
    error = capfd.readouterr().err
    assert error.startswith("error: ")
    assert error.endswith("step-00001000.safetensors: cannot be written: File too large\n")
    assert {path: path.read_bytes() for path in checkpoints.folder.iterdir()} == before
    found = checkpoints.newest()
    assert found is not None
    assert found.progress.step == 5


def test_a_log_on_a_full_disk_ends_the_run_in_one_line(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fourth of six lines does not fit; nobody's screen is limited with the files."""
    run, add = Tiny(tmp_path, text, every=3), Log.add

    def limited_from_the_fourth(self: Log, point: Point) -> None:
        if point.step == 3:
            size = self.path.stat().st_size + 20
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        add(self, point)

    def act() -> None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
        with pytest.raises(
            InputError, match=rf"^{run.log}: cannot be written: a line was cut short"
        ):
            run()

    run()
    shutil.rmtree(run.checkpoints().folder)
    monkeypatch.setattr(Log, "add", limited_from_the_fourth)
    assert in_a_child(act) == 0
    assert run.log.read_text().count("\n") == 3
    found = run.checkpoints().newest()
    assert found is not None
    assert found.progress.step == 3


def test_a_folder_without_permission_leaves_what_was_saved(
    checkpoints: Checkpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused by the system, or, to a superuser whom it refuses nothing, in its name."""
    before = names(checkpoints)
    if os.geteuid():
        checkpoints.folder.chmod(0o500)
    else:

        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("tempfile.NamedTemporaryFile", refuse)
    with pytest.raises(InputError, match=r"safetensors: cannot be written: Permission denied$"):
        checkpoints.save(state(6))
    checkpoints.folder.chmod(0o700)
    assert names(checkpoints) == before


# ------------------------------------------------------------------------------- locks


def test_a_second_writer_is_refused_and_a_killed_one_leaves_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "out.params"

    def second() -> None:
        with pytest.raises(InputError, match=rf"^{path}: another run is writing it \(process \d"):
            locked([path]).__enter__()

    with locked([tmp_path / "log", path]):
        assert in_a_child(second) == 0
        with locked([tmp_path / "other"]):
            pass
    assert not list(tmp_path.iterdir())

    def killed() -> None:
        with locked([path]):
            die()

    assert in_a_child(killed) == KILLED == -signal.SIGKILL
    assert (tmp_path / ".out.params.lock").exists()
    with locked([path]):
        assert in_a_child(second) == 0
    assert not list(tmp_path.iterdir())


def test_a_lock_file_without_the_lock_would_be_seen(tmp_path: Path) -> None:
    """The false twin: a lock that is the file's being there survives the kill."""
    path = tmp_path / "out.params.lock"

    def killed() -> None:
        path.open("x").close()
        die()

    assert in_a_child(killed) == KILLED
    with pytest.raises(FileExistsError):
        path.open("x")


def test_a_lock_that_was_removed_while_it_was_opened_is_taken_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import gpt.training.lock as lock

    real = lock._open_locked
    opened: list[Any] = []

    def late(name: Path) -> Any:
        file = real(name)
        if not opened:
            name.unlink()  # its holder went between the opening and the lock
        opened.append(file)
        return file

    monkeypatch.setattr(lock, "_open_locked", late)
    with locked([tmp_path / "a"]):
        assert len(opened) == 2
        monkeypatch.setattr(lock, "_open_locked", real)
        with pytest.raises(InputError, match="another run is writing it"):
            locked([tmp_path / "a"]).__enter__()
