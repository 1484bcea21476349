"""The fused kernel's C source, compiled for this processor at first use and cached."""

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

from wattshed.foundation.user_cache import user_cache

SOURCE = Path(__file__).with_name("fused_gru.c")
# Not -ffast-math: it would undo the rounding inside the exponential.
FLAGS = (
    *("-O3", "-std=gnu11", "-fPIC", "-shared", "-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros"),
    *("-ffp-contract=fast", "-Wno-psabi"),
)
# By vector set: lanes per tile, rows per block of a product, columns per block of an outer product.
BLOCKING = {"avx512": (16, 8, 4), "avx2": (8, 8, 2), "other": (4, 8, 2)}
COMPILE_TIMEOUT_S = 120


class CannotCompile(Exception):
    """The kernel cannot be made; the message is a part of a sentence."""


@lru_cache(maxsize=256)
def load_kernel(hidden: int, lift: int, target: str = "native") -> tuple[ctypes.CDLL, int]:
    """The kernel for these sizes and its lanes, built for ``target`` (a compiler's name).

    hidden: units of the GRU; lift: channels of the lift. Neither is rounded up: padding would cost as much as a unit.

    Cached in ``WATTSHED_KERNEL_FOLDER``, else in the user's cache folder, else in a temporary one. The file's name is
    a digest of everything that it was made from, so an outdated file is not used. Raises :class:`CannotCompile`.
    """
    try:
        return _load(hidden, lift, target)
    except (OSError, ValueError, RuntimeError) as error:
        # A full disk, a missing source file, a wrong CC, no home folder: torch is used instead.
        raise CannotCompile(f"the kernel could not be made ({error})") from error


def _load(hidden: int, lift: int, target: str) -> tuple[ctypes.CDLL, int]:
    compiler = find_compiler()
    command = [*compiler, *FLAGS, *target_flags(compiler, target)]
    lanes, rows, cols = BLOCKING[register_file(compiler, target)]
    command += [f"-DD={hidden}", f"-DU={lift}", f"-DLANES={lanes}", f"-DROWS={rows}", f"-DCOLS={cols}"]
    library = _folder() / f"fused_gru-{_digest(command)}.so"
    if not library.is_file():
        _compile([*command, str(SOURCE)], library)
    try:
        return ctypes.CDLL(str(library)), lanes
    except OSError as error:
        raise CannotCompile(f"the compiled kernel {library} cannot be loaded ({error})") from error


def find_compiler() -> tuple[str, ...]:
    """``CC`` if it is set, else the first of cc, gcc, clang; raises :class:`CannotCompile`."""
    named = shlex.split(os.environ.get("CC", ""))
    if named:
        if shutil.which(named[0]):
            return tuple(named)
        raise CannotCompile(f"CC names {named[0]!r}, which is not installed")
    for name in ("cc", "gcc", "clang"):
        if shutil.which(name):
            return (name,)
    raise CannotCompile("no C compiler was found (cc, gcc or clang)")


def target_flags(compiler: tuple[str, ...], target: str) -> tuple[str, ...]:
    """Compiler options for this processor: -march=native on x86, -mcpu=native elsewhere."""
    if platform.machine().lower() in ("arm64", "aarch64"):
        return (f"-mcpu={target}",)
    flags = [f"-march={target}"]
    if register_file(compiler, target) == "avx512":
        flags.append("-mprefer-vector-width=512")
    return tuple(flags)


@lru_cache(maxsize=16)
def register_file(compiler: tuple[str, ...], target: str) -> str:
    """Which vectors the compiler would use for ``target``: avx512, avx2 or other."""
    if platform.machine().lower() in ("arm64", "aarch64"):
        return "other"
    answer = _run([*compiler, f"-march={target}", "-dM", "-E", "-x", "c", os.devnull])
    if "#define __AVX512F__" in answer:
        return "avx512"
    return "avx2" if "#define __AVX2__" in answer and "#define __FMA__" in answer else "other"


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=COMPILE_TIMEOUT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotCompile(f"{command[0]} could not be run ({error})") from error
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if "error" in line] or done.stderr.splitlines()
        raise CannotCompile(f"{command[0]} failed ({lines[0].strip() if lines else 'without a message'})")
    return done.stdout


def _compile(command: list[str], library: Path) -> None:
    """Compile under a unique name, then move: another process may compile the same kernel at the same time."""
    handle, name = tempfile.mkstemp(suffix=".so", dir=library.parent)
    os.close(handle)
    part = Path(name)
    try:
        _run([*command, "-o", name])
        part.replace(library)
    finally:
        part.unlink(missing_ok=True)


def _digest(command: list[str]) -> str:
    """Digest of source, command, compiler version and this processor (the meaning of "native")."""
    digest = hashlib.sha256(SOURCE.read_bytes())
    digest.update(" ".join(command).encode())
    digest.update(_run([command[0], "--version"]).encode())
    digest.update(_processor().encode())
    return digest.hexdigest()[:20]


def _processor() -> str:
    """Model and features of the first processor; they distinguish machines that share a home folder."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0].splitlines()
    except OSError:
        return platform.processor()
    told = ("vendor_id", "cpu family", "model", "stepping", "flags", "Features", "CPU part")
    return "\n".join(line for line in lines if line.split("\t")[0].split(":")[0].strip() in told)


@lru_cache(maxsize=1)
def _folder() -> Path:
    named = os.environ.get("WATTSHED_KERNEL_FOLDER")
    cache = user_cache()
    for folder in [Path(named)] if named else [cache / "kernels"] if cache else []:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    return Path(tempfile.mkdtemp(prefix="wattshed-kernels-"))
