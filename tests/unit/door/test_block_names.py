"""Names and labels of blocks: whatever a caller gives becomes a ledger that the accounts can read."""

from pathlib import Path

import pytest

from door_programs import events, ledgers, run, windows
from wattshed import metered


def test_labels_of_any_type_are_kept_in_a_form_that_the_accounts_can_read(tmp_path):
    import numpy as np
    import torch

    from wattshed.accounts.runs.runs import runs_and_windows

    given = {
        "seed": np.int64(7),
        "lr": np.float32(0.5),
        "loss": torch.tensor(2.0),
        "nan": float("nan"),
        "path": Path("data/x"),
        "sizes": [1, 2],
        "fast": np.True_,
        "name": "caf\udce9",
        "self": None,
    }
    with (
        metered("x", quiet=True, **given) as job,
        job.window("epoch", epoch=torch.tensor(3), name="n", self=1),
    ):
        pass
    with metered("y", quiet=True, seed="first", epoch=1.5) as other:
        pass
    labels = events(job.ledger)[0]["labels"]
    assert labels == {
        "block": "x",
        "seed": 7,
        "lr": 0.5,
        "loss": 2.0,
        "nan": "nan",
        "path": "data/x",
        "sizes": "[1, 2]",
        "fast": True,
        "name": "caf\\xe9",
        "self": None,
    }
    assert windows(events(job.ledger))[0]["labels"] == {"epoch": 3, "name": "n", "self": 1}
    assert events(other.ledger)[0]["labels"] == {"block": "y", "seed_given": "first", "epoch_given": "1.5"}
    runs, _ = runs_and_windows([job.ledger, other.ledger])
    assert runs["seed"].dropna().tolist() == [7]


@pytest.mark.parametrize("name", ["a/b: c", "", "..", "é" * 300, "x" * 300, "-"])
def test_any_name_gives_a_ledger(tmp_path, name):
    with metered(name, quiet=True) as job:
        pass
    assert job.missing is None
    assert job.ledger.parent == tmp_path / "ledgers"
    assert job.ledger.is_file()


def test_the_default_name_is_that_of_the_script(tmp_path):
    (tmp_path / "fit_gru.py").write_text("from wattshed import metered\nwith metered():\n    pass\n")
    run(f"import runpy; runpy.run_path({str(tmp_path / 'fit_gru.py')!r}, run_name='__main__')", tmp_path)
    assert next(iter(ledgers(tmp_path))).startswith("fit_gru-")
