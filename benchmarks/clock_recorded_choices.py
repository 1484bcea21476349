"""Write docs/clock_recorded.md and .json: what the choice says of sweeps that others recorded."""

import argparse
import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean
from typing import Any

from page_parts import ROOT, percent_text

from wattshed.clocks.choosing.answer import ClockChoice, Limits
from wattshed.clocks.choosing.choice import choose
from wattshed.clocks.choosing.limits import limits_for
from wattshed.clocks.choosing.point_estimates import best_savings
from wattshed.clocks.recordings.recording import read_recording
from wattshed.config.clocks.block import ClocksBlock
from wattshed.config.clocks.recording import RecordingBlock
from wattshed.foundation.provenance import commit_text, describe_commit, describe_machine

LIMIT = 0.05
COMMAND = "python benchmarks/clock_recorded_choices.py --data ../shared/data/frequency"
SHOWN_RULES = ("least_energy", "energy", "edp", "ed2p", "weighted", "lowest", "epsilon", "knee")


@dataclass(frozen=True)
class Known:
    """What an earlier re-analysis by medians found in a cell, as point estimates."""

    setting: int | None
    saving_share: float | None
    words: str


EARLIER = {
    ("a100", "llama"): Known(None, 0.30, "30 % saved and 8 % faster: doubtful"),
    ("a100", "stablediffusion"): Known(1125, 0.177, "1125 MHz, 17.7 %"),
    ("a100", "vit"): Known(None, None, "contaminated"),
    ("a100", "whisper"): Known(None, None, "contaminated"),
    ("v100", "llama"): Known(1095, 0.096, "1095 MHz, 9.6 %"),
    ("v100", "stablediffusion"): Known(1110, 0.129, "1110 MHz, 12.9 %"),
    ("v100", "vit"): Known(None, None, "contaminated"),
    ("v100", "whisper"): Known(None, None, "contaminated"),
}
EARLIER_LIMITS = {"a40": (0.119, 0.185, 0.190), "v100": (0.087, 0.151, 0.226)}


