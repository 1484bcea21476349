"""The context that resets the clock, whatever ends its block."""

import os
import signal
import threading

import pytest

from wattshed.clocks.backends.protocol import ENDINGS, clock_given_back


class Backend:
    def __init__(self, *, sends=None, fails=None):
        self.resets, self.sends, self.fails = 0, sends, fails

    def reset(self):
        self.resets += 1
        if self.sends is not None:
            os.kill(os.getpid(), self.sends)
        if self.fails is not None:
            raise self.fails


def ended_by(number):
    return KeyboardInterrupt if number == signal.SIGINT else SystemExit


@pytest.mark.parametrize("number", ENDINGS)
def test_a_signal_ends_the_block_and_the_clock_is_reset(number):
    backend, before = Backend(), [signal.getsignal(ending) for ending in ENDINGS]
    with pytest.raises(ended_by(number)) as ended, clock_given_back(backend):
        os.kill(os.getpid(), number)
    assert backend.resets == 1
    assert [signal.getsignal(ending) for ending in ENDINGS] == before
    if number != signal.SIGINT:
        assert ended.value.code == 128 + number


@pytest.mark.parametrize("number", ENDINGS)
def test_a_signal_during_the_reset_waits_for_its_end(number):
    backend = Backend(sends=number)
    with pytest.raises(ended_by(number)), clock_given_back(backend):
        pass
    assert backend.resets == 1
    impatient = Backend(sends=number)
    with pytest.raises(ended_by(number)), clock_given_back(impatient):
        raise ZeroDivisionError
    assert impatient.resets == 1


def test_a_signal_that_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with clock_given_back(Backend()) as backend:
            os.kill(os.getpid(), signal.SIGHUP)
        assert backend.resets == 1
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_blocks_own_error_goes_on_if_the_reset_fails_too(capsys):
    with pytest.raises(ZeroDivisionError), clock_given_back(Backend(fails=OSError("still locked"))):
        raise ZeroDivisionError
    assert "error: still locked" in capsys.readouterr().err
    with (
        pytest.raises(OSError, match="still locked"),
        clock_given_back(Backend(fails=OSError("still locked"))),
    ):
        pass


def test_another_thread_sets_no_handlers_and_resets_as_well():
    backend, seen = Backend(), []

    def block():
        with clock_given_back(backend):
            seen.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=block)
    thread.start()
    thread.join()
    assert (backend.resets, seen) == (1, [before])
