"""A processor's load and a clock that a test sets, in place of this machine's, for CodeCarbon's models."""

from collections import namedtuple
from types import SimpleNamespace

Times = namedtuple("Times", "user nice system idle iowait irq softirq steal guest guest_nice")


class MadeMachine:
    """CodeCarbon's models see this machine's time and load: ``spend(seconds, load)`` moves both on."""

    def __init__(self, monkeypatch):
        import psutil
        from codecarbon.external import hardware

        self.begin_again()
        monkeypatch.setattr(psutil, "cpu_times", self.cpu_times)
        monkeypatch.setattr(
            hardware,
            "time",
            SimpleNamespace(perf_counter=self.clock, time=self.clock, sleep=lambda seconds: None),
        )

    def begin_again(self):
        self.now_s = 1000.0
        self._busy_s = self._idle_s = 100.0

    def clock(self):
        return self.now_s

    def cpu_times(self, *_, **__):
        return Times(self._busy_s, 1.0, 0.0, self._idle_s, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)

    def spend(self, seconds, load):
        self.now_s += seconds
        self._busy_s += seconds * load
        self._idle_s += seconds * (1 - load)
