"""The page of gating and of hot and cold units, from the record that benchmarks/memory_gating.py measures."""

import statistics
from collections.abc import Sequence
from typing import Any

MOST_LOSS, LEAST_RATIO, LAYERS = 0.01, 1.15, 4
NAMES = {
    "base": "plain, 4 blocks",
    "gated": "gated, 30 % skipped",
    "random": "skipped by chance, 30 %",
    "shallower": "plain, 3 blocks (static)",
    "always_on": "gates that never skip",
    "always_off": "gates that always skip",
}


def page(found: dict[str, Any]) -> str:
    by_seed = {(one["kind"], one["seed"]): one for one in found["trainings"]}
    seeds = sorted({seed for _, seed in by_seed})
    changes = {
        kind: [
            by_seed[kind, s]["test_rmse"] / by_seed["base", s]["test_rmse"] - 1
            for s in seeds
            if (kind, s) in by_seed
        ]
        for kind in NAMES
    }
    lines = [
        "# Dynamic gating, and hot and cold units, measured",
        "",
        "Made by `make benchmark-memory-gating`. " + found["origin"],
        "",
        f"A transformer of {LAYERS} blocks of {found['width']} channels on {found['look_back_h']} hours of the panel "
        f"{found['panel']}, with explicit attention; {found['steps']} gradient steps, "
        f"{len(seeds)} seeds. The gates' temperature, {found['temperature']:g}, was chosen "
        "by the validation error of the first seed. The static network of 3 blocks computes 75 % of the blocks, the "
        "gated one 70 % and its gates.",
        "",
        "## Errors",
        "",
        *_table(
            ("network", "executed share of blocks, test", "test RMSE, mean over seeds", "change, each seed"),
            [
                (
                    NAMES[kind],
                    f"{_mean(by_seed, kind, 'executed'):.3f}",
                    f"{_mean(by_seed, kind, 'test_rmse'):.4f}",
                    ", ".join(f"{100 * change:+.2f} %" for change in changes[kind]) or "-",
                )
                for kind in NAMES
                if any(kind == one for one, _ in by_seed)
            ],
        ),
        "",
        _verdict(changes),
        "",
        "## Latency",
        "",
        f"Time of one batch; a ratio is that of the plain network over the other one, the median of {found['rounds']} "
        f"pairs with its 95 % interval. Aim: at least {LEAST_RATIO}x. Batches are the same test pairs for all. For "
        "timing alone, the thresholds of learned gates are set so that each skips 30 % of these pairs.",
        "",
        *_table(
            ("network", "batch", "plain [ms]", "this one [ms]", "ratio", "executed share", "aim met"),
            [
                (
                    NAMES[row["kind"]],
                    str(row["batch"]),
                    f"{row['base_ms']:.3f}",
                    f"{row['other_ms']:.3f}",
                    _ratio(row),
                    f"{row['executed']:.3f}",
                    row["met"] if row["kind"] == "gated" else "",
                )
                for row in found["latency"]
            ],
        ),
        "",
        _amdahl(found),
        "",
        "## Hot and cold units",
        "",
        "Feed-forward units of the plain network removed by measured activation, with their means kept in biases and "
        "without fine-tuning. Cold: active (above 0.1 of the layer's mean absolute value) in less than 5 % of values.",
        "",
        *_table(
            (
                "seed",
                "ranked by",
                "removed",
                "cold",
                "weights left",
                "multiply-adds left",
                "validation",
                "test",
            ),
            [
                (
                    str(row["seed"]),
                    row["importance"],
                    f"{row['removed']:.0%}",
                    f"{row['cold_share']:.1%}",
                    f"{row['parameters']:.1%}",
                    "-" if row["multiply_adds"] is None else f"{row['multiply_adds']:.1%}",
                    f"{100 * row['validation_change']:+.2f} %",
                    f"{100 * row['test_change']:+.2f} %",
                )
                for row in found["hot_cold"]
            ],
        ),
        "",
        _cold(found["hot_cold"]),
        "",
    ]
    return "\n".join(lines)


def _verdict(changes: dict[str, list[float]]) -> str:
    gated, static, chance = (statistics.mean(changes[kind]) for kind in ("gated", "shallower", "random"))
    aim = "met" if gated <= MOST_LOSS else "not met"
    if static < gated:
        compared = "The static network of 3 blocks has the smaller error: here, gates do not pay beside it."
    else:
        compared = "The gated network has an error that is not above that of the static network of 3 blocks."
    return (
        f"The gated networks' error is {100 * gated:+.2f} % of the plain ones' (aim: at most +1 %, {aim}); the static "
        f"network's {100 * static:+.2f} %, that of skipping by chance {100 * chance:+.2f} %. {compared}"
    )


def _amdahl(found: dict[str, Any]) -> str:
    parts = []
    for batch, share in found["block_share"].items():
        most = 1 / (1 - 0.3 * share)
        parts.append(
            f"at batch {batch}, blocks take {share:.0%} of the time, so that 30 % skipped gives at most {most:.2f}x"
        )
    return f"Amdahl's bound: {'; '.join(parts)}, before the gates' own time."


def _cold(rows: Sequence[dict[str, Any]]) -> str:
    most = max(row["cold_share"] for row in rows)
    if most == 0:
        return "No unit is cold by that measure: units of GELU are active for most examples."
    return (
        f"At most {most:.1%} of the units are cold by that measure: most units are active for most examples."
    )


def _mean(by_seed: dict[tuple[str, int], dict[str, Any]], kind: str, key: str) -> float:
    return statistics.mean(one[key] for (own, _), one in by_seed.items() if own == kind)


def _ratio(row: dict[str, Any]) -> str:
    if row["low"] is None:
        return f"{row['ratio']:.2f}x (no interval)"
    return f"{row['ratio']:.2f}x ({row['low']:.2f} to {row['high']:.2f})"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [_line(head), "|" + "---|" * len(head), *(_line(row) for row in rows)]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
