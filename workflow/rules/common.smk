"""Functions that all rules share. The study is checked here, before anything runs."""

import json
import re
import sys
from hashlib import sha256
from pathlib import Path
from shlex import quote

from snakemake.exceptions import WorkflowError

ROOT = Path(workflow.basedir)
LIBRARY = ROOT / "workflow/lib"
SCRIPT_FOLDER = ROOT / "workflow/scripts"
# How rules start a script: `python {SCRIPTS}/data/build_panel.py`. The shell inserts the checkout's folder,
# so that its name may hold any characters, and a moved checkout reruns nothing.
SCRIPTS = '"$WATTSHED_SCRIPTS/run.py" "$WATTSHED_SCRIPTS"'

# The library of this checkout is used, even if another one is installed.
sys.path.insert(0, str(LIBRARY))

# A measured job has all cores of this machine, so that nothing else runs beside it, but computes on one, so that
# its numbers do not depend on how many there are. On a cluster it asks for a node of its own instead.
ALL_CORES = workflow.cores or 1
TORCH_THREADS = 1

from wattshed.config.energy.places import UNKNOWN
from wattshed.config.job_arguments import without_braces
from wattshed.config.lineages import lineages_of, swept_lineages
from wattshed.config.models.rolling import RollingCalendar
from wattshed.config.repeated_keys import refuse_repeated_keys
from wattshed.config.study import load_study
from wattshed.data.sources.source import gives_labelled_windows
from wattshed.energy.budget.budget import Budget
from wattshed.energy.budget.predicted import VARIABLE as PREDICTIONS
from wattshed.energy.carbon.carbon import Location, yearly_intensity
from wattshed.energy.ledger.records import FOLDER as SPENT_FOLDER
from wattshed.energy.ledger.records import LIST
from wattshed.foundation.code_digest import code_digest
from wattshed.foundation.checkout import shipped_file, without_braces_in_name
from wattshed.foundation.faults import TERMINAL, Fault
from wattshed.foundation.input_files import check_input
from wattshed.foundation.recovery.finished_work import FOLDER as FINISHED_FOLDER
from wattshed.foundation.recovery.finished_work import drop_accepted
from wattshed.foundation.extending.own_files import OWN_PLUGINS, own_files
from wattshed.foundation.plugins import names, source_file
from wattshed.foundation.plugins import load as load_plugin
from wattshed.foundation.recovery.stale_locks import record_locks, record_run, remove_stale_locks
from wattshed.foundation.user_cache import cache_folder
from wattshed.foundation.vocabulary import LINEAGE_JOINT

CONFIG_FILES = [Path(file) for file in workflow.config_settings.configfiles] or [ROOT / "config/config.yaml"]
ORIGIN = ", ".join(str(file) for file in workflow.config_settings.configfiles) or "config/config.yaml"
try:
    for path in CONFIG_FILES:
        refuse_repeated_keys(path)
    STUDY = load_study(config, ORIGIN, beside=CONFIG_FILES[-1].parent)
except Fault as fault:
    raise WorkflowError(str(fault)) from None

RESULTS = f"results/{STUDY.study}"
# Records of what was spent. No rule declares them, so that Snakemake deletes none.
SPENT = f"{RESULTS}/spent"
SOURCE = load_plugin("source", STUDY.data.source.kind)
LABELLED = gives_labelled_windows(STUDY.data.source.kind)  # a study of classes


def budget_of(study):
    """The budget of every training as JSON, with the emission factor that limits in kg need."""
    energy = study.energy
    place = Location(None if energy.country_iso == UNKNOWN else energy.country_iso, energy.region)
    factor = yearly_intensity(place).kg_per_kwh
    try:
        budget = Budget(energy.budget, factor, energy.carbon.pue, Path(RESULTS))
    except Fault as fault:
        raise WorkflowError(str(fault)) from None
    return budget.to_json()


