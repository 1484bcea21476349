"""The default study's configuration, as its file says it."""

import pytest
import yaml


@pytest.fixture(scope="module")
def config(root):
    return yaml.safe_load((root / "config/config.yaml").read_text())
