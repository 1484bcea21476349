"""What to watch after a setting is in use: thresholds as JSON, and alerts for Prometheus on the metrics of DCGM."""

from typing import Any

import yaml

from wattshed.clocks.deploying.schema import Configuration

# The driver may run one step below a locked clock; a step is 15 MHz on most boards.
OBEYED_MHZ, OBEYED_SHARE = 15, 0.02
HOT_C = 85
DRIFT_SHARE = 0.05
# Bits of DCGM's and NVML's throttle reasons that slow a GPU down: software power cap 0x4, hardware slowdown 0x8,
# software thermal 0x20, hardware thermal 0x40, power brake 0x80.
THROTTLE_BITS = 0x4 | 0x8 | 0x20 | 0x40 | 0x80


def thresholds(
    knob: str, setting: int, baseline_time_s: float | None, energy_j: float | None, limit_share: float
) -> dict[str, Any]:
    """Thresholds of one configuration. energy_j: expected energy of one run of the workload at the setting."""
    allowed = OBEYED_MHZ if knob == "clock" else max(1, round(OBEYED_SHARE * setting))
    return {
        "slowdown": {
            "alarm_above_share": limit_share,
            "alarm_above_time_s": None if baseline_time_s is None else baseline_time_s * (1 + limit_share),
            "action": "reset the setting and measure again",
        },
        "setting_obeyed": {"expected": setting, "tolerance": allowed, "action": "apply the setting again"},
        "temperature_c": {"alarm_above": HOT_C, "action": "check cooling: a hot GPU draws more power"},
        "throttle_reasons": {
            "alarm_if_any_bit_of": THROTTLE_BITS,
            "action": "the measured numbers do not hold",
        },
        "drift": {
            "expected_energy_j": energy_j,
            "alarm_if_off_by_share": DRIFT_SHARE,
            "action": "the workload has changed: sweep and choose again",
        },
    }


def prometheus_rules(configurations: dict[str, Configuration]) -> str:
    """An alerting-rule file (YAML) for the deployed configurations.

    GPU metrics are those of NVIDIA's dcgm-exporter. The time and the energy of a run of the workload are your service's
    own: gauges ``workload_run_seconds`` and ``workload_run_joules`` with the label ``workload``. The GPU's metrics do
    not say which workload runs, so the alert on the setting asks for a busy GPU.
    """
    rules: list[dict[str, Any]] = []
    for configuration in configurations.values():
        if configuration.deployed:
            rules += _rules(configuration)
    return yaml.safe_dump(
        {"groups": [{"name": "wattshed_clocks", "rules": rules}]},
        sort_keys=False,
        allow_unicode=True,
        width=110,
    )


def _rules(configuration: Configuration) -> list[dict[str, Any]]:
    watched = configuration.monitoring
    assert watched is not None
    gpu = "{UUID=%s}" % _quoted(configuration.gpu_uuid) if configuration.gpu_uuid else ""  # noqa: UP031
    workload = "{workload=%s}" % _quoted(configuration.workload)  # noqa: UP031
    about = {"gpu": _literal(configuration.gpu), "workload": _literal(configuration.workload)}
    obeyed = watched["setting_obeyed"]
    metric = "DCGM_FI_DEV_SM_CLOCK" if configuration.knob == "clock" else "DCGM_FI_DEV_POWER_MGMT_LIMIT"
    above = obeyed["expected"] + obeyed["tolerance"]
    found = [
        (
            "SettingNotObeyed",
            f"{metric}{gpu} > {above} and DCGM_FI_DEV_GPU_UTIL{gpu} > 10",
            "5m",
            f"the GPU runs above {obeyed['expected']} {configuration.unit}",
        ),
        (
            "GpuHot",
            f"DCGM_FI_DEV_GPU_TEMP{gpu} > {watched['temperature_c']['alarm_above']}",
            "5m",
            "the GPU is hot",
        ),
        (
            "GpuThrottled",
            " or ".join(
                f"(floor(DCGM_FI_DEV_CLOCK_THROTTLE_REASONS{gpu} / {1 << bit}) % 2) == 1"
                for bit in range(8)
                if THROTTLE_BITS >> bit & 1
            ),
            "2m",
            "the GPU throttles",
        ),
    ]
    if (longest := watched["slowdown"]["alarm_above_time_s"]) is not None:
        found.append(
            (
                "TooSlow",
                f"workload_run_seconds{workload} > {longest:.6g}",
                "10m",
                "slower than the limit allows",
            )
        )
    if (energy_j := watched["drift"]["expected_energy_j"]) is not None:
        expression = f"abs(workload_run_joules{workload} / {energy_j:.6g} - 1) > {DRIFT_SHARE:g}"
        found.append(("EnergyDrift", expression, "1h", "the energy is not the one that was measured"))
    return [
        {
            "alert": f"Wattshed{name}",
            "expr": expression,
            "for": lasting,
            "labels": {"severity": "warning", **about},
            "annotations": {"summary": summary},
        }
        for name, expression, lasting, summary in found
    ]


def _literal(text: str) -> str:
    """A label of an alert, which Prometheus takes for a template."""
    return text.replace("{{", '{{"{{"}}')


def _quoted(text: str | None) -> str:
    """A label value as PromQL writes it."""
    escaped = str(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
