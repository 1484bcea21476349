"""The kinds of plug-ins, each with its table."""

import importlib
from dataclasses import dataclass
from typing import Literal

KindName = Literal[
    "family",
    "baseline",
    "strategy",
    "method",
    "mechanism",
    "clock_backend",
    "clock_rule",
    "recording",
    "source",
    "sensor",
    "claims",
    "table",
    "figure",
]


@dataclass(frozen=True)
class Kind:
    """what: for sentences; registry: module with the table; member: what each plug-in's module calls its plug-in;
    needs: what the plug-in itself must have; named_by: the key of its settings that holds its name, if it has one."""

    what: str
    registry: str
    member: str
    needs: tuple[str, ...]
    named_by: str | None = None


KINDS: dict[KindName, Kind] = {
    "family": Kind(
        "model family",
        "wattshed.forecast.families.registry",
        "FAMILY",
        ("Settings", "samplings", "published_epochs", "reads_graph", "offers", "make"),
        named_by="form",
    ),
    "baseline": Kind("baseline", "wattshed.forecast.baselines.registry", "BASELINE", ("make",)),
    "strategy": Kind(
        "strategy",
        "wattshed.adaptation.strategies.registry",
        "STRATEGY",
        ("Settings", "asks", "control", "start"),
        named_by="kind",
    ),
    "method": Kind(
        "compression method",
        "wattshed.compression.methods.registry",
        "METHOD",
        (
            "Settings",
            "asks",
            "keeps",
            "learns",
            "restarts",
            "restarts_after",
            "make_from",
            "skeleton_on",
            "trained_shapes",
            "fine_tune",
            "check",
            "check_sizes",
            "check_steps",
            "becomes",
            "recipe_after",
            "is_control",
            "uses_checkpoint",
            "units_left",
            "channels_left",
        ),
        named_by="method",
    ),
    "mechanism": Kind(
        "memory mechanism",
        "wattshed.memory.mechanisms.registry",
        "MECHANISM",
        ("Settings", "asks", "check", "apply", "around_step"),
        named_by="kind",
    ),
    "clock_backend": Kind(
        "clock back end", "wattshed.clocks.backends.registry", "BACKEND", ("open", "device")
    ),
    "clock_rule": Kind("clock rule", "wattshed.clocks.choosing.rules.registry", "RULE", ("title", "pick")),
    "recording": Kind(
        "reader of recordings", "wattshed.clocks.recordings.registry", "READER", ("gives", "fits", "read")
    ),
    "source": Kind(
        "data source",
        "wattshed.data.sources.registry",
        "SOURCE",
        ("Settings", "files", "edge_list", "load"),
        named_by="kind",
    ),
    "sensor": Kind(
        "sensor",
        "wattshed.energy.sensors.registry",
        "SENSOR",
        ("components", "preference", "tried", "open", "survey"),
    ),
    "claims": Kind("source of claims", "wattshed.accounts.claims.registry", "CLAIMS", ("document", "claims")),
    "table": Kind("table", "wattshed.publish.tables.registry", "TABLE", ("write",)),
    "figure": Kind("figure", "wattshed.publish.figures.registry", "FIGURE", ("write",)),
}


def modules_of(kind: KindName) -> dict[str, str]:
    """The room's own plug-ins of a kind: name to its line, ``module`` or ``module:MEMBER``."""
    modules: dict[str, str] = importlib.import_module(KINDS[kind].registry).MODULES
    return modules
