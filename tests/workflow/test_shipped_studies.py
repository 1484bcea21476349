"""Every shipped study can be planned and can finish: its tables and report are made from small invented results."""

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from checkouts import planned_jobs
from made_plan import MadeStudy
from made_study import study_files, write_study
from wattshed.config.study import load_study
from wattshed.foundation.writing import write_parquet
from wattshed.publish.parts.declaration import declared

CONFIG = Path(__file__).resolve().parents[2] / "config"
STUDIES = sorted(path.name for path in CONFIG.glob("*.yaml"))
LADDER = {"find_ladder", "make_table_ladder", "make_table_techniques", "make_figure_ladder"}
LAW = {"predict", "compare_predictions", "reproduce_law", "make_table_energy_predictions"}
MEMORY = {
    *("measure_memory", "make_figure_memory_step"),
    *(f"make_table_memory_{name}" for name in ("training", "speed", "inference")),
}
ROLLING = {"split_origins", "roll_model", "roll_baseline", "find_rolling"}
PNG = b"\x89PNG\r\n\x1a\n made for a test"


@pytest.fixture(scope="module")
def planned_once(root, tmp_path_factory):
    """Plans a study when it is first asked for: what Snakemake says, and the folder it said it in."""
    plans = {}

    def plan(name):
        if name not in plans:
            folder = tmp_path_factory.mktemp(Path(name).stem)
            plans[name] = planned(root, CONFIG / name, folder, read_study(name)), folder
        return plans[name]

    return plan


@pytest.mark.parametrize("name", STUDIES)
def test_a_shipped_study_plans_what_it_asks_for(planned_once, name):
    assert_only_what_it_asks_for(read_study(name), set(planned_jobs(planned_once(name)[0])))


def read_study(name):
    return load_study(yaml.safe_load((CONFIG / name).read_text()), name)


def test_the_tables_and_the_report_of_shipped_studies_are_made(root, monkeypatch, planned_once):
    """The report of the first study of every set of tables, and each table of the same inputs once.

    A report shows all tables of its study, so that they are made for every set.
    """
    firsts, made = {}, set()
    for name in STUDIES:
        parts = {job for job in planned_jobs(planned_once(name)[0]) if job.startswith("make_")}
        firsts.setdefault(frozenset(parts), name)
    assert "config.yaml" in firsts.values()
    for name in firsts.values():
        said, folder = planned_once(name)
        monkeypatch.chdir(folder)
        make_what_is_published(root, read_study(name), said, folder, made)
    assert {table for table, *_ in made} == {name for parts in firsts for name in tables_of(parts)}


def tables_of(rules):
    """Names of the tables that rules make."""
    return [rule.removeprefix("make_table_") for rule in rules if rule.startswith("make_table_")]


def make_what_is_published(root, study, said, folder, made):
    commands = planned_commands(said)
    place_results(study, commands, folder)
    results = folder / f"results/{study.study}"
    for script, arguments in sorted(commands, key=lambda command: ORDER[command[0]]):
        # Figures take longest; test_part_contract.py and the real DAG draw them.
        if "--figure" in arguments:
            continue
        if "--table" in arguments:
            table = arguments[arguments.index("--table") + 1]
            same = (table, len(study.seeds) > 1, *named_inputs([(script, arguments)]))
            if same in made:
                continue
            made.add(same)
        script_main(root, script)(arguments)
        if "--table" in arguments:
            written = [results / f"tables/{file}.tex" for file in declared("table", table).files]
            assert any(path.is_file() for path in written), table
    assert study.study in (results / "report.html").read_text()


ORDER = {"save_config": 0, "make_part": 1, "write_report": 2}


def assert_only_what_it_asks_for(study, rules):
    """The plan has a ladder, rolling origins and trainings if the study has them, and not otherwise."""
    assert {"build_panel", "write_report"} <= rules
    assert ("train_model" in rules) == bool(study.models)
    assert (rules & LADDER) == (LADDER if study.ladder else set())
    assert bool(rules & ROLLING) == bool(study.rolling)
    assert (rules & LAW) == (LAW if study.law else set())
    assert (rules & MEMORY) == (MEMORY if study.memory else set())
    assert ("calibrate_device" in rules) == bool(study.law and study.law.profile is None)
    assert ("sweep_law" in rules) == bool(study.law and study.law.sweep)


