"""The production document, its schema, and what a node runs, against an nvidia-smi that records its calls."""

import json
import os
import re
import shutil
import subprocess

import jsonschema
import pytest
import yaml

from clock_choices import UUID, made_choice, made_sweep
from wattshed.clocks.deploying.document import deployment, slowdown_class
from wattshed.clocks.deploying.folder import write_deployment
from wattshed.clocks.deploying.nvidia_smi import commands
from wattshed.clocks.deploying.schema import json_schema
from wattshed.clocks.deploying.slurm import script_text
from wattshed.clocks.deploying.systemd import unit_name, unit_text
from wattshed.clocks.validating.validate import validate
from wattshed.foundation.faults import Fault

WHEN = {"timestamp_utc": "2026-01-02T03:04:05+00:00", "version": "1.0"}
FAKE_SMI = """#!/bin/bash
echo "$*" >> "$CALLS"
case "$*" in
    *query-gpu=uuid*) echo "GPU-aaaa-$2" ;;
    *query-gpu=name*) echo "NVIDIA A100-SXM4-80GB" ;;
    *power.default_limit*) echo "400.00" ;;
    *-lgc*) exit ${LOCK_CODE:-0} ;;
esac
"""


def judged(frame, choice):
    return choice, validate(choice, frame).to_json()


@pytest.fixture
def pairs():
    """A validated recommendation, one that failed, one that keeps the maximum, and a power limit."""
    good, bad = made_sweep(), made_sweep(seed=2, workload="vit")
    kept, limited = (
        made_sweep(seed=3, workload="whisper"),
        made_sweep(
            seed=4, workload="lstm", gpu_uuid=None, knob="power_limit", settings=tuple(range(150, 301, 15))
        ),
    )
    return [
        judged(good, made_choice(good, 990)),
        judged(bad, made_choice(bad, 990, limit=0.02)),
        judged(kept, made_choice(kept, 990, status="keep")),
        judged(limited, made_choice(limited, 240)),
    ]


@pytest.fixture
def document(pairs):
    return deployment(*zip(*pairs, strict=True), **WHEN)


@pytest.fixture
def folder(pairs, tmp_path):
    write_deployment(tmp_path, *zip(*pairs, strict=True), **WHEN)
    return tmp_path


def test_only_validated_recommendations_are_deployed(document):
    found = document.configurations
    assert [one.deployed for one in found.values()] == [True, False, False, True]
    assert [one.setting for one in found.values()] == [990, 1410, 1410, 240]
    assert [one.commands is None for one in found.values()] == [False, True, True, False]
    assert next(iter(found)) == "NVIDIA A100-SXM4-80GB + llama"
    failed = found["NVIDIA A100-SXM4-80GB + vit"]
    assert failed.reason.startswith("keep the maximum, because the validation of 990 MHz says fail")
    assert "slowdown" in failed.validation.failed
    assert "because the saving may be nothing" in found["NVIDIA A100-SXM4-80GB + whisper"].reason


def test_a_simulated_gpu_is_recommended_for_but_not_deployed(pairs):
    choice, validation = pairs[0]
    (one,) = deployment([choice | {"label": "simulated"}], [validation], **WHEN).configurations.values()
    assert (one.recommended, one.deployed, one.setting, one.commands) == (True, False, 990, None)


def test_energy_saved_is_energy_and_signs_are_kept(pairs):
    choice, validation = pairs[0]
    choice |= {"slowdown_share": -0.01, "slowdown_low": -0.02, "slowdown_high": 0.0}
    one = next(iter(deployment([choice], [validation], **WHEN).configurations.values()))
    assert (one.slowdown.share, one.slowdown.category) == (-0.01, "faster")
    assert one.energy_saving.share == choice["saving_share"]
    assert one.monitoring["drift"]["expected_energy_j"] == pytest.approx(
        choice["baseline_energy_j"] * (1 - choice["saving_share"])
    )


@pytest.mark.parametrize(
    ("share", "category"),
    [(-0.93, "faster"), (0, "acceptable"), (0.1, "acceptable"), (0.2, "noticeable"), (0.3, "significant"),
     (0.5, "large"), (0.51, "unacceptable")],
)  # fmt: skip
def test_classes_of_slowdown_keep_the_sign(share, category):
    assert slowdown_class(share) == category


