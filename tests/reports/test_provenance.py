"""A command is recorded as it is typed in the project's folder, wherever that folder lies."""

from __future__ import annotations

from reports.record import ROOT, Clock


def test_paths_inside_the_project_are_relative_to_it() -> None:
    argv = [str(ROOT / "gpt" / "run.py"), "pretrain", f"{ROOT}/data/x.txt", "--log", "/else/where"]
    made = Clock(argv=argv).provenance(seed=None)
    assert made.command == "python gpt/run.py pretrain data/x.txt --log /else/where"
    module = Clock(argv=[str(ROOT / "theory" / "__main__.py"), "averaging"]).provenance(seed=None)
    assert module.command == "python -m theory averaging"
