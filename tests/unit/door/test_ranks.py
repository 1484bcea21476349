"""One process per node meters a distributed program."""

import fcntl
import os

import pytest

from door_programs import ledgers, run, start, windows
from wattshed.accounts.runs.runs import runs_frame
from wattshed.door import election
from wattshed.door.ranks import hidden_gpus, metering_rank

RANKED = """
    import pathlib, sys, time
    from wattshed import metered
    me, ranks = sys.argv[1], int(sys.argv[2])
    with metered("train", model="gru", quiet=True) as job:
        with job.window("epoch", epoch=0) as window:
            window.values["loss"] = 0.5
        pathlib.Path("in-" + me).touch()
        until = time.monotonic() + 60
        while len(list(pathlib.Path().glob("in-*"))) < ranks and time.monotonic() < until:
            time.sleep(0.01)
    assert window.duration_s > 0
    print(job.ledger is not None, job.metered_by, job.energy_j is not None, job.outcome)
"""


def run_ranks(folder, variables):
    processes = [
        start(RANKED, folder, rank, len(variables), TMPDIR=folder, **given)
        for rank, given in enumerate(variables)
    ]
    answers = []
    for process in processes:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert err == ""
        answers.append(out.strip())
    return answers


def test_of_four_ranks_of_a_node_the_first_one_meters(tmp_path):
    """By four real processes, as torchrun starts them."""
    answers = run_ranks(
        tmp_path,
        [
            {"LOCAL_RANK": n, "RANK": 4 + n, "WORLD_SIZE": 8, "GROUP_RANK": 1, "LOCAL_WORLD_SIZE": 4}
            for n in range(4)
        ],
    )
    assert answers[0] == "True None True finished"
    assert answers[1:] == [
        f"False rank 0 of this node (LOCAL_RANK is {n} here) False finished" for n in range(1, 4)
    ]
    (found,) = ledgers(tmp_path).values()
    assert len(windows(found)) == 1
    assert found[0]["labels"] == {
        "block": "train",
        "model": "gru",
        "rank": 4,
        "node_rank": 1,
        "world_size": 8,
        "ranks_on_node": 4,
    }
    runs = runs_frame(tmp_path.glob("ledgers/*.jsonl"))
    assert len(runs) == 1
    assert runs["model"].tolist() == ["gru"]


