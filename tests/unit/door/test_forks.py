"""A forked child inherits a handle that meters nothing; the parent's ledger is the parent's alone."""

import time

from door_programs import ledgers, only_ledger, run, windows


def test_a_child_that_leaves_the_block_neither_ends_nor_writes_the_parents_ledger(tmp_path):
    program = """
        import os, sys, time
        from wattshed import metered
        with metered("x") as job:
            with job.window("before"):
                child = os.fork()
                with job.window("both") as window:
                    window.values["child"] = child == 0
            if child == 0:
                print(job.running, job.energy_j, job.ledger, job.metered_by.startswith("process"), flush=True)
            else:
                assert os.waitpid(child, 0)[1] == 0
        if child == 0:
            job.stop()
            sys.exit(0)
        print(job.outcome, flush=True)
    """
    out, err = run(program, tmp_path)
    assert out.splitlines() == ["False None None True", "finished"]
    assert err.count("wattshed: x:") == 1, err
    found = only_ledger(tmp_path)
    assert [event["event"] for event in found] == ["start", "sensors", "window", "window", "end"]
    assert windows(found)[0]["values"] == {"child": False}


def test_an_error_in_the_child_goes_on_and_leaves_the_ledger_alone(tmp_path):
    program = """
        import os
        from wattshed import metered
        with metered("x") as job:
            child = os.fork()
            if child == 0:
                with job.window("w"):
                    raise SystemExit(7)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
            with job.window("later"):
                pass
    """
    run(program, tmp_path)
    found = only_ledger(tmp_path)
    assert [one["name"] for one in windows(found)] == ["later"]
    assert found[-1]["outcome"] == "finished"


def test_a_child_that_outlives_its_parent_leaves_a_finished_ledger(tmp_path):
    program = """
        import os, pathlib, time
        from wattshed import metered
        job = metered("x").start()
        parent = os.getpid()
        if os.fork() == 0:
            os.close(1), os.close(2)
            while os.getppid() == parent:
                time.sleep(0.01)
            job.stop()
            pathlib.Path("ended").touch()
    """
    run(program, tmp_path)
    until = time.monotonic() + 60
    while not (tmp_path / "ended").exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert (tmp_path / "ended").exists()
    assert [event["event"] for event in only_ledger(tmp_path)] == ["start", "sensors", "end"]


def test_forks_at_any_moment_neither_hang_nor_damage_the_ledger(tmp_path):
    """The sampling thread may hold any lock at a fork, and the ledger may have a line in its buffer."""
    program = """
        import os, sys
        from wattshed import metered
        from wattshed.config.energy.metering import MeteringBlock
        with metered("x", metering=MeteringBlock(idle_s=0.0, sample_every_s=0.02, tick_every_s=0.001)) as job:
            for number in range(60):
                child = os.fork()
                if child == 0:
                    with job.window("child"):
                        pass
                    job.stop()
                    sys.exit(0)
                assert os.waitpid(child, 0)[1] == 0
                with job.window("parent", number=number):
                    pass
    """
    run(program, tmp_path)
    found = only_ledger(tmp_path)
    assert [one["labels"]["number"] for one in windows(found)] == list(range(60))
    assert sum(event["event"] == "end" for event in found) == 1
    ticks = [event["at_s"] for event in found if event["event"] == "tick"]
    assert len(ticks) == len(set(ticks)), "no line is written twice"


def test_workers_of_a_pool_may_use_the_handle(tmp_path):
    program = """
        import multiprocessing
        from wattshed import metered
        job = metered("x").start()
        def work(number):
            with job.window("worker") as window:
                window.values["n"] = number
            return number
        with multiprocessing.get_context("fork").Pool(2) as pool:
            print(sum(pool.map(work, range(10))))
        job.stop()
    """
    out, _ = run(program, tmp_path)
    assert out == "45\n"
    assert windows(only_ledger(tmp_path)) == []


def test_a_child_may_have_a_block_of_its_own(tmp_path):
    program = """
        import os
        from wattshed import metered
        with metered("parent"):
            child = os.fork()
            if child == 0:
                with metered("child") as job, job.window("part"):
                    pass
                os._exit(0 if job.outcome == "finished" else 1)
            assert os.waitpid(child, 0)[1] == 0
    """
    run(program, tmp_path)
    found = ledgers(tmp_path)
    assert sorted(name.partition("-")[0] for name in found) == ["child", "parent"]
    assert [len(windows(events)) for _, events in sorted(found.items())] == [1, 0]
