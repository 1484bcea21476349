"""What users note in windows and labels: scalars of any type are kept, everything else is noted with its reason."""

import json
from datetime import date
from decimal import Decimal
from enum import Enum, StrEnum
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from known_power import HandClock, KnownPower
from wattshed.energy.host import Host
from wattshed.energy.ledger.reading import read_ledger
from wattshed.energy.ledger.scalars import plain, plain_labels, plain_values, readable
from wattshed.energy.ledger.writing import Ledger
from wattshed.energy.meter import Meter
from wattshed.energy.metered_job import metered_job
from wattshed.foundation.faults import Fault


class Stubborn:
    """An object that can be turned into nothing."""

    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__

    def __float__(self):
        raise RuntimeError("no number")


class Colour(Enum):
    RED = 1


class Word(StrEnum):
    GRU = "gru"


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (0.5, 0.5),
        (3, 3),
        (True, 1),
        (None, None),
        (np.float32(0.5), 0.5),
        (np.int64(7), 7),
        (np.bool_(True), 1),
        (np.longdouble(0.25), 0.25),
        (np.array(0.5), 0.5),
        (np.array([0.5]), 0.5),
        (torch.tensor(0.5, requires_grad=True), 0.5),
        (torch.tensor([2]), 2),
        (torch.tensor(0.5, dtype=torch.bfloat16), 0.5),
        (Decimal("0.25"), 0.25),
        (Fraction(1, 4), 0.25),
    ],
)
def test_scalars_of_any_type_are_kept_as_numbers(value, kept):
    assert plain_values({"loss": value}) == ({"loss": kept}, {})


@pytest.mark.parametrize(
    ("value", "note"),
    [
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (np.float32("nan"), "nan"),
        (torch.tensor(float("inf")), "inf"),
        (Decimal("NaN"), "nan"),
        (Decimal("sNaN"), "a Decimal, not one number: cannot convert signaling NaN to float"),
        (Decimal("1e999"), "inf"),
        (1 + 2j, "(1+2j)"),
        (np.complex64(1j), "1j"),
        ("diverged", "diverged"),
        (b"caf\xe9", "b'caf\\xe9'"),
        (10**400, "a whole number of 1329 bits"),
        (object, "a type, not a number"),
        ([1, 2], "a list, not a number"),
        (Stubborn(), "a Stubborn, not one number: no number"),
    ],
)
def test_what_is_not_a_number_is_null_and_noted(value, note):
    assert plain_values({"loss": value}) == ({"loss": None}, {"loss": note})


@pytest.mark.parametrize(
    "value", [np.zeros(3), torch.zeros(2, 2), torch.empty(1, device="meta"), np.zeros(0)]
)
def test_arrays_are_noted_with_their_shape(value):
    values, notes = plain_values({"loss": value})
    assert values == {"loss": None}
    assert notes["loss"].startswith(f"a {type(value).__name__} of shape ({value.shape[0]},")


def test_a_large_whole_number_is_kept_as_far_as_tables_hold_it():
    assert plain_values({"seen": 2**60 + 1}) == ({"seen": float(2**60)}, {"seen": f"exactly {2**60 + 1}"})


def test_dates_of_numpy_do_not_become_numbers_without_a_unit():
    values, notes = plain_values({"when": np.datetime64("2024-05-01T00:00:00.000000001")})
    assert values == {"when": None}
    assert notes["when"].startswith("2024-05-01")


@pytest.mark.parametrize("values", [None, 3, "loss", [1, 2], Stubborn()])
def test_values_that_are_not_a_mapping_are_noted(values):
    plain, notes = plain_values(values)
    assert plain == {}
    assert "is not a mapping" in notes["values"]


