"""Finished work of a measured job counts, even if the Snakemake that started it was killed.

A job continues to its end if only its Snakemake was killed. The next Snakemake finds its outputs marked as incomplete,
deletes them and starts the job again. So a measured script keeps a hard-linked copy of its finished outputs until
Snakemake has accepted them, and a second start of the very same job takes that copy instead of measuring again. A lock
makes the second start wait while the first one still runs.
"""

import errno
import fcntl
import hashlib
import json
import os
import shutil
import sys
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from wattshed.foundation.extending.own_files import own_files
from wattshed.foundation.faults import run_script
from wattshed.foundation.writing import write_json

# Folder of the copies; without this variable a script keeps no copies.
FOLDER = "WATTSHED_FINISHED"
MANIFEST = "manifest.json"
CODE_SUFFIXES = (".py", ".c")
PACKAGE = Path(__file__).resolve().parents[1]


def run_measured_script(
    main: Callable[[Sequence[str] | None], None],
    outputs: Sequence[str],
    argv: Sequence[str] | None = None,
) -> int:
    """Run a measured script as :func:`run_script` does, one start at a time, and take finished work if there is some.

    outputs: the options that name files to write, such as ``("--checkpoints", "--ledger")``. All other arguments that
    name existing files are inputs. The work of an earlier start counts if arguments, inputs and code are the same.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    folder = os.environ.get(FOLDER)
    if not folder or not set(outputs) <= set(words):
        return run_script(main, argv)

    def run(argv: Sequence[str] | None) -> None:
        made = values_of(words, outputs)
        job = FinishedWork(Path(folder), made)
        with job.alone():
            fingerprint = fingerprint_of(words, made)
            if job.restore(fingerprint):
                return
            main(argv)
            job.keep(fingerprint)

    return run_script(run, argv)


class FinishedWork:
    """The copy of one job's outputs. A job is known by the paths of its outputs."""

    def __init__(self, folder: Path, outputs: Sequence[Path]) -> None:
        self.outputs = list(outputs)
        key = hashlib.sha256("\n".join(str(path) for path in self.outputs).encode()).hexdigest()[:16]
        self.folder = folder / key
        self._lock = folder / f"{key}.lock"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the job's lock; wait where another process holds it. The system frees the lock of a killed process."""
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        with self._lock.open("a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                    # The file system has no locks: waiting is impossible.
                    print(
                        f"{self._lock} cannot be locked ({error.strerror}); going on without.",
                        file=sys.stderr,
                    )
                    yield
                    return
                file.seek(0)
                print(
                    f"The same job is already running as process {file.read().strip() or 'unknown'}; waiting for it.",
                    file=sys.stderr,
                    flush=True,
                )
                fcntl.flock(file, fcntl.LOCK_EX)
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield

    def restore(self, fingerprint: str) -> bool:
        """Put the kept outputs in their places; False if none with this fingerprint are kept."""
        try:
            manifest = json.loads((self.folder / MANIFEST).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        kept = [self.folder / str(number) for number in range(len(self.outputs))]
        if manifest.get("fingerprint") != fingerprint or not all(path.is_file() for path in kept):
            return False
        for source, target in zip(kept, self.outputs, strict=True):
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f".{target.name}.restored.part")
            part.unlink(missing_ok=True)
            _link(source, part)
            # Snakemake expects outputs newer than the inputs.
            os.utime(part)
            part.replace(target)
            # The orphan's own output may already be there: both names are then one file, and the move does
            # nothing.
            part.unlink(missing_ok=True)
        print("An earlier start of this job finished; its outputs are taken.", file=sys.stderr)
        return True

    def keep(self, fingerprint: str) -> None:
        """Keep a copy of all outputs. The manifest is written last, so that only a complete copy counts."""
        self.drop()
        self.folder.mkdir(parents=True, exist_ok=True)
        for number, path in enumerate(self.outputs):
            _link(path, self.folder / str(number))
        manifest = {"fingerprint": fingerprint, "outputs": [str(path) for path in self.outputs]}
        write_json(self.folder / MANIFEST, manifest)

    def drop(self) -> None:
        # The manifest is deleted first, so that a half-deleted copy does not count.
        (self.folder / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def drop_accepted(folder: Path, snakemake: Path) -> None:
    """Delete the copies whose outputs Snakemake has not marked as incomplete: a forced rerun then measures again.

    folder: of the copies. snakemake: the folder ``.snakemake``.
    """
    incomplete = set(_incomplete(snakemake / "incomplete"))
    for manifest in folder.glob(f"*/{MANIFEST}"):
        try:
            outputs = json.loads(manifest.read_text(encoding="utf-8"))["outputs"]
        except (OSError, ValueError, KeyError):
            outputs = []
        if not incomplete & set(outputs):
            FinishedWork(folder, [Path(path) for path in outputs]).drop()


def fingerprint_of(words: Sequence[str], outputs: Sequence[Path]) -> str:
    """Digest of a script's arguments, of the files among them and of the package's code.

    The whole package counts, since plug-ins are found by name: an unneeded repetition costs only time.
    """
    made = {str(path) for path in outputs}
    digest = hashlib.sha256(json.dumps([Path(sys.argv[0]).name, *words]).encode())
    files = [Path(word) for word in words if word not in made and _is_file(word)]
    code = sorted(path for path in PACKAGE.rglob("*") if path.suffix in CODE_SUFFIXES)
    for path in [*files, *code, *own_files()]:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def values_of(words: Sequence[str], options: Sequence[str]) -> list[Path]:
    """The values that follow the given options, in the order of the arguments."""
    found: list[Path] = []
    inside = False
    for word in words:
        if word.startswith("--"):
            inside = word in options
        elif inside:
            found.append(Path(word))
    return found


def _is_file(word: str) -> bool:
    try:
        return Path(word).is_file()
    except (OSError, ValueError):
        # JSON can be longer than any path.
        return False


def _link(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copy2(source, target)


def _incomplete(folder: Path) -> Iterator[str]:
    """Outputs that Snakemake has marked: the marks' names are their paths in base 64, cut where they are long."""
    for path in folder.rglob("*"):
        if path.is_file():
            text = "".join(part.removeprefix("@") for part in path.relative_to(folder).parts)
            try:
                yield urlsafe_b64decode(text).decode()
            except ValueError:
                continue
