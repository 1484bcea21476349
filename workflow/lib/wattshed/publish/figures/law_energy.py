"""Figure: where the predicted energy of a training step goes."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from wattshed.law.predicting.document import Predicted, read_predictions
from wattshed.publish.drawing.empty_figure import words_figure
from wattshed.publish.drawing.figure_part import FigurePart
from wattshed.publish.drawing.figure_style import COLOURS, as_written, set_style
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.parts.profiled import operation_name
from wattshed.publish.typesetting.table import powers

# Smaller kinds of all models together are drawn as one.
SHOWN_KINDS = 9
HATCHES = ("", "//", "..", "xx")
REST, NO_OPERATION = "other operations", "between operations"


def law_energy_figure(predicted: Sequence[Predicted], power_w: Mapping[str, float]) -> Figure:
    """A bar per model: shares of a step's predicted energy by kind of operation, and its joules at the right.

    power_w: by kind, ``default`` for all others [W].
    """
    known = [one for one in predicted if one.prediction is not None and one.by_kind_s]
    if not known:
        return words_figure("No model of the study has a predicted training step.")
    set_style()
    shares = {one.model: _shares(one, power_w) for one in known}
    kinds = _largest(list(shares.values()))
    figure, axis = plt.subplots(figsize=(8.4, 1.3 + 0.34 * len(known)))
    places = range(len(known))[::-1]
    left = [0.0] * len(known)
    for number, kind in enumerate([*kinds, REST, NO_OPERATION]):
        widths = [100 * _share_of(shares[one.model], kind, kinds) for one in known]
        if not any(width > 0 for width in widths):
            continue
        axis.barh(
            places,
            widths,
            left=left,
            height=0.62,
            color=COLOURS[number % len(COLOURS)],
            hatch=HATCHES[number // len(COLOURS)],
            label=operation_name(kind),
        )
        left = [start + width for start, width in zip(left, widths, strict=True)]
    for place, one in zip(places, known, strict=True):
        assert one.prediction is not None
        axis.annotate(
            f"{powers(one.prediction.step.energy_j).text} J",
            (1, place),
            xycoords=("axes fraction", "data"),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize="small",
        )
    axis.set_yticks(list(places), [as_written(one.model) for one in known])
    axis.set_xlim(0, 100)
    axis.set_xlabel("Share of a step's predicted energy (%)")
    axis.grid(axis="y", visible=False)
    figure.legend(loc="outside lower center", ncols=4)
    return figure


def _shares(one: Predicted, power_w: Mapping[str, float]) -> dict[str, float]:
    """Shares of the step's energy by kind; what the operations do not have is between them."""
    default = power_w["default"]
    joules = {kind: seconds * power_w.get(kind, default) for kind, seconds in one.by_kind_s.items()}
    assert one.prediction is not None
    whole = max(one.prediction.step.energy_j, sum(joules.values()))
    found = {kind: value / whole for kind, value in joules.items()}
    found[NO_OPERATION] = max(0.0, 1 - sum(found.values()))
    return found


def _largest(shares: Sequence[Mapping[str, float]]) -> list[str]:
    """The kinds with the largest share in any model, largest first."""
    kinds = {kind for found in shares for kind in found} - {NO_OPERATION}
    return sorted(kinds, key=lambda kind: (-max(found.get(kind, 0.0) for found in shares), kind))[
        :SHOWN_KINDS
    ]


def _share_of(shares: Mapping[str, float], kind: str, kinds: Sequence[str]) -> float:
    if kind != REST:
        return shares.get(kind, 0.0)
    return sum(share for name, share in shares.items() if name not in kinds and name != NO_OPERATION)


def _make(inputs: Inputs) -> Figure:
    document = inputs.json("law_predictions")
    return law_energy_figure(read_predictions(document), document["power_w"])


FIGURE = FigurePart(
    message="Draw the predicted energy of a step by operation",
    caption="Where the predicted energy of one training step goes, by kind of operation, and its joules at the right. "
    "Between operations: what a measured step takes beside its operations.",
    inputs=("law_predictions",),
    make=_make,
)
