"""Trainings of this room are metered by a sensor of known power, whose energy is known however short they are."""

import pytest

from wattshed.energy.sensors.simulated import VARIABLE


@pytest.fixture(autouse=True)
def known_power_of_the_machine(monkeypatch):
    monkeypatch.setenv(VARIABLE, '{"cpu": 20, "ram": 5}')
