"""Install torch into this Python's environment: the build that the machine needs, and no larger one.

    python envs/install_torch.py [auto|cpu|cuda]

On Linux, pip's index offers torch with CUDA, an environment of about 6 GB, which a machine without a GPU must not pay
for. uv knows PyTorch's own indexes, which offer a CPU build too. Where they are out of reach, pip's index decides.
Needs nothing but the standard library: it runs before anything is installed.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ENVS = Path(__file__).resolve().parent
PIP = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet"]
UV = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--system-certs", "--python", sys.executable]
CHOICES = ("auto", "cpu", "cuda")
# What is fetched, and what the environment takes with all that a study needs [GB].
FETCHED_GB = {"cpu": 0.4, "cuda": 3.0}
ON_DISK_GB = {"cpu": 1.6, "cuda": 6.0}
OTHERS_GB = 0.2
# Long enough for a slow network to answer; a closed one answers at once or never.
PROBE_TIMEOUT_S = 60

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def main(argv: list[str], run: Run = subprocess.run, system: str = sys.platform) -> int:
    """Exit code: 0, or 2 after one sentence."""
    choice = argv[0] if argv else "auto"
    if choice not in CHOICES:
        return _fault(f"TORCH={choice}: expected one of {', '.join(CHOICES)}.")
    build = choice if choice != "auto" else ("cuda" if has_gpu(run) else "cpu")
    requirements = str(ENVS / "torch.txt")
    offered = wheel_at_hand(requirements, run)
    if offered is not None and fits(offered, build, chosen=choice != "auto"):
        _say(f"torch {offered} lies at hand; the other packages are about {OTHERS_GB:g} GB to fetch.")
        return _pip(requirements, run)
    if system == "linux" and not (build == "cuda" and not has_gpu(run)):
        # uv takes the CUDA version that this machine's driver can run.
        backend = "cpu" if build == "cpu" else "auto"
        if _uv(requirements, backend, build, run):
            return _checked(build, choice, run)
        _say("PyTorch's own index is out of reach: pip's index decides which build of torch this is.")
    _say(_size("cuda" if system == "linux" and offered is None else "cpu", at_most=build == "cpu"))
    # A build of the same version that is installed would satisfy the requirement.
    again = ["--force-reinstall"] if offered is not None and choice != "auto" else []
    return _pip(requirements, run, again) or _checked(build, choice, run)


def has_gpu(run: Run) -> bool:
    """Whether an NVIDIA driver shows a GPU."""
    if shutil.which("nvidia-smi") is None:
        return False
    try:
        answer = run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=PROBE_TIMEOUT_S)
    except (OSError, subprocess.SubprocessError):
        return False
    return answer.returncode == 0 and "GPU" in answer.stdout


def wheel_at_hand(requirements: str, run: Run) -> str | None:
    """Version of the torch that needs no index: installed already, or a file in a folder that pip is set up to use."""
    installed = installed_version(run)
    if installed is not None and installed.partition("+")[0] == _pinned(requirements):
        return installed
    words = [*PIP, "--dry-run", "--no-index", "--no-deps", "--report", "-", "-r", requirements]
    answer = run(words, capture_output=True, text=True)
    if answer.returncode != 0:
        return None
    try:
        return str(json.loads(answer.stdout)["install"][0]["metadata"]["version"])
    except (ValueError, LookupError):
        return None


def installed_version(run: Run) -> str | None:
    """Version of the installed torch with its build, such as 2.13.0+cpu. Torch is not imported for it."""
    program = (
        "import importlib.util, pathlib, runpy\n"
        "spec = importlib.util.find_spec('torch')\n"
        "found = runpy.run_path(str(pathlib.Path(spec.origin).with_name('version.py'))) if spec else {}\n"
        "version, cuda = found.get('__version__', ''), found.get('cuda')\n"
        "label = '' if '+' in version or not version else '+cuda' if cuda else '+cpu'\n"
        "print(version + label)"
    )
    answer = run([sys.executable, "-c", program], capture_output=True, text=True)
    return answer.stdout.strip() or None if answer.returncode == 0 else None


def fits(version: str, build: str, chosen: bool) -> bool:
    """Whether a version is of the wanted build. One without a label fits, unless a build was chosen."""
    label = version.partition("+")[2]
    if not label:
        return not chosen
    return (label == "cpu") == (build == "cpu")


def _uv(requirements: str, backend: str, build: str, run: Run) -> bool:
    """Whether uv installed torch. Where an index is out of reach, it fails early and prints nothing."""
    if run([*PIP, "-r", str(ENVS / "uv.txt")], capture_output=True, text=True).returncode != 0:
        return False
    words = [*UV, f"--torch-backend={backend}", "-r", requirements]
    try:
        reached = run(
            [*words, "--dry-run", "--no-deps"],
            capture_output=True,
            text=True,
            timeout=PROBE_TIMEOUT_S,
            env={**os.environ, "UV_HTTP_RETRIES": "0"},
        )
    except subprocess.TimeoutExpired:
        return False
    if reached.returncode != 0:
        return False
    _say(_size(build))
    return run([*words, "--reinstall-package=torch"]).returncode == 0


def _pip(requirements: str, run: Run, again: Sequence[str] = ()) -> int:
    return run([*PIP, *again, "-r", requirements]).returncode


def _checked(build: str, choice: str, run: Run) -> int:
    """0 if the wanted build is installed, or any build where none was chosen."""
    version = installed_version(run)
    if version is None:
        return _fault("torch is not installed, though its installer reported success: run make again.")
    if choice == "auto" or fits(version, build, chosen=False):
        return 0
    return _fault(
        f"TORCH={choice}: the indexes in reach offer torch {version} alone, which is another build; "
        "run make with TORCH=auto to take it."
    )


def _size(build: str, at_most: bool = False) -> str:
    bound = "up to" if at_most and build == "cuda" else "about"
    return (
        f"torch's {build} build and the other packages: {bound} {FETCHED_GB[build]:g} GB to fetch, "
        f"{ON_DISK_GB[build]:g} GB on disk (make TORCH=cpu or TORCH=cuda chooses)."
    )


def _pinned(requirements: str) -> str:
    lines = Path(requirements).read_text(encoding="utf-8").splitlines()
    return next(line.partition("==")[2].strip() for line in lines if line.startswith("torch=="))


def _say(sentence: str) -> None:
    print(sentence, flush=True)


def _fault(sentence: str) -> int:
    print(f"error: {sentence}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
