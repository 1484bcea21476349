"""A whole study on a panel, with windows and splits that fit its span and step."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from wattshed.config.data.data import SplitsBlock
from wattshed.config.data.windows import WindowsBlock
from wattshed.config.names import LONGEST_NAME, RESERVED
from wattshed.data.inspection.block_text import block_text, scalar
from wattshed.data.inspection.choices import Choice
from wattshed.data.panel import Panel
from wattshed.data.splits import split_calendar
from wattshed.foundation.faults import Fault

# Shares of training, validation and test, from those of the default study on.
SHARES = ((0.6, 0.1, 0.1), (0.7, 0.1, 0.1), (0.75, 0.075, 0.075), (0.8, 0.05, 0.05), (0.85, 0.04, 0.04))
# Look-back and horizon [h].
WINDOWS_H = ((24, 6), (24, 3), (24, 1))
# Of steps shorter than these, a day has so many that each closed form takes minutes. Look-back and horizon are then 12
# steps, as usual for traffic.
SHORT_STEP_MINUTES = 15
SHORT_WINDOW_STEPS = 12
# Neighbours of the default study's 17 homes.
MOST_NEIGHBOURS = 5
# A span of so many days has room for a study; if none fits, gaps are the reason.
ENOUGH_DAYS = 21
RECIPES = """recipes:
  frugal:
    sampling: pairs
    batch: 256
    epochs: 7
    steps_per_epoch: 100
    learning_rate: 5.0e-3
    loss: huber
    schedule: cosine
    warm_up_steps: 20
    patience: 7
    scaling: node
"""
NETWORKS = {
    "stgnn": "{form: stgnn, recipe: frugal} # a recurrent network on the graph of nodes",
    "gru": "{form: gru, recipe: frugal} # the same without a graph",
    "dlinear": "{form: dlinear, recipe: frugal}",
    "pooled_ridge": "{form: pooled_ridge} # linear, solved in closed form",
}
OF_A_GRAPH = ("stgnn", "ridge_graph")
BASELINES = ("persistence", "seasonal_24h", "seasonal_168h", "climatology", "ridge", "ridge_graph")


@dataclass(frozen=True)
class Fit:
    """Windows and shares that a panel has room for. usual: whether they are those of the default study, or of short
    steps."""

    windows: WindowsBlock
    shares: tuple[float, float, float]
    usual: bool


def fit_of(panel: Panel) -> Fit:
    """The first windows and shares for which every part of the span holds a window with a reading.

    Raises :class:`Fault` for a panel that is too short for any study.
    """
    reason = ""
    possible = _possible_windows(panel.step_minutes)
    for windows in possible:
        for shares in SHARES:
            train, validation, test = shares
            splits = SplitsBlock(train_share=train, validation_share=validation, test_share=test)
            try:
                split_calendar(panel, splits, windows)
            except Fault as fault:
                reason = reason or str(fault)
                continue
            return Fit(windows, shares, usual=windows is possible[0] and shares == SHARES[0])
    days = len(panel.times) * panel.step_minutes / 60 / 24
    if days >= ENOUGH_DAYS:
        raise Fault(
            f"the panel has {days:.1f} days, but only {panel.observed.mean():.1%} of it is observed, and a part of "
            f"every study would be empty ({reason.rstrip('.')}): expected readings in all parts of the span; give a "
            "file without the gap or of the time beside it."
        )
    raise Fault(
        f"the panel's {days:.1f} days have no room for a study, which needs a week of history before its first window, "
        f"then parts to train, validate, test and learn on ({reason.rstrip('.')}): expected about ten days or more; "
        "give more files or a longer one."
    )


def _possible_windows(step_minutes: int) -> list[WindowsBlock]:
    if step_minutes < SHORT_STEP_MINUTES:
        keys = [{"look_back_steps": SHORT_WINDOW_STEPS, "horizon_steps": SHORT_WINDOW_STEPS}]
    else:
        keys = [{"look_back_h": look_back_h, "horizon_h": horizon_h} for look_back_h, horizon_h in WINDOWS_H]
    return [WindowsBlock.model_validate({**one, "step_minutes": step_minutes}) for one in keys]


def _windows_text(windows: WindowsBlock, step_minutes: int) -> str:
    if step_minutes < SHORT_STEP_MINUTES:
        hours = windows.look_back_steps * step_minutes / 60
        keys = f"{{look_back_steps: {windows.look_back_steps}, horizon_steps: {windows.horizon_steps}}}"
        return f"{keys} # {hours:g} h each; look_back_h and horizon_h count hours"
    steps = "" if step_minutes == 60 else f" # hours; steps have {step_minutes} minutes"
    return f"{{look_back_h: {windows.look_back_h:g}, horizon_h: {windows.horizon_h:g}}}{steps}"


def study_text(name: str, path: str | list[str], choices: Sequence[Choice], panel: Panel, fit: Fit) -> str:
    """The configuration of a study as YAML; see README.md for what its keys mean."""
    nodes = len(panel.node_names)
    models = {name: text for name, text in NETWORKS.items() if nodes > 1 or name not in OF_A_GRAPH}
    baselines = [name for name in BASELINES if nodes > 1 or name not in OF_A_GRAPH]
    why = "" if fit.usual else " # the span is too short for the default ones"
    shares = zip(("train_share", "validation_share", "test_share"), fit.shares, strict=True)
    lines = [
        f"# Written by wattshed inspect: {nodes:,} nodes, {len(panel.times):,} steps of {panel.step_minutes} minutes.",
        "# Run it with: snakemake --cores all --configfile THIS_FILE",
        "# Every key is described in config/schema.json.",
        f"study: {scalar(name)}",
        "seeds: [1, 2, 3]",
        "",
        "data:",
        "  source:",
        block_text(path, choices, "    ").rstrip("\n"),
        f"  windows: {_windows_text(fit.windows, panel.step_minutes)}",
        f"  splits: {{{', '.join(f'{key}: {share}' for key, share in shares)}}}{why}",
        "",
        f"graph: {{method: auto, neighbours: {max(1, min(MOST_NEIGHBOURS, nodes - 1))}}}",
        "",
        f"baselines: [{', '.join(baselines)}]",
        "",
        RECIPES,
        "models:",
        *(f"  {name}: {text}" for name, text in models.items()),
        "",
        "device: cpu # cuda trains and forecasts on the GPU",
        "",
        "energy:",
        "  country_iso: unknown # country of YOUR computer, such as ESP; changes kg of CO2e, never kWh",
    ]
    return "\n".join(lines) + "\n"


def study_name(text: str) -> str:
    """A name for a study from that of a file: small letters, digits and underscores, and no reserved word."""
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_") or "study"
    if not name[0].isalpha():
        name = f"study_{name}"
    name = name[: LONGEST_NAME - 6]
    return f"{name}_study" if name in RESERVED["study"] else name
