"""Write docs/energy_law_recorded_time.md, .json and .png: laws of time on the kernels that their source recorded."""

import argparse
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from law_recorded_time_page import page
from page_parts import ROOT

from wattshed.foundation.provenance import commit_text, describe_commit, describe_machine
from wattshed.law.efficiency.curves import DRAWN, efficiency_curves
from wattshed.law.efficiency.exchange import Exchange, MeasuredOperation, ParameterRow, find_exchange
from wattshed.law.efficiency.intervals import law_intervals
from wattshed.law.efficiency.laws import LAWS
from wattshed.law.efficiency.mayaki import EfficiencyLaw, EfficiencyLawAsPublished
from wattshed.law.efficiency.measures import efficiencies, paper_pseudo_us, r2
from wattshed.law.efficiency.recorded_kernels import RecordedKernels, read_kernels
from wattshed.law.efficiency.rivals import Comparison, compare, hold_out, sentence
from wattshed.law.operations.operation import Kind
from wattshed.law.published.parameters import A100, LSTM_A100, EfficiencyParameters

COMMAND = "python benchmarks/law_recorded_time.py --data ../shared/data/energy_law"
FILES = ("transformer_efficiency.csv", "lstm_efficiency.csv")
RIVALS = ("affine", "roofline", "additive")
# The file's operation -> the row that is printed for it.
PRINTED: Mapping[str, EfficiencyParameters] = {
    "QKV Projections": A100[Kind.QKV],
    "Final Projection": A100[Kind.OUTPUT_PROJECTION],
    "Attention Scores": A100[Kind.SCORES],
    "Attention Output": A100[Kind.ATTENTION_OUTPUT],
}
LSTM_PRINTED: Mapping[str, EfficiencyParameters] = {
    "Activations": LSTM_A100["activations"],
    "Cell Update": LSTM_A100["cell_update"],
    "Hidden Update": LSTM_A100["hidden_update"],
    "compute_gates": LSTM_A100["input_gates"],
    "hidden_gates": LSTM_A100["hidden_gates"],
}


def row_of(printed: EfficiencyParameters) -> ParameterRow:
    return ParameterRow(printed.eta_max_percent / 100, printed.k, printed.alpha)


def gpu_of(kernels: RecordedKernels) -> str:
    return "A100" if "A100" in kernels.gpu else "RTX 2080 Ti"


def printed_for(kernels: RecordedKernels) -> EfficiencyParameters | None:
    """The row that the paper prints; of the LSTM it prints those of the A100 only."""
    return (PRINTED | LSTM_PRINTED).get(kernels.operation) if gpu_of(kernels) == "A100" else None


