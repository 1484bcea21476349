"""The sampling thread: it samples clocks, power and other quantities, and writes the energy so far."""

import sys
import threading
import time
from collections.abc import Sequence
from types import TracebackType

from wattshed.energy.meter import Meter
from wattshed.energy.sampling.sources import Sampled


class Sampler:
    """Samples every ``sample_every_s`` into the meter's open windows, and ticks every ``tick_every_s``.

    A failure here is printed on stderr and ends that sampling, never the job: windows then lack samples, or a kill
    loses more, but the energies remain.
    """

    def __init__(
        self, meter: Meter, sampled: Sequence[Sampled], sample_every_s: float, tick_every_s: float
    ) -> None:
        self._meter = meter
        self._sampled = list(sampled)
        self._sample_every_s = sample_every_s
        self._tick_every_s = tick_every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="wattshed-sampler", daemon=True)

    def __enter__(self) -> "Sampler":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        next_sample_s = time.monotonic()
        next_tick_s = next_sample_s + self._tick_every_s
        while not self._stop.wait(max(0.0, min(next_sample_s, next_tick_s) - time.monotonic())):
            now_s = time.monotonic()
            if now_s >= next_sample_s:
                self._sample()
                # Counted from now: samples missed while the machine was suspended are not repeated.
                next_sample_s = now_s + self._sample_every_s
            if now_s >= next_tick_s:
                next_tick_s = now_s + self._tick_every_s if self._tick() else float("inf")

    def _sample(self) -> None:
        values: dict[str, float] = {}
        for source in list(self._sampled):
            try:
                values.update(source.sample())
            except Exception as error:
                self._sampled.remove(source)
                _say(f"{type(source).__name__} is no longer sampled ({error}): no more values of it follow.")
        self._meter.take(values)

    def _tick(self) -> bool:
        try:
            self._meter.tick()
        except Exception as error:
            _say(f"the energy so far is no longer written ({error}): a kill would lose the open window.")
            return False
        return True


def _say(sentence: str) -> None:
    print(f"wattshed: {sentence}", file=sys.stderr)
