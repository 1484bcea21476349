import pytest

from wattshed.energy.carbon.carbon import Intensity
from wattshed.energy.reading import Component, Reading


def reading(cpu, gpu):
    gpu_part = (
        Component(gpu, "measured", "counter") if gpu is not None else Component(None, "missing", "no GPU")
    )
    return Reading({"cpu": Component(cpu, "estimated", "model"), "gpu": gpu_part})


def test_a_missing_component_is_never_zero():
    with pytest.raises(ValueError, match="does not match the status"):
        Component(0.0, "missing", "nvml")
    with pytest.raises(ValueError, match="does not match the status"):
        Component(None, "measured", "nvml")
    assert reading(1.0, None).to_json()["gpu"]["kwh"] is None
    assert Reading({"gpu": Component(None, "missing", "no GPU")}).kwh is None


def test_readings_can_be_summed_subtracted_and_divided():
    assert reading(1.0, 2.0).kwh == pytest.approx(3.0)
    assert reading(1.0, 2.0).status == "estimated"
    assert Reading({"gpu": Component(1.0, "measured", "counter")}).status == "measured"
    difference = reading(3.0, 5.0).since(reading(1.0, 2.0))
    assert difference.kwh == pytest.approx(5.0)
    assert difference.joules == pytest.approx(5.0 * 3.6e6)
    assert reading(3.0, None).since(reading(1.0, None)).kwh == pytest.approx(2.0)
    assert reading(3.0, 5.0).divided(2).kwh == pytest.approx(4.0)


@pytest.mark.parametrize(("before", "after"), [(None, 5.0), (5.0, None)])
def test_a_counter_that_is_missing_at_one_edge_makes_the_window_missing(before, after):
    gpu = reading(3.0, after).since(reading(1.0, before)).components["gpu"]
    assert gpu.status == "missing"
    assert gpu.kwh is None


def test_a_mass_needs_an_energy_and_a_factor():
    assert Intensity(0.2, "factor").co2e_kg(3.0) == pytest.approx(0.6)
    assert Intensity(None, "unknown").co2e_kg(3.0) is None
    assert Intensity(0.2, "factor").co2e_kg(None) is None
