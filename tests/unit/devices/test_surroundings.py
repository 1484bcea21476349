"""Whether this is a virtual machine or a container."""

import pytest

from made_root import write
from wattshed.devices.surroundings import container, virtual_machine

FLAGS = "flags\t\t: fpu vme{more}\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        ({"proc/cpuinfo": FLAGS.format(more="")}, None),
        ({"proc/cpuinfo": FLAGS.format(more=" hypervisor")}, "unknown hypervisor"),
        ({"proc/cpuinfo": FLAGS.format(more=" hypervisor"), "sys/class/dmi/id/sys_vendor": "QEMU"}, "KVM"),
        (
            {
                "proc/cpuinfo": FLAGS.format(more=" hypervisor"),
                "sys/class/dmi/id/product_name": "VirtualBox",
            },
            "VirtualBox",
        ),
        # Bare metal of a cloud has its maker's name, and no flag.
        (
            {"proc/cpuinfo": FLAGS.format(more=""), "sys/class/dmi/id/sys_vendor": "Amazon EC2"},
            None,
        ),
        # Processors of other kinds have no such flag.
        (
            {"proc/cpuinfo": "Features\t: fp asimd\n", "sys/class/dmi/id/sys_vendor": "Amazon EC2"},
            "Amazon EC2",
        ),
        (
            {
                "proc/cpuinfo": "Features\t: fp asimd\n",
                "sys/class/dmi/id/sys_vendor": "Amazon EC2",
                "sys/class/dmi/id/product_name": "c7g.metal",
            },
            None,
        ),
        ({"sys/hypervisor/type": "xen\n"}, "Xen"),
        ({"proc/version": "Linux version 5.15.1-microsoft-standard-WSL2"}, "WSL"),
        ({"proc/version": "Linux version 4.4.0-19041-Microsoft"}, "WSL"),
    ],
)
def test_a_virtual_machine_is_known_by_what_it_tells(tmp_path, files, expected):
    for name, text in files.items():
        write(tmp_path, name, text)
    assert virtual_machine(tmp_path) == expected


@pytest.mark.parametrize(
    ("files", "environment", "expected"),
    [
        ({}, {}, None),
        ({".dockerenv": ""}, {}, "Docker"),
        ({"run/.containerenv": ""}, {}, "Podman"),
        ({".singularity.d/env.sh": ""}, {}, "Apptainer"),
        ({}, {"container": "lxc"}, "lxc"),
        ({"run/systemd/container": "systemd-nspawn\n"}, {}, "systemd-nspawn"),
        ({".dockerenv": ""}, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "Kubernetes"),
        ({"proc/self/cgroup": "0::/kubepods.slice/pod1\n"}, {}, "Kubernetes"),
        ({"proc/self/cgroup": "5:cpu:/docker/4c68e5eb\n"}, {}, "Docker"),
        ({"proc/self/cgroup": "0::/user.slice/user-1000.slice\n"}, {}, None),
    ],
)
def test_a_container_is_known_by_what_its_engine_leaves_in_it(tmp_path, files, environment, expected):
    for name, text in files.items():
        write(tmp_path, name, text)
    assert container(tmp_path, environment) == expected
