"""Measure time and memory of the default study and of a panel of full size; write docs/benchmarks.md.

With --before, the default study of an earlier checkout runs first, with the same Python: both stand side by side.

Whole processes, as a user runs them; peak memory is the operating system's own of the finished process.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from wattshed.foundation.provenance import commit_text, describe_commit, describe_machine, describe_versions

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "workflow/scripts"
NODES, HOURS = 8442, 13_175 + 24 + 6 - 1
WINDOWS = json.dumps({"look_back_h": 24, "horizon_h": 6})
MODEL = json.dumps({"form": "stgnn", "recipe": "r"})
RECIPE = json.dumps(
    {
        "sampling": "pairs",
        "batch": 256,
        "epochs": 1,
        "steps_per_epoch": 100,
        "learning_rate": 5e-3,
        "schedule": "cosine",
        "warm_up_steps": 20,
        "scaling": "node",
        "validation_windows": 100,
    }
)


def measured(*words: str | Path, folder: Path = ROOT) -> dict[str, float]:
    """Wall time [s] and peak memory [MiB] of one child process that works in `folder`."""
    # ru_maxrss of children is a maximum over all of them: each measurement needs a parent of its own.
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        start_s = time.perf_counter()
        done = subprocess.run([str(word) for word in words], cwd=folder, stdout=subprocess.DEVNULL)
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        row = {"wall_s": time.perf_counter() - start_s, "peak_mib": usage.ru_maxrss / 1024}
        os.write(writer, json.dumps(row).encode())
        os._exit(done.returncode)
    _, status = os.waitpid(child, 0)
    os.close(writer)
    answer = os.read(reader, 4096)
    os.close(reader)
    if status != 0:
        raise SystemExit(f"{' '.join(str(word) for word in words)} failed")
    return json.loads(answer)


def full_size(folder: Path) -> list[dict]:
    """The frugal engine on 8,442 nodes: panel, splits, graph with metadata, one epoch."""
    source = json.dumps({"kind": "synthetic", "nodes": NODES, "hours": HOURS, "seed": 1})
    graph = json.dumps({"method": "metadata", "neighbours": 10})
    panel, splits, adjacency = folder / "panel", folder / "splits", folder / "graph"
    steps = {
        "build the panel": ("data/build_panel.py", "--source", source, "--output", panel),
        "check its quality": ("data/check_quality.py", "--panel", panel, "--output", folder / "quality"),
        "split the calendar": (
            *("data/split_calendar.py", "--panel", panel, "--splits", "{}", "--windows", WINDOWS),
            *("--output", splits),
        ),
        "build the graph (metadata, K = 10)": (
            *("data/build_graph.py", "--panel", panel, "--splits", splits, "--graph", graph),
            *("--output", adjacency),
        ),
        "one frugal epoch (100 steps of 256 pairs, 100 validation windows)": (
            *(
                "training/train_model.py",
                "--name",
                "stgnn",
                "--seed",
                "1",
                "--model",
                '{"form":"stgnn","recipe":"r"}',
            ),
            *("--recipe", RECIPE, "--windows", WINDOWS, "--metering", '{"idle_s":0.0}'),
            *("--panel", panel, "--splits", splits, "--graph", adjacency),
            *(
                "--checkpoints",
                folder / "m.safetensors",
                "--epochs",
                folder / "e",
                "--ledger",
                folder / "l.jsonl",
            ),
        ),
    }
    rows = []
    for name, (script, *arguments) in steps.items():
        rows.append({"step": name, **measured(sys.executable, SCRIPTS / script, *arguments)})
        print(rows[-1], file=sys.stderr, flush=True)
    return rows


def per_rule(results: Path, began_s: float = 0.0) -> pd.DataFrame:
    """Jobs, wall time [s] and peak memory [MiB] of each rule, from Snakemake's files since `began_s`."""
    rows = [
        {"rule": path.relative_to(results / "benchmarks").parts[1].removesuffix(".tsv"), **row}
        for path in (results / "benchmarks").rglob("*.tsv")
        # Older files are those of rules and models that the study no longer has.
        if path.stat().st_mtime >= began_s
        for row in pd.read_csv(path, sep="\t", na_values="-").to_dict("records")
    ]
    return pd.DataFrame(rows).groupby("rule").agg(jobs=("s", "size"), s=("s", "sum"), mib=("max_rss", "max"))


@dataclass(frozen=True)
class Study:
    """What one forced run of the default DAG took, as `checkout` has it, and five runs with nothing to do."""

    commit: str
    wall_s: float
    again_s: list[float]
    rules: pd.DataFrame