def test_what_is_written_keeps_to_its_schema(folder):
    content = json.loads((folder / "deployment.json").read_text(), parse_constant=pytest.fail)
    schema = json.loads((folder / "deployment/deployment.schema.json").read_text())
    assert schema == json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(content, schema)
    content["configurations"]["NVIDIA A100-SXM4-80GB + llama"]["setting"] = "990"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, schema)


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_a_number_that_is_not_finite_is_refused(pairs, value):
    choice, validation = pairs[0]
    choice["saving_share"] = value
    with pytest.raises(ValueError, match="finite"):
        deployment([choice], [validation], **WHEN)


def test_cells_of_one_name_keep_their_own_entries(pairs):
    choice, validation = pairs[0]
    other = choice | {"gpu_uuid": "GPU-1234-5678"}
    found = deployment([choice, other, choice], [validation] * 3, **WHEN).configurations
    assert len(found) == 3


def test_commands_lock_and_release_one_gpu():
    clock, power = commands("clock", 990, UUID), commands("power_limit", 240, None)
    assert clock.apply == f"nvidia-smi -i {UUID} -lgc 990,990"
    assert clock.reset == f"nvidia-smi -i {UUID} -rgc"
    assert power.apply == "nvidia-smi -i GPU_UUID -pl 240"
    assert "power.default_limit" in power.reset


@pytest.mark.parametrize("uuid", ["GPU-1; reboot", "$(id)", "", "GPU-", "GPU-12\n-rgc", "MIG 3", "../x"])
def test_a_uuid_that_a_shell_might_run_is_refused(uuid):
    with pytest.raises(Fault, match="uuid"):
        commands("clock", 990, uuid)


@pytest.mark.parametrize(
    ("knob", "setting"), [("clock", 0), ("clock", -5), ("clock", 10**6), ("voltage", 900)]
)
def test_a_setting_or_knob_that_cannot_be_is_refused(knob, setting):
    with pytest.raises(Fault):
        commands(knob, setting, None)


def test_units_apply_at_boot_and_take_back_when_stopped(document):
    clock, _, _, power = document.configurations.values()
    text = unit_text(clock)
    assert "\nExecStart=/usr/bin/nvidia-smi -i %i -lgc 990,990\n" in text
    assert "\nExecStop=/usr/bin/nvidia-smi -i %i -rgc\n" in text
    assert unit_name(clock) == "wattshed-nvidia-a100-sxm4-80gb-llama-990mhz@.service"
    assert f"enable --now wattshed-nvidia-a100-sxm4-80gb-llama-990mhz@{UUID}.service" in text
    stop = re.search(r"^ExecStop=(.*)$", unit_text(power), re.M)[1]
    # What systemd hands on: doubled signs become single ones.
    inner = stop.replace("$$", "$").replace("%%", "%").removeprefix("/bin/sh -c '").removesuffix("'")
    assert subprocess.run(["bash", "-nc", inner], check=False).returncode == 0
    assert "default_limit" in inner


def test_names_with_odd_signs_stay_within_their_line(pairs):
    choice, validation = pairs[0]
    choice |= {"workload": "a\nExecStart=/bin/reboot\t%n $HOME", "gpu": 'x"}; y'}
    found = deployment([choice], [validation | {"workload": choice["workload"]}], **WHEN)
    (one,) = found.configurations.values()
    lines = unit_text(one).splitlines()
    assert sum(line.startswith("ExecStart=") for line in lines) == 1
    assert "%%n" in unit_text(one)
    assert "/" not in unit_name(one)


def test_scripts_and_rules_are_well_formed(folder):
    for name in ("prolog.sh", "epilog.sh"):
        script = folder / "deployment" / name
        assert subprocess.run(["bash", "-n", script], check=False).returncode == 0
        assert os.access(script, os.X_OK)
        if shutil.which("shellcheck"):
            assert subprocess.run(["shellcheck", script], check=False).returncode == 0
    rules = yaml.safe_load((folder / "deployment/alerts.yml").read_text())["groups"][0]["rules"]
    assert {"WattshedSettingNotObeyed", "WattshedTooSlow", "WattshedEnergyDrift"} <= {
        rule["alert"] for rule in rules
    }
    assert any(f'UUID="{UUID}"' in rule["expr"] for rule in rules)
    assert len(list((folder / "deployment").glob("*@.service"))) == 2


def test_a_unit_that_is_recommended_no_longer_is_removed(folder, pairs):
    choice, validation = pairs[1]
    write_deployment(folder, [choice], [validation], **WHEN)
    assert list((folder / "deployment").glob("*@.service")) == []
    assert (folder / "deployment/clocks.tsv").read_text().count("\n") == 1


