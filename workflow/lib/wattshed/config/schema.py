"""The JSON schema of ``config.yaml``, generated from the blocks: ``python -m wattshed.config.schema``."""

import json
import sys

from wattshed.config.study import Study


def schema_text() -> str:
    """Schema with every key's description and bounds, as committed in ``config/schema.json``."""
    return json.dumps(Study.model_json_schema(), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
