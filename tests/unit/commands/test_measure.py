"""``wattshed measure`` as a user meets it: a real command in a real process."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from wattshed.commands.main import main


@pytest.fixture
def measure(tmp_path):
    """Start ``wattshed measure`` in an empty folder; returns the process."""

    def start(*words, **options):
        command = [sys.executable, "-m", "wattshed.commands", "measure", "--idle-s", "0", *words]
        environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
        environment.pop("WATTSHED_COUNTRY_ISO", None)
        return subprocess.Popen(
            command,
            cwd=tmp_path,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            **options,
        )

    return start


def the_ledger(folder):
    (path,) = (folder / "ledgers").iterdir()
    return path, [json.loads(line) for line in path.read_text().splitlines()]


def test_the_commands_output_and_exit_code_are_kept(measure, tmp_path):
    process = measure(
        "--country", "ESP", "--label", "seed=3", "--", "sh", "-c", "echo hello; sleep 0.3; exit 7"
    )
    out, err = process.communicate()
    assert (process.returncode, out) == (7, "hello\n")
    path, events = the_ledger(tmp_path)
    assert path.suffix == ".jsonl"
    assert events[0]["labels"]["seed"] == 3
    assert events[-1]["outcome"] == "failed"
    assert events[-1]["exit_code"] == 7
    window = next(event for event in events if event["event"] == "window")
    assert window["duration_s"] == pytest.approx(0.3, abs=0.2)
    assert "own energy" in err
    assert "g CO2e" in err
    assert "estimated" in err or "measured" in err


def test_without_a_place_no_mass_is_told(measure, tmp_path):
    process = measure("--json", "--", "sleep", "0.3")
    out, err = process.communicate()
    found = json.loads(out)
    assert found["co2e_kg"] is None
    assert found["energy_j"]["mean"] > 0
    assert "not known: location unknown" in err
    assert " g CO2e" not in err


def test_repeats_give_an_interval_and_warm_up_is_left_out(measure, tmp_path):
    marks = tmp_path / "marks"
    words = ("--json", "--repeats", "3", "--warm-up", "2", "--", "sh", "-c", f"echo x >> {marks}; sleep 0.2")
    out, _ = measure(*words).communicate()
    found = json.loads(out)
    assert len(marks.read_text().split()) == 5
    assert found["energy_j"]["n"] == 3
    assert found["energy_j"]["low"] <= found["energy_j"]["mean"] <= found["energy_j"]["high"]


def test_the_first_failure_ends_the_repeats(measure, tmp_path):
    process = measure("--repeats", "5", "--", "sh", "-c", "sleep 0.2; exit 3")
    process.communicate()
    assert process.returncode == 3
    windows = [event for event in the_ledger(tmp_path)[1] if event["event"] == "window"]
    assert len(windows) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_signals_are_passed_on_and_the_ledger_is_whole(measure, tmp_path, number):
    program = (
        "import signal, sys, time\nfor n in (2, 10, 15): signal.signal(n, lambda n, f: sys.exit(40 + n))\n"
    )
    program += "print('ready', flush=True)\ntime.sleep(60)"
    process = measure("--", sys.executable, "-c", program)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode == 40 + number
    assert the_ledger(tmp_path)[1][-1]["exit_code"] == 40 + number


def test_a_command_that_a_signal_kills_has_the_shells_exit_code(measure, tmp_path):
    process = measure("--", "sh", "-c", "sleep 0.2; kill -9 $$")
    process.communicate()
    assert process.returncode == 137


def test_a_killed_meter_leaves_a_readable_ledger(measure, tmp_path):
    process = measure("--", "sleep", "60", start_new_session=True)
    ledgers = tmp_path / "ledgers"
    give_up = time.monotonic() + 30
    while not (ledgers.is_dir() and any('"sensors"' in path.read_text() for path in ledgers.iterdir())):
        assert time.monotonic() < give_up
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    path, events = the_ledger(tmp_path)
    assert path.name.endswith(".jsonl.part")
    assert events[0]["event"] == "start"


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["measure"], 2, "no command was given"),
        (["measure", "--", "no-such-command-here"], 127, "is not a command on this machine"),
        (["measure", "--", "./data"], 126, "may not be executed"),
        (["measure", "--repeats", "0", "--", "true"], 2, "at least one repeat"),
        (["measure", "--label", "seed=one", "--", "true"], 2, "expected a whole number for seed"),
        (["measure", "--label", "seed", "--", "true"], 2, "expected NAME=VALUE"),
        (["measure", "--country", "Atlantis", "--", "true"], 2, "'Atlantis' is not a country"),
        (["measure", "--country", "ESP", "--region", "x", "--", "true"], 2, "region is 'x'"),
        (["measure", "--ledger", "data", "--", "true"], 2, "never overwritten"),
        (["measure", "--ledger", "/proc/x/a.jsonl", "--", "true"], 2, "cannot be written"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_left(tmp_path, monkeypatch, capsys, words, code, sentence):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WATTSHED_COUNTRY_ISO", raising=False)
    (tmp_path / "data").write_text("")
    assert main(words) == code
    err = capsys.readouterr().err
    assert sentence in err
    assert err.count("\n") == 1
    assert not (tmp_path / "ledgers").exists()


@pytest.mark.parametrize("command", [[], ["doctor"], ["measure"], ["accounts"], ["guard"]])
def test_every_help_has_examples(capsys, command):
    with pytest.raises(SystemExit) as left:
        main([*command, "--help"])
    assert left.value.code == 0
    assert "examples:" in capsys.readouterr().out
