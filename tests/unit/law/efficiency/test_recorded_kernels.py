"""The source's own recorded kernels: refits, errors on left-out widths, and rows that changed places."""

import numpy as np
import pytest

from wattshed.foundation.faults import Fault
from wattshed.law.efficiency.exchange import MeasuredOperation, ParameterRow, find_exchange
from wattshed.law.efficiency.laws import LAWS
from wattshed.law.efficiency.mayaki import EfficiencyLaw, EfficiencyLawAsPublished
from wattshed.law.efficiency.recorded_kernels import read_kernels
from wattshed.law.efficiency.rivals import compare, hold_out

# Refits of an independent analysis of the same file: eta_max [%], k, alpha; then R2 of the efficiency and mean error of
# the time over left-out widths.
A100 = {
    "QKV Projections": ((69.56, 6.15, 0.77), (0.942, 0.107)),
    "Final Projection": ((68.84, 11.44, 0.79), (0.977, 0.110)),
    "Attention Scores": ((58.18, 7.17, 0.78), (0.952, 0.117)),
    "Attention Output": ((66.49, 8.61, 0.79), (0.988, 0.091)),
}
# As the source prints them for the A100: fraction, k, alpha.
PRINTED = {
    "QKV Projections": ParameterRow(0.6938, 10.37, 0.78),
    "Final Projection": ParameterRow(0.7043, 6.24, 0.77),
    "Attention Scores": ParameterRow(0.5647, 8.09, 0.80),
    "Attention Output": ParameterRow(0.6683, 8.65, 0.80),
}
LSTM_PRINTED = {
    "Activations": ParameterRow(0.000965, 17544.28, 0.94),
    "Cell Update": ParameterRow(0.000554, 12823.88, 0.88),
    "Hidden Update": ParameterRow(0.000977, 10286.70, 0.89),
    "compute_gates": ParameterRow(0.4103, 21.57, 0.86),
    "hidden_gates": ParameterRow(0.8004, 10.08, 0.79),
}


@pytest.mark.parametrize("operation", A100)
def test_refits_of_the_transformers_kernels_are_those_of_another_analysis(transformer_kernels, operation):
    kernels = transformer_kernels["A100", operation]
    assert len(kernels.flops) == 400
    (eta_max, k, alpha), (r2, error) = A100[operation]
    law = EfficiencyLawAsPublished(kernels.peak_flop_per_s)
    found = law.fitted(kernels.sizes, kernels.time_s)
    assert 100 * found["eta_max_share"] == pytest.approx(eta_max, abs=0.006)
    assert found["k_per_tflop_alpha"] == pytest.approx(k, abs=0.006)
    assert found["alpha"] == pytest.approx(alpha, abs=0.006)
    held_out = hold_out(law, kernels.sizes, kernels.time_s, kernels.width, kernels.peak_flop_per_s)
    assert held_out.r2_efficiency == pytest.approx(r2, abs=0.0006)
    assert held_out.r2_efficiency > 0.94
    assert held_out.error_share == pytest.approx(error, abs=0.0006)


def test_the_law_does_not_beat_an_affine_latency_on_the_a100(transformer_kernels):
    """The law is clearly better than the affine one in none of the four operations, and worse in two."""
    verdicts, errors = {}, {}
    for operation in A100:
        kernels = transformer_kernels["A100", operation]
        held_out = {
            name: hold_out(law, kernels.sizes, kernels.time_s, kernels.width, kernels.peak_flop_per_s)
            for name, law in (
                ("robust", EfficiencyLaw(kernels.peak_flop_per_s)),
                ("affine", LAWS["affine"]),
                ("roofline", LAWS["roofline"]),
            )
        }
        errors[operation] = {name: one.error_share for name, one in held_out.items()}
        verdicts[operation] = compare(
            held_out["robust"], held_out["affine"], kernels.time_s, kernels.width
        ).verdict
        assert errors[operation]["roofline"] > 2 * errors[operation]["robust"]
    assert sorted(verdicts.values()) == ["no clear difference"] * 2 + ["worse"] * 2
    assert sum(one["affine"] < one["robust"] for one in errors.values()) == 3