# The environment of jobs: the scripts of this checkout, the terminal behind the log, facts about the machine, the budget
# and the predictions that it is held against. None of it is a parameter: a corrected place, a raised budget or another
# prediction reruns nothing.
ENVIRONMENT = {
    "WATTSHED_SCRIPTS": str(SCRIPT_FOLDER),
    TERMINAL: "3",
    FINISHED_FOLDER: f"{RESULTS}/.finished",
    SPENT_FOLDER: SPENT,
    "WATTSHED_COUNTRY_ISO": STUDY.energy.country_iso,
    "WATTSHED_REGION": STUDY.energy.region or "",
    "WATTSHED_IDLE_FOLDER": "results/idle",
    "WATTSHED_BUDGET": budget_of(STUDY),
    "WATTSHED_CONFIG_SHA256": sha256(STUDY.model_dump_json().encode()).hexdigest(),
    # All libraries' threads: two of them take up to twice the processor time of one, and more beside a busy machine.
    # Snakemake sets each of these variables to the job's cores.
    **dict.fromkeys(
        (
            *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "MKL_NUM_THREADS"),
            *("VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS"),
        ),
        str(TORCH_THREADS),
    ),
    OWN_PLUGINS: json.dumps([str(path) for path in own_files()]),
    # Empty without the block `law`: budgets then know nothing before the first epoch.
    PREDICTIONS: f"{RESULTS}/law/predictions.json" if STUDY.law else "",
}
# The prefix is formatted like any command: its braces are doubled.
shell.prefix(
    ("exec 3>&2; export " + " ".join(f"{name}={quote(value)}" for name, value in ENVIRONMENT.items()) + "; ")
    .replace("{", "{{")
    .replace("}", "}}")
)
LOGS = f"{RESULTS}/logs"
BENCHMARKS = f"{RESULTS}/benchmarks"

# A killed Snakemake leaves locks and perhaps a measured job that still runs: the same command continues.
SNAKEMAKE_FOLDER = Path(".snakemake")
if workflow.is_main_process and not workflow.dryrun:
    if remove_stale_locks(SNAKEMAKE_FOLDER):
        print("Removed the locks that a killed Snakemake left behind.", file=sys.stderr)
    drop_accepted(Path(RESULTS) / ".finished", SNAKEMAKE_FOLDER)
    RUN_RECORD = record_run(SNAKEMAKE_FOLDER)

    onstart:
        record_locks(RUN_RECORD)


# Folder of the files that the rule fetch_wheel downloads.
FETCHED = "data/wheels/"


def as_input(path):
    """An input file by a path without braces, which Snakemake would read as wildcards. It must exist or be fetched."""
    try:
        if not str(path).startswith(FETCHED):
            check_input(path, ORIGIN)
        return without_braces_in_name(path, SNAKEMAKE_FOLDER / "wattshed_links")
    except Fault as fault:
        raise WorkflowError(str(fault)) from None


# The folder of rules and shipped files for Snakemake: this checkout, by a path without braces.
RULES = f"{without_braces_in_name(ROOT, cache_folder() / 'checkouts')}/workflow/rules"


# Memory of a job: the panel's arrays, and torch if it trains.
TORCH_MB = 1500
FRAMES_MB = 800

