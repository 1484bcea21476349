"""Signals of a measured command, in real processes and terminals: it gets each as without the meter, exactly once."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from terminal import CTRL_BACKSLASH, CTRL_C, CTRL_Z, Terminal

MEASURE = [sys.executable, "-m", "wattshed.commands", "measure"]
NO_IDLE = [*MEASURE, "--idle-s", "0", "--cpu-power-w", "50"]
# Prints its signals and ends some time after the first one with the number of all that came.
COUNTS = """
import signal, sys, time
got = []
for number in (1, 2, 3, 10, 12, 15, signal.SIGRTMIN + 3):
    signal.signal(number, lambda number, frame: got.append(number))
print("ready", flush=True)
while not got:
    time.sleep(0.01)
time.sleep(0.3)
print("got", *sorted(got), flush=True)
sys.exit(40 + len(got))
"""


@pytest.fixture
def place(tmp_path):
    """Options of a process in an empty folder with a cache of its own."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONUNBUFFERED": "1"}
    environment.pop("WATTSHED_IDLE_FOLDER", None)
    work = tmp_path / "work"
    work.mkdir()
    return {"cwd": work, "env": environment}


@pytest.fixture
def start(place):
    def start(words, **options):
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        # A group of its own, with a parent in the same session: processes of an orphaned group cannot be stopped.
        group = None if pipes.get("start_new_session") else 0
        return subprocess.Popen(words, text=True, process_group=group, **place, **pipes)

    return start


def number_of(name):
    return getattr(signal, f"SIG{name}")


def numbers_in(mask):
    """The signals in a mask of /proc, without those that the C library keeps for itself."""
    return {int(number) for number in signal.valid_signals() if int(mask, 16) >> (number - 1) & 1}


def child_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return int(file.read().split()[0])


def state_of(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0]


def events_in(folder):
    (path,) = (folder / "ledgers").iterdir()
    assert path.suffix == ".jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("name", ["INT", "QUIT", "HUP", "TERM", "USR1", "USR2", "RTMIN+3"])
def test_a_signal_sent_to_the_meter_reaches_the_command_once(start, place, name):
    number = signal.SIGRTMIN + 3 if name == "RTMIN+3" else getattr(signal, f"SIG{name}")
    process = start([*NO_IDLE, "--", sys.executable, "-c", COUNTS])
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    out, _ = process.communicate()
    assert (process.returncode, out) == (41, f"got {int(number)}\n")
    assert events_in(place["cwd"])[-1]["exit_code"] == 41


@pytest.mark.parametrize("redirected", [False, True])
@pytest.mark.parametrize(("key", "number"), [(CTRL_C, 2), (CTRL_BACKSLASH, 3)])
def test_a_key_of_the_terminal_reaches_the_command_once(place, redirected, key, number):
    for _ in range(3):
        stdin = subprocess.DEVNULL if redirected else None
        terminal = Terminal([*NO_IDLE, "--", sys.executable, "-c", COUNTS], stdin=stdin, **place)
        terminal.wait_for("ready")
        terminal.type(key)
        code, text = terminal.wait()
        assert f"got {number}\r\n" in text
        assert code == 41


def test_a_signal_from_elsewhere_is_passed_on_in_a_terminal_too(place):
    terminal = Terminal([*NO_IDLE, "--", sys.executable, "-c", COUNTS], **place)
    terminal.wait_for("ready")
    terminal.process.send_signal(signal.SIGINT)
    code, text = terminal.wait()
    assert "got 2\r\n" in text
    assert code == 41


def test_a_terminal_that_hangs_up_is_told_to_the_command(place):
    mark = place["cwd"] / "told"
    program = COUNTS.replace('print("got"', f'open({str(mark)!r}, "w").write(str(got)); print("got"')
    terminal = Terminal([*NO_IDLE, "--", sys.executable, "-c", program], **place)
    terminal.wait_for("ready\r\n")
    # The command's own write has to return first.
    while state_of(child_of(terminal.process.pid)) != "S":
        time.sleep(0.01)
    terminal.hang_up()
    terminal.process.wait()
    assert mark.read_text() == "[1]"


