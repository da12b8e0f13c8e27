"""What make would run: nothing when all is up to date, and only what a change asks for.

The Makefile runs in a copy of the tree whose files are empty and dated as if all had been made.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gpt.attention import VARIANTS
from gpt.attention.options import written

ROOT = Path(__file__).resolve().parents[1]
TARGETS = [
    "help", "setup", "data", "theory", "simulate", "pretrain", "finetune", "evaluate", "spectrum",
    "baseline", "report", "variants", "reference", "test", "lint", "bench", "clean",
]  # fmt: skip
CODE = ("theory", "simulate", "gpt", "data", "reports", "templates")
CORPORA = "data/corpora/embedded"
RESULTS = "results/quick"
# In the order in which they are made; those of one line at the same time.
MADE = (
    (".venv/.ready",),
    (f"{RESULTS}/.seed-0", f"{RESULTS}/.vanilla"),
    (f"{CORPORA}/corpus.json",),
    (f"{RESULTS}/corpus.json",),
    (f"{RESULTS}/theory.json",),
    (f"{RESULTS}/simulate.json", f"{RESULTS}/baseline.json"),
    (f"{RESULTS}/vanilla.pretrain.json", f"{RESULTS}/vanilla.scratch.json"),
    (f"{RESULTS}/vanilla.finetune.json",),
    (
        f"{RESULTS}/vanilla.pretrain.evaluate.json",
        f"{RESULTS}/vanilla.scratch.evaluate.json",
        f"{RESULTS}/vanilla.spectrum.json",
    ),
    ("build/report.pdf", "build/report.html"),
)
STAGES = {
    "data": "python -m data",
    "theory": "-m theory",
    "simulate": "-m simulate",
    "pretrain": "gpt/run.py pretrain",
    "finetune": "gpt/run.py finetune",
    "evaluate": "gpt/run.py evaluate",
    "spectrum": "gpt/spectrum.py",
    "baseline": "gpt/london_baseline.py",
    "report": "-m reports",
}
AFTER_TRAINING = {"pretrain", "finetune", "evaluate", "spectrum", "report"}

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not here")


def make(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make as a user would, whatever make this test itself runs under."""
    outer = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES", "PROFILE", "VARIANT", "SEED",
             "ATTENTION", "DEVICE", "FROM")  # fmt: skip
    environment = {k: v for k, v in os.environ.items() if k not in outer}
    return subprocess.run(
        ["make", *arguments], cwd=tree, env=environment, capture_output=True, text=True
    )


def would_run(tree: Path, *arguments: str) -> set[str]:
    """The stages whose command `make -n report` prints."""
    done = make(tree, "-n", *arguments, "report")
    assert done.returncode == 0, done.stderr
    commands = done.stdout.replace("\\\n", " ")
    return {stage for stage, command in STAGES.items() if command in commands}