def case_of(kernels: RecordedKernels, resamples: int) -> tuple[dict[str, Any], list[Comparison]]:
    """All numbers of one operation on one GPU, and the law against each rival."""
    sizes, time_s, width, peak = kernels.sizes, kernels.time_s, kernels.width, kernels.peak_flop_per_s
    name = f"{gpu_of(kernels)} {kernels.operation}"
    published, robust = EfficiencyLawAsPublished(peak), EfficiencyLaw(peak)
    held_out = {
        form: hold_out(law, sizes, time_s, width, peak, name)
        for form, law in (
            ("as published", published),
            ("efficiency", robust),
            *((form, LAWS[form]) for form in RIVALS),
        )
    }
    intervals = law_intervals(robust, sizes, time_s, width, resamples=resamples, what=name)
    low, high = intervals.times_s(sizes)
    fits = {"as published": published.fitted(sizes, time_s), "efficiency": robust.fitted(sizes, time_s)}
    fits |= {form: LAWS[form].fitted(sizes, time_s) for form in RIVALS}
    comparisons = [compare(held_out["efficiency"], held_out[form], time_s, width) for form in RIVALS]
    middle = int(np.argsort(kernels.flops)[len(time_s) // 2])
    predicted_s = float(robust.times_s(fits["efficiency"], sizes)[middle])
    printed = printed_for(kernels)
    own = None if printed is None else row_of(printed).efficiency(kernels.flops)
    return {
        "gpu": gpu_of(kernels),
        "operation": kernels.operation,
        "points": len(time_s),
        "widths": len(np.unique(width)),
        "peak_flop_per_s": peak,
        "fits": fits,
        "printed": None
        if printed is None
        else {"eta_max_percent": printed.eta_max_percent, "k": printed.k, "alpha": printed.alpha},
        "printed_r2_efficiency": None if own is None else r2(own, kernels.efficiency),
        "refit_r2_efficiency": r2(
            efficiencies(kernels.flops, published.times_s(fits["as published"], sizes), peak),
            kernels.efficiency,
        ),
        "left_out_widths": {
            form: {"r2_efficiency": one.r2_efficiency, "time_error_share": one.error_share}
            for form, one in held_out.items()
        },
        "intervals_90_percent": intervals.coefficients,
        "measured_times_inside_share": float(np.mean((low <= time_s) & (time_s <= high))),
        "against": [
            {
                "rival": one.rival,
                "verdict": one.verdict,
                "difference_share": one.difference_share,
                "low_share": one.low_share,
                "high_share": one.high_share,
            }
            for one in comparisons
        ],
        "median_size": {
            "tflop": kernels.flops[middle] / 1e12,
            "measured_s": float(time_s[middle]),
            "predicted_s": predicted_s,
            "paper_pseudo_us": float(paper_pseudo_us(np.array(predicted_s))),
        },
    }, comparisons


def exchange_of(kernels: list[RecordedKernels], printed: Mapping[str, EfficiencyParameters]) -> Exchange:
    found = {one.operation: one for one in kernels if gpu_of(one) == "A100" and one.operation in printed}
    return find_exchange(
        {name: row_of(printed[name]) for name in found},
        {name: MeasuredOperation(one.flops, one.efficiency, one.width) for name, one in found.items()},
    )


def exchange_json(found: Exchange) -> dict[str, Any]:
    return {
        "sentence": found.sentence(),
        "assignment": dict(found.assignment),
        "exchanged": [list(chain) for chain in found.exchanged],
        "support_share": found.support_share,
        "error_share": found.error_share,
        "fits": [vars(one) for one in found.fits],
    }


def draw(kernels: list[RecordedKernels], path: Path) -> None:
    """Efficiency against FLOPs of the transformer's operations, with the curves of three laws."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    shown = [one for one in kernels if one.operation in PRINTED]
    figure, axes = plt.subplots(
        1, len(shown), figsize=(3.2 * len(shown), 3.0), sharey=True, layout="constrained"
    )
    for axis, one in zip(axes, shown, strict=True):
        curves = efficiency_curves(one.sizes, one.time_s, peak_flop_per_s=one.peak_flop_per_s)
        axis.plot(curves.c_tflop, curves.efficiency, ".", color="0.6", markersize=3, label="recorded")
        for form, style in zip(DRAWN, ("-", "--", ":"), strict=True):
            axis.plot(curves.grid_tflop, curves.by_form[form], style, label=form)
        axis.set(xscale="log", ylim=(0, 0.8), title=f"{gpu_of(one)}, {one.operation}", xlabel="c, TFLOP")
    axes[0].set_ylabel("share of the peak")
    axes[0].legend(fontsize="small")
    figure.savefig(path, dpi=110, metadata={"Software": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the recorded kernels")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "docs/energy_law_recorded_time.md", help="page to write"
    )
    parser.add_argument("--resamples", type=int, default=100, help="of widths, for the intervals")
    arguments = parser.parse_args()
    kernels = [one for name in FILES for one in read_kernels(arguments.data / name)]
    results = [case_of(one, arguments.resamples) for one in kernels]
    compared = {f"{case['gpu']} {case['operation']}": against for case, against in results}
    peaks = {gpu_of(one): one.peak_flop_per_s for one in kernels}
    commit = commit_text(describe_commit())
    found = {
        "command": COMMAND,
        "origin": f"{describe_machine()['processor']}, {datetime.now(UTC).date().isoformat()}, commit {commit}.",
        "recorded_by": "others; not our measurement",
        "peaks": peaks,
        "resamples": arguments.resamples,
        "figure": arguments.output.with_suffix(".png").name,
        "cases": [case for case, _ in results],
        "transformer_rows": exchange_json(exchange_of(kernels, PRINTED)),
        "lstm_rows": exchange_json(exchange_of(kernels, LSTM_PRINTED)),
        "sentences": [sentence(compared, rival) for rival in RIVALS],
    }
    arguments.output.write_text(page(found), encoding="utf-8")
    arguments.output.with_suffix(".json").write_text(
        json.dumps(found, indent=1, allow_nan=False) + "\n", encoding="utf-8"
    )
    draw(kernels, arguments.output.with_suffix(".png"))


if __name__ == "__main__":
    main()