def test_ctrl_z_stops_the_command_and_fg_continues_it(place):
    counts = "import time\nfor n in range(61):\n    print('tick', n, flush=True)\n    time.sleep(0.02)"
    script = place["cwd"] / "ticks.py"
    script.write_text(counts)
    terminal = Terminal(["bash", "--norc", "--noprofile", "-i"], **place)
    line = " ".join([*NO_IDLE, "--", sys.executable, str(script)])
    terminal.type(f"{line}\n".encode())
    terminal.wait_for("tick 5\r")
    terminal.type(CTRL_Z)
    terminal.wait_for("Stopped")
    stopped = terminal.text
    time.sleep(0.3)
    terminal.type(b"echo st''ill\n")
    terminal.wait_for("still")
    assert terminal.text.count("tick") == stopped.count("tick"), "the command stands"
    terminal.type(b"fg; echo code $?\n")
    terminal.wait_for("code 0")
    assert "tick 60" in terminal.text
    terminal.type(b"exit\n")
    terminal.wait()


def test_a_stop_from_elsewhere_stops_the_command_and_a_continue_continues_it(start):
    process = start([*NO_IDLE, "--", "sh", "-c", "echo $$; sleep 0.5; exit 9"], stderr=subprocess.DEVNULL)
    child = int(process.stdout.readline())
    process.send_signal(signal.SIGTSTP)
    while state_of(process.pid) != "T" or state_of(child) != "T":
        assert process.poll() is None, "it was not stopped"
        time.sleep(0.01)
    process.send_signal(signal.SIGCONT)
    process.communicate()
    assert process.returncode == 9


def test_nohup_keeps_the_command_alive(start, place):
    process = start(["nohup", *NO_IDLE, "--", "sh", "-c", "echo ready; sleep 0.5; exit 5"])
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGHUP)
    process.communicate()
    assert process.returncode == 5


@pytest.mark.parametrize(
    "name", ["HUP", "INT", "QUIT", "TERM", "USR1", "TSTP", "CONT", "CHLD", "ALRM", "PIPE", "URG"]
)
def test_a_signal_that_was_ignored_before_stays_ignored_by_meter_and_command(start, name):
    """A shell that waits starts the meter: what it ignores is how the meter knows about SIGPIPE."""
    if name == "CHLD":
        words = ["env", "--ignore-signal=CHLD"]
    else:
        words = ["bash", "-c", f"trap '' {name}; \"$@\"; exit $?", "bash"]
    child = ["sed", "-n", "s/SigIgn:.//p; $q6", "/proc/self/status"]
    process = start([*words, *NO_IDLE, "--", *child])
    out, err = process.communicate()
    assert process.returncode == 6, err
    assert number_of(name) in numbers_in(out)


def test_nothing_is_ignored_by_the_command_that_was_not_ignored_before(start):
    words = ["sed", "-n", "s/SigIgn:.//p; s/SigBlk:.//p", "/proc/self/status"]
    plain = subprocess.run(words, capture_output=True, text=True).stdout
    for starter in ([], ["bash", "-c", '"$@"; exit $?', "bash"]):
        process = start([*starter, *NO_IDLE, "--", *words])
        out, _ = process.communicate()
        assert list(map(numbers_in, out.split())) == list(map(numbers_in, plain.split()))


def test_a_command_in_the_background_of_a_script_ignores_ctrl_c(start, place):
    """A shell without job control starts background jobs so."""
    line = '"$@" & wait $!'
    process = start(
        ["sh", "-c", line, "sh", *NO_IDLE, "--", "sh", "-c", "kill -INT 0; sleep 0.2; exit 3"],
        start_new_session=True,
    )
    process.communicate()
    assert process.returncode in (3, -signal.SIGINT)
    assert events_in(place["cwd"])[-1]["exit_code"] == 3


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGUSR1, 138)],
)
def test_a_signal_while_the_idle_power_is_measured_leaves_nothing(start, place, number, code):
    process = start([*MEASURE, "--idle-s", "60", "--cpu-power-w", "50", "--", "touch", "began"])
    ledgers = place["cwd"] / "ledgers"
    while not (ledgers.is_dir() and any(path.read_text() for path in ledgers.iterdir())):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    _, err = process.communicate()
    assert process.returncode == code
    assert (
        err
        == f"{signal.Signals(number).name} came before the command began: nothing was run and nothing is kept.\n"
    )
    assert list(place["cwd"].iterdir()) == []


