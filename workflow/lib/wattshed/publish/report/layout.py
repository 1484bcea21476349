"""What the report shows, in reading order: open sections first, the rest folded away at the end."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """A section of the page. parts: tables and figures, such as ``table energy``; intro: one or two sentences.

    A section without any part and without sentences of its own is left out.
    """

    id: str
    title: str
    parts: tuple[str, ...]
    intro: str = ""


# The picture of the first screen.
PICTURE = "figure useful"
SECTIONS = (
    Section("models", "The models", ("table main",)),
    Section(
        "classes",
        "Classes",
        ("table classes",),
        "A forecast of this study is a probability for each class of a window. Errors in all other tables are root "
        "mean squared errors of these probabilities, a proper score (Brier 1950), over classes and windows.",
    ),
    Section(
        "controls",
        "Controls",
        ("table information", "table sensitivity", "figure wins"),
        "What the order of the models rests on: the information that each had, single nodes and seasons, the graph.",
    ),
    Section(
        "claims",
        "Claims against measurements",
        ("table claims",),
        "Headline numbers of source documents, and what this study measured of them.",
    ),
    Section(
        "ladder",
        "Energy to reach an error",
        ("figure ladder",),
    ),
    Section("stages", "Energy by stage", ("table energy", "table time")),
    Section(
        "predictions",
        "Energy predicted before training",
        ("table energy_predictions", "figure predicted_measured"),
        "Every training was predicted from its configuration and a profile of this device before it ran. The same "
        "table shows how far off simpler laws were.",
    ),
    Section(
        "memory",
        "Memory of training steps",
        ("table memory_training", "figure memory_step"),
        "Each memory level was predicted on tensors without values and then measured in training steps of the study's "
        "models. Levels take turns, and the plain step is their control.",
    ),
    Section(
        "adaptation",
        "Continual learning",
        ("table adaptation", "figure drift", "figure matrix"),
        "Each later month is forecast first and learned afterwards. Its held-out tail is never learned and serves to "
        "judge. Outcomes are those of a paired test over seeds and blocks of days, corrected for all comparisons "
        "(Holm 1979).",
    ),
    Section(
        "compression",
        "Compression",
        ("table compression",),
        "A variant is worth it if its errors stay within the budget and a forecast costs less energy on this machine.",
    ),
    Section(
        "chains",
        "Chains",
        ("table chains", "figure chains"),
        "What is done with a trained model step by step. The base model is the control at every step.",
    ),
    Section(
        "recommended",
        "What to use for how many forecasts",
        ("table recommended",),
        "The checkpoint that takes the least energy in total, to make it and for all its forecasts, among those that "
        "are shown to keep the study's limits. wattshed recommend answers the same for other limits.",
    ),
    Section(
        "clocks",
        "GPU clocks",
        ("table clock_answers", "figure clocks", "figure clock_front"),
        "A lower clock or power limit is recommended only where it is shown to keep the limit of slowdown, with 95 % "
        "certainty, and where the whole interval of its saving is above 0, both against the warm maximum.",
    ),
    Section(
        "rolling",
        "Rolling origins",
        ("table rolling", "figure rolling"),
        "The same models on several test parts, so that one season does not decide.",
    ),
)
# Shown closed, each under its own heading.
FOLDED = (
    Section(
        "errors",
        "Every decision, other measures of error, horizons, nodes",
        ("table decisions", "table accuracy", "figure horizons", "table nodes", "figure forecasts"),
    ),
    Section("training", "Training curves", ("figure training", "figure overlay")),
    Section(
        "energies",
        "Energy by component, and every front",
        ("figure split", "figure energies", "figure fronts"),
    ),
    Section(
        "law",
        "The energy law: operations, and sweeps over sizes",
        ("figure law_energy", "table energy_law", "figure law_efficiency", "figure law_sweeps"),
    ),
    Section(
        "memory_costs",
        "Memory levels: time, energy and speed of forecasts",
        ("table memory_speed", "table memory_inference"),
    ),
    Section("steps", "The ladder step by step", ("table techniques", "table ladder")),
    Section("months", "Continual learning month by month", ("table updates", "table matrices")),
    Section("checkpoints", "Every checkpoint", ("table checkpoints",)),
    Section(
        "clock_rules",
        "GPU clocks: every rule, and the checks of the choices",
        ("table clock_choices", "figure clock_metrics", "table clock_checks"),
    ),
    Section(
        "clock_control",
        "GPU clocks: governed by phase, and predicted",
        ("table clock_governor", "figure clock_phases", "table clock_predictions"),
    ),
    Section("sweep", "GPU clocks: setting by setting", ("figure clock_temperature", "table clocks")),
    Section(
        "reproduction",
        "The energy law's published numbers, recomputed",
        ("table reproduction",),
        "What the source of the law printed, number by number. Not a result of this study.",
    ),
    Section("data", "Data, split and graph", ("table quality", "figure degrees")),
    Section(
        "engine",
        "The engine's benchmark, measured once elsewhere",
        ("table engine",),
        "Not a result of this study: the notes below the table name the machine, the date and the commit.",
    ),
)
# For print only, as .tex and .pdf files: the main table and its picture show the same.
LEFT_OUT = ("figure frontier", "table frontier", "table fronts", "table leaders", "table normalised")
PLACED = {
    PICTURE,
    *LEFT_OUT,
    *(part for section in (*SECTIONS, *FOLDED) for part in section.parts),
}
