"""The page of laws of time on recorded kernels: tables and text from the numbers of law_recorded_time.py."""

from collections.abc import Mapping
from typing import Any

from wattshed.law.published.parameters import V_MAX

RIVALS = ("affine", "roofline", "additive")


def refits_table(cases: list[dict[str, Any]]) -> list[str]:
    lines = [
        "| GPU | operation | points | refit: eta_max %, k, alpha | R2 of eta | left-out widths: R2, MAPE of time "
        "| printed | R2 of the printed row |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for case in cases:
        fit, left_out, printed = case["fits"]["as published"], case["left_out_widths"]["as published"], "-"
        if case["printed"] is not None:
            printed = "{eta_max_percent:g}, {k:g}, {alpha:g}".format_map(case["printed"])
        own = case["printed_r2_efficiency"]
        lines.append(
            f"| {case['gpu']} | {case['operation']} | {case['points']} | {law_text(fit)} | "
            f"{case['refit_r2_efficiency']:.3f} | {left_out['r2_efficiency']:.3f}, "
            f"{percent(left_out['time_error_share'])} | {printed} | {'-' if own is None else f'{own:.3f}'} |"
        )
    return lines


def robust_table(cases: list[dict[str, Any]]) -> list[str]:
    lines = [
        "| GPU | operation | eta_max % [90 %] | k [90 %] | alpha [90 %] | measured times inside their 90 % interval |",
        "|---|---|---|---|---|---|",
    ]
    for case in cases:
        fit, ends = case["fits"]["efficiency"], case["intervals_90_percent"]
        cells = []
        for name, factor in (("eta_max_share", 100), ("k_per_tflop_alpha", 1), ("alpha", 1)):
            low, high = ends[name]
            cells.append(f"{factor * fit[name]:.4g} [{factor * low:.4g}, {factor * high:.4g}]")
        inside = percent(case["measured_times_inside_share"])
        lines.append(f"| {case['gpu']} | {case['operation']} | {' | '.join(cells)} | {inside} |")
    return lines


def rivals_table(cases: list[dict[str, Any]]) -> list[str]:
    lines = [
        "| GPU | operation | efficiency | affine | roofline | additive | against affine | against additive |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for case in cases:
        errors = (
            percent(case["left_out_widths"][form]["time_error_share"]) for form in ("efficiency", *RIVALS)
        )
        verdicts = {one["rival"]: one for one in case["against"]}
        told = (
            f"{one['verdict']} ({100 * one['difference_share']:+.1f} [{100 * one['low_share']:+.1f}, "
            f"{100 * one['high_share']:+.1f}])"
            for one in (verdicts["affine"], verdicts["additive"])
        )
        lines.append(f"| {case['gpu']} | {case['operation']} | {' | '.join((*errors, *told))} |")
    return lines


def seconds_table(cases: list[dict[str, Any]]) -> list[str]:
    lines = [
        "| GPU | operation | c, TFLOP | measured, s | predicted, s | `paper_pseudo_us` of the predicted |",
        "|---|---|---|---|---|---|",
    ]
    for case in cases:
        size = case["median_size"]
        lines.append(
            f"| {case['gpu']} | {case['operation']} | {size['tflop']:.3g} | {size['measured_s']:.3g} | "
            f"{size['predicted_s']:.3g} | {size['paper_pseudo_us']:.3g} |"
        )
    return lines


def exchange_table(found: dict[str, Any]) -> list[str]:
    names = list(found["assignment"])
    fits = {(one["row"], one["operation"]): one for one in found["fits"]}
    lines = [f"| row printed for | {' | '.join(f'data of {name}' for name in names)} |"]
    lines.append("|---" * (len(names) + 1) + "|")
    for row in names:
        cells = (
            f"{fits[row, name]['r2']:.3f}, {percent(fits[row, name]['time_error_share'])}" for name in names
        )
        lines.append(f"| {row} | {' | '.join(cells)} |")
    return lines


def law_text(fit: Mapping[str, float]) -> str:
    return f"{100 * fit['eta_max_share']:.4g}, {fit['k_per_tflop_alpha']:.2f}, {fit['alpha']:.2f}"


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def page(found: dict[str, Any]) -> str:
    """found: what law_recorded_time.py writes as JSON."""
    cases = found["cases"]
    transformer = [case for case in cases if case["operation"] in found["transformer_rows"]["assignment"]]
    lstm = [case for case in cases if case not in transformer]
    nearer = [
        case["operation"]
        for case in transformer
        if case["left_out_widths"]["affine"]["time_error_share"]
        < case["left_out_widths"]["efficiency"]["time_error_share"]
    ]
    second, peaks = "RTX 2080 Ti", found["peaks"]
    parts = [
        "# The efficiency law on its source's recorded kernels",
        "**Recorded by others; not our measurement.** Mayaki and Charpenay recorded kernels of transformers and LSTMs "
        f"on two GPUs (MIT). The laws were fitted here by `{found['command']}`. {found['origin']}",
        "## What the files hold\n",
        f"Transformer: {sum(case['points'] for case in transformer):,} kernels of four operations on the "
        f"{', '.join(sorted({case['gpu'] for case in transformer}))}, at {transformer[0]['widths']} widths. The rows "
        "of the RTX 2080 Ti that the source also has are not in this copy. A fifth operation, softmax, is left out: "
        "its FLOPs there are the same for all widths and grow with the length, not with its square. LSTM: "
        f"{sum(case['points'] for case in lstm):,} kernels of five operations on both GPUs. The column `memory_access` "
        "is the same for all operations of a size, so it is not the bytes of one: bytes are counted from the sizes "
        "instead. Heads are not recorded; scores count one head, the least.",
        "## Refits as the source fits: least squares of the efficiency\n",
        "\n".join(refits_table(cases)),
        "eta = eta_max (1 - exp(-k c^alpha)), c in TFLOP of one layer's operation. No point is left out. Left-out "
        "widths: five folds, each without whole widths.",
        "## Printed rows against all data: R2 of the efficiency, MAPE of the time\n",
        f"**{found['transformer_rows']['sentence']}**\n",
        "\n".join(exchange_table(found["transformer_rows"])),
        "Each row was compared with each operation's data; the assignment with the least squared error in all, in "
        "units of each operation's variance, is taken. An exchange is told only if it is better in 95 % of resamples "
        "of widths and leaves less than 90 % of the error.",
        f"LSTM on the A100: {found['lstm_rows']['sentence']}",
        "## Robust fits of log time, with intervals\n",
        "\n".join(robust_table(cases)),
        f"Soft L1 of differences of logarithms; intervals by {found['resamples']} resamples of widths, widened for few "
        "of them. The intervals of times hold the errors on left-out widths too.",
        "## Does the law beat simpler ones? MAPE of time on left-out widths\n",
        "\n".join(rivals_table(cases)),
        "In brackets: error of the law minus the rival's, in percentage points, with the 95 % interval over resamples "
        "of widths. All are fitted robustly to log time. affine: t = start + FLOPs / rate. roofline: max(FLOPs / rate, "
        "bytes / bandwidth), without a start: most kernels here mainly wait to be started, so it is far off. additive: "
        "start + FLOPs / rate + bytes / bandwidth, none negative.",
        " ".join(found["sentences"]),
        "Of the transformer's operations, the two parameters of an affine latency leave the smaller error in "
        f"{len(nearer)} of {len(transformer)} ({', '.join(nearer) or 'none'}). An earlier analysis of the whole "
        "release, with both GPUs, found affine as good or better in 5 of 8.",
        "## Seconds, and the source's unit\n",
        "\n".join(seconds_table(cases)),
        "At the median size. The source takes percent as multipliers, so its microseconds are hundredths of "
        "microseconds of time: `paper_pseudo_us` is 10,000 times the seconds.",
        "## The peak of the second GPU\n",
        f"The paper and its code compute with {V_MAX[second] / 1e12:g} TFLOP/s of the {second}; the recorded LSTM "
        f"kernels state {peaks[second] / 1e12:g}. An efficiency of 1 in these files is therefore "
        f"{peaks[second] / V_MAX[second]:.3f} in the paper's unit. Times do not change: only the product of peak and "
        f"eta_max counts. For the A100 both state {peaks['A100'] / 1e12:g} TFLOP/s.",
        f"![Efficiency against FLOPs]({found['figure']})",
    ]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"
