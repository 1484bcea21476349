"""Measured steps are refused in one sentence where they are no basis for a fit."""

import numpy as np
import pytest

from wattshed.foundation.faults import Fault
from wattshed.law.energy.recorded import read_lstm_energy, read_transformer_energy


def sentence(fault):
    text = str(fault.value)
    assert "\n" not in text
    assert text.endswith(".")
    return text


def test_rows_are_taken_from_every_array(made):
    points = made(20)
    some = points.take(np.arange(20) < 7)
    assert len(some) == 7
    assert len(some.sizes) == len(some.measured_time_s) == len(some.groups["third"]) == 7
    np.testing.assert_array_equal(some.predictors, points.predictors[:7])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["predictors", "sizes", "energy_j", "measured_time_s"])
def test_a_number_that_is_not_finite_is_named_with_its_row(made, where, bad):
    values = np.array(getattr(made(10), where))
    values[3] = bad
    with pytest.raises(Fault, match=r"row 4: .* but a finite number is needed") as fault:
        made(10, **{where: values})
    sentence(fault)


@pytest.mark.parametrize("energy", [0.0, -2.0])
def test_an_energy_that_is_not_positive_is_refused(made, energy):
    values = made(10).energy_j.copy()
    values[9] = energy
    with pytest.raises(Fault, match="row 10: energy_j is") as fault:
        made(10, energy_j=values)
    sentence(fault)


def test_no_rows_are_refused(made):
    with pytest.raises(Fault, match="holds no measured steps") as fault:
        made(0)
    sentence(fault)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"energy_j": np.ones(9)}, "give one row per step"),
        ({"measured_time_s": np.ones(9)}, "give one row per step"),
        ({"groups": {"third": np.ones(9)}}, "give one row per step"),
        ({"energy_j": np.ones((10, 1))}, "one number per step"),
        ({"predictors": np.ones(10)}, "one column per name"),
        ({"predictor_names": ("only",)}, "one column per name"),
    ],
)
def test_shapes_that_do_not_agree_are_refused(made, changed, words):
    with pytest.raises(Fault, match=words) as fault:
        made(10, **changed)
    sentence(fault)


def test_an_unknown_predictor_is_refused_with_the_known_ones(made):
    with pytest.raises(Fault, match="has no predictor 'third_s': it has first_s, second_s") as fault:
        made(10).column("third_s")
    sentence(fault)


@pytest.mark.parametrize("read", [read_transformer_energy, read_lstm_energy])
class TestFiles:
    def test_a_file_that_is_not_there(self, read, tmp_path):
        with pytest.raises(Fault, match="cannot be read as CSV") as fault:
            read(tmp_path / "absent.csv")
        sentence(fault)

    def test_a_file_that_is_no_text(self, read, tmp_path):
        path = tmp_path / "picture.csv"
        path.write_bytes(b"\x89PNG\xff\xfe\x00")
        with pytest.raises(Fault) as fault:
            read(path)
        sentence(fault)

    def test_an_empty_file(self, read, tmp_path):
        path = tmp_path / "empty.csv"
        path.write_text("")
        with pytest.raises(Fault, match="has no column") as fault:
            read(path)
        sentence(fault)

    def test_a_column_that_is_not_there(self, read, tmp_path):
        path = tmp_path / "some.csv"
        path.write_text("duration,energy_joules\n1,2\n")
        with pytest.raises(Fault, match=r"has no column '\w+") as fault:
            read(path)
        sentence(fault)


@pytest.mark.parametrize(
    ("cell", "words"), [("fast", "but a number is needed"), ("", "but a number is needed")]
)
def test_a_cell_without_a_number_is_named(tmp_path, cell, words):
    path = tmp_path / "lstm.csv"
    names = "duration_Activations,duration_Cell_Update,duration_Gates,duration_Hidden_Update"
    head = f"{names},batch_size,input_size,hidden_size,energy_consumed_kWh,component\n"
    path.write_text(f"{head}1,2,3,4,5,6,7,0.001,x\n1,2,{cell},4,5,6,7,0.001,x\n")
    with pytest.raises(Fault, match=f"row 2: duration_Gates is .* {words}") as fault:
        read_lstm_energy(path)
    sentence(fault)


def test_a_file_with_a_head_only_is_refused(tmp_path):
    path = tmp_path / "lstm.csv"
    names = "duration_Activations,duration_Cell_Update,duration_Gates,duration_Hidden_Update"
    path.write_text(f"{names},batch_size,input_size,hidden_size,energy_consumed_kWh,component\n")
    with pytest.raises(Fault, match="holds no rows") as fault:
        read_lstm_energy(path)
    sentence(fault)
