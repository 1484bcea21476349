"""A base model of which nothing is made is measured side by side if the study names it, and only then."""

import pytest
import yaml

from small_workflow import snakemake

pytestmark = pytest.mark.workflow


@pytest.mark.parametrize("named", [False, True])
def test_only_a_named_plain_model_is_compared(root, tmp_path, copy_of_the_repository, named):
    folder = copy_of_the_repository(tmp_path / "checkout")
    config = yaml.safe_load((root / "tests/workflow/tiny.yaml").read_text())
    config["models"]["plain"] = {"form": "dlinear", "recipe": "frugal"}
    config["compression"]["also_measured"] = ["plain"] if named else []
    (folder / "plain.yaml").write_text(yaml.safe_dump(config))
    planned = snakemake(folder, "--configfile", "plain.yaml", "--dry-run")
    told = planned.stdout + planned.stderr
    assert "Compare all checkpoints made from stgnn, in turns" in told
    assert ("Compare all checkpoints made from plain, in turns" in told) == named