def place(path: Path, time: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.utime(path, (time, time))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Sources of the past, then everything made from them, in order."""
    root = tmp_path / "tree"
    root.mkdir()
    shutil.copy(ROOT / "Makefile", root / "Makefile")
    sources = ["requirements.lock", "pyproject.toml"]
    for package in CODE:
        found = (ROOT / package).rglob("*")
        sources += [str(p.relative_to(ROOT)) for p in found if p.suffix in (".py", ".html", ".css")]
    for name in sources:
        place(root / name, 1_000_000)
    for folder in (path for path in root.rglob("*") if path.is_dir()):
        os.utime(folder, (1_000_000, 1_000_000))
    for step, names in enumerate(MADE, start=1):
        for name in names:
            place(root / name, 1_000_000 + 10 * step)
    seed = root / RESULTS / ".seed-0"
    seed.write_text("0\n")
    place(seed, 1_000_020)
    return root


def test_make_alone_lists_every_target_with_a_text(tree: Path) -> None:
    done = make(tree)
    assert done.returncode == 0
    listed = {
        words[1]: words[2:]
        for line in done.stdout.splitlines()
        if (words := line.split())[:1] == ["make"]
    }
    assert list(listed) == TARGETS
    assert all(len(text) >= 3 for text in listed.values())
    assert make(tree, "help").stdout == done.stdout


def test_nothing_is_done_when_all_is_up_to_date(tree: Path) -> None:
    assert would_run(tree) == set()
    for goal in ("data", "theory", "simulate", "pretrain", "finetune", "evaluate", "baseline"):
        assert make(tree, "-q", goal).returncode == 0, goal
    assert make(tree, "-q", "report").returncode == 0


def test_a_report_that_is_missing_is_made(tree: Path) -> None:
    (tree / "build/report.pdf").unlink()
    assert make(tree, "-q", "report").returncode == 1
    assert would_run(tree) == {"report"}


CHANGES = {
    "theory": ("theory/averaging.py", {"theory", "simulate", "report"}),
    "simulate": ("simulate/averaging.py", {"simulate", "report"}),
    "model": ("gpt/model.py", AFTER_TRAINING | {"baseline"}),
    "attention": ("gpt/attention/rope.py", AFTER_TRAINING | {"baseline"}),
    "baseline": ("gpt/london_baseline.py", {"baseline", "report"}),
    "spectrum": ("gpt/spectrum.py", {"spectrum", "report"}),
    "corpus": ("data/wordings.py", AFTER_TRAINING | {"data", "baseline"}),
    "report": ("reports/__main__.py", {"report"}),
    "page": ("templates/page.html", {"report"}),
    "a question's template": ("templates/questions/2a.html", {"report"}),
    "style": ("templates/style/common.css", {"report"}),
    "pretrained model": (f"{RESULTS}/vanilla.pretrain.json", AFTER_TRAINING - {"pretrain"}),
}


@pytest.mark.parametrize(("file", "stages"), CHANGES.values(), ids=CHANGES.keys())
def test_a_change_runs_what_depends_on_it_alone(tree: Path, file: str, stages: set[str]) -> None:
    place(tree / file, 2_000_000)
    assert would_run(tree) == stages
    assert make(tree, "-q", "report").returncode == 1


def test_what_if_a_theory_file_were_new(tree: Path) -> None:
    printed = make(tree, "-n", "-W", "theory/averaging.py", "report").stdout
    for command in ("-m theory", "-m simulate", "-m reports"):
        assert command in printed
    assert "run.py" not in printed


def test_another_seed_repeats_everything_random(tree: Path) -> None:
    assert would_run(tree, "SEED=1") == AFTER_TRAINING | {"simulate"}
    printed = make(tree, "-n", "SEED=1", "report").stdout
    assert printed.count("--seed 1") >= 5
    assert "--seed 0" not in printed


def test_another_variant_is_trained_beside_the_first(tree: Path) -> None:
    assert would_run(tree, "VARIANT=rope") >= {"pretrain", "finetune", "evaluate"}
    printed = make(tree, "-n", "VARIANT=rope", "report").stdout
    assert f"{RESULTS}/rope.pretrain.params" in printed
    assert "vanilla" not in printed


def trainings(printed: str) -> list[list[str]]:
    """The words of each training command that make prints."""
    commands = [line.split() for line in printed.replace("\\\n", " ").splitlines()]
    return [words for words in commands if "--writing_params_path" in words]


def test_the_variants_are_those_of_the_code_wherever_they_are_listed(tree: Path) -> None:
    makefile, readme = ((ROOT / name).read_text() for name in ("Makefile", "README.md"))
    (listed,) = re.findall(r"^VARIANTS := (.*)$", makefile, re.MULTILINE)
    assert sorted(listed.split()) == sorted(VARIANTS)
    joined = "|".join(listed.split())
    assert f"VARIANT={joined}\n" in make(tree, "help").stdout
    assert f"`VARIANT={joined}`" in readme
    for name, variant in VARIANTS.items():
        options = " ".join(written(variant.options))
        last = f"`{options}`" if options else "–"
        assert re.search(rf"^\| `{name}` \| .+ \| {re.escape(last)} \|$", readme, re.MULTILINE)


def test_make_variants_trains_and_asks_each_in_turn(tree: Path) -> None:
    """In the Makefile's order; vanilla, which is up to date, is left alone."""
    done = make(tree, "-n", "variants")
    assert done.returncode == 0, done.stderr
    runs = [(words[2], words[3]) for words in trainings(done.stdout)]
    names = list(dict.fromkeys(variant for _, variant in runs))
    assert set(names) == set(VARIANTS) - {"vanilla"}
    functions = ("pretrain", "finetune", "finetune")
    assert runs == [(function, name) for name in names for function in functions]
    for name in names:
        for asked in ("pretrain", "scratch"):
            assert f"--record {RESULTS}/{name}.{asked}.evaluate.json" in done.stdout
    place(tree / "gpt/model.py", 2_000_000)
    assert len(trainings(make(tree, "-n", "variants").stdout)) == 3 * len(VARIANTS)


def test_a_report_is_of_one_variant_but_shows_the_others(tree: Path) -> None:
    place(tree / RESULTS / "performer.pretrain.evaluate.json", 2_000_000)
    assert would_run(tree) == {"report"}


def test_options_of_a_variant_are_given_to_new_models_alone(tree: Path) -> None:
    printed = make(tree, "-n", "VARIANT=linformer", "ATTENTION=k=16 rotary=true", "report").stdout
    pretrain, finetune, scratch = trainings(printed)
    for words in (pretrain, scratch):
        at = words.index("--attention")
        assert words[at + 1 :] == ["k=16", "rotary=true"]
    assert "--reading_params_path" in finetune
    assert "--attention" not in finetune
    assert "--attention" not in make(tree, "-n", "VARIANT=linformer", "report").stdout


def test_other_options_repeat_the_trainings_of_their_variant_alone(tree: Path) -> None:
    place(tree / RESULTS / ".seed-0", 1_000_020)
    place(tree / RESULTS / ".linformer-k=16_rotary=true", 1_000_020)
    for run in ("pretrain", "scratch", "finetune"):
        place(tree / RESULTS / f"linformer.{run}.json", 1_000_070)
    given = "ATTENTION=k=16 rotary=true"
    assert not trainings(make(tree, "-n", "VARIANT=linformer", given, "finetune").stdout)
    for other in ("ATTENTION=k=8", "ATTENTION="):
        assert len(trainings(make(tree, "-n", "VARIANT=linformer", other, "finetune").stdout)) == 3
    assert would_run(tree) == set()
    trained = make(tree, "PYTHON=true", "VARIANT=linformer", "ATTENTION=k=8", "finetune")
    assert trained.returncode == 0
    assert len(trainings(make(tree, "-n", "VARIANT=linformer", given, "finetune").stdout)) == 3
    assert [p.name for p in (tree / RESULTS).glob(".linformer*")] == [".linformer-k=8"]


def test_options_are_of_one_variant(tree: Path) -> None:
    done = make(tree, "variants", "ATTENTION=k=16")
    assert done.returncode == 2
    assert "ATTENTION=k=16: options are of one variant" in done.stderr
    assert make(tree, "-q", "report").returncode == 0


def error_lines(done: subprocess.CompletedProcess[str]) -> list[str]:
    """What make prints about itself left out."""
    return [line for line in done.stderr.splitlines() if not line.startswith("make: ***")]


@pytest.mark.parametrize("profile", ["practical", "best"])
def test_the_practicals_profiles_need_its_files(tree: Path, profile: str) -> None:
    for goal in ("data", "pretrain", "evaluate", "baseline"):
        done = make(tree, f"PROFILE={profile}", goal)
        assert done.returncode == 2
        (line,) = error_lines(done)
        assert line.startswith(f"error: PROFILE={profile} needs the practical's own files")
        assert "make data FROM=" in line
    place(tree / "data/corpora/practical/corpus.json", 1_000_030)
    assert make(tree, f"PROFILE={profile}", "data").returncode == 0


def test_an_unknown_profile_is_refused(tree: Path) -> None:
    done = make(tree, "PROFILE=fast", "report")
    assert done.returncode == 2
    assert "PROFILE=fast: expected one of: quick practical best" in done.stderr
    assert not (tree / "results/fast").exists()
    assert make(tree, "PROFILE=", "report").returncode == 2


@pytest.mark.parametrize("setting", ["SEED=abc", "SEED=", "VARIANT=vanila", "DEVICE=gpu"])
def test_a_mistyped_setting_is_refused_and_nothing_is_remade(tree: Path, setting: str) -> None:
    refused = make(tree, setting, "report")
    name, value = setting.split("=")
    assert refused.returncode == 2
    assert f"{name}={value}: expected" in refused.stderr
    assert make(tree, "-q", "report").returncode == 0


def test_asking_what_another_seed_would_do_changes_nothing(tree: Path) -> None:
    make(tree, "-n", "SEED=1", "report")
    assert make(tree, "-q", "report").returncode == 0


def test_a_training_that_was_cut_goes_on_and_one_that_is_finished_counts_as_made(
    tree: Path,
) -> None:
    """The record is touched: `run.py` leaves it as it is where the same code made it before."""
    place(tree / "gpt/model.py", 2_000_000)
    printed = make(tree, "-n", "report").stdout.replace("\\\n", " ")
    trained = [line for line in printed.splitlines() if "gpt/run.py" in line]
    trained = [line for line in trained if "--writing_params_path" in line]
    assert len(trained) == 3
    assert all("--resume_or_restart" in line for line in trained)
    for run in ("pretrain", "finetune", "scratch"):
        assert f"touch {RESULTS}/vanilla.{run}.json" in printed
