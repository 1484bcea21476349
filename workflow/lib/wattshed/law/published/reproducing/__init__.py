"""Every published number against its formula or its data, with verdicts by rule."""
