"""benchmarks/law_recorded_time.py tells of made kernels what they were made from."""

import json
import subprocess
import sys

import numpy as np

from wattshed.law.operations.operation import Kind
from wattshed.law.published.parameters import A100, LSTM_A100

# The data of QKV follow the row that is printed for the final projection, and the other way round.
TRANSFORMER = {
    "QKV Projections": (
        A100[Kind.OUTPUT_PROJECTION],
        lambda batch, length, width: 6 * batch * length * width**2,
    ),
    "Final Projection": (A100[Kind.QKV], lambda batch, length, width: 2 * batch * length * width**2),
    "Attention Scores": (A100[Kind.SCORES], lambda batch, length, width: 2 * batch * length**2 * width),
    "Attention Output": (
        A100[Kind.ATTENTION_OUTPUT],
        lambda batch, length, width: 2 * batch * length**2 * width,
    ),
}
LSTM = {
    "Activations": (LSTM_A100["activations"], lambda batch, inputs, units: 4 * batch * units),
    "Cell Update": (LSTM_A100["cell_update"], lambda batch, inputs, units: 2 * batch * units),
    "Hidden Update": (LSTM_A100["hidden_update"], lambda batch, inputs, units: 2 * batch * units),
    "compute_gates": (LSTM_A100["input_gates"], lambda batch, inputs, units: 8 * batch * inputs * units),
    "hidden_gates": (LSTM_A100["hidden_gates"], lambda batch, inputs, units: 8 * batch * units**2),
}


def rows(operations, gpu, peak, sizes, random):
    for operation, (printed, flops_of) in operations.items():
        for size in sizes:
            flops = flops_of(*size)
            time_s = (
                flops / (peak * printed.eta_percent(flops) / 100) * np.exp(0.02 * random.standard_normal())
            )
            yield [gpu, operation, peak, flops, time_s, *size]


def write(path, columns, lines):
    text = [",".join(columns), *(",".join(map(str, line)) for line in lines)]
    path.write_text("\n".join(text) + "\n", encoding="utf-8")


def test_the_page_tells_what_the_kernels_were_made_from(root, tmp_path):
    random = np.random.default_rng(4)
    first = ["source", "operation", "peak", "FLOPs", "elapsed_time_sec"]
    sizes = [(64, length, width) for length in (128, 512, 1280) for width in (128, 256, 512, 768, 1024, 1344)]
    a100, second = "NVIDIA A100 80GB PCIe", "NVIDIA GeForce RTX 2080 Ti"
    write(
        tmp_path / "transformer_efficiency.csv",
        [*first, "batch", "seq_len", "d_model"],
        rows(TRANSFORMER, a100, 156e12, sizes, random),
    )
    sizes = [(batch, 256, units) for batch in (64, 640, 6400) for units in (64, 256, 1280, 6400, 19200)]
    write(
        tmp_path / "lstm_efficiency.csv",
        [*first[:1], "component", *first[2:], "batch_size", "input_size", "hidden_size"],
        [
            *rows(LSTM, a100, 156e12, sizes, random),
            *rows(LSTM, second, 11.34e12, sizes, random),
        ],
    )
    output = tmp_path / "page.md"
    words = [sys.executable, str(root / "benchmarks/law_recorded_time.py"), "--data", str(tmp_path)]
    subprocess.run([*words, "--output", str(output), "--resamples", "4"], check=True)
    page, found = (
        output.read_text(encoding="utf-8"),
        json.loads(output.with_suffix(".json").read_text("utf-8")),
    )
    assert "**The rows of QKV Projections and Final Projection are exchanged" in page
    assert found["transformer_rows"]["exchanged"] == [["QKV Projections", "Final Projection"]]
    assert found["lstm_rows"]["exchanged"] == []
    assert found["sentences"][0].startswith("The efficiency law beats `affine` in most cases: of 14")
    assert (
        "the recorded LSTM kernels state 11.34. An efficiency of 1 in these files is therefore 0.843" in page
    )
    for case in found["cases"]:
        assert case["left_out_widths"]["efficiency"]["time_error_share"] < 0.05
        size = case["median_size"]
        assert size["paper_pseudo_us"] == 1e4 * size["predicted_s"]
    assert output.with_suffix(".png").stat().st_size > 10_000
