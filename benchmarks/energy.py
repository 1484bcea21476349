"""Measure the guarantees of meter, ledger and accounts; write docs/energy_benchmarks.md and a plot.

Run it alone: some of it measures this machine.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(Path(__file__).resolve().parent))


@dataclass(frozen=True)
class Row:
    """One line of the page."""

    what: str
    measured: str
    must: str
    met: bool


def measure(quick: bool) -> tuple[list[Row], list[dict[str, float]], list[tuple[str, bool, str]]]:
    import energy_aggregation as aggregation
    import energy_faults
    import energy_processes as processes
    import energy_truth as truth

    rows: list[Row] = []

    def add(what: str, measured: str, must: str, met: bool) -> None:
        rows.append(Row(what, measured, must, met))
        print(rows[-1], file=sys.stderr, flush=True)

    cost = processes.window_cost_ms()
    add(
        "a window, this machine's sensors read twice, event synced to disk (median; 95th percentile)",
        f"{cost['median_ms']:.2f} ms; {cost['p95_ms']:.2f} ms",
        "<= 1 ms",
        cost["median_ms"] <= 1,
    )
    share = processes.own_processor_share()
    add(
        "training slowed by meter, sampler, ticks and a window a second: their own processor time, of one core",
        f"{100 * share:.3f} %",
        "<= 0.5 %",
        share <= 0.005,
    )
    for clock, (median, low, high) in processes.training_slowdown().items():
        add(
            f"the same seen from the training: its {clock} time (median of 80 interleaved pairs; 95 % interval)",
            f"{100 * median:+.2f} % [{100 * low:+.2f}, {100 * high:+.2f}]",
            "<= 0.5 %",
            median <= 0.005,
        )
    imports = processes.import_s()
    add(
        "import of every module of wattshed.energy (median of 9)",
        f"{imports:.3f} s",
        "<= 0.2 s",
        imports <= 0.2,
    )
    sums = truth.sum_errors()
    add(
        "epochs and gaps against the job: energy",
        f"{100 * sums['energy']:.3f} %",
        "<= 0.5 %",
        sums["energy"] <= 5e-3,
    )
    add(
        "epochs and gaps against the job: duration",
        f"{100 * sums['duration']:.3f} %",
        "<= 0.1 %",
        sums["duration"] <= 1e-3,
    )
    made_up = processes.eight_on_a_made_up_machine()
    off = abs(made_up["attributed_share"] - 1)
    add(
        "8 jobs at once, made-up machine: records kept",
        f"{made_up['records']} of 8",
        "8 of 8",
        made_up["records"] == 8,
    )
    add(
        "their attributed energies, summed, against the truth (gross readings, summed, beside it)",
        f"{100 * made_up['attributed_share']:.2f} % ({100 * made_up['naive_share']:.0f} %)",
        "98 to 102 %",
        off <= 0.02,
    )
    here = processes.eight_on_this_machine()
    add(
        "8 jobs at once, this machine's sensors: records kept",
        f"{here['records']} of 8",
        "8 of 8",
        here["records"] == 8,
    )
    add(
        "their attributed energies, summed, against one meter that ran all the while",
        f"{100 * here['attributed_share']:.2f} %",
        "98 to 102 %",
        abs(here["attributed_share"] - 1) <= 0.02,
    )
    add(
        "the same jobs under plain CodeCarbon, one shared CSV: records kept; energy summed",
        f"{here['codecarbon_records']} of 8; {100 * here['codecarbon_share']:.0f} %",
        "shown beside it",
        True,
    )
    kills = processes.a_hundred_kills()
    add(
        "100 SIGKILLs at random moments: readable ledgers; most closed windows lost by one",
        f"{kills['readable']} of 100; {kills['closed_windows_lost']}",
        "100; 0 (the open one only)",
        kills["readable"] == 100 and kills["closed_windows_lost"] == 0,
    )
    for repeats in (5, 10, 30):
        coverage = truth.interval_coverage(repeats)
        add(
            f"95 % interval holds the truth, 1,000 simulated trials of n = {repeats}",
            f"{100 * coverage:.1f} %",
            "93 to 97 %",
            0.93 <= coverage <= 0.97,
        )
    net = truth.net_errors()
    add(
        "net energy, idle shares of 20 to 60 %, 200 simulated machines: largest error (median)",
        f"{100 * net['largest']:.2f} % ({100 * net['median']:.2f} %)",
        "<= 3 %",
        net["largest"] <= 0.03,
    )
    guard = truth.guard_shares()
    add(
        "guard, n = 10 runs a side, 3 % noise, 2,000 simulated trials: a rise of 5 % is caught",
        f"{100 * guard['power']:.1f} %",
        ">= 90 %",
        guard["power"] >= 0.9,
    )
    add(
        "the same: false alarms",
        f"{100 * guard['false_alarms']:.1f} %",
        "<= 5 %",
        guard["false_alarms"] <= 0.05,
    )
    _shared_machine(add)
    faults = energy_faults.inject_all()
    good = sum(fine for _, fine, _ in faults)
    add(
        "injected faults that end in a typed status or a sentence",
        f"{good} of {len(faults)}",
        "10 of 10",
        good == 10,
    )
    _command_lines(add, 50 if quick else 1000, 10 if quick else 200)
    growth = aggregation.growth(aggregation.SIZES[:2] if quick else aggregation.SIZES)
    last = growth[-1]
    add(
        f"{int(last['runs']):,} runs ({int(last['windows']):,} windows) aggregated, whole process: time",
        f"{last['process_s']:.1f} s",
        "<= 20 s",
        last["process_s"] <= 20,
    )
    add(
        "the same: peak memory of all processes",
        f"{last['peak_mib']:.0f} MiB",
        "<= 1,024 MiB",
        last["peak_mib"] <= 1024,
    )
    return rows, growth, faults


def _command_lines(add: Callable[[str, str, str, bool], None], lines: int, folders: int) -> None:
    """Whatever users type and whatever their folders hold."""
    import command_lines

    for what, found in (
        (f"{lines:,} generated command lines of `wattshed measure`", command_lines.measured(lines)),
        (f"{folders:,} generated folders and CSVs for `wattshed accounts`", command_lines.accounted(folders)),
    ):
        add(
            f"{what}: tracebacks, hangs, lost exit codes",
            f"{found['problems']} of {found['cases']}",
            "0",
            found["problems"] == 0,
        )


def _shared_machine(add: Callable[[str, str, str, bool], None]) -> None:
    """A job beside other programs."""
    import energy_shared as shared

    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        steps = shared.steps_per_epoch(place)
        found, risen = shared.trainings_in_turns(place, steps)
        quiet = found[0]
        for count, beside in found.items():
            where = "quiet" if not count else f"beside {count} burner{'s' if count > 1 else ''}"
            change = shared.mean(beside.own_j) / shared.mean(quiet.own_j) - 1
            machine = shared.mean(beside.machine_j) / shared.mean(quiet.machine_j) - 1
            flagged = beside.flagged == (beside.windows if count else 0)
            add(
                f"the same training {len(beside.own_j)} times in turns, {where}: own energy against quiet, coefficient "
                "of variation; machine-wide beside it",
                f"{100 * change:+.1f} %, {shared.spread(beside.own_j):.3f}; {100 * machine:+.0f} %, "
                f"{shared.spread(beside.machine_j):.3f}",
                "within 15 %, <= 0.15",
                abs(change) <= 0.15 and shared.spread(beside.own_j) <= 0.15,
            )
            add(
                f"{where}: epochs flagged as not alone",
                f"{beside.flagged} of {beside.windows}",
                "all" if count else "none",
                flagged,
            )
        real = shared.real_guard(place, found, risen)
        add(
            "guard on identical code, one run a side, quiet against burdened, real trials: false alarms (undecided)",
            f"{real['burdened_alarms']} of {real['burdened']} ({real['burdened_undecided']})",
            "<= 5 %",
            real["burdened_alarms"] <= 0.05 * real["burdened"],
        )
        add(
            "the same, quiet against quiet: false alarms",
            f"{real['quiet_alarms']} of {real['quiet']}",
            "<= 5 %",
            real["quiet_alarms"] <= 0.05 * real["quiet"],
        )
        add(
            "a true rise of 5 %, one run a side, real trials: caught, undecided, passed (whole runs differ by more)",
            f"{real['risen_caught']}, {real['risen_undecided']}, {real['risen_passed']} of {real['risen']}",
            "shown beside it",
            True,
        )
        ten = shared.ten_seeds_guard(found, risen)
        add(
            f"guard, {shared.DRAWN} trials of n = 10 runs a side, drawn from the measured ones: false alarms burdened "
            "(undecided), quiet",
            f"{100 * ten['burdened']:.1f} % ({100 * ten['undecided']:.0f} %), {100 * ten['quiet']:.1f} %",
            "<= 5 %",
            max(ten["burdened"], ten["quiet"]) <= 0.05,
        )
        add(
            "the same: a true rise of 5 % caught",
            f"{100 * ten['risen']:.1f} %",
            ">= 90 %",
            ten["risen"] >= 0.9,
        )
        add(
            "a true rise of 5 %, n = 10 runs a side as measured, in turns: change, caught",
            f"{ten['change_percent']:+.1f} %, {'yes' if ten['caught'] else 'no'}",
            "caught",
            bool(ten["caught"]),
        )
    eight = shared.eight_at_once()
    add(
        "8 jobs of 4-fold loads at once, machine of known power: largest error of a job's own energy (median; "
        "machine-wide over truth beside it)",
        f"{100 * eight['largest']:.1f} % ({100 * eight['median']:.1f} %; up to {eight['machine_wide']:.0f} times)",
        "<= 5 %",
        eight["records"] == 8 and eight["largest"] <= 0.05,
    )
    start = shared.start_up_s()
    more = start["wattshed"] - start["true"]
    add(
        "`wattshed measure --idle-s 0 -- true` over `true` (median of 9, in turns); `codecarbon monitor` beside it",
        f"{more:.2f} s; {start['codecarbon'] - start['true']:.2f} s",
        "<= 0.8 s",
        more <= 0.8,
    )


def page(rows: list[Row], growth: list[dict[str, float]], faults: list[tuple[str, bool, str]]) -> str:
    from wattshed.devices.nvml import describe_gpus
    from wattshed.foundation.provenance import (
        commit_text,
        describe_commit,
        describe_machine,
        describe_versions,
    )

    machine = describe_machine()
    gpus = ", ".join(gpu["name"] for gpu in describe_gpus()) or "no GPU"
    return "\n".join(
        [
            "# What the meter, the ledger and the accounts promise, measured",
            "",
            "Made by `make benchmark-energy`.",
            "",
            f"Machine: {machine['processor']}, {machine['logical_cores']} logical cores, {machine['memory_gib']} GiB, "
            f"{machine['system']}, Python {machine['python']}, CodeCarbon {describe_versions()['codecarbon']}; {gpus}, "
            f"{'RAPL' if Path('/sys/class/powercap/intel-rapl:0').exists() else 'no RAPL'}.",
            f"Date: {datetime.now(UTC):%Y-%m-%d}. Commit: {commit_text(describe_commit(ROOT))}.",
            "",
            "| what | measured | must | met |",
            "|---|---|---|---|",
            *[
                f"| {row.what} | {row.measured} | {row.must} | {'yes' if row.met else '**no**'} |"
                for row in rows
            ],
            "",
            "## Injected faults",
            "",
            "| fault | well ended | what came of it |",
            "|---|---|---|",
            *[f"| {name} | {'yes' if fine else '**no**'} | {what} |" for name, fine, what in faults],
            "",
            "## Growth of the aggregation",
            "",
            "Whole processes, start-up included; memory is the proportional set size of the process and its children.",
            "",
            "| runs | windows | overlapping | time | s per 1,000 runs | peak memory |",
            "|---|---|---|---|---|---|",
            *[
                f"| {int(row['runs']):,} | {int(row['windows']):,} | {int(row['overlapping']):,} | "
                f"{row['process_s']:.1f} s | {1000 * row['process_s'] / row['runs']:.3f} | {row['peak_mib']:.0f} MiB |"
                for row in growth
            ],
            "",
            "![Time and memory against the number of runs](aggregation_growth.png)",
            "",
        ]
    )


def main(show: Callable[[str], None] = print) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--output", type=Path, default=ROOT / "docs/energy_benchmarks.md", help="page to write"
    )
    parser.add_argument("--quick", action="store_true", help="aggregate small corpora only")
    arguments = parser.parse_args()
    os.environ.pop("WATTSHED_BUDGET", None)
    import energy_aggregation

    rows, growth, faults = measure(arguments.quick)
    energy_aggregation.draw_growth(growth, arguments.output.with_name("aggregation_growth.png"))
    text = page(rows, growth, faults)
    arguments.output.write_text(text, encoding="utf-8")
    show(text)


if __name__ == "__main__":
    main()
