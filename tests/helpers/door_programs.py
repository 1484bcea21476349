"""Small Python programs that use the door, run as real processes in a folder of their own."""

import json
import os
import subprocess
import sys
import textwrap


def environment(**variables):
    return {**os.environ, **{name: str(value) for name, value in variables.items()}}


def start(program, folder, *words, **variables):
    """The running process of a program's text."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), *map(str, words)],
        cwd=folder,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(program, folder, *words, code=0, **variables):
    """stdout and stderr of a program that ends with the expected exit code."""
    process = start(program, folder, *words, **variables)
    out, err = process.communicate(timeout=120)
    assert process.returncode == code, err
    return out, err


def ledgers(folder, pattern="ledgers/*.jsonl"):
    """Events of every finished ledger, by file name."""
    return {path.name: events(path) for path in sorted(folder.glob(pattern))}


def events(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def only_ledger(folder):
    found = ledgers(folder)
    assert len(found) == 1, sorted(found)
    assert not list(folder.glob("ledgers/*.part"))
    return next(iter(found.values()))


def windows(found):
    return [event for event in found if event["event"] == "window"]


def work():
    """A tenth of a second of one core."""
    return sum(i * i for i in range(1_500_000))