def test_rows_of_qkv_and_final_projection_are_exchanged_in_the_source(transformer_kernels):
    found = find_exchange(PRINTED, measured_of(transformer_kernels, PRINTED))
    assert found.exchanged == (("QKV Projections", "Final Projection"),)
    assert found.support_share == 1
    assert "QKV Projections and Final Projection are exchanged" in found.sentence()
    fits = {(one.row, one.operation): one for one in found.fits}
    own = fits["QKV Projections", "QKV Projections"]
    other = fits["Final Projection", "QKV Projections"]
    assert (own.r2, own.time_error_share) == pytest.approx((0.786, 0.209), abs=0.001)
    assert (other.r2, other.time_error_share) == pytest.approx((0.943, 0.101), abs=0.001)
    own = fits["Final Projection", "Final Projection"]
    other = fits["QKV Projections", "Final Projection"]
    assert (own.r2, own.time_error_share) == pytest.approx((0.777, 0.349), abs=0.001)
    assert (other.r2, other.time_error_share) == pytest.approx((0.976, 0.109), abs=0.001)


def test_the_lstms_rows_are_where_they_belong(lstm_kernels):
    found = find_exchange(LSTM_PRINTED, measured_of(lstm_kernels, LSTM_PRINTED))
    assert found.exchanged == ()
    assert found.sentence() == "Every row explains its own operation's data best."


@pytest.mark.parametrize("operation", ["Activations", "Cell Update", "Hidden Update"])
def test_refits_of_the_lstms_elementwise_kernels_are_the_printed_ones(lstm_kernels, operation):
    kernels = lstm_kernels["A100", operation]
    found = EfficiencyLawAsPublished(kernels.peak_flop_per_s).fitted(kernels.sizes, kernels.time_s)
    row = LSTM_PRINTED[operation]
    assert found["eta_max_share"] == pytest.approx(row.eta_max_share, rel=2e-3)
    assert found["k_per_tflop_alpha"] == pytest.approx(row.k, rel=1e-3)
    assert found["alpha"] == pytest.approx(row.alpha, abs=0.006)


def test_the_files_state_another_peak_of_the_second_gpu_than_the_paper(lstm_kernels):
    peaks = {gpu: one.peak_flop_per_s for (gpu, _), one in lstm_kernels.items()}
    assert peaks == {"A100": 156e12, "2080 Ti": 11.34e12}


def test_bytes_are_counted_from_the_sizes(transformer_kernels, lstm_kernels):
    """The first row: batch 64, length 128, width 128. QKV reads [8192, 128] and [128, 384], and writes [8192, 384]."""
    kernels = transformer_kernels["A100", "QKV Projections"]
    assert kernels.flops[0] == 6 * 64 * 128 * 128**2
    assert kernels.bytes_moved[0] == 4 * (8192 * 128 + 128 * 384 + 8192 * 384)
    scores = transformer_kernels["A100", "Attention Scores"]
    assert scores.bytes_moved[0] == 4 * 64 * (2 * 128 * 128 + 128**2)
    gates = lstm_kernels["A100", "compute_gates"]
    assert gates.bytes_moved[0] == 4 * (64 * 64 + 4 * 64 * 64 + 4 * 64 * 64)


def measured_of(kernels, rows):
    found = {name: kernels["A100", name] for name in rows}
    return {name: MeasuredOperation(one.flops, one.efficiency, one.width) for name, one in found.items()}


HEADER = "source,operation,peak,FLOPs,elapsed_time_sec,seq_len,d_model\n"
ROW = "gpu,QKV Projections,1e14,1e9,0.001,128,{}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the columns .* are missing"),
        ("source,d_model\n", "the columns FLOPs, elapsed_time_sec, operation, peak, seq_len are missing"),
        (HEADER, "holds no operation that is known"),
        (HEADER + ROW.format(64) + ROW.format(0), "line 3: d_model is '0': expected a number above 0"),
        (HEADER + ROW.format("wide"), "line 2: d_model is 'wide'"),
        (HEADER + ROW.format("nan"), "line 2: d_model is 'nan'"),
        (HEADER + "gpu,QKV Projections,1e14,1e9\n", "line 2: seq_len is None"),
        (HEADER + ROW.format(64) + ROW.format(64).replace("1e14", "2e14"), "gpu has several peaks"),
    ],
)
def test_a_damaged_file_of_kernels_is_refused_in_a_sentence(tmp_path, text, message):
    path = tmp_path / "kernels.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Fault, match=message):
        read_kernels(path)


def test_a_file_that_cannot_be_read_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(Fault, match="cannot be read"):
        read_kernels(tmp_path / "none.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Fault, match="cannot be read"):
        read_kernels(tmp_path / "binary.csv")


def test_softmax_is_left_out_since_the_file_does_not_count_it(tmp_path):
    path = tmp_path / "kernels.csv"
    path.write_text(HEADER + ROW.format(64) + ROW.format(64).replace("QKV Projections", "attention_softmax"))
    (only,) = read_kernels(path)
    assert (only.operation, len(only.flops)) == ("QKV Projections", 1)
    assert only.efficiency == pytest.approx(np.array([0.01]))