@given(
    st.dictionaries(
        st.one_of(st.text(), st.integers(), st.none(), st.tuples(st.integers())),
        st.recursive(
            st.one_of(
                st.none(),
                st.booleans(),
                st.integers(),
                st.floats(),
                st.complex_numbers(),
                st.text(),
                st.binary(),
            ),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=5,
        ),
    )
)
def test_any_values_become_json_that_a_file_can_hold(values):
    numbers, notes = plain_values(values)
    json.dumps([numbers, notes, plain(values)], allow_nan=False, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda window: window.values.update(train_loss=float("nan")),
        lambda window: window.values.update(train_loss=torch.tensor(float("nan"))),
        lambda window: window.values.update(train_loss=Stubborn()),
        lambda window: window.labels.update(net=Stubborn()),
        lambda window: window.labels.update({("a", 1): float("inf")}),
        lambda window: setattr(window, "values", None),
    ],
)
def test_a_window_is_never_lost_by_what_is_noted_in_it(tmp_path, spoil):
    clock = HandClock()
    ledger = Ledger(tmp_path / "job.jsonl", resumes=False)
    meter = Meter(ledger, [KnownPower(clock, {"cpu": 100.0})], 1.0, clock=clock)
    with meter.window("epoch") as window:
        clock.sleep(2.0)
        spoil(window)
    (written,) = [json.loads(line) for line in (tmp_path / "job.jsonl.part").read_text().splitlines()]
    assert written["energy"]["cpu"]["kwh"] == pytest.approx(200 / 3.6e6)


def test_a_job_with_nan_and_arrays_in_its_windows_is_read_again(tmp_path, metering):
    host = Host(None, None, tmp_path / "idle", None)
    path = tmp_path / "a.jsonl"
    with metered_job(
        path, stage="training", job="a", labels={"seed": np.int64(3)}, metering=metering, host=host
    ) as meter:
        for epoch, loss in enumerate([0.5, float("nan"), torch.zeros(3)]):
            with meter.window("epoch", epoch=torch.tensor(epoch)) as window:
                window.values["train_loss"] = loss
    (attempt,) = read_ledger(path).attempts
    assert attempt.start["labels"] == {"seed": 3}
    assert [window["labels"]["epoch"] for window in attempt.windows] == [0, 1, 2]
    assert [window["values"]["train_loss"] for window in attempt.windows] == [0.5, None, None]
    assert attempt.windows[1]["notes"] == {"train_loss": "nan"}
    assert "notes" not in attempt.windows[0]


@pytest.mark.parametrize(
    ("label", "kept"),
    [
        ("gru", "gru"),
        (Word.GRU, "gru"),
        (3, 3),
        (True, True),
        (None, None),
        (float("nan"), "nan"),
        (np.int32(3), 3),
        (np.bool_(False), False),
        (torch.tensor(3), 3),
        (torch.tensor(True), True),
        (2**70, str(2**70)),
        (Path("a/b"), "a/b"),
        (date(2024, 5, 1), "2024-05-01"),
        (Colour.RED, "Colour.RED"),
        (Decimal("1.50"), "1.50"),
        ("caf\udce9", "caf\\xe9"),
        (b"caf\xe9", "caf\\xe9"),
        ("two\nlines\0", "two\nlines\0"),
    ],
)
def test_labels_are_kept_as_scalars(label, kept):
    found = plain_labels({"model": label}, "the job a")
    assert found == {"model": kept}
    assert type(found["model"]) is type(kept)


@pytest.mark.parametrize("label", [[1], {"a": 1}, np.zeros(3), object(), Stubborn(), print])
def test_a_label_that_is_not_a_scalar_is_refused_before_the_work_begins(tmp_path, metering, label):
    ran = []
    with (
        pytest.raises(Fault, match=r"the label .net. of the job a is a .*: expected text, a number"),
        metered_job(tmp_path / "x/a.jsonl", stage="s", job="a", labels={"net": label}, metering=metering),
    ):
        ran.append(1)
    assert not ran
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("path", ["", ".", "..", "a/..", "a/", "a\0b", "\ud800"])
def test_a_path_that_names_no_file_is_refused_before_the_work_begins(metering, path):
    ran = []
    with (
        pytest.raises(Fault, match=r"the ledger .*: "),
        metered_job(path, stage="s", job="a", labels={}, metering=metering),
    ):
        ran.append(1)
    assert not ran


@pytest.mark.parametrize(
    ("text", "shown"),
    [("café", "café"), ("caf\udce9", "caf\\xe9"), ("\ud800", "\\ud800"), ("😀", "😀"), ("\udcc3\udca9", "é")],
)
def test_text_that_is_not_utf8_is_readable(text, shown):
    assert readable(text) == shown