def name_commit(checkout: Path) -> str:
    return commit_text(describe_commit(checkout))


def default_study(checkout: Path = ROOT) -> Study:
    snakemake = (sys.executable, "-m", "snakemake", "--cores", "2", "--quiet", "all")
    began_s = time.time()
    whole = measured(*snakemake, "--forceall", folder=checkout)
    again = [measured(*snakemake, folder=checkout)["wall_s"] for _ in range(5)]
    return Study(name_commit(checkout), whole["wall_s"], again, per_rule(checkout / "results/homes", began_s))


def study_lines(now: Study, before: Study | None) -> list[str]:
    """The table of the whole study, and that of its rules; with a column of the earlier checkout, if there is one."""
    studies = [now] if before is None else [before, now]
    names = ["measured"] if before is None else [f"commit {before.commit}", f"commit {now.commit}"]
    again = [
        f"{statistics.median(study.again_s):.1f} s ({min(study.again_s):.1f} to {max(study.again_s):.1f})"
        for study in studies
    ]
    peaks = [f"{study.rules['mib'].max():.0f} MiB" for study in studies]
    rules = pd.concat({index: study.rules for index, study in enumerate(studies)}, axis=1)
    rules = rules.sort_values([(len(studies) - 1, "s"), (0, "s")], ascending=False)
    cells = [
        " | ".join(
            "- | - | -"
            if pd.isna(row[index, "jobs"])
            else f"{row[index, 'jobs']:.0f} | {row[index, 's']:.1f} | {row[index, 'mib']:.0f}"
            for index in range(len(studies))
        )
        for _, row in rules.iterrows()
    ]
    return [
        f"| what | {' | '.join(names)} | must |",
        f"|---|{'---|' * len(studies)}---|",
        f"| the whole DAG | {' | '.join(f'{study.wall_s:.0f} s' for study in studies)} | <= 360 s |",
        f"| a second `snakemake`: median of 5 | {' | '.join(again)} | <= 5 s |",
        f"| peak memory of any job | {' | '.join(peaks)} | <= 2048 MiB |",
        "",
        "The whole DAG ran once each, one after the other: n = 1, no interval. Each rule's jobs, the sum of their wall "
        "times, and peak memory. Snakemake samples the memory: of jobs shorter than a second it sees a part only.",
        "",
        *(
            []
            if before is None
            else [
                f"The first three columns are commit {before.commit}, the last three commit {now.commit}.",
                "",
            ]
        ),
        f"| rule |{' jobs | s | MiB |' * len(studies)}",
        f"|---|{'---|---|---|' * len(studies)}",
        *[f"| `{rule}` | {cell} |" for rule, cell in zip(rules.index, cells, strict=True)],
    ]


def page(full: list[dict], now: Study, before: Study | None, by_hand: str) -> str:
    machine = describe_machine()
    lines = [
        "# Benchmarks",
        "",
        "Made by `make benchmark`. The last section, if there is one, is about a longer run.",
        "",
        f"Machine: {machine['processor']}, {machine['logical_cores']} logical cores, {machine['memory_gib']} GiB, "
        f"{machine['system']}, Python {machine['python']}, torch {describe_versions()['torch']}; no GPU used.",
        f"Date: {datetime.now(UTC):%Y-%m-%d}. Commit: {now.commit}.",
        "",
        "## The default study on two cores",
        "",
        *study_lines(now, before),
        "",
        f"## A panel of full size: {NODES:,} nodes x {HOURS:,} h (13,175 windows), synthetic",
        "",
        "One run each, whole processes. Must: graph <= 60 s and <= 2048 MiB; all <= 6144 MiB.",
        "",
        "| step | wall s | peak MiB |",
        "|---|---|---|",
        *[f"| {row['step']} | {row['wall_s']:.1f} | {row['peak_mib']:.0f} |" for row in full],
        "",
    ]
    return "\n".join(lines) + by_hand


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "docs/benchmarks.md", help="page to write")
    parser.add_argument(
        "--before", type=Path, help="an earlier checkout, whose default study is measured too"
    )
    arguments = parser.parse_args()
    old = arguments.output.read_text(encoding="utf-8") if arguments.output.exists() else ""
    mark = "\n## The source study's recipe to its own end"
    by_hand = mark + old.split(mark, 1)[1] if mark in old else ""
    with tempfile.TemporaryDirectory() as folder:
        full = full_size(Path(folder))
    before = None if arguments.before is None else default_study(arguments.before.resolve())
    text = page(full, default_study(), before, by_hand)
    arguments.output.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
