"""What to write instead of words that are not a command."""

import difflib
import os
import re
import shlex
from collections.abc import Sequence

from wattshed.energy.ledger.scalars import readable

LONGEST = 80
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
# Words and signs that only a shell understands.
WORDS = """. : [[ alias bg bind break builtin case cd command compgen complete continue declare dirs disown do done elif
else enable esac eval exec exit export fc fg fi for function getopts hash help history if jobs let local logout mapfile
popd pushd read readarray readonly return select set shift shopt source suspend then times trap type typeset ulimit
umask unalias unset until wait while { } ( ) ! | || & && ; ;; < > << >> 2> &> 2>&1"""
OF_A_SHELL = frozenset(WORDS.split())
SIGNS = re.compile(r"[|&;<>()$`*?~{}\[\]]")
CLOSE = 0.75


def not_found(words: Sequence[str]) -> str:
    """A sentence on a first word that names no program, with what was probably meant."""
    word = words[0]
    if not word:
        return "the command is an empty word: expected a command after --, as in wattshed measure -- python train.py."
    sentence = f"{shown(word)} is not a command on this machine: {_advice(words)}"
    return sentence if sentence.endswith("?") else f"{sentence}."


def shown(text: str) -> str:
    """A word for a sentence: on one line, quoted where it is not plain, and not too long."""
    text = readable(text)
    if len(text) > LONGEST:
        text = text[: LONGEST - 1] + "…"
    return text if text.isprintable() and text.strip() == text and text else repr(text)


def _advice(words: Sequence[str]) -> str:
    word = words[0]
    if ASSIGNMENT.match(word):
        return f"a variable is set by a shell, or by env: write wattshed measure -- env {shown(shlex.join(words))}"
    if word.startswith("-"):
        return "options of wattshed come before --, and the command after it"
    if word in OF_A_SHELL or SIGNS.match(word):
        return f"it belongs to a shell: write wattshed measure -- sh -c {_quoted(' '.join(words))}"
    if any(sign.isspace() for sign in word):
        return _one_word(words)
    if SIGNS.search(word):
        return f"a shell replaces such signs: write wattshed measure -- sh -c {_quoted(' '.join(words))}"
    if "/" not in word and os.path.isfile(word):
        return f"it lies in this folder; write {_in_this_folder(word)}"
    if close := _close(word):
        return f"did you mean {' or '.join(shown(name) for name in close)}?"
    return "check its name and PATH; aliases and functions of a shell need sh -c '…'"


def _one_word(words: Sequence[str]) -> str:
    line = " ".join(words)
    if SIGNS.search(line):
        return f"it is a line for a shell: write wattshed measure -- sh -c {_quoted(line)}"
    return (
        f"a whole line in quotes is one word: write wattshed measure -- {shown(line)}, "
        f"or wattshed measure -- sh -c {_quoted(line)}"
    )


def _in_this_folder(word: str) -> str:
    plain = shlex.quote(word)
    return f"python {plain}" if word.endswith(".py") else f"./{plain}"


def _close(word: str) -> list[str]:
    """Names of programs that are spelt like a word: those in its folder, or on PATH."""
    folder, name = os.path.split(word)
    folders = [folder] if folder else os.get_exec_path()
    names = {
        entry
        for place in folders
        for entry in _names_in(place or os.curdir)
        if abs(len(entry) - len(name)) <= 2
    }
    found = difflib.get_close_matches(name, sorted(names), n=2, cutoff=CLOSE)
    return [os.path.join(folder, entry) for entry in found]


def _names_in(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _quoted(line: str) -> str:
    return shlex.quote(shown(line))
