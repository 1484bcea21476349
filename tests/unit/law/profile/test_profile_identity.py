"""What this device is, without torch."""

import importlib.metadata
import subprocess
import sys

import pytest

from fake_gpus import FakeGpu, FakeNvml
from wattshed.foundation.faults import Fault
from wattshed.law.profile.identity import here


def test_the_processor_is_named_with_threads_torch_and_engine(tmp_path):
    found = here("cpu", 2, environment={"CC": sys.executable})
    assert (found.kind, found.threads, found.engine) == ("cpu", 2, "fused_cpu")
    assert found.name
    assert found.torch == importlib.metadata.version("torch")
    # Without a compiler there is no kernel.
    assert here("cpu", 1, environment={"CC": str(tmp_path / "cc")}).engine == "torch"


def test_a_gpu_is_the_first_visible_one():
    gpus = FakeNvml(FakeGpu("GPU-a", name="NVIDIA T4"), FakeGpu("GPU-b", name="NVIDIA H100"))
    environment = {"CUDA_VISIBLE_DEVICES": "1", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    found = here("cuda", nvml=gpus, environment=environment)
    assert (found.kind, found.name) == ("cuda", "NVIDIA H100")
    assert found.engine in ("fused_cuda", "torch")


@pytest.mark.parametrize(
    ("device", "threads", "says"),
    [("tpu", 1, "'tpu' is unknown"), ("cpu", 0, "threads is 0"), ("cuda", 1, "no GPU to use")],
)
def test_what_is_not_there_is_refused(device, threads, says):
    with pytest.raises(Fault, match=says):
        here(device, threads, nvml=FakeNvml(), environment={})


def test_profiles_are_read_without_torch_pandas_and_scipy():
    words = (
        "import sys; import wattshed.law.profile.files as files; files.here(); "
        "print({'torch', 'pandas', 'scipy', 'sklearn'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
