"""Takes the place of pynvml in processes that a test starts: their driver is the one of fake_clock_driver.

A process meets it if this folder and the one above come first in PYTHONPATH; FAKE_NVML is the driver's folder. Errors
and constants are those of the real pynvml, which is loaded first.
"""

import importlib.machinery
import importlib.util
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
elsewhere = [place for place in sys.path if Path(place).resolve() != HERE]
spec = importlib.machinery.PathFinder.find_spec("pynvml", elsewhere)
real = importlib.util.module_from_spec(spec)
sys.modules["pynvml"] = real
spec.loader.exec_module(real)

from fake_clock_driver import Driver  # noqa: E402

sys.modules["pynvml"] = Driver(folder=os.environ["FAKE_NVML"]).module

# Processes that share this driver are on one machine; others are not.
from wattshed.foundation.recovery import machine_claim  # noqa: E402

machine_claim.MACHINE = os.environ["FAKE_NVML"]
