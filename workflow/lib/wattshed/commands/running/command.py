"""Starting a command as a shell does, and the exit codes of a shell for one that cannot be started."""

import errno
import os
import platform
import shutil
import stat
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from wattshed.commands.running.advice import not_found, shown
from wattshed.energy.ledger.writing import NeverBegan

NOT_FOUND = 127
NOT_EXECUTABLE = 126
SHELL = "/bin/sh"
HEAD_BYTES = 512
# Ignores SIGCHLD and becomes the command. The meter cannot ignore it: it would not learn how the command ends.
IGNORING = """
import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for number in filter(None, sys.argv[1].split(",")):
    signal.signal(int(number), signal.SIG_DFL)
os.execv(sys.argv[2], sys.argv[3:])
"""
# Programs for files that are not executable, by the ends of their names.
PROGRAMS = {".py": "python", ".sh": "sh", ".R": "Rscript", ".jl": "julia", ".pl": "perl", ".js": "node"}


class Unfit(NeverBegan):
    """A command that cannot be started: a sentence, and the exit code that a shell gives."""

    def __init__(self, exit_code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


def find_program(words: Sequence[str]) -> str:
    """The path of a command's program, as a shell finds it; raises :class:`Unfit`."""
    word = words[0]
    path = word if "/" in word else shutil.which(word)
    if path is None:
        raise Unfit(NOT_FOUND, not_found(words))
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError as error:
        raise Unfit(NOT_FOUND, not_found(words)) from error
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise Unfit(NOT_EXECUTABLE, f"{shown(word)} cannot be run ({why}): check its path.") from error
    if stat.S_ISDIR(mode):
        raise Unfit(NOT_EXECUTABLE, f"{shown(word)} is a folder: expected a program; name one in it.")
    if not os.access(path, os.X_OK):
        program = PROGRAMS.get(Path(path).suffix)
        other = f"run it with {program} {shown(word)}" if program else "name its program"
        raise Unfit(
            NOT_EXECUTABLE,
            f"{shown(word)} may not be executed: make it executable with chmod +x, or {other}.",
        )
    if problem := _broken_interpreter(path):
        raise problem
    return path


def start_process(
    program: str,
    words: Sequence[str],
    *,
    stdin: int | None,
    mask: Collection[int],
    defaults: Collection[int],
    ignores_children: bool = False,
    output: int | None = None,
) -> int:
    """Start a program with this process's files, terminal and environment; returns its id. Raises :class:`Unfit`.

    stdin: a file to take as standard input, None for this process's. output: a file for what it prints on standard
    output and standard error, None for this process's. mask: signals to block. defaults: ignored
    signals to give their default action. ignores_children: the program shall ignore SIGCHLD.
    """
    files = [] if stdin is None else [(os.POSIX_SPAWN_DUP2, stdin, 0)]
    if output is not None:
        files += [(os.POSIX_SPAWN_DUP2, output, 1), (os.POSIX_SPAWN_DUP2, output, 2)]

    def spawn(path: str, arguments: Sequence[str]) -> int:
        return os.posix_spawn(
            path, list(arguments), os.environ, file_actions=files, setsigmask=mask, setsigdef=defaults
        )

    try:
        # A script without a first line that names its interpreter is the shell's, for every shell and for env.
        path = program if "/" in program else f"./{program}"
        by_shell = [SHELL, path, *words[1:]]
        if ignores_children:
            plain = _head(program).startswith(b"#!") or _is_binary(program)
            target = [program, *words] if plain else [SHELL, *by_shell]
            numbers = ",".join(str(int(number)) for number in defaults)
            return spawn(sys.executable, [sys.executable, "-I", "-S", "-c", IGNORING, numbers, *target])
        try:
            return spawn(program, words)
        except OSError as error:
            if error.errno != errno.ENOEXEC or _is_binary(program):
                raise
        return spawn(SHELL, by_shell)
    except (OSError, ValueError) as error:
        raise _unstarted(words[0], program, error) from error


def _unstarted(word: str, program: str, error: OSError | ValueError) -> Unfit:
    if isinstance(error, ValueError):
        return Unfit(NOT_EXECUTABLE, f"{shown(word)} cannot be run ({error}): check its arguments.")
    if problem := _broken_interpreter(program):
        return problem
    code = NOT_FOUND if error.errno == errno.ENOENT else NOT_EXECUTABLE
    cure = {
        errno.ENOEXEC: f"it is made for another machine than this {platform.machine()}, or damaged; build or install "
        "it for this one",
        errno.ENOENT: "a file that it needs to start is missing, such as its loader; check it with ldd",
        errno.E2BIG: "give fewer or shorter arguments, or a file that lists them",
        errno.ETXTBSY: "another program is writing it; wait for that",
    }.get(error.errno or 0, "check it and its rights")
    return Unfit(code, f"{shown(word)} cannot be run ({error.strerror}): {cure}.")


def _broken_interpreter(path: str) -> Unfit | None:
    """What is wrong with the interpreter that a script names in its first line; None if nothing is."""
    head = _head(path)
    if not head.startswith(b"#!"):
        return None
    line = head[2:].split(b"\n", 1)[0]
    named = line.strip(b" \t").split(b" ")[0].split(b"\t")[0]
    if not named:
        return None
    interpreter = os.fsdecode(named)
    if named.endswith(b"\r"):
        return Unfit(
            NOT_FOUND,
            f"{shown(path)} has the line ends of Windows, so that its interpreter {shown(interpreter.rstrip())} is "
            "not found: convert it with sed -i 's/\\r$//'.",
        )
    if not os.path.exists(interpreter):
        return Unfit(
            NOT_FOUND,
            f"{shown(path)} names the interpreter {shown(interpreter)}, which does not exist: correct its first line.",
        )
    if os.path.isdir(interpreter) or not os.access(interpreter, os.X_OK):
        return Unfit(
            NOT_EXECUTABLE,
            f"{shown(path)} names the interpreter {shown(interpreter)}, which may not be executed: correct its first "
            "line.",
        )
    return None


def _is_binary(path: str) -> bool:
    """Whether a file is a binary: as shells decide, by a null byte in its first line."""
    return b"\0" in _head(path).split(b"\n", 1)[0]


def _head(path: str) -> bytes:
    """The first bytes of a regular file; none of one that cannot be read."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return b""
        with open(path, "rb", buffering=0) as file:
            return file.read(HEAD_BYTES)
    except OSError:
        return b""