# The result of make benchmark-engine, if there is one: the report shows it.
ENGINE_BENCHMARK = [as_input(path) for path in [ROOT / "docs/engine_benchmarks.json"] if path.is_file()]
# The ladder's steps that are trained. The ladder's rules exist for every study; its outputs are requested
# only if there is a ladder.
LADDER_MODELS = (
    [step.name for step in STUDY.ladder.steps if step.name in STUDY.models] if STUDY.ladder else []
)
# Records that the ladder reads in place of trainings and searches; all of them are in the checkout. A search that has no
# record yet has no energy in the tables.
LADDER_RECORDS = (
    [as_input(shipped_file(record.path)) for record in STUDY.ladder.recorded.values()] if STUDY.ladder else []
)
LADDER_TUNING = [
    as_input(path)
    for path in ([shipped_file(STUDY.ladder.tuning.record)] if STUDY.ladder and STUDY.ladder.tuning else [])
    if path.is_file()
]
# Rolling origins, counted from 1, and what is trained on each. Their rules exist for every study, too.
ORIGINS = range(1, (STUDY.rolling.origins if STUDY.rolling else 1) + 1)
ROLLED = STUDY.rolling.models if STUDY.rolling else []
ROLLING_SEEDS = (STUDY.rolling and STUDY.rolling.seeds) or STUDY.seeds
# The device profile by which trainings are predicted: the study's own, or one that the user names. The rules of the law
# exist for every study, too.
LAW_SWEEP = STUDY.law.sweep if STUDY.law else None
LAW_CALIBRATES = bool(STUDY.law) and STUDY.law.profile is None
LAW_PROFILE = (
    [] if not STUDY.law else f"{RESULTS}/law/profile.json" if LAW_CALIBRATES else as_input(STUDY.law.profile)
)
LAW_LEDGERS = [
    f"{RESULTS}/ledger/calibration/{job}.jsonl"
    for job, runs in (("calibrate_device", LAW_CALIBRATES), ("sweep_law", LAW_SWEEP is not None))
    if runs
]
# Every checkpoint that the study makes, by the name of its lineage, and the jobs that use it.
LINEAGES = lineages_of(STUDY)
ADAPTED = [name for name, lineage in LINEAGES.items() if lineage.kind == "strategy"]
COMPRESSED = [name for name, lineage in LINEAGES.items() if lineage.kind == "method"]
# Models from which other checkpoints are made: these are compared with the model.
MADE_FROM = [
    model
    for model in STUDY.models
    if any(lineage.model == model and lineage.parent for lineage in LINEAGES.values())
]
# And those that are measured in the same way although nothing is made of them.
COMPARED = [model for model in STUDY.models if model in MADE_FROM or model in STUDY.compression.also_measured]
SWEPT = swept_lineages(STUDY)
# Sweeps of their clocks by name, such as `stgnn+replay.training`, recorded ones such as `recorded.a100` after them.
WORKS = STUDY.clocks.works
RECORDINGS = STUDY.clocks.recordings
SWEEPS = [
    *[f"{lineage}.{work}" for lineage in SWEPT for work in WORKS],
    *[f"recorded.{name}" for name in RECORDINGS],
]
# The chains that make checkpoints, each beginning with its model.
CHAINS = [
    {
        "name": chain.name,
        "lineages": [
            LINEAGE_JOINT.join([chain.model, *chain.makes[:place]]) for place in range(len(chain.makes) + 1)
        ],
        "swept": chain.swept,
    }
    for chain in STUDY.chains
    if chain.makes
]

# Models whose forecasts are drawn: the first one with further steps, and the strongest simple one.
SHOWN = [*[*MADE_FROM, *STUDY.models][:1], *[name for name in STUDY.baselines if name == "ridge"]]


def as_json(block, without=None, only=None):
    """A block of the configuration as one argument of a script; keys that the script does not use left out."""
    return without_braces(block.model_dump_json(exclude=without, include=only))


def list_of_records(wildcards):
    """The list of all records of the study. It is newer than the accounts after a job that failed or was killed."""
    path = Path(SPENT) / LIST
    if not path.exists():
        if workflow.dryrun:
            return []
        # An input must exist from the beginning: one that appears later would run the accounts again.
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return [str(path)]


def ladder_json():
    """The ladder as one argument; null if the study has none."""
    return "null" if STUDY.ladder is None else as_json(STUDY.ladder)


def calendar_json():
    """Where the parts of rolling origins lie, as one argument; null if the study has none."""
    return "null" if STUDY.rolling is None else as_json(STUDY.rolling, only=set(RollingCalendar.model_fields))


