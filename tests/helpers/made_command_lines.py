"""Generated command lines, environments and folders, and what ``wattshed`` must do with each of them.

The measured command makes a mark, so that its beginning is known: once it has begun, its exit code is wattshed's.
Before that, wattshed says one sentence, gives a code of its own or of a shell, and leaves nothing behind.
"""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import strategies as st

# Longer than any of these runs takes on a slow machine: a run that reaches it hangs.
LIMIT_S = 120
REFUSED = (2, 126, 127)
# The file that a command makes when it begins.
MARK = "mark"
MEASURE = [sys.executable, "-m", "wattshed.commands", "measure", "--idle-s", "0", "--cpu-power-w", "50"]
ACCOUNTS = [sys.executable, "-m", "wattshed.commands", "accounts"]
# Variables of the user's own machine would decide otherwise.
OWN = ("WATTSHED_", "CODECARBON_", "SLURM_")

# Arguments as a system passes them: any bytes but the null byte.
BYTES = st.binary(max_size=12).map(lambda word: word.replace(b"\0", b""))
TEXTS = st.one_of(
    BYTES,
    st.text(max_size=8).map(lambda text: text.encode("utf-8", "replace").replace(b"\0", b"")),
    st.sampled_from(
        [b"a", b"-1", b"nan", b"caf\xe9", b"two\nlines", b" ", b"x" * 3000, b"--", b"-h", b"{x}", b"%(y)s"]
    ),
)
NAMES = (
    st.one_of(
        TEXTS,
        st.sampled_from([b"x.csv", b"emissions.csv", b".codecarbon.config", b"a b", b"-rf", b"ledgers"]),
    )
    .map(lambda name: name.replace(b"/", b"_")[:100])
    .filter(lambda name: name not in (b"", b".", b".."))
)
OPTIONS = st.one_of(
    st.tuples(st.just(b"--label"), st.one_of(TEXTS, st.builds(lambda a, b: a + b"=" + b, TEXTS, TEXTS))),
    st.tuples(st.just(b"--repeats"), st.sampled_from([b"1", b"2", b"0", b"-3", b"x"])),
    st.tuples(st.just(b"--warm-up"), st.sampled_from([b"0", b"1", b"-1"])),
    st.tuples(st.just(b"--country"), st.one_of(TEXTS, st.sampled_from([b"ESP", b"DE", b"USA", b"unknown"]))),
    st.tuples(st.just(b"--region"), st.one_of(TEXTS, st.sampled_from([b"california", b"CA"]))),
    st.tuples(
        st.just(b"--ledger"), st.one_of(TEXTS, NAMES, st.sampled_from([b"new/a.jsonl", b"/dev/null", b"/"]))
    ),
    st.tuples(st.just(b"--idle-s"), st.sampled_from([b"0", b"-1", b"nan", b"1e99"])),
    st.tuples(st.just(b"--json")),
)
SOUND_OPTIONS = st.one_of(
    st.tuples(st.just(b"--label"), st.builds(lambda a, b: b"n" + a + b"=v" + b, TEXTS, TEXTS)),
    st.tuples(st.sampled_from([b"--repeats", b"--warm-up"]), st.sampled_from([b"1", b"2"])),
    st.tuples(st.just(b"--country"), st.sampled_from([b"ESP", b"unknown"])),
    st.tuples(st.just(b"--ledger"), NAMES.map(lambda name: b"in/" + name)),
    st.tuples(st.just(b"--json")),
)
# A shell script after the mark, and the exit code of a shell.
ENDINGS = st.one_of(
    st.integers(0, 255).map(lambda code: (f"exit {code}", code)),
    st.sampled_from([9, 11, 13, 15]).map(lambda number: (f"kill -{number} $$", 128 + number)),
    st.sampled_from(
        [
            ("cat > /dev/null; exit 3", 3),
            ("exec 2>&- >&-; exit 4", 4),
            ("rm -rf ledgers; exit 5", 5),
            ("head -c 100000 /dev/zero; exit 6", 6),
            ("sleep 0.01 & exit 7", 7),
            ("chmod 000 .; exit 8", 8),
        ]
    ),
)
OTHER_WORDS = st.one_of(
    st.lists(TEXTS, max_size=4),
    st.sampled_from(
        [[b"A=1", b"true"], [b"cd", b"/"], [b"./gone"], [b"/"], [b"python x.py"], [b"pyhton"], [b"|"], [b""]]
    ),
)
VARIABLES = st.dictionaries(
    st.sampled_from(
        [
            b"WATTSHED_COUNTRY_ISO",
            b"WATTSHED_REGION",
            b"WATTSHED_IDLE_FOLDER",
            b"WATTSHED_CONFIG_SHA256",
            b"SLURM_JOB_ID",
            b"SLURM_CPUS_ON_NODE",
            b"HOME",
            b"XDG_CACHE_HOME",
            b"LANG",
            b"LC_ALL",
            b"COLUMNS",
            b"CODECARBON_LOG_LEVEL",
            b"LOCAL_RANK",
        ]
    ),
    TEXTS,
    max_size=4,
)
REDIRECTIONS = st.sampled_from(["", "", "", "2>&-", ">&-", "<&-", ">/dev/full", "2>/dev/full", "| true"])
CELLS = st.one_of(
    st.text(max_size=8), st.sampled_from(["", "None", "nan", "1e999", "-1", "2024-05-01T00:00:00", '"', ";"])
)
CSV_HEADS = st.sampled_from(
    [
        "timestamp,project_name,run_id,duration,emissions,energy_consumed",
        "timestamp,experiment_id,project_name,duration,emissions,energy_consumed",
        "timestamp;run_id;duration;energy_consumed",
        "a,b,c",
        "",
    ]
)
CSVS = st.builds(
    lambda head, rows, end: end.join([head, *(",".join(row) for row in rows)]).encode("utf-8", "replace"),
    CSV_HEADS,
    st.lists(st.lists(CELLS, max_size=8), max_size=4),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
FILES = st.one_of(
    st.builds(lambda content: ("file", content), st.one_of(CSVS, st.binary(max_size=40))),
    st.sampled_from([("fifo", b""), ("folder", b""), ("loop", b""), ("dangling", b""), ("closed", b"x")]),
)
FOLDERS = st.dictionaries(NAMES, FILES, max_size=4)
ENDS_OF_NAMES = st.sampled_from([b".csv", b".jsonl", b".jsonl.part", b".csv.bak", b".CSV"])
ACCOUNT_FOLDERS = st.dictionaries(st.builds(lambda a, b: a + b, NAMES, ENDS_OF_NAMES), FILES, max_size=5)


@dataclass(frozen=True)
class Case:
    """One command line. code: of its command once it has begun; None for words that may be none."""

    options: list[bytes]
    words: list[bytes]
    code: int | None
    variables: dict[bytes, bytes] = field(default_factory=dict)
    files: dict[bytes, tuple[str, bytes]] = field(default_factory=dict)
    redirection: str = ""


def _case(options, ending, other, variables, files, redirection):
    flat = [word for option in options for word in option]
    if other is not None:
        return Case(flat, other, None, variables, files, redirection)
    script, code = ending
    return Case(
        flat, [b"sh", b"-c", b'echo x >> "$MARK"; ' + script.encode()], code, variables, files, redirection
    )


CASES = st.builds(
    _case,
    st.lists(st.one_of(SOUND_OPTIONS, SOUND_OPTIONS, SOUND_OPTIONS, OPTIONS), max_size=3),
    ENDINGS,
    st.one_of(st.none(), st.none(), st.none(), OTHER_WORDS),
    st.one_of(st.just({}), VARIABLES),
    FOLDERS,
    REDIRECTIONS,
)


def measure_problem(case: Case, place: Path) -> str | None:
    """Run one command line in a new folder below ``place``; what is wrong with its outcome, None if nothing is."""
    work, mark = place / "work", place / MARK
    work.mkdir(parents=True)
    _make_files(work, case.files)
    before = _names(work)
    environment = {key: value for key, value in os.environb.items() if not key.startswith(_bytes(OWN))}
    environment |= {
        b"XDG_CACHE_HOME": os.fsencode(place / "cache"),
        **case.variables,
        b"MARK": os.fsencode(mark),
    }
    line = f'"$@" {case.redirection}' + ("; exit ${PIPESTATUS[0]}" if "|" in case.redirection else "")
    words = [
        b"bash",
        b"-c",
        line.encode(),
        b"bash",
        *map(os.fsencode, MEASURE),
        *case.options,
        b"--",
        *case.words,
    ]
    code, err = _outcome(words, work, environment)
    os.chmod(work, 0o755)
    if code is None:
        return "it hangs"
    if "Traceback" in err:
        return f"a traceback: {err[-2000:]}"
    if mark.exists():
        return (
            None
            if code == case.code
            else f"exit code {code} instead of the command's {case.code}: {err[-500:]}"
        )
    if case.code is None and code not in REFUSED:
        # Its words were a command after all.
        return "a defect of wattshed" if code == 70 else None
    if code not in REFUSED and b"-h" not in case.options:
        return f"exit code {code} although the command never began: {err[-500:]}"
    if case.code is not None and _names(work) != before:
        return f"left behind: {_names(work) - before}"
    return None


def accounts_problem(files: dict[bytes, tuple[str, bytes]], place: Path) -> str | None:
    """Run ``wattshed accounts`` on a folder with files; what is wrong with its outcome, None if nothing is."""
    work = place / "runs"
    work.mkdir(parents=True)
    _make_files(work, files)
    environment = {key: value for key, value in os.environb.items() if not key.startswith(_bytes(OWN))}
    code, err = _outcome([*map(os.fsencode, ACCOUNTS), b"runs"], place, environment)
    if code is None:
        return "it hangs"
    if "Traceback" in err or code not in (0, 2):
        return f"exit code {code}: {err[-2000:]}"
    return None


def _outcome(words, folder, environment):
    """Exit code and stderr; no code for a process that hangs, which is killed with all that it started."""
    process = subprocess.Popen(
        words,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        _, err = process.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return None, ""
    return process.returncode, err.decode(errors="replace")


def _make_files(folder, files):
    for name, (kind, content) in files.items():
        path = os.path.join(os.fsencode(folder), name)
        if kind == "fifo":
            os.mkfifo(path)
        elif kind == "folder":
            os.mkdir(path)
        elif kind == "loop":
            os.symlink(name, path)
        elif kind == "dangling":
            os.symlink(b"nowhere/at/all", path)
        else:
            with open(path, "wb") as file:
                file.write(content)
            if kind == "closed":
                os.chmod(path, 0)


def _names(folder):
    return {
        os.path.join(place, name) for place, folders, files in os.walk(folder) for name in (*folders, *files)
    }


def _bytes(words):
    return tuple(word.encode() for word in words)