def cells_table(choices: list[ClockChoice]) -> list[str]:
    lines = [
        "| GPU | workload | verdict | best lower setting | saving | slowdown | earlier, by medians |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in sorted(choices, key=lambda choice: (choice.gpu, choice.workload)):
        known = EARLIER[(one.gpu, one.workload)]
        reason = one.reason.removeprefix(f"{one.status}: ").replace("%", " %").replace("  %", " %")
        numbers = ["-", "-", "-"]
        if one.candidate is not None:
            numbers = [
                f"{one.candidate} {one.unit} [{one.candidate_low}, {one.candidate_high}]",
                percent_text(one.saving_share or 0.0, one.saving_low or 0.0, one.saving_high or 0.0),
                percent_text(one.slowdown_share or 0.0, one.slowdown_low or 0.0, one.slowdown_high or 0.0),
            ]
        elif known.setting is not None and one.fitted:
            row = next(row for row in one.fitted if row.setting == known.setting)
            numbers = [
                f"none; at {row.setting} {one.unit}:",
                percent_text(row.saving_share, row.saving_low, row.saving_high),
                percent_text(row.slowdown_share, row.slowdown_low, row.slowdown_high),
            ]
        lines.append(
            f"| {one.gpu} | {one.workload} | {one.status}: {reason} | {' | '.join(numbers)} | {known.words} |"
        )
    return lines


def rules_table(choices: list[ClockChoice]) -> list[str]:
    """Each rule's pick without and with the limits, where the sweep is not refused."""
    lines = ["| GPU | workload | rule | without limits | within the limits |", "|---|---|---|---|---|"]
    for one in sorted(choices, key=lambda choice: (choice.gpu, choice.workload)):
        picks = {(pick.rule, pick.constrained): pick for pick in one.picks}
        for rule in SHOWN_RULES if picks else ():
            cells = []
            for constrained in (False, True):
                pick = picks[rule, constrained]
                if pick.setting is None or pick.saving_share is None or pick.slowdown_share is None:
                    cells.append("none")
                    continue
                cells.append(
                    f"{pick.setting} [{pick.setting_low}, {pick.setting_high}] {one.unit}, saving "
                    f"{100 * pick.saving_share:+.1f} %, slowdown {100 * pick.slowdown_share:+.1f} %"
                )
            lines.append(f"| {one.gpu} | {one.workload} | {rule} | {' | '.join(cells)} |")
    return lines


def power_limits(data: Path, gpu: str) -> dict[str, Any]:
    """The verdicts on one power-limit file, and the arithmetic of its best savings."""
    runs = read_recording(RecordingBlock(path=str(data / f"power_limit_{gpu}.csv")))
    limited, free = (best_savings(runs, ["workload"], limit)["saving_share"] for limit in (LIMIT, None))
    choices = choose(runs, Limits(LIMIT))
    return {
        "gpu": gpu,
        "runs": len(runs),
        "configurations": len(limited),
        "verdicts": dict(Counter(choice.status for choice in choices)),
        "reason": choices[0].reason,
        "median": float(limited.median()),
        "p90": float(limited.quantile(0.9)),
        "over_25_percent": int((limited > 0.25).sum()),
        "unlimited_median": float(free.median()),
    }


def limits_table(found: list[dict[str, Any]]) -> list[str]:
    lines = [
        "| GPU | runs | configurations | verdict | median | 90th percentile | over 25 % | median without limit "
        "| earlier |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in found:
        earlier = " / ".join(f"{100 * share:.1f}" for share in EARLIER_LIMITS[row["gpu"]])
        verdicts = ", ".join(f"{count} {name}" for name, count in row["verdicts"].items())
        shares = (f"{100 * row[key]:.1f} %" for key in ("median", "p90"))
        lines.append(
            f"| {row['gpu']} | {row['runs']} | {row['configurations']} | {verdicts} | {' | '.join(shares)} | "
            f"{row['over_25_percent']} | {100 * row['unlimited_median']:.1f} % | {earlier} % |"
        )
    return lines


def published(data: Path) -> dict[str, Any]:
    """The arithmetic of the published picks."""
    picks = json.loads((data / "published_picks.json").read_text(encoding="utf-8"))
    saved = [pick["energy_savings_edp_percent"] for pick in picks]
    ratios = [pick["optimal_frequency_edp_mhz"] / pick["max_frequency_mhz"] for pick in picks]
    return {
        "picks": len(picks),
        "mean_saving_edp_percent": mean(saved),
        "mean_saving_ed2p_percent": mean(pick["energy_savings_ed2p_percent"] for pick in picks),
        "at_least_20_percent": sum(saving >= 20 for saving in saved),
        "in_band": sum(0.7 <= ratio <= 1 for ratio in ratios),
        "both": sum(saving >= 20 and 0.7 <= ratio <= 1 for saving, ratio in zip(saved, ratios, strict=True)),
    }


def origin() -> str:
    return (
        f"{describe_machine()['processor']}, {datetime.now(UTC).date().isoformat()}, commit "
        f"{commit_text(describe_commit())}."
    )


def page(found: dict[str, Any], choices: list[ClockChoice], planned: list[ClockChoice]) -> str:
    told = found["published"]
    by_plan = Counter(choice.status for choice in planned)
    parts = [
        "# What the choice says of recorded sweeps",
        "**Recorded by others; not our measurement.** The sweeps are public: 1,440 runs of two GPUs and four workloads "
        "(MIT), and the power-limit traces of Zeus (Apache-2.0). Judged by "
        f"`{COMMAND}`. {found['origin']}",
        f"## Clock sweeps, at most {100 * LIMIT:.0f} % slowdown against the warm maximum\n",
        "\n".join(cells_table(choices)),
        "Intervals are 95 % by bootstrap; those of savings hold for all settings of a sweep together, and the interval "
        "of a setting is that of the choice itself. The earlier figures are point estimates by running medians. A "
        "setting counts only if the whole interval of its slowdown is within the limit: so the choice may be higher "
        "than theirs, or none. All sweeps ran from the highest clock down, three runs of each: the baseline is the "
        "median at and near the maximum after the first 15 runs.",
        f"By the plan's own limits per workload (slowdown, lowest clock): {_counts(by_plan)}.",
        "## Every rule, without and with the limits\n",
        "\n".join(rules_table(choices)),
        "Settings with the interval over the bootstrap's picks by the same rule. Signs are kept: a negative slowdown "
        "is faster than the maximum, and a sign of contamination. `least_energy` and `lowest` keep the slowdown limit "
        "by themselves, as points; within the limits the whole interval must keep it.",
        f"## Power limits: best saving at most {100 * LIMIT:.0f} % slower than at the highest limit\n",
        "\n".join(limits_table(found["power_limits"])),
        f"Each file has one run per configuration and limit: {found['power_limits'][0]['reason']}. So no setting is "
        "recommended; the savings are arithmetic on single runs, over configurations. A saving over 25 % at "
        f"{100 * LIMIT:.0f} % slowdown is rare, and makes a choice doubtful. Earlier: median / 90th percentile / "
        "median without limit.",
        "## The published picks\n",
        f"{told['picks']} picks (three GPUs, four workloads): mean saving {told['mean_saving_edp_percent']:.1f} % by "
        f"EDP, {told['mean_saving_ed2p_percent']:.1f} % by ED2P; {told['at_least_20_percent']} of {told['picks']} save "
        f"at least 20 %, {told['in_band']} lie in the band of 70 to 100 % of the maximum, {told['both']} do both. Of "
        f"the eight cells whose runs are here: {_counts(Counter(choice.status for choice in choices))}.",
    ]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def _counts(statuses: Counter[str]) -> str:
    return ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the recorded sweeps")
    parser.add_argument("--output", type=Path, default=ROOT / "docs/clock_recorded.md", help="page to write")
    arguments = parser.parse_args()
    runs = read_recording(RecordingBlock(path=str(arguments.data / "clock_sweeps.csv")))
    choices = choose(runs, Limits(LIMIT))
    plan = ClocksBlock(choice={"constraints": "plan"})
    planned = choose(runs, lambda workload: limits_for(plan, workload))
    found = {
        "command": COMMAND,
        "origin": origin(),
        "recorded_by": "others; not our measurement",
        "clock_sweeps": [choice.to_json() | {"fitted": None} for choice in choices],
        "clock_sweeps_by_plan": [
            {
                key: getattr(choice, key)
                for key in ("gpu", "workload", "status", "reason", "setting", "candidate", "saving_share")
            }
            for choice in planned
        ],
        "power_limits": [power_limits(arguments.data, gpu) for gpu in EARLIER_LIMITS],
        "published": published(arguments.data),
    }
    arguments.output.write_text(page(found, choices, planned), encoding="utf-8")
    arguments.output.with_suffix(".json").write_text(
        json.dumps(found, indent=1, allow_nan=False) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