def code_of(script, *plugins):
    """Digest of the library files that a script and its plug-ins use: an edit to one of them reruns its rule.

    plugins: each as ``(kind, name)``, such as ``("table", "accuracy")``.
    """
    try:
        files = [source_file(kind, name) for kind, name in plugins]
    except Fault as fault:
        raise WorkflowError(str(fault)) from None
    return code_digest(SCRIPT_FOLDER / script, LIBRARY, files)


def code_of_measured(script, *plugins):
    """:func:`code_of` of a measured job, with the sensors that it may be metered by.

    A new or changed sensor measures again: energies that two sensors took cannot be compared.
    """
    return code_of(script, *plugins, *(("sensor", name) for name in names("sensor")))


def plugins_of(*lineages):
    """The plug-ins that make the checkpoints of these lineages, each once."""
    return dict.fromkeys(plugin for name in lineages for plugin in LINEAGES[name].plugins(STUDY))


def checkpoints_of(lineage):
    """A lineage's checkpoints, one for each seed."""
    return [f"{RESULTS}/checkpoints/{lineage}-{seed}.safetensors" for seed in STUDY.seeds]


def engine_of(lineage):
    """The back end that a base model asks for, for all that is made of it; the study's if it asks for none."""
    return STUDY.models[LINEAGES[lineage].model].engine or STUDY.engine


def family_tree(model):
    """All lineages that begin with a model, itself first."""
    return [name for name, lineage in LINEAGES.items() if lineage.model == model]


def any_of(names):
    """Pattern of a wildcard that is one of these names; without names it matches nothing."""
    return "|".join(re.escape(name) for name in names) or "none"


def sweep_settings():
    """The settings of a sweep as one argument: without those of the other back ends, and of what follows a sweep.

    A replayed sweep looks for nothing, so that its limits are those of the choice alone.
    """
    clocks = STUDY.clocks
    others = {name for name in ("simulated", "replay", "nvml") if name != clocks.backend}
    later = {"works", "recordings", "governor"}
    unused = {"search", "choice", "max_slowdown_share"} if clocks.backend == "replay" else set()
    return as_json(clocks, without=others | later | unused)


def recording_files(recording):
    """The files of a recorded sweep: its file, or those in its folder, and the marks of a power log."""
    paths = [path for path in (recording.path, recording.marks) if path]
    files = []
    for path in paths:
        inside = (
            sorted(found for found in Path(path).glob("*") if found.is_file()) if Path(path).is_dir() else []
        )
        files += [as_input(found) for found in inside or [path]]
    return files


def recorded_sweep():
    """The files of the replayed sweep; if one changes, the sweep is run again."""
    return recording_files(STUDY.clocks.replay) if STUDY.clocks.backend == "replay" else []


def readers():
    """The readers of recorded sweeps, which are tried one after the other."""
    return [("recording", name) for name in names("recording")]


def intensity_series():
    """A recorded carbon-intensity series that emissions are computed with."""
    intensity = STUDY.energy.carbon.intensity
    if intensity.kind == "electricity_maps":
        intensity = intensity.fallback_series or intensity
    return [as_input(intensity.path)] if intensity.kind == "hourly" else []


def caps_note():
    """A note beside the errors of the source study's network where its recipe is not the source study's own."""
    notes = []
    for name, model in STUDY.models.items():
        recipe = STUDY.recipe_of(name)
        published_epochs = load_plugin("family", model.form).published_epochs
        if published_epochs is None:
            continue
        if recipe.steps_per_epoch and recipe.epochs > published_epochs:
            notes.append(
                f"{name} learns until it stops improving, with a recipe of its own in place of the source study's"
            )
            continue
        if recipe.steps_per_epoch:
            seen = f"learned from {recipe.epochs * recipe.steps_per_epoch * recipe.batch:,} windows at most"
        elif recipe.epochs < published_epochs:
            seen = f"was capped at {recipe.epochs} epochs"
        else:
            continue
        notes.append(
            f"{name} {seen}; the source study allows {published_epochs} epochs of all windows, so its error"
            " here is not the least that it can reach"
        )
    return "; ".join(notes) + "." if notes else ""
