"""A sensor whose truth is known, on a clock that tests wind by hand."""

from wattshed.energy.reading import JOULES_PER_KWH, Component


class HandClock:
    """Seconds that pass only when :meth:`sleep` says so."""

    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s

    def sleep(self, seconds):
        self.now_s += seconds


class KnownPower:
    """Constant power [W] per component on a hand clock; ``whole`` if it is the job's alone."""

    def __init__(self, clock, power_w, resolution_s=0.1, status="measured", whole=True):
        self.whole = whole
        self.clock, self.power_w, self.resolution_s, self.status = clock, power_w, resolution_s, status
        self.lost = False

    def start(self): ...

    def read(self):
        if self.lost:
            return {name: Component(None, "missing", "lost") for name in self.power_w}
        return {
            name: Component(watts * self.clock() / JOULES_PER_KWH, self.status, "known")
            for name, watts in self.power_w.items()
        }

    def stop(self): ...