@pytest.fixture
def node(folder, tmp_path):
    """Runs prolog or epilog with an environment as slurmd gives it; returns exit code and nvidia-smi's calls."""
    smi, calls = tmp_path / "nvidia-smi", tmp_path / "calls"
    smi.write_text(FAKE_SMI)
    smi.chmod(0o755)

    def run(name, **environment):
        calls.write_text("")
        given = {
            "CALLS": str(calls),
            "WATTSHED_NVIDIA_SMI": str(smi),
            "WATTSHED_CLOCKS_TABLE": str(folder / "deployment/clocks.tsv"),
            "WATTSHED_CLOCKS_STATE": str(tmp_path / "state"),
            "SLURM_JOB_ID": "7",
            **environment,
        }
        script = folder / "deployment" / f"{name}.sh"
        done = subprocess.run([script], env=given, capture_output=True, check=False)
        return done.returncode, calls.read_text().splitlines()

    return run


def changes(calls):
    return [call for call in calls if re.search(r"-(lgc|rgc|pl) ?", call) and "query" not in call]


def asks_for(name="lstm-power-limit"):
    return {"SLURM_JOB_COMMENT": f"run 3 wattshed:{name}", "SLURM_JOB_GPUS": "1,3"}


def test_a_job_gets_its_configuration_on_its_own_gpus_and_gives_it_back(node):
    code, calls = node("prolog", **asks_for())
    assert (code, changes(calls)) == (0, ["-i 1 -pl 240", "-i 3 -pl 240"])
    code, calls = node("epilog", **asks_for())
    assert (code, changes(calls)) == (0, ["-i 1 -pl 400", "-i 3 -pl 400"])
    assert changes(node("epilog", **asks_for())[1]) == [], "reset once"


def test_a_configuration_of_another_board_is_not_applied(node):
    assert changes(node("prolog", **asks_for("llama"))[1]) == [], "its uuid is another one"


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"SLURM_JOB_GPUS": "0"},
        {"SLURM_JOB_COMMENT": "wattshed:lstm-power-limit"},
        {"SLURM_JOB_GPUS": "0", "SLURM_JOB_COMMENT": "wattshed:unknown"},
        {"SLURM_JOB_GPUS": "0; reboot,$(id)", "SLURM_JOB_COMMENT": "wattshed:lstm-power-limit"},
        {"SLURM_JOB_GPUS": "0", "SLURM_JOB_COMMENT": "wattshed:$(reboot)"},
        {
            "SLURM_JOB_GPUS": "0",
            "SLURM_JOB_COMMENT": "wattshed:lstm-power-limit",
            "WATTSHED_CLOCKS_TABLE": "/nowhere",
        },
        {
            "SLURM_JOB_GPUS": "0",
            "SLURM_JOB_COMMENT": "wattshed:lstm-power-limit",
            "WATTSHED_NVIDIA_SMI": "/nowhere",
        },
    ],
)
def test_nothing_is_changed_and_no_node_is_drained_otherwise(node, environment):
    for name in ("prolog", "epilog"):
        code, calls = node(name, **environment)
        assert (code, changes(calls)) == (0, [])


def test_a_refused_lock_fails_no_job(node):
    code, _ = node("prolog", **asks_for(), LOCK_CODE="4")
    assert code == 0


def test_a_clock_is_locked_and_released(node, folder):
    (folder / "deployment/clocks.tsv").write_text("llama\t-\ta100\tclock\t990\n")
    assert changes(node("prolog", **asks_for("llama"))[1]) == ["-i 1 -lgc 990,990", "-i 3 -lgc 990,990"]
    assert changes(node("epilog", **asks_for("llama"))[1]) == ["-i 1 -rgc", "-i 3 -rgc"]


def test_a_constraint_asks_for_a_configuration_too(node, folder):
    (folder / "deployment/clocks.tsv").write_text("llama\tGPU-aaaa-1\ta100\tclock\t990\n")
    environment = {"SLURM_JOB_CONSTRAINTS": "gpu&wattshed-llama", "SLURM_JOB_GPUS": "1,3"}
    assert changes(node("prolog", **environment)[1]) == ["-i 1 -lgc 990,990"]


def test_scripts_travel_with_the_package(root):
    assert (
        script_text("prolog") == (root / "workflow/lib/wattshed/clocks/deploying/slurm_prolog.sh").read_text()
    )
    assert '"clocks/deploying/*.sh"' in (root / "pyproject.toml").read_text()
