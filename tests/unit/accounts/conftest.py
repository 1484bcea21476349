"""The default study's configuration, with all its defaults."""

import pytest
import yaml

from wattshed.config.study import load_study


@pytest.fixture(scope="module")
def config(root):
    """The default study's resolved configuration."""
    return load_study(yaml.safe_load((root / "config/config.yaml").read_text())).model_dump(mode="json")
