"""What a careful reader would doubt, with the emission report's own numbers."""

import numpy as np
import pandas as pd
import pytest

from wattshed.accounts.marks.flags import add_flag, flag_runs
from wattshed.energy.sensors.processor.processor_power import tdp_table

RYZEN = "AMD Ryzen 5 5600X 6-Core Processor"


def runs(**columns):
    """Sane runs, each by another mean power, but for the given columns."""
    n = max((len(values) for values in columns.values() if isinstance(values, list)), default=1)
    base = {
        "origin": "codecarbon csv",
        "path": [f"a/run{number}.csv" for number in range(n)],
        "model": "DLinear",
        "host": None,
        "truncated": False,
        "overlaps": None,
        "clock_jump_s": np.nan,
        "cpu_model": RYZEN,
        "cpu_sockets": np.nan,
        "cpu_power_w": [30.0 + number for number in range(n)],
        "cpu_kwh": 0.1,
        "ram_kwh": 0.1,
        "gpu_kwh": 0.1,
        "gpu_source": None,
        "machine": None,
        "gpu_power_w": 150.0,
        "gpu_utilisation_percent": np.nan,
        "country_iso": "DEU",
        "region": None,
    }
    frame = pd.DataFrame({**base, **columns}, index=range(n))
    words = (
        "origin",
        "path",
        "model",
        "host",
        "overlaps",
        "cpu_model",
        "country_iso",
        "region",
        "gpu_source",
        "machine",
    )
    frame = frame.astype(dict.fromkeys(words, "string") | {"truncated": "boolean"})
    return flag_runs(frame)["flags"]


def test_sane_runs_carry_no_flag():
    assert runs(cpu_power_w=[31.0, 32.0, 33.0]).isna().all()


def test_a_part_that_was_not_metered_is_named():
    assert runs(cpu_kwh=[np.nan], ram_kwh=[np.nan]).tolist() == ["CPU not metered, memory not metered"]
    assert runs(gpu_kwh=[np.nan], gpu_unread=[True]).tolist() == ["GPU not metered"]


def test_the_same_power_three_times_is_constant_and_twice_is_chance():
    assert runs(cpu_power_w=[32.5, 32.5, 32.5]).tolist() == ["constant power"] * 3
    assert runs(cpu_power_w=[32.5, 32.5, 32.6]).isna().all()


def test_constant_means_six_digits_of_whatever_size():
    assert runs(cpu_power_w=[32.5, 32.50001, 32.49999]).notna().all()
    assert runs(cpu_power_w=[0.0325, 0.0326, 0.0327]).isna().all()


def test_of_thousands_of_runs_some_agree_by_chance_and_that_is_no_constant():
    power_w = np.random.default_rng(0).uniform(45, 46, 5000).round(4)
    assert pd.Series(power_w).value_counts().max() >= 3
    assert runs(cpu_power_w=power_w.tolist()).isna().all()


def test_the_same_power_on_other_processors_and_unknown_power_are_not_constant():
    assert runs(cpu_power_w=[32.5] * 3, cpu_model=["a", "b", "c"]).isna().all()
    assert runs(cpu_power_w=[np.nan] * 3).isna().all()


def test_390_w_on_a_65_w_socket_is_above_its_tdp():
    assert tdp_table()["AMD Ryzen 5 5600X"] == 65.0
    assert runs(cpu_power_w=[390.0]).tolist() == ["power above TDP"]
    assert runs(cpu_power_w=[70.0]).isna().all()


@pytest.mark.parametrize(
    ("watts", "sockets", "flag"),
    [(500.0, np.nan, None), (500.0, 1.0, "power above TDP"), (700.0, 2.0, "power above TDP")],
)
def test_a_server_may_have_two_sockets_unless_they_were_counted(watts, sockets, flag):
    found = runs(cpu_model="AMD EPYC 7763 64-Core Processor", cpu_power_w=[watts], cpu_sockets=[sockets])
    assert [None if pd.isna(value) else value for value in found] == [flag]


@pytest.mark.parametrize(
    "model", ["Intel(R) Core(TM) i7-8650U CPU @ 1.90GHz", "Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz"]
)
def test_intels_way_to_write_names_is_understood(model):
    assert runs(cpu_model=model, cpu_power_w=[390.0]).tolist() == ["power above TDP"]


@pytest.mark.parametrize("model", ["Test CPU", "Intel", None])
def test_an_unknown_processor_has_no_tdp(model):
    assert runs(cpu_model=[model], cpu_power_w=[390.0]).isna().all()


def test_a_gpu_at_11_w_or_under_5_percent_idles_and_an_absent_one_does_not():
    found = runs(
        gpu_kwh=[0.1, 0.1, None, 0.1],
        gpu_power_w=[11.5, 150.0, None, 150.0],
        gpu_utilisation_percent=[np.nan, 2.0, np.nan, 80.0],
    )
    assert found.fillna("").tolist() == ["idle GPU", "idle GPU", "", ""]


def test_the_quebec_rows_of_a_model_stand_out():
    country, region = ["DEU"] * 6 + ["CAN"], ["brandenburg"] * 6 + ["quebec"]
    assert runs(country_iso=country, region=region).fillna("").tolist() == [""] * 6 + ["changed grid"]


def test_a_models_only_run_is_compared_with_all():
    model = ["DLinear"] * 6 + ["Mamba"]
    country = ["DEU"] * 6 + ["CAN"]
    assert runs(model=model, country_iso=country).fillna("").tolist() == [""] * 6 + ["changed grid"]


def test_two_laboratories_with_models_of_their_own_are_no_changed_grid():
    model, country = ["DLinear"] * 4 + ["Mamba"] * 3, ["DEU"] * 4 + ["ESP"] * 3
    assert runs(model=model, country_iso=country).isna().all()


def test_without_models_folders_are_compared():
    path = [f"one/{number}.csv" for number in range(4)] + [f"two/{number}.csv" for number in range(4)]
    country = ["DEU"] * 3 + ["CAN"] + ["ESP"] * 4
    found = runs(path=path, model=[None] * 8, country_iso=country)
    assert found.fillna("").tolist() == ["", "", "", "changed grid", "", "", "", ""]


def test_where_no_place_is_usual_none_has_changed():
    assert runs(country_iso=["DEU", "ESP"]).isna().all()
    assert runs(country_iso=[None, None, None]).isna().all()


def test_flags_are_listed_in_one_order():
    found = runs(cpu_power_w=[390.0], truncated=[True], overlaps=["b"], clock_jump_s=[-3600.0])
    assert found.tolist() == ["truncated, overlap, power above TDP, clock jump"]


def test_a_clock_that_is_slewed_has_not_jumped():
    assert runs(clock_jump_s=[0.4]).isna().all()


def test_a_flag_is_added_once():
    flags = pd.Series(pd.array([None, "overlap", "changed grid"], dtype="string"))
    found = add_flag(flags, np.array([True, True, True]), "changed grid")
    assert found.tolist() == ["changed grid", "overlap, changed grid", "changed grid"]
