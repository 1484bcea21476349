"""The core of wattshed, installed from its wheel without torch and Snakemake, does what it promises."""

import ast
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from checkouts import copy_files
from wattshed.commands.main import STUDY_PACKAGES
from wattshed.forecast.baselines.registry import MODULES
from wattshed.foundation.code_digest import reached_files

# Distribution -> what is imported of it, where the names differ.
IMPORTED_AS = {"nvidia-ml-py": "pynvml", "pyyaml": "yaml", "torch-geometric": "torch_geometric"}
# Loaded by name, so no import shows them.
LOADED_BY_NAME = (
    "energy/sensors/*.py",
    "door/*.py",
    "door/*/*.py",
    "commands/*.py",
    "commands/clocks/*.py",
    "commands/law/*.py",
)
# Commands that the core alone cannot run.
NEED_TORCH = ("export.py", "calibrate.py", "memory.py")
# These are found if they are there; without them their sensor or callback is missing.
OPTIONAL = {
    "openpyxl",
    "zeus",
    "amdsmi",
    "torch",
    "lightning",
    "transformers",
    "zstandard",
    "sklearn",
    "lightgbm",
}
# What baselines import inside their functions, by the distribution that brings it.
BASELINE_PACKAGES = {"sklearn": "scikit-learn", "lightgbm": "lightgbm"}
# Parts of matplotlib and of pydantic, which bring them.
BROUGHT = {"cycler", "PIL", "pydantic_core"}


@pytest.fixture(scope="module")
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def names(requirements):
    found = {re.match(r"[\w.-]+", line)[0].lower() for line in requirements} - {"wattshed"}
    return {IMPORTED_AS.get(name, name.replace("-", "_")) for name in found}


def imports(file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_the_dependencies_of_the_core_are_what_its_commands_import(root, project):
    library = root / "workflow/lib"
    package = library / "wattshed"
    # main.py imports every command; export, calibrate and memory are the ones that need the study's packages.
    starts = [file for pattern in LOADED_BY_NAME for file in package.glob(pattern)]
    starts = [file for file in starts if file.name not in ("main.py", "__main__.py", *NEED_TORCH)]
    files = set(starts).union(*(reached_files(file, library) for file in starts))
    used = {name for file in files for name in imports(file)} - set(sys.stdlib_module_names) - {"wattshed"}
    core = names(project["dependencies"])
    assert used - OPTIONAL - BROUGHT <= core, "these are imported but not installed with the core"
    # NVML's bindings are loaded by their name.
    assert core <= used | {"pynvml"}, "these are installed with the core but nothing imports them"


def test_the_extra_study_brings_the_packages_that_export_names(project):
    assert names(project["optional-dependencies"]["study"]) == set(STUDY_PACKAGES)
    for extra in ("dev", "slurm", "lightgbm", "onnx", "openvino"):
        assert any("wattshed[study" in line for line in project["optional-dependencies"][extra]), extra


@pytest.fixture(scope="module")
def pinned(root):
    """What conda's environment, and `make`, install for a study."""
    return {
        line.partition("==")[0].lower()
        for file in ("torch.txt", "requirements.txt")
        for line in (root / "envs" / file).read_text(encoding="utf-8").splitlines()
        if "==" in line
    }


def test_the_pinned_environment_satisfies_core_and_study(project, pinned):
    wanted = [*project["dependencies"], *project["optional-dependencies"]["study"]]
    assert {re.match(r"[\w.-]+", line)[0].lower() for line in wanted} <= pinned


def test_the_pinned_environment_runs_the_baselines_of_shipped_studies(root, pinned):
    library = root / "workflow/lib"
    configs = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in (root / "config").glob("*.yaml")]
    named = {name for config in configs for name in config.get("baselines", ())}
    asked = set()
    for name in named:
        module = MODULES[name].partition(":")[0]
        file = library / f"{module.replace('.', '/')}.py"
        reached = (one for one in reached_files(file, library) if one.suffix == ".py")
        asked |= {name for one in reached for name in imports(one)}
    packages = {BASELINE_PACKAGES[one] for one in asked & set(BASELINE_PACKAGES)}
    assert packages == set(BASELINE_PACKAGES.values()), "no shipped study takes this package"
    for package in packages:
        brought = needed(importlib.metadata.distribution(package))
        assert {package, *(canonicalize_name(one.name) for one in brought)} <= pinned


@pytest.fixture(scope="module")
def wheel(root, tmp_path_factory):
    """Built from a copy: setuptools leaves a folder beside the project."""
    checkout = copy_files(root, tmp_path_factory.mktemp("checkout") / "wattshed")
    folder = tmp_path_factory.mktemp("wheel")
    words = ["wheel", "--quiet", "--disable-pip-version-check", "--no-deps", "--wheel-dir", folder, checkout]
    subprocess.run([sys.executable, "-m", "pip", *words], check=True, stdin=subprocess.DEVNULL)
    (built,) = folder.glob("*.whl")
    return built


def needed(distribution):
    """The installed distributions that this one needs without extras, as pip would find them."""
    found, waiting = {}, [(distribution, "")]
    while waiting:
        asking, extra = waiting.pop()
        for wanted in map(Requirement, asking.requires or ()):
            if wanted.marker is not None and not wanted.marker.evaluate({"extra": extra}):
                continue
            there = importlib.metadata.distribution(wanted.name)
            assert wanted.specifier.contains(there.version, prereleases=True), f"{wanted}: {there.version}"
            for key in ((canonicalize_name(wanted.name), one) for one in ("", *wanted.extras)):
                if key not in found:
                    found[key] = there
                    waiting.append((there, key[1]))
    return list(found.values())


