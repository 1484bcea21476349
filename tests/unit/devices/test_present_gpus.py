"""No GPU and an unreadable GPU are two things: on the bus, in the sensor's components, and in a ledger."""

import pynvml
import pytest

from fake_gpus import FakeGpu, FakeNvml
from made_root import (
    ACCELERATOR,
    AMD,
    AUDIO,
    DISPLAY,
    H100,
    INTEL,
    MI210,
    NVIDIA,
    RYZEN,
    on_bus,
    use_root,
    write,
)
from wattshed.devices.description import describe_devices
from wattshed.devices.nvml_remedies import DRIVER
from wattshed.devices.present_gpus import gpu_unread, present_gpus
from wattshed.energy.sensors.gpu.nvml import NvmlSensor


@pytest.fixture
def root(tmp_path, monkeypatch):
    for name in ("KUBERNETES_SERVICE_HOST", "container", "SLURM_JOB_ID"):
        monkeypatch.delenv(name, raising=False)
    return use_root(monkeypatch, tmp_path)


def makers(root):
    return [gpu.maker for gpu in present_gpus(root)]


def test_a_machine_without_a_bus_has_no_gpu(root):
    assert present_gpus(root) == []


def test_gpus_are_counted_by_maker_and_class(root):
    on_bus(root, "0000:01:00.0", NVIDIA, H100)
    on_bus(root, "0000:01:00.1", NVIDIA, 0x10FA, AUDIO)
    on_bus(root, "0000:02:00.0", NVIDIA, 0x2684, DISPLAY)
    on_bus(root, "0000:03:00.0", AMD, MI210, DISPLAY)
    on_bus(root, "0000:04:00.0", AMD, 0x74A1, ACCELERATOR)
    on_bus(root, "0000:05:00.0", INTEL, 0x9A49, DISPLAY)
    assert makers(root) == ["nvidia", "nvidia", "amd", "amd"]


@pytest.mark.parametrize("device", [RYZEN, 0x15BF, 0x1636, 0x1900, 0x13C0, 0x9874])
def test_graphics_inside_amds_processors_are_part_of_the_processor(root, device):
    on_bus(root, "0000:c5:00.0", AMD, device, DISPLAY)
    assert present_gpus(root) == []


def test_without_a_visible_bus_nvidias_driver_or_device_files_count(root):
    write(root, "dev/nvidia0", "")
    write(root, "dev/nvidiactl", "")
    assert [gpu.bus_id for gpu in present_gpus(root)] == ["nvidia0"]
    write(root, "proc/driver/nvidia/gpus/0000:01:00.0/information", "")
    assert [gpu.bus_id for gpu in present_gpus(root)] == ["0000:01:00.0"]


def test_a_damaged_file_of_the_bus_counts_no_gpu(root):
    on_bus(root, "0000:01:00.0", NVIDIA, H100)
    (root / "sys/bus/pci/devices/0000:01:00.0/class").write_text("display\n")
    assert present_gpus(root) == []


def components(nvml, environment=None):
    sensor = NvmlSensor(nvml, environment or {})
    sensor.start()
    parts = sensor.read()
    sensor.stop()
    return parts


MISMATCH = pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH


@pytest.mark.parametrize(
    "error",
    [MISMATCH, pynvml.NVML_ERROR_DRIVER_NOT_LOADED, pynvml.NVML_ERROR_LIBRARY_NOT_FOUND, 999, 4, 15],
)
def test_gpus_that_the_driver_does_not_open_are_missing_under_their_numbers(root, error):
    on_bus(root, "0000:01:00.0", NVIDIA, H100)
    on_bus(root, "0000:02:00.0", NVIDIA, H100)
    parts = components(FakeNvml(nvmlInit=error))
    assert set(parts) == {"gpu0", "gpu1"}
    assert {part.kwh for part in parts.values()} == {None}


def test_the_same_errors_without_a_gpu_on_the_bus_are_no_gpu(root):
    assert set(components(FakeNvml(nvmlInit=pynvml.NVML_ERROR_LIBRARY_NOT_FOUND))) == {"gpu"}


def test_missing_bindings_on_a_machine_with_a_gpu_are_an_unreadable_gpu(root, monkeypatch):
    on_bus(root, "0000:01:00.0", NVIDIA, H100)
    monkeypatch.setitem(__import__("sys").modules, "pynvml", None)
    part = components(None)["gpu0"]
    assert "pip install nvidia-ml-py" in part.source


def test_a_hidden_gpu_is_no_gpu_of_this_job(root):
    on_bus(root, "0000:01:00.0", NVIDIA, H100)
    assert set(components(FakeNvml(FakeGpu()), {"CUDA_VISIBLE_DEVICES": ""})) == {"gpu"}


def test_gpus_that_a_batch_system_gave_to_others_are_not_this_jobs_and_without_one_they_are_unreadable(root):
    refused = FakeGpu(nvmlDeviceGetHandleByIndex=pynvml.NVML_ERROR_NO_PERMISSION)
    parts = components(FakeNvml(refused), {"SLURM_JOB_ID": "7"})
    assert "no GPU is given to this job" in parts["gpu"].source
    assert set(components(FakeNvml(refused))) == {"gpu0"}


def test_a_driver_that_lists_no_gpu_although_the_bus_has_one_is_an_unreadable_gpu(root):
    on_bus(root, "0000:01:00.0", NVIDIA, H100)
    assert "although the bus has 1" in components(FakeNvml())["gpu0"].source