def test_ctrl_c_in_a_terminal_while_the_idle_power_is_measured_leaves_nothing(place):
    terminal = Terminal([*MEASURE, "--idle-s", "60", "--cpu-power-w", "50", "--", "touch", "began"], **place)
    ledgers = place["cwd"] / "ledgers"
    while not (ledgers.is_dir() and any(path.read_text() for path in ledgers.iterdir())):
        time.sleep(0.01)
    terminal.type(CTRL_C)
    code, text = terminal.wait()
    assert code == 130
    assert "SIGINT came before the command began" in text
    assert "Traceback" not in text
    assert list(place["cwd"].iterdir()) == []


def test_ctrl_c_while_standard_input_is_kept_leaves_nothing(start, place):
    process = start([*NO_IDLE, "--repeats", "2", "--", "cat"], stdin=subprocess.PIPE)
    assert "reading the standard input to its end" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    # communicate() would close the input first.
    assert process.wait() == 130
    assert list(place["cwd"].iterdir()) == []
    process.communicate()


LOST_WAKE = """
import os, signal, threading
from wattshed.commands.running.signals import SignalWatch, Stopped

kill, lost = signal.pthread_kill, []

def loses_the_first(thread, number):
    if thread == threading.main_thread().ident and not lost:
        lost.append(number)
    else:
        kill(thread, number)

signal.pthread_kill = loses_the_first
waiting, _ = os.pipe()
try:
    with SignalWatch():
        os.kill(os.getpid(), signal.SIGTERM)
        os.read(waiting, 1)
except Stopped as stopped:
    print(stopped.name, len(lost))
"""


def test_a_wake_that_is_lost_comes_again(place):
    """Python only notes a signal that comes just before it waits, and would wait for ever."""
    done = subprocess.run(
        [sys.executable, "-c", LOST_WAKE], capture_output=True, text=True, timeout=60, check=False, **place
    )
    assert done.stdout.split() == ["SIGTERM", "1"], done.stderr


BURST = """
import os, signal, sys, time
from wattshed.commands.running.signals import PATIENCE_S, SignalWatch

def burst():
    for _ in range(10):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)

with SignalWatch() as watch:
    {began}
    burst()
    print("closed", flush=True)
    time.sleep(PATIENCE_S)
    burst()
    time.sleep(60)
"""


@pytest.mark.parametrize(
    ("began", "code"),
    [
        ("watch.run(lambda: os.posix_spawn('/bin/true', ['true'], {}))", 128 + signal.SIGTERM),
        ("watch.ended(7)", 7),
    ],
)
def test_a_burst_of_signals_leaves_time_to_close_the_ledger_and_one_that_goes_on_does_not(place, began, code):
    """As between two runs and after the last one."""
    done = subprocess.run(
        [sys.executable, "-c", BURST.format(began=began)],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        **place,
    )
    assert (done.stdout, done.returncode) == ("closed\n", code), done.stderr


def test_a_signal_between_two_runs_ends_the_repeats_and_keeps_the_runs_before(start, place):
    """Each run tells the meter, which is its parent, to end, and has ended when the signal arrives: a burst of them."""
    child = "echo run; (sleep 0.3; kill -TERM $PPID) & exit 0"
    process = start([*NO_IDLE, "--repeats", "100000", "--", "sh", "-c", child])
    out, _ = process.communicate()
    assert process.returncode == 143
    events = events_in(place["cwd"])
    assert events[-1]["event"] == "end"
    assert sum(event["event"] == "window" for event in events) >= len(out.splitlines()) - 1


def test_ctrl_c_after_the_command_has_ended_keeps_its_exit_code(place):
    """Standard output is a pipe that nobody reads, so that printing the summary would wait for ever."""
    full, end = os.pipe()
    os.set_blocking(end, False)
    try:
        while True:
            os.write(end, b"x" * 65536)
    except BlockingIOError:
        os.set_blocking(end, True)
    words = [*NO_IDLE, "--json", "--", "sh", "-c", "exit 7"]
    process = subprocess.Popen(words, stdout=end, stderr=subprocess.PIPE, text=True, **place)
    while "ledger" not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    assert process.poll() is None
    # Whoever presses the key again and again gets the command's exit code at once.
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    process.communicate()
    os.close(full)
    os.close(end)
    assert process.returncode == 7


def test_a_timer_that_was_set_before_reaches_the_command(start):
    alarm = "import signal, os, sys; signal.alarm(2); os.execv(sys.argv[1], sys.argv[1:])"
    process = start([sys.executable, "-c", alarm, *NO_IDLE, "--", "sleep", "60"])
    process.communicate()
    assert process.returncode == 128 + signal.SIGALRM
