"""Which build of torch a machine gets, with a fake pip, uv and driver."""

import importlib.util
import json
import subprocess
import sys
from types import SimpleNamespace

import pytest


@pytest.fixture(scope="module")
def installer(root):
    spec = importlib.util.spec_from_file_location("install_torch", root / "envs/install_torch.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Machine:
    """Answers the installer's commands and notes those that install.

    at_hand: version of a wheel in pip's local folder. gpu: whether the driver shows one. uv: builds that uv can reach.
    index: build that pip's index offers. installed: version that is installed before.
    """

    def __init__(
        self, *, at_hand=None, gpu=False, uv=(), index="2.13.0+cuda", installed=None, uv_times_out=False
    ):
        self.at_hand, self.gpu, self.uv, self.index = at_hand, gpu, uv, index
        self.installed, self.uv_times_out = installed, uv_times_out
        self.commands = []

    def __call__(self, words, **_):
        words = [str(word) for word in words]
        self.commands.append(words)
        return SimpleNamespace(**{"stdout": "", "stderr": "", **self.answer(words)})

    def answer(self, words):
        if words[0] == "nvidia-smi":
            return self.result(self.gpu, "GPU 0: made")
        if words[1] == "-c":
            return {"returncode": 0, "stdout": self.installed or ""}
        if words[2] == "uv":
            return self.answer_of_uv(words)
        if "--no-index" in words:
            report = {"install": [{"metadata": {"version": self.at_hand}}]}
            return self.result(self.at_hand is not None, json.dumps(report))
        if words[-1].endswith("torch.txt") and (self.installed is None or "--force-reinstall" in words):
            self.installed = self.at_hand or self.index
        return self.result(True)

    def answer_of_uv(self, words):
        if self.uv_times_out:
            raise subprocess.TimeoutExpired(words, 60)
        backend = next(word.partition("=")[2] for word in words if word.startswith("--torch-backend"))
        build = "cpu" if backend == "cpu" else "cuda"
        if build in self.uv and "--dry-run" not in words:
            self.installed = f"2.13.0+{build}"
        return self.result(build in self.uv)

    @staticmethod
    def result(works, stdout=""):
        return {"returncode": 0 if works else 1, "stdout": stdout if works else ""}

    def used(self, program):
        return any(program in words[:3] for words in self.commands)


@pytest.fixture(autouse=True)
def a_driver_may_be_installed(installer, monkeypatch):
    monkeypatch.setattr(installer.shutil, "which", lambda name: f"/usr/bin/{name}")


def install(installer, machine, *argv, system="linux"):
    return installer.main(list(argv), run=machine, system=system)


def test_a_machine_without_a_gpu_gets_the_cpu_build(installer, capsys):
    machine = Machine(uv=("cpu", "cuda"))
    assert install(installer, machine) == 0
    assert machine.installed == "2.13.0+cpu"
    assert "GB to fetch" in capsys.readouterr().out


def test_a_machine_with_a_gpu_gets_the_cuda_build_of_its_driver(installer):
    machine = Machine(gpu=True, uv=("cpu", "cuda"))
    assert install(installer, machine, "auto") == 0
    assert machine.installed == "2.13.0+cuda"
    assert any("--torch-backend=auto" in words for words in machine.commands)


@pytest.mark.parametrize("machine", [Machine(at_hand="2.13.0+cpu"), Machine(at_hand="2.13.0")])
def test_a_local_wheel_is_used_without_uv(installer, machine):
    assert install(installer, machine) == 0
    assert machine.installed == machine.at_hand
    assert not machine.used("uv")


def test_a_local_cpu_wheel_is_not_used_on_a_machine_with_a_gpu(installer):
    machine = Machine(at_hand="2.13.0+cpu", gpu=True, uv=("cuda",))
    assert install(installer, machine) == 0
    assert machine.installed == "2.13.0+cuda"


@pytest.mark.parametrize("times_out", [False, True])
def test_pips_index_decides_if_the_pytorch_index_is_unreachable(installer, capsys, times_out):
    machine = Machine(uv_times_out=times_out)
    assert install(installer, machine) == 0
    assert machine.installed == "2.13.0+cuda"
    out = capsys.readouterr().out
    assert "out of reach" in out
    assert "up to 3 GB to fetch" in out


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_uv_is_not_needed_if_the_plain_index_has_the_cpu_build(installer, system):
    machine = Machine(index="2.13.0+cpu")
    assert install(installer, machine, system=system) == 0
    assert not machine.used("uv")


def test_the_cpu_build_can_be_chosen_on_a_machine_with_a_gpu(installer):
    machine = Machine(gpu=True, uv=("cpu", "cuda"))
    assert install(installer, machine, "cpu") == 0
    assert machine.installed == "2.13.0+cpu"


def test_cuda_can_be_installed_on_a_machine_that_shows_no_gpu(installer):
    """As on a cluster's login node; uv would look for the driver there."""
    machine = Machine(uv=("cpu",), index="2.13.0+cuda")
    assert install(installer, machine, "cuda") == 0
    assert machine.installed == "2.13.0+cuda"
    assert not machine.used("uv")


def test_another_build_can_be_chosen_later(installer):
    machine = Machine(installed="2.13.0+cpu", index="2.13.0+cuda")
    assert install(installer, machine, "cuda") == 0
    assert machine.installed == "2.13.0+cuda"


def test_a_chosen_build_that_no_index_offers_is_reported_in_one_sentence(installer, capsys):
    machine = Machine(index="2.13.0+cpu")
    assert install(installer, machine, "cuda") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: TORCH=cuda: the indexes in reach offer torch 2.13.0+cpu alone")


def test_an_installed_torch_is_kept(installer):
    machine = Machine(installed="2.13.0+cpu", index="2.13.0+cuda")
    assert install(installer, machine) == 0
    assert machine.installed == "2.13.0+cpu"
    assert not machine.used("uv")


def test_an_unknown_build_is_reported_in_one_sentence(installer, capsys):
    assert install(installer, Machine(), "gpu") == 2
    assert capsys.readouterr().err == "error: TORCH=gpu: expected one of auto, cpu, cuda.\n"


def test_the_installed_build_is_known_without_importing_torch(installer):
    version = installer.installed_version(subprocess.run)
    assert version.startswith("2.")
    assert version.partition("+")[2]


def test_the_installer_needs_only_the_standard_library(root):
    words = [sys.executable, "-I", "-S", str(root / "envs/install_torch.py"), "gpu"]
    assert subprocess.run(words, capture_output=True, text=True).returncode == 2