@pytest.mark.parametrize(
    "common",
    [{"WORLD_SIZE": 4}, {}, {"WORLD_SIZE": 4, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": 29511}],
)
def test_ranks_without_a_local_rank_elect_one(tmp_path, common):
    answers = run_ranks(tmp_path, [{"RANK": n, **common} for n in range(4)])
    assert sorted(answer.split()[0] for answer in answers) == ["False", "False", "False", "True"]
    winner = next(number for number, answer in enumerate(answers) if answer.startswith("True"))
    for answer in answers:
        assert answer.startswith("True") or f", rank {winner}, of this node False finished" in answer
    (found,) = ledgers(tmp_path).values()
    assert found[0]["labels"]["rank"] == winner


def test_the_elected_rank_meters_all_blocks_and_a_later_one_follows_after_its_end(tmp_path):
    twice = """
        import pathlib, sys, time
        from wattshed import metered
        for part in range(2):
            with metered(f"part{part}", quiet=True) as job:
                pass
            print(job.ledger is not None, flush=True)
        if sys.argv[1:]:
            while not pathlib.Path("go").exists():
                time.sleep(0.01)
    """
    first = start(twice, tmp_path, "wait", RANK=2, WORLD_SIZE=3, MASTER_PORT=1, TMPDIR=tmp_path)
    assert [first.stdout.readline() for _ in range(2)] == ["True\n", "True\n"]
    second, _ = run(twice, tmp_path, RANK=0, WORLD_SIZE=3, MASTER_PORT=1, TMPDIR=tmp_path)
    other_job, _ = run(twice, tmp_path, RANK=0, WORLD_SIZE=3, MASTER_PORT=2, TMPDIR=tmp_path)
    (tmp_path / "go").touch()
    first.communicate(timeout=60)
    third, _ = run(twice, tmp_path, RANK=1, WORLD_SIZE=3, MASTER_PORT=1, TMPDIR=tmp_path)
    assert [second, other_job, third] == ["False\nFalse\n", "True\nTrue\n", "True\nTrue\n"]


@pytest.mark.parametrize(
    "left", ["", "1 0 process 1, rank 9,\n", "17 3 process 17, ra", "process 17, rank 9,"]
)
def test_a_rank_waits_for_the_name_of_a_winner_that_has_locked_and_not_yet_written(
    tmp_path, monkeypatch, left
):
    """left: what the file holds meanwhile, as an earlier winner or a write that was cut off leaves it."""
    variables = {"RANK": "1", "WORLD_SIZE": "2", "MASTER_PORT": "11"}
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    file = election._lock_file(variables)
    file.parent.mkdir(mode=0o700)
    file.write_text(left)
    slow = """
        import fcntl, os, pathlib, sys, time
        from wattshed.foundation.recovery.processes import start_of
        handle = os.open(sys.argv[1], os.O_RDWR)
        fcntl.flock(handle, fcntl.LOCK_EX)
        print("locked", flush=True)
        while not pathlib.Path("asked").exists():
            time.sleep(0.01)
        time.sleep(0.2)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()} {start_of(os.getpid())} process 5, rank 0,\\n".encode(), 0)
        while not pathlib.Path("answered").exists():
            time.sleep(0.01)
    """
    winner = start(slow, tmp_path, file)
    assert winner.stdout.readline() == "locked\n"
    (tmp_path / "asked").touch()
    assert metering_rank(variables).metered_by == "process 5, rank 0, of this node"
    (tmp_path / "answered").touch()
    _, err = winner.communicate(timeout=60)
    assert winner.returncode == 0, err


def test_a_winner_without_a_name_is_another_rank(tmp_path, monkeypatch):
    variables = {"RANK": "1", "WORLD_SIZE": "2", "MASTER_PORT": "11"}
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(election, "NAME_WITHIN_S", 0.05)
    waits = []
    monkeypatch.setattr(election.time, "sleep", waits.append)
    file = election._lock_file(variables)
    file.parent.mkdir(mode=0o700)
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert metering_rank(variables).metered_by == "another rank of this node"
        assert waits
        # Every block of a training asks: only the first one waits.
        waits.clear()
        assert metering_rank(variables).metered_by == "another rank of this node"
        assert not waits


def test_where_no_lock_can_be_made_every_rank_meters(tmp_path):
    (tmp_path / f"wattshed-{os.getuid()}").write_text("not a folder")
    found, _ = run(
        "from wattshed.door.ranks import metering_rank; print(metering_rank())",
        tmp_path,
        RANK=3,
        WORLD_SIZE=4,
        TMPDIR=tmp_path,
    )
    assert "meters=True" in found
    assert "no lock can be made" in found
    assert "only_itself=True" in found


def test_ranks_that_meter_themselves_do_not_count_one_another(tmp_path):
    """Without a lock four ranks meter: their own energies together are those of their work."""
    (tmp_path / f"wattshed-{os.getuid()}").write_text("not a folder")
    program = """
        import time
        from wattshed import metered
        with metered("x", quiet=True):
            end_s = time.process_time() + 0.4
            while time.process_time() < end_s: pass
    """
    ranks = [
        start(program, tmp_path, RANK=rank, WORLD_SIZE=3, MASTER_PORT=7, TMPDIR=tmp_path) for rank in range(3)
    ]
    for process in ranks:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    found = ledgers(tmp_path)
    assert len(found) == 3
    assert sum(each[-1]["use"]["own_cpu_s"] for each in found.values()) == pytest.approx(1.2, rel=0.25)


@pytest.mark.parametrize(
    ("environ", "meters", "numbers"),
    [
        ({}, True, (None, None, None, None)),
        ({"LOCAL_RANK": "0"}, True, (None, 0, None, None)),
        ({"LOCAL_RANK": "3", "RANK": "7", "WORLD_SIZE": "8", "GROUP_RANK": "1"}, False, (7, 3, 1, 8)),
        # Not distributed, as some programs say it.
        ({"LOCAL_RANK": "-1"}, True, (None, None, None, None)),
        ({"LOCAL_RANK": "-1", "RANK": "-1"}, True, (-1, None, None, None)),
        ({"LOCAL_RANK": "", "SLURM_LOCALID": ""}, True, (None, None, None, None)),
        ({"LOCAL_RANK": "first"}, True, (None, None, None, None)),
        ({"RANK": "0", "WORLD_SIZE": "1"}, True, (0, None, None, 1)),
        ({"RANK": "gold"}, True, (None, None, None, None)),
        # srun: four tasks on two nodes.
        (
            {"SLURM_LOCALID": "1", "SLURM_PROCID": "3", "SLURM_NODEID": "1", "SLURM_STEP_NUM_TASKS": "4"},
            False,
            (3, 1, 1, 4),
        ),
        (
            {"SLURM_LOCALID": "0", "SLURM_PROCID": "2", "SLURM_NODEID": "1", "SLURM_STEP_NUM_TASKS": "4"},
            True,
            (2, 0, 1, 4),
        ),
        # torchrun within one task of SLURM.
        ({"SLURM_LOCALID": "0", "LOCAL_RANK": "2", "RANK": "2", "WORLD_SIZE": "4"}, False, (2, 2, None, 4)),
        # mpirun within one task of SLURM.
        (
            {
                "SLURM_LOCALID": "0",
                "OMPI_COMM_WORLD_LOCAL_RANK": "1",
                "OMPI_COMM_WORLD_RANK": "5",
                "OMPI_COMM_WORLD_SIZE": "8",
            },
            False,
            (5, 1, None, 8),
        ),
        ({"MPI_LOCALRANKID": "1", "PMI_RANK": "1", "PMI_SIZE": "2"}, False, (1, 1, None, 2)),
        ({"PMI_LOCAL_RANK": "0", "PMI_RANK": "2", "PMI_SIZE": "4"}, True, (2, 0, None, 4)),
        ({"MV2_COMM_WORLD_LOCAL_RANK": "1", "MV2_COMM_WORLD_RANK": "1"}, False, (1, 1, None, None)),
        ({"PALS_LOCAL_RANKID": "2", "PALS_RANKID": "6", "PALS_NODEID": "1"}, False, (6, 2, 1, None)),
        ({"FLUX_TASK_LOCAL_ID": "1", "FLUX_TASK_RANK": "1"}, False, (1, 1, None, None)),
        ({"JSM_NAMESPACE_LOCAL_RANK": "1", "JSM_NAMESPACE_RANK": "1"}, False, (1, 1, None, None)),
    ],
)
def test_the_launchers_variables_decide(environ, meters, numbers):
    found = metering_rank(environ)
    assert found.meters is meters
    assert (found.metered_by is None) is meters
    assert (found.rank, found.local_rank, found.node_rank, found.world_size) == numbers


def test_ranks_that_a_script_starts_within_one_task_of_slurm_elect_one(tmp_path):
    """They all have the task's local rank 0."""
    task = {
        "SLURM_LOCALID": 0,
        "SLURM_PROCID": 0,
        "SLURM_NODEID": 0,
        "SLURM_JOB_ID": 17,
        "SLURM_STEP_NUM_TASKS": 1,
    }
    answers = run_ranks(tmp_path, [{"RANK": n, "WORLD_SIZE": 2, **task} for n in range(2)])
    assert sorted(answer.split()[0] for answer in answers) == ["False", "True"]


def test_a_single_process_has_no_labels_of_ranks(tmp_path):
    assert metering_rank({}).labels() == {}
    assert metering_rank({"LOCAL_RANK": "0", "RANK": "0", "WORLD_SIZE": "1"}).labels() == {}


def test_a_forked_child_of_the_elected_rank_does_not_hold_its_lock(tmp_path):
    program = """
        import os, sys
        from wattshed.door.ranks import hidden_gpus, metering_rank
        assert metering_rank().meters
        child = os.fork()
        if child == 0:
            os._exit(metering_rank().meters)
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    run(program, tmp_path, RANK=0, WORLD_SIZE=2, TMPDIR=tmp_path)


@pytest.mark.parametrize(
    ("environ", "hidden"),
    [
        ({"LOCAL_WORLD_SIZE": "4", "CUDA_VISIBLE_DEVICES": "0"}, True),
        ({"LOCAL_WORLD_SIZE": "4", "CUDA_VISIBLE_DEVICES": "0,1,2,3"}, False),
        ({"LOCAL_WORLD_SIZE": "4"}, False),
        ({"LOCAL_WORLD_SIZE": "4", "CUDA_VISIBLE_DEVICES": ""}, False),
        ({"LOCAL_WORLD_SIZE": "4", "CUDA_VISIBLE_DEVICES": "-1"}, False),
        ({"LOCAL_WORLD_SIZE": "1", "CUDA_VISIBLE_DEVICES": "0"}, False),
        ({"CUDA_VISIBLE_DEVICES": "0"}, False),
    ],
)
def test_gpus_that_only_other_ranks_see_are_named(environ, hidden):
    given = {"LOCAL_RANK": "0", **environ}
    assert (hidden_gpus(given, metering_rank(given)) is not None) is hidden


def test_a_block_says_that_gpus_of_other_ranks_are_not_metered(tmp_path):
    """As srun starts ranks that have a GPU each."""
    task = {
        "SLURM_LOCALID": 0,
        "SLURM_PROCID": 0,
        "SLURM_STEP_NUM_TASKS": 8,
        "SLURM_STEP_TASKS_PER_NODE": "4(x2)",
    }
    program = "from wattshed import metered\nfor _ in range(2):\n    with metered('x', quiet=True): pass"
    _, err = run(program, tmp_path, CUDA_VISIBLE_DEVICES=0, **task)
    assert err.count("the block 'x' is metered in part: CUDA_VISIBLE_DEVICES is 0") == 1
    labels = [found[0]["labels"] for found in ledgers(tmp_path).values()]
    assert [one["ranks_on_node"] for one in labels] == [4, 4]
    assert all("GPUs of the others are not metered" in one["gpus_not_metered"] for one in labels)
