"""A tree of files like the kernel's powercap, and counters in it that move by themselves."""

import os
import threading
from contextlib import contextmanager

RANGE_UJ = 262_143_328_850


def zone(root, folder, name, energy_uj=0, range_uj=RANGE_UJ):
    path = root / folder
    path.mkdir(parents=True)
    (path / "name").write_text(name + "\n")
    (path / "energy_uj").write_text(f"{energy_uj}\n")
    (path / "max_energy_range_uj").write_text(f"{range_uj}\n")
    return path / "energy_uj"


@contextmanager
def running(*files, step_uj=20_000):
    """Inside the block the counters rise every millisecond, as real ones do (20 W).

    Yields an event that stops them when it is set.
    """
    stopped = threading.Event()

    def run():
        opened = [(os.open(file, os.O_RDWR), int(file.read_text())) for file in files]
        step = 0
        while not stopped.wait(0.001):
            step += 1
            for place, start_uj in opened:
                # Of one length, so that no reader sees half a number.
                os.pwrite(place, f"{start_uj + step * step_uj:020d}\n".encode(), 0)
        for place, _ in opened:
            os.close(place)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield stopped
    finally:
        stopped.set()
        thread.join()
