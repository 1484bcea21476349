"""On a cluster, every measured job has a node of its own."""

import re

import pytest
import yaml

PROFILES = ("default", "slurm", "cluster-generic")


def rules(root):
    """Text of every rule by its name, without those that are made in a loop."""
    return {
        name: body
        for file in [root / "Snakefile", *sorted((root / "workflow/rules").glob("*.smk"))]
        for name, body in re.findall(r"^rule (\w+):\n(.*?)(?=^\S|\Z)", file.read_text(), re.M | re.S)
    }


def profile(root, name):
    return yaml.safe_load((root / f"workflow/profiles/{name}/config.yaml").read_text())


def test_measured_rules_are_found(root):
    text = "".join(file.read_text() for file in (root / "workflow/rules").glob("*.smk"))
    assert sum("meter=1" in body for body in rules(root).values()) == text.count("meter=1") > 5


def test_every_measured_rule_has_a_node_of_its_own_under_slurm(root):
    given = profile(root, "slurm")["set-resources"]
    measured = {name for name, body in rules(root).items() if "meter=1" in body}
    exclusive = {
        name for name, resources in given.items() if "--exclusive" in resources.get("slurm_extra", "")
    }
    assert measured == exclusive


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_names_only_rules_that_exist(root, name):
    given = profile(root, name)
    named = {*given.get("set-resources", {}), *given.get("set-threads", {})}
    assert named <= set(rules(root))


def test_every_job_of_the_generic_cluster_profile_has_a_node_of_its_own(root):
    assert " --exclusive " in profile(root, "cluster-generic")["cluster-generic-submit-cmd"]


def test_every_profile_is_tested(root):
    assert {folder.name for folder in (root / "workflow/profiles").iterdir() if folder.is_dir()} == set(
        PROFILES
    )