def test_a_mig_instance_named_by_the_environment_is_an_unreadable_gpu(root):
    mig = FakeGpu(mig=pynvml.NVML_DEVICE_MIG_ENABLE)
    parts = components(FakeNvml(mig), {"CUDA_VISIBLE_DEVICES": "MIG-aaaa"})
    assert "is in MIG mode" in parts["gpu0"].source


@pytest.mark.parametrize(
    ("error", "engine", "cure"),
    [
        (MISMATCH, None, "sudo rmmod nvidia_drm nvidia_modeset nvidia_uvm nvidia` and `sudo modprobe nvidia"),
        (MISMATCH, "docker", "restart the container"),
        (pynvml.NVML_ERROR_DRIVER_NOT_LOADED, None, "sudo modprobe nvidia"),
        (pynvml.NVML_ERROR_DRIVER_NOT_LOADED, "docker", "on the host"),
        (pynvml.NVML_ERROR_LIBRARY_NOT_FOUND, None, "install NVIDIA's driver"),
        (pynvml.NVML_ERROR_LIBRARY_NOT_FOUND, "docker", "--gpus all"),
        (pynvml.NVML_ERROR_NO_PERMISSION, None, "/dev/nvidia*"),
        (pynvml.NVML_ERROR_UNKNOWN, "docker", "--device=/dev/nvidia0"),
        (pynvml.NVML_ERROR_GPU_IS_LOST, None, "fallen off the bus"),
        (pynvml.NVML_ERROR_FUNCTION_NOT_FOUND, None, "update NVIDIA's driver"),
        (pynvml.NVML_ERROR_MEMORY, None, "restart the machine"),
    ],
)
def test_each_error_of_the_driver_has_a_cure_of_its_own(root, monkeypatch, error, engine, cure):
    on_bus(root, "0000:01:00.0", NVIDIA, H100)
    if engine:
        monkeypatch.setenv("container", engine)
    sensor = NvmlSensor(FakeNvml(nvmlInit=error), {})
    sensor.start()
    assert cure in sensor.absences["gpu0"].remedy
    sensor.stop()


@pytest.mark.parametrize(
    ("file", "cure"),
    [
        (".dockerenv", "`--gpus all`"),
        ("run/.containerenv", "--device nvidia.com/gpu=all"),
        (".singularity.d/x", "`--nv`"),
    ],
)
def test_a_container_without_a_visible_gpu_is_told_how_to_get_one(root, file, cure):
    write(root, file, "")
    sensor = NvmlSensor(FakeNvml(nvmlInit=pynvml.NVML_ERROR_LIBRARY_NOT_FOUND), {})
    sensor.start()
    remedy = sensor.absences["gpu"].remedy
    assert remedy.startswith("nothing if the machine has no NVIDIA GPU")
    assert cure in remedy


def test_without_gpu_and_container_nothing_is_to_do(root):
    sensor = NvmlSensor(FakeNvml(nvmlInit=pynvml.NVML_ERROR_LIBRARY_NOT_FOUND), {})
    sensor.start()
    assert sensor.absences["gpu"].remedy == DRIVER
    write(root, "proc/version", "Linux version 5.15.1-microsoft-standard-WSL2")
    sensor.start()
    assert "in Windows, not in WSL" in sensor.absences["gpu"].remedy


def missing(source):
    return {"kwh": None, "status": "missing", "source": source}


KNOWN = {"kwh": 1e-3, "status": "measured", "source": "nvml energy counter"}
NEW, OLD = {"gpus_present": 1}, {"gpus": [{"index": 0}]}


@pytest.mark.parametrize(
    ("energy", "machine", "unread"),
    [
        ({"gpu0": KNOWN}, NEW, False),
        ({"gpu0": KNOWN, "gpu1": missing("nvml: A100 is in MIG mode")}, NEW, True),
        ({"gpu0": missing("nvml: GPU is lost")}, NEW, True),
        ({"gpu_amd0": missing("amdsmi: no library")}, NEW, True),
        ({"gpu": missing("nvml: no GPU")}, {"gpus_present": 0}, False),
        ({"gpu": missing("nvml: CUDA_VISIBLE_DEVICES is empty, which hides every GPU")}, NEW, False),
        ({"gpu_amd": missing("amdsmi: ROCR_VISIBLE_DEVICES=9 hides every GPU")}, NEW, False),
        ({"gpu": KNOWN}, NEW, False),
        ({}, NEW, False),
        ({"cpu": KNOWN}, {}, False),
        # Ledgers from before the rule of numbers.
        ({"gpu": missing("nvml: names a MIG instance, which has no energy counter")}, OLD, True),
        ({"gpu": missing("nvml: CUDA_VISIBLE_DEVICES is empty, which hides every GPU")}, OLD, False),
        ({"gpu": missing("nvml: NVML Shared Library Not Found")}, {"gpus": []}, False),
        ({"gpu": missing("nvml: NVML Shared Library Not Found")}, {}, False),
    ],
)
def test_a_ledger_tells_whether_a_gpu_was_not_read(energy, machine, unread):
    assert gpu_unread(energy, machine) is unread


def test_the_description_of_the_machine_counts_gpus_that_no_driver_lists(root, monkeypatch):
    on_bus(root, "0000:01:00.0", NVIDIA, H100)
    monkeypatch.setitem(
        __import__("sys").modules, "pynvml", FakeNvml(nvmlInit=pynvml.NVML_ERROR_DRIVER_NOT_LOADED)
    )
    found = describe_devices({})
    assert (found["gpus"], found["gpus_present"]) == ([], 1)
    assert set(found["allocation"]) == {"cores", "memory_gib", "source"}
