"""A sensor that fails during the work makes its components missing, and never ends the work."""

import json
import time

import pytest

from wattshed.energy.host import Host
from wattshed.energy.metered_job import metered_job
from wattshed.energy.reading import Component
from wattshed.energy.sensors.steady import Steady
from wattshed.foundation.vocabulary import Status


class Failing:
    """Reads 10 W until ``trouble`` is set, which its readings then raise or return."""

    resolution_s = 0.01

    def __init__(self, trouble_at_start=None):
        self.trouble = trouble_at_start
        self.stops = 0

    def start(self):
        self.start_s = time.perf_counter()

    def read(self):
        if isinstance(self.trouble, Exception):
            raise self.trouble
        if self.trouble is not None:
            return self.trouble
        return {"cpu": Component(10 * (time.perf_counter() - self.start_s) / 3.6e6, Status.MEASURED, "known")}

    def stop(self):
        self.stops += 1
        if self.trouble:
            raise RuntimeError("cannot be stopped")


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (OSError(5, "Input/output error"), "Failing failed (OSError: [Errno 5] Input/output error)"),
        (ValueError("two\nlines."), "Failing failed (ValueError: two lines)"),
        ({"cpu": Component(float("nan"), Status.MEASURED, "known")}, "known: the reading is nan"),
        ({"gpu0": Component(1.0, Status.MEASURED, "new")}, "Failing no longer reads it"),
    ],
)
def test_a_failing_reading_is_missing_with_its_reason(tmp_path, metering, trouble, reason):
    sensor = Failing()
    host = Host(None, None, tmp_path / "idle", None)
    path = tmp_path / "a.jsonl"
    with metered_job(
        path, stage="s", job="a", labels={}, metering=metering, host=host, sensors=[sensor]
    ) as meter:
        with meter.window("sound"):
            time.sleep(0.05)
        with meter.window("failing") as window:
            time.sleep(0.05)
            sensor.trouble = trouble
    assert window.duration_s > 0
    events = [json.loads(line) for line in path.read_text().splitlines()]
    sound, failing = (event["energy"]["cpu"] for event in events if event["event"] == "window")
    assert sound["kwh"] > 0
    assert failing == {"kwh": None, "status": "missing", "source": reason}
    assert events[-1]["energy"]["cpu"]["kwh"] is None
    assert events[-1]["outcome"] == "finished"
    assert sensor.stops == 1


def test_a_sensor_that_fails_before_the_work_begins_is_not_hidden():
    sensor = Steady(Failing(RuntimeError("never worked")))
    sensor.start()
    with pytest.raises(RuntimeError, match="never worked"):
        sensor.read()