@pytest.fixture(scope="module")
def core(wheel, tmp_path_factory):
    """A clean environment with the wheel and its dependencies; runs its programs in a folder.

    The dependencies are links to those of this environment, which has the pinned versions: pip would unpack 400 MB.
    """
    place = tmp_path_factory.mktemp("core") / "venv"
    # A path to this checkout would make its own package look installed.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True, env=environment)
    # What is imported is compiled then.
    words = ["install", "--quiet", "--disable-pip-version-check", "--no-compile", "--no-deps", wheel]
    pip = [sys.executable, "-m", "pip", "--python", place / "bin/python", *words]
    subprocess.run(pip, check=True, env=environment, stdin=subprocess.DEVNULL)
    (metadata,) = place.glob("lib/python*/site-packages/wattshed-*.dist-info")
    for distribution in needed(importlib.metadata.Distribution.at(metadata)):
        for name in {file.parts[0] for file in distribution.files} - {"..", "__pycache__"}:
            link = metadata.parent / name
            if not link.exists():
                link.symlink_to(distribution.locate_file(name))

    def run(folder, *words, code=0):
        done = subprocess.run(
            [place / "bin" / words[0], *map(str, words[1:])],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        codes = code if isinstance(code, tuple) else (code,)
        assert done.returncode in codes, done.stdout + done.stderr
        return done

    return run


@pytest.mark.network
def test_the_wheel_has_every_file_of_the_package(root, wheel):
    package = root / "workflow/lib"
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "wattshed"],
        cwd=package,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    with zipfile.ZipFile(wheel) as archive:
        assert {name for name in tracked if (package / name).is_file()} <= set(archive.namelist())


INSTALLED = """
from importlib.metadata import distributions
print(*(found.name for found in distributions()))
"""
TRAINING = """
import time
from wattshed import metered
for seed in range(4):
    with metered("train", model="gru", seed=seed, country="ESP") as job:
        for epoch in range(3):
            with job.window("epoch", epoch=epoch) as window:
                window.values["train_loss"] = 0.5
                time.sleep(0.15)
    assert job.energy_j > 0 and job.co2e_kg > 0, job
print(job.ledger)
"""


@pytest.mark.network
def test_the_core_alone_runs_every_command_but_those_that_need_torch(core, tmp_path):
    installed = core(tmp_path, "python", "-c", INSTALLED).stdout.lower().split()
    assert "wattshed" in installed
    assert not {"torch", "torch-geometric", "snakemake"} & set(installed)

    found = json.loads(core(tmp_path, "wattshed", "doctor", "--json").stdout)
    assert {sensor["component"] for sensor in found["sensors"]} >= {"cpu", "ram", "gpu"}

    core(tmp_path, "python", "-c", TRAINING)
    measured = core(
        tmp_path,
        "wattshed",
        "measure",
        "--idle-s",
        "0",
        "--json",
        "--",
        "sh",
        "-c",
        "sleep 0.3; exit 5",
        code=5,
    )
    assert json.loads(measured.stdout)["energy_j"]["mean"] > 0
    assert len(list(tmp_path.glob("ledgers/*.jsonl"))) == 5

    said = json.loads(
        core(tmp_path, "wattshed", "accounts", "ledgers", "--output", "accounts", "--json").stdout
    )
    assert said["runs"] == 5
    written = {path.name for path in (tmp_path / "accounts").iterdir()}
    assert {"runs.parquet", "runs.csv", "windows.csv", "energy.pdf", "split.png"} <= written

    reproduced = json.loads(core(tmp_path, "wattshed", "reproduce", "--honest", "--json").stdout)
    assert reproduced["verdicts"]["reproduced"] > 40
    refused = core(tmp_path, "wattshed", "reproduce", "--latex", "law.tex", code=2)
    assert refused.stderr.startswith("error: wattshed reproduce needs jinja2, which is not installed")
    assert not (tmp_path / "law.tex").exists()

    core(tmp_path, "wattshed", "guard", "ledgers", "--baseline", "base.json", "--update")
    # Compared with itself: nothing has risen; beside other programs, too few epochs are left to say so.
    core(tmp_path, "wattshed", "guard", "ledgers", "--baseline", "base.json", code=(0, 3))


@pytest.mark.network
def test_export_without_torch_says_what_to_install(core, tmp_path):
    (tmp_path / "data").mkdir()
    for name in ("net.safetensors", "data/panel.safetensors", "data/splits.json"):
        (tmp_path / name).touch()
    done = core(
        tmp_path, "wattshed", "export", "net.safetensors", "--data", "data", "--onnx", "net.onnx", code=2
    )
    (sentence,) = done.stderr.splitlines()
    assert sentence == (
        "error: wattshed export needs torch, which is not installed: the core of wattshed comes without it; "
        "run pip install 'wattshed[study]'."
    )
    assert not (tmp_path / "net.onnx").exists()
    core(tmp_path, "wattshed", "export", "--help")


@pytest.mark.network
def test_calibrate_without_torch_says_what_to_install(core, tmp_path):
    done = core(tmp_path, "wattshed", "calibrate", "--output", "profile.json", code=2)
    (sentence,) = done.stderr.splitlines()
    assert sentence == (
        "error: wattshed calibrate needs torch, which is not installed: the core of wattshed comes without it; "
        "run pip install 'wattshed[study]'."
    )
    assert list(tmp_path.iterdir()) == []
    core(tmp_path, "wattshed", "calibrate", "--help")