def planned(root, configfile, folder, study):
    """What Snakemake says of the study's jobs."""
    path = getattr(study.data.source, "path", None)
    if path:
        # A study on a user's own table.
        (folder / path).parent.mkdir(parents=True)
        (folder / path).touch()
    words = [
        sys.executable,
        "-m",
        "snakemake",
        "-s",
        str(root / "Snakefile"),
        "--configfile",
        str(configfile),
    ]
    environment = {**os.environ, "HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache")}
    answer = subprocess.run(
        [*words, "--cores", "1", "--dry-run", "--printshellcmds"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    text = answer.stdout + answer.stderr
    assert answer.returncode == 0, text[-3000:]
    return text


def planned_commands(text):
    """Script and arguments of every light publishing job that Snakemake plans."""
    commands = []
    for line in text.splitlines():
        if "/publish/" not in line or not line.startswith("Shell command: "):
            continue
        _, _, script, *arguments = shlex.split(line.removeprefix("Shell command: "))
        commands.append((Path(script).stem, arguments[: arguments.index(">")]))
    assert {script for script, _ in commands} == set(ORDER)
    return commands


def place_results(study, commands, folder):
    """Invented results of the study's models, where its jobs look for them."""
    made = study_files(write_study(folder / "made", made_study(study)))
    inputs = named_inputs(commands)
    # The invented lineages have other names than the study's: the first file holds them all.
    for name in ("adaptation_days", "compared_days"):
        days = pd.concat(map(pd.read_parquet, made[name]), ignore_index=True)
        for number, place in enumerate(inputs.get(name, [])):
            write_parquet(folder / place, days if number == 0 else days.iloc[:0])
    for name, places in inputs.items():
        for place in (folder / place for place in places):
            if place.exists() or name == "config":
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            same = [file for file in made[name] if file.name == place.name]
            shutil.copy(same[0] if same else made[name][0], place)
    for script, arguments in commands:
        if script == "write_report":
            for figure in arguments[arguments.index("--figures") + 1 : arguments.index("--parameters")]:
                (folder / figure).parent.mkdir(parents=True, exist_ok=True)
                (folder / figure).write_bytes(PNG)


def made_study(study):
    parents = [*study.adaptation.models, *study.compression.models]
    ladder = study.ladder
    return MadeStudy(
        name=study.study,
        seeds=tuple(study.seeds),
        trained={name: (0.7 + 0.01 * n, 1e-4 * (n + 1)) for n, name in enumerate(study.models)},
        baselines={name: (0.75 + 0.02 * n, 4e-7 / (n + 1)) for n, name in enumerate(study.baselines)},
        parents=list(dict.fromkeys(parents)) or [next(iter(study.models))],
        # A recorded step has no ledger.
        steps={step.name: step.caption for step in ladder.steps if not step.recorded} if ladder else {},
        reference=(ladder.tuned if ladder.reference in ladder.recorded else ladder.reference)
        if ladder
        else "",
        rolled=study.rolling.models if study.rolling else (),
        law=study.law is not None,
        memory=study.memory is not None,
        forms={name: model.form for name, model in study.models.items()},
    )


def named_inputs(commands):
    """Files of every ``--input NAME FILE...``."""
    found = {}
    for _, arguments in commands:
        for start, word in enumerate(arguments):
            if word != "--input":
                continue
            stop = next(n for n in range(start + 1, len(arguments)) if arguments[n].startswith("--"))
            name, *files = arguments[start + 1 : stop]
            found[name] = files
    return found


def script_main(root, script):
    file = root / f"workflow/scripts/publish/{script}.py"
    spec = importlib.util.spec_from_file_location(f"shipped_{script}", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main
