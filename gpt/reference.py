"""Reference runs: recipes over seeds on the practical's own files, resumable run by run.

    python -m gpt.reference [--recipes practical best] [--seeds 0 1 2 3 4] [--minutes 9]

Each run's records lie in results/reference/<recipe>/seed<k>/. A run whose record is there, with
the recipe's present hash, is skipped; when the minutes are over a training saves itself and stops;
so the same command goes on where it was cut. What it wrote is packed into
results/reference.tar.gz. Of the predictions only answers, right or wrong and probabilities are
kept: no question, name or place of the practical's files.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from gpt.attention import VARIANTS
from gpt.corpus import CORPORA
from gpt.recipe import RECIPES, recipe
from reports.record import ROOT, ArgumentParser, InputError, exit_on_input_error, write_text

RESULTS = ROOT / "results" / "reference"
KEPT = {".json", ".csv", ".jsonl"}
STOPPED = (143, -signal.SIGTERM)  # after its step, or before it could train


@dataclass(frozen=True)
class Plan:
    """One model of one seed; its runs are made one after the other."""

    recipe: str
    variant: str
    seed: int
    device: str
    corpus: Path
    epochs: int | None

    @property
    def folder(self) -> Path:
        return RESULTS / self.recipe / f"seed{self.seed}"

    def commands(self) -> list[tuple[Path, list[str]]]:
        """The record and the arguments of `run.py` of each run, in their order."""
        made = self.folder / self.variant
        pairs = ["--finetune_corpus_path", str(self.corpus / "birth_places_train.tsv")]
        pretrained = ["--reading_params_path", f"{made}.pretrain.params"]
        return [
            self._train("pretrain", "pretrain", pairs),
            self._train("finetune", "finetune", pairs + pretrained),
            self._evaluate("pretrain", "finetune"),
            self._train("finetune", "scratch", pairs),
            self._evaluate("scratch", "scratch"),
        ]

    def _train(self, function: str, run: str, options: list[str]) -> tuple[Path, list[str]]:
        made = self.folder / f"{self.variant}.{run}"
        options = [*options, "--recipe", self.recipe, "--writing_params_path", f"{made}.params"]
        options.append("--resume_or_restart")
        if self.epochs is not None:
            options += ["--epochs", str(self.epochs)]
        return self._command(function, Path(f"{made}.json"), options)

    def _evaluate(self, model: str, parameters: str) -> tuple[Path, list[str]]:
        made = self.folder / self.variant
        options = ["--reading_params_path", f"{made}.{parameters}.params"]
        options += ["--eval_corpus_path", str(self.corpus / "birth_dev.tsv")]
        options += ["--outputs_path", f"{made}.{model}.predictions"]
        return self._command("evaluate", Path(f"{made}.{model}.evaluate.json"), options)

    def _command(self, function: str, record: Path, options: list[str]) -> tuple[Path, list[str]]:
        fixed = [function, self.variant, str(self.corpus / "wiki.txt"), "--seed", str(self.seed)]
        return record, [*fixed, "--device", self.device, "--record", str(record), *options]


def carry_out(plan: Plan, deadline: float) -> str:
    """Make the runs of a plan that are missing, until the deadline; returns one line on it.

    Raises: InputError if a run fails, with its last line of output.
    """
    name = f"{plan.recipe} {plan.variant} seed {plan.seed}"
    remade = False  # what is made again makes every later record of the model out of date
    for record, arguments in plan.commands():
        if not remade and _is_done(record, plan):
            continue
        if time.monotonic() > deadline:
            return f"{name}: stopped before {record.name}; the same command goes on from there"
        code, last = _run(arguments, deadline)
        if code in STOPPED:
            return f"{name}: stopped in {record.name}; the same command goes on from there"
        if code:
            raise InputError(f"{name}: {record.name}: {last}")
        remade = True
        print(f"{name}: {record.name} written", flush=True)
        if record.name.endswith(".evaluate.json"):
            strip_predictions(record.with_name(f"{record.stem}.predictions.jsonl"))
    return f"{name}: complete"


def _run(arguments: list[str], deadline: float) -> tuple[int, str]:
    """Run `run.py`, asked to stop at the deadline; its exit code and last line of output."""
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "gpt" / "run.py"), *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    try:
        out, error = process.communicate(timeout=max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.terminate()
        out, error = process.communicate()
    lines = (error or out).splitlines()
    return process.returncode, lines[-1] if lines else ""


def _is_done(record: Path, plan: Plan) -> bool:
    """Whether the record is there and, for a training, of the recipe as it is now."""
    if not record.is_file():
        return False
    made = json.loads(record.read_text(encoding="utf-8"))
    if made["stage"] != "training":
        return True
    wanted = recipe(plan.recipe)
    if plan.epochs is not None:
        wanted = wanted.with_epochs(made["run"], plan.epochs)
    return bool(made["recipe_hash"] == wanted.sha256)


def strip_predictions(table: Path) -> None:
    """Keep of each prediction what is ours: answer, right or wrong, probability."""
    rows = [json.loads(line) for line in table.read_text(encoding="utf-8").splitlines()]
    kept = [{k: row[k] for k in ("answer", "correct", "probability")} for row in rows]
    lines = (json.dumps(row, sort_keys=True, ensure_ascii=False) for row in kept)
    write_text(table, "\n".join(lines) + "\n")


def pack() -> Path:
    """Pack records, curves and predictions (no parameters, no logs) into one archive."""
    archive = ROOT / "results" / "reference.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for path in sorted(RESULTS.rglob("*")):
            if path.suffix in KEPT and not path.name.endswith(".log.jsonl"):
                tar.add(path, path.relative_to(ROOT))
    return archive


def main(argv: list[str] | None = None) -> int:
    parser = ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--recipes", nargs="+", choices=sorted(RECIPES), default=["practical", "best"])
    add("--variants", nargs="+", choices=sorted(VARIANTS), default=["vanilla", "rope"])
    add("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    add("--device", choices=["auto", "cpu", "cuda"], default="auto")
    add("--side_by_side", type=int, default=1, metavar="N", help="models trained at a time")
    add("--minutes", type=float, default=9.0, help="go on for so many at most")
    add("--epochs", type=int, help="instead of the recipes', for a trial")
    add("--corpus_folder", type=Path, default=CORPORA / "practical")
    options = parser.parse_args(argv)
    for name in ("wiki.txt", "birth_places_train.tsv", "birth_dev.tsv"):
        if not (options.corpus_folder / name).is_file():
            raise InputError(f"{options.corpus_folder / name}: no such file (make data FROM=…)")
    deadline = time.monotonic() + 60 * options.minutes
    plans = [
        Plan(r, v, s, options.device, options.corpus_folder, options.epochs)
        for s in options.seeds
        for r in options.recipes
        for v in options.variants
    ]
    with ThreadPoolExecutor(options.side_by_side) as pool:
        for line in pool.map(lambda plan: carry_out(plan, deadline), plans):
            print(line, flush=True)
    print(f"packed: {pack()}")
    return 0


if __name__ == "__main__":
    exit_on_input_error(main)
