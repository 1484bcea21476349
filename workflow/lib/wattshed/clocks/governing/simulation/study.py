"""The governor's part of a study: tried on simulated mixes of phases, and replayed over the study's power logs."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from wattshed.clocks.governing.replayed import replay_governor
from wattshed.clocks.governing.simulation.compare import Compared, compare_many, compare_on
from wattshed.clocks.governing.simulation.made_mixes import make_mix
from wattshed.clocks.phases.detect import COLUMNS as PHASE_COLUMNS
from wattshed.clocks.phases.detect import detect_phases
from wattshed.clocks.phases.rules import RULES
from wattshed.clocks.phases.windows import with_period
from wattshed.config.clocks.governor import GovernorBlock
from wattshed.foundation.faults import Fault

# What phases.parquet holds: the phases of logs, and those of one simulated mix under the governor. label: simulated or
# recorded; source: the mix or the log. true_phase and setting are known for the simulated mix.
COLUMNS = ("label", "source", *PHASE_COLUMNS, "true_phase", "setting")
SHOWN = "ordinary"
ALL = "all"
# The rule that needs nothing but what every log has.
SIMPLEST = "utilisation"


def govern_study(
    block: GovernorBlock,
    max_slowdown_share: float,
    seed: int,
    logs: Mapping[str, pd.DataFrame],
) -> tuple[dict[str, Any], pd.DataFrame]:
    """The document ``governor.json`` and the frame ``phases.parquet``.

    logs: samples of each power log; no effect is claimed for them. A log that the block's rule cannot read is judged by
    what nvidia-smi alone can say, and left out with the reason if that is missing too; one without rows is passed over.
    """
    compared = compare_many(block.mixes, seed, max_slowdown_share, block)
    phases = [_simulated_phases(seed, max_slowdown_share, block)]
    replayed: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    for name, samples in logs.items():
        if samples.empty:
            continue
        timed = samples
        if block.period_s is not None and samples["time_s"].isna().any():
            timed = with_period(samples, block.period_s)
        try:
            rule, found = _phases_of(timed, block, name)
        except Fault as fault:
            left_out[name] = str(fault)
            continue
        phases.append(found.assign(label="recorded", source=name))
        if block.settings:
            replayed[name] = _replayed(
                timed, max_slowdown_share, block.model_copy(update={"rule": rule}), name
            )
    document = {
        "label": "simulated",
        "rule": block.rule,
        "max_slowdown_share": max_slowdown_share,
        "seed": seed,
        "summary": summary_of(compared, max_slowdown_share),
        "mixes": [one.to_json() for one in compared],
        "replayed": replayed,
        "left_out": left_out,
    }
    return document, pd.concat(phases, ignore_index=True).reindex(columns=list(COLUMNS))


def _phases_of(samples: pd.DataFrame, block: GovernorBlock, name: str) -> tuple[str, pd.DataFrame]:
    """The rule that could be applied, and the phases. Raises :class:`Fault` of the block's own rule if none could."""

    def by(rule: str) -> tuple[str, pd.DataFrame]:
        return rule, detect_phases(samples, RULES[rule], block.window_s, block.hysteresis_windows, name)

    try:
        return by(block.rule)
    except Fault as fault:
        try:
            return by(SIMPLEST)
        except Fault:
            raise fault from None


def summary_of(compared: list[Compared], max_slowdown_share: float) -> list[dict[str, Any]]:
    """One entry per kind of mix, and one for all: medians and worst cases over the mixes."""
    kinds = list(dict.fromkeys(one.kind for one in compared))
    return [
        _summary(kind, [one for one in compared if kind in (one.kind, ALL)], max_slowdown_share)
        for kind in (*kinds, ALL)
    ]


def _summary(kind: str, rows: list[Compared], limit: float) -> dict[str, Any]:
    shares = [one.of_oracle for one in rows if one.of_oracle is not None]
    governed = np.array([one.saving_share for one in rows])
    best = sum(one.oracle_saving_share * one.maximum_energy_j for one in rows)
    saved = sum(one.saving_share * one.maximum_energy_j for one in rows)
    return {
        "kind": kind,
        "mixes": len(rows),
        "saving_share_median": float(np.median(governed)),
        "saving_share_lowest": float(governed.min()),
        "slowdown_share_median": float(np.median([one.slowdown_share for one in rows])),
        "slowdown_share_highest": max(one.slowdown_share for one in rows),
        "over_the_limit": sum(one.slowdown_share > limit for one in rows),
        "worse_than_maximum": sum(one.saving_share < -0.01 for one in rows),
        "of_oracle_median": float(np.median(shares)) if shares else None,
        "of_oracle_lowest": min(shares) if shares else None,
        "of_oracle_together": saved / best if shares else None,
        "at_least_80_percent": sum(share >= 0.8 for share in shares),
        "with_an_oracle_saving": len(shares),
        "static_saving_share_median": float(np.median([one.static_saving_share for one in rows])),
        "static_over_the_limit": sum(one.static_slowdown_share > limit for one in rows),
        "hindsight_saving_share_median": float(np.median([one.hindsight_saving_share for one in rows])),
        "oracle_saving_share_median": float(np.median([one.oracle_saving_share for one in rows])),
    }


def _simulated_phases(seed: int, max_slowdown_share: float, block: GovernorBlock) -> pd.DataFrame:
    """The time line of one simulated mix under the governor."""
    _, steps = compare_on(make_mix(SHOWN, seed), seed, max_slowdown_share, block)
    table = pd.DataFrame(
        {
            "end_s": [decision.at_s for decision, _ in steps],
            "phase": [decision.phase for decision, _ in steps],
            "true_phase": [truth for _, truth in steps],
            "setting": [decision.setting for decision, _ in steps],
        }
    )
    table["start_s"] = table["end_s"].shift(fill_value=0.0)
    told = table[["phase", "true_phase", "setting"]]
    parts = table.groupby((told != told.shift()).any(axis=1).cumsum())
    frame = parts.agg(
        start_s=("start_s", "first"),
        end_s=("end_s", "last"),
        phase=("phase", "first"),
        true_phase=("true_phase", "first"),
        setting=("setting", "first"),
        windows=("phase", "size"),
    )
    return frame.assign(
        label="simulated",
        source=f"{SHOWN} mix, seed {seed}",
        gpu="simulated",
        workload="mix of phases",
        rule=block.rule,
    )


def _replayed(samples: pd.DataFrame, limit: float, block: GovernorBlock, name: str) -> dict[str, Any]:
    """How often the governor would have changed the clock, and how long each would have held; no effect is claimed."""
    chosen = replay_governor(samples, (), limit, block, where=name)
    held = chosen.groupby("setting").size() * block.window_s
    return {
        "claims": "no effect: what the governor would have chosen",
        "changes": int((chosen["reason"].isin(["plan", "budget", "unsettled"])).sum()),
        "held_s": {str(setting): float(seconds) for setting, seconds in held.items()},
    }
