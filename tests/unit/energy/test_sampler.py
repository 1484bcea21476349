"""The thread that samples during the work."""

import time

from wattshed.energy.sampling.sampler import Sampler


class Notebook:
    """A fake meter that records the calls of the sampler."""

    def __init__(self):
        self.samples, self.ticks = [], 0

    def take(self, sample):
        self.samples.append(sample)

    def tick(self):
        self.ticks += 1


class Thermometer:
    def __init__(self, error=None):
        self.error = error

    def sample(self):
        if self.error:
            raise self.error
        return {"cpu_temperature_c": 41.0}


def wait_for(condition):
    give_up = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.01)


def test_the_sampler_samples_and_ticks_until_the_block_ends():
    book = Notebook()
    with Sampler(book, [Thermometer()], sample_every_s=0.02, tick_every_s=0.05):
        wait_for(lambda: len(book.samples) >= 5 and book.ticks >= 2)
    assert book.samples[0] == {"cpu_temperature_c": 41.0}
    at_end = len(book.samples), book.ticks
    time.sleep(0.1)
    assert (len(book.samples), book.ticks) == at_end


def test_the_first_sample_is_taken_immediately():
    book = Notebook()
    with Sampler(book, [Thermometer()], sample_every_s=60, tick_every_s=60):
        wait_for(lambda: book.samples)


def test_a_failing_source_is_dropped_with_a_message_and_the_others_continue(capsys):
    book = Notebook()
    sources = [Thermometer(OSError("bus")), Thermometer()]
    with Sampler(book, sources, sample_every_s=0.02, tick_every_s=0.02):
        wait_for(lambda: len(book.samples) >= 3 and book.ticks >= 2)
    assert all(sample == {"cpu_temperature_c": 41.0} for sample in book.samples)
    assert capsys.readouterr().err.count("no longer sampled (bus)") == 1


def test_a_failing_tick_ends_the_ticks_but_not_the_job(capsys):
    book = Notebook()
    book.tick = lambda: (_ for _ in ()).throw(OSError("disk full"))
    with Sampler(book, [Thermometer()], sample_every_s=0.02, tick_every_s=0.02):
        wait_for(lambda: len(book.samples) >= 5)
    assert capsys.readouterr().err.count("disk full") == 1
