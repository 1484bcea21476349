"""``@metered`` on functions of every kind."""

import asyncio
import functools
import inspect

import pytest

from door_programs import ledgers, only_ledger, windows
from wattshed import metered
from wattshed.foundation.faults import Fault


def test_a_function_is_metered_at_each_call_and_stays_what_it_was(tmp_path):
    @metered
    def train(steps, *, rate=1):
        """Train."""
        return steps * rate

    assert train.job is None
    assert [train(2), train(3, rate=2)] == [2, 6]
    assert (train.__name__, train.__doc__) == ("train", "Train.")
    assert str(inspect.signature(train)) == "(steps, *, rate=1)"
    assert len(ledgers(tmp_path)) == 2
    assert train.job.ledger.name in ledgers(tmp_path)
    assert train.job.name.endswith("train")


def test_a_decorator_takes_a_name_and_labels(tmp_path):
    @metered("evaluate", country="DEU", model="gru", quiet=True)
    def evaluate():
        return 1

    assert evaluate() == 1
    start = only_ledger(tmp_path)[0]
    assert start["labels"] == {"block": "evaluate", "model": "gru"}
    assert start["location"]["country_iso"] == "DEU"
    assert evaluate.job.co2e_kg is not None


def test_a_decorator_without_arguments_may_have_brackets(tmp_path):
    @metered(quiet=True)
    def train():
        return 1

    assert train() == 1
    assert "train" in next(iter(ledgers(tmp_path)))


def test_a_function_that_calls_itself_is_one_job_with_windows(tmp_path):
    @metered("factorial", quiet=True)
    def factorial(n):
        return 1 if n == 0 else n * factorial(n - 1)

    assert factorial(3) == 6
    assert [one["name"] for one in windows(only_ledger(tmp_path))] == ["factorial"] * 3


def test_methods_of_every_kind_can_be_decorated(tmp_path):
    class Model:
        @metered("method", quiet=True)
        def method(self):
            return self

        @metered("static", quiet=True)
        @staticmethod
        def static():
            return 1

        @classmethod
        @metered("class", quiet=True)
        def made(cls):
            return cls

        @metered("outside", quiet=True)
        @classmethod
        def outside(cls):
            return cls

    model = Model()
    assert model.method() is model
    assert (Model.static(), model.static()) == (1, 1)
    assert (Model.made(), Model.outside()) == (Model, Model)
    assert len(ledgers(tmp_path)) == 5


def test_a_partial_function_can_be_decorated(tmp_path):
    doubled = metered("double", quiet=True)(functools.partial(lambda a, b: a * b, 2))
    assert doubled(4) == 8
    assert only_ledger(tmp_path)[-1]["outcome"] == "finished"


def test_an_error_of_a_function_goes_on(tmp_path):
    @metered(quiet=True)
    def fail():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    assert only_ledger(tmp_path)[-1]["reason"] == "ValueError: no"
    assert fail.job.outcome == "failed"


def test_an_asynchronous_function_is_metered_until_it_returns(tmp_path):
    @metered("fetch", quiet=True)
    async def fetch(wait_s):
        await asyncio.sleep(wait_s)
        return wait_s

    assert inspect.iscoroutinefunction(fetch)
    assert asyncio.run(fetch(0.2)) == 0.2
    assert fetch.job.duration_s >= 0.2
    assert only_ledger(tmp_path)[-1]["duration_s"] == fetch.job.duration_s


def test_tasks_that_run_at_once_have_jobs_of_their_own_or_windows_of_the_one_around_them(tmp_path):
    @metered("part", quiet=True)
    async def part(wait_s):
        await asyncio.sleep(wait_s)

    async def apart():
        # The first one ends last.
        await asyncio.gather(part(0.2), part(0.05))

    async def within():
        async with metered("whole", quiet=True):
            await apart()

    asyncio.run(apart())
    assert len(ledgers(tmp_path)) == 2
    asyncio.run(within())
    (whole,) = ledgers(tmp_path, "ledgers/whole-*.jsonl").values()
    assert [one["name"] for one in windows(whole)] == ["part", "part"]
    assert len(ledgers(tmp_path)) == 3


def test_one_block_may_be_entered_by_several_tasks_at_once(tmp_path):
    block, seen = metered("shared", quiet=True), {}

    async def body(name, wait_s):
        async with block as job:
            await asyncio.sleep(wait_s)
            seen[name] = job

    async def both():
        await asyncio.gather(body("long", 0.3), body("short", 0.05))

    asyncio.run(both())
    assert seen["long"].duration_s > 0.25
    assert seen["short"].duration_s < 0.25 or seen["short"].duration_s < seen["long"].duration_s


def test_a_cancelled_function_was_stopped(tmp_path):
    @metered(quiet=True)
    async def forever():
        await asyncio.sleep(100)

    async def cancel():
        task = asyncio.create_task(forever())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    end = only_ledger(tmp_path)[-1]
    assert (end["outcome"], end["reason"]) == ("stopped", "cancelled")


def test_what_has_no_end_of_its_own_is_refused_with_a_sentence(tmp_path):
    def generator():
        yield 1

    async def stream():
        yield 1

    for function in (generator, stream):
        with pytest.raises(Fault, match=f"generator function .*{function.__name__}.* put 'with metered"):
            metered(function)
    with pytest.raises(Fault, match="expected a function or a method"):
        metered("x")(type("Model", (), {}))
    with pytest.raises(Fault, match="cannot decorate 3: expected a function"):
        metered(3)
    assert ledgers(tmp_path) == {}
