"""A clock back end that runs its workload, as a real GPU does; energies follow a law of the clock. For tests.

Used as a study's own plug-in too: the name of the file is the name of the back end.
"""

from wattshed.clocks.backends.protocol import ClockReading
from wattshed.clocks.runs import CLOCK

CLOCKS_MHZ = (600, 900, 1200, 1500)


class RunningClocks:
    """calls: of the workload in windows and before them; locks: settings in their order; time_of: time of a call [s].

    One call makes a window, whatever time passes, so that nothing depends on the machine.
    """

    name = "running_clocks"
    label = "measured"
    gpu = "test GPU"
    gpu_uuid = "GPU-0"
    knob = CLOCK

    def __init__(self, time_of=None) -> None:
        self.locks: list[int] = []
        self.resets = 0
        self._time_of = time_of or (lambda setting, window: 0.9 + 150 / setting + 0.001 * (window % 3))
        self._setting = CLOCKS_MHZ[-1]
        self._windows = 0

    def settings(self):
        return CLOCKS_MHZ

    def lock(self, setting):
        if setting not in CLOCKS_MHZ:
            raise ValueError(f"{setting} MHz is not a clock of {self.gpu}")
        self._setting = setting
        self.locks.append(setting)

    def applied(self):
        return self._setting

    def reset(self):
        self.resets += 1
        self._setting = CLOCKS_MHZ[-1]

    def recorded_sweep(self):
        return None

    def measure(self, workload, min_s):
        workload()
        self._windows += 1
        time_s = self._time_of(self._setting, self._windows)
        power_w = 150 + 100 * (self._setting / CLOCKS_MHZ[-1]) ** 3
        return ClockReading(time_s, time_s * power_w, self._setting, "counter", temperature_c=50.0)


class RunningBackend:
    def open(self, block):
        return RunningClocks()

    def device(self, block):
        from wattshed.devices.torch_device import choose_device

        return choose_device("cpu")


BACKEND = RunningBackend()
