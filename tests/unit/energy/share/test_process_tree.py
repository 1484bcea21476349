"""Own processor time with real processes: children, grandchildren, ended, killed, unwaited and orphaned ones."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wattshed.energy.share.own_cgroup import cgroup_cpu_s, find_own_cgroup
from wattshed.energy.share.process_tree import ProcessTree

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc here")
pytestmark = needs_proc
BURN = "import time\nend = time.process_time() + {seconds}\nwhile time.process_time() < end: pass\n"


def burning(seconds, after=""):
    return [sys.executable, "-S", "-c", BURN.format(seconds=seconds) + after]


def started_elsewhere(command):
    """The number of a process that another one has started and left, as a neighbour's."""
    code = f"from subprocess import *; print(Popen({command!r}, stdout=DEVNULL, stderr=DEVNULL).pid)"
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout)


def spent(work):
    """Processor seconds that the tree counts for the work."""
    tree = ProcessTree()
    before = tree.cpu_s()
    work(tree)
    return tree.cpu_s() - before


def look_until(tree, condition, timeout_s=30):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        tree.cpu_s()
        time.sleep(0.02)


def test_this_process_own_work_counts():
    def work(tree):
        end = time.process_time() + 0.3
        while time.process_time() < end:
            pass

    assert spent(work) == pytest.approx(0.3, abs=0.1)


def test_a_child_that_ended_counts():
    assert spent(lambda tree: subprocess.run(burning(0.5), check=True)) == pytest.approx(0.55, abs=0.15)


def test_grandchildren_count_through_their_parents():
    code = f"import subprocess, sys; subprocess.run({burning(0.5)!r})"
    found = spent(lambda tree: subprocess.run([sys.executable, "-S", "-c", code], check=True))
    assert found == pytest.approx(0.6, abs=0.2)


def test_a_running_child_counts_as_far_as_it_is():
    def work(tree):
        child = subprocess.Popen(burning(0.4, "time.sleep(60)"))
        try:
            look_until(tree, lambda: tree.cpu_s() - start >= 0.4)
            assert child.pid in tree.pids
        finally:
            child.kill()
            child.wait()

    tree = ProcessTree()
    start = tree.cpu_s()
    work(tree)
    assert tree.cpu_s() - start == pytest.approx(0.45, abs=0.15)


def test_a_child_without_a_waiting_parent_counts_as_it_was_seen_last():
    """Where SIGCHLD is ignored, the kernel gives an ended child's time to no process."""
    code = f"""
import signal, subprocess, sys, time
from wattshed.energy.share.process_tree import ProcessTree
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
tree = ProcessTree()
first = tree.cpu_s()
child = subprocess.Popen({burning(0.6)!r})
own = time.process_time()
while True:
    try:
        import os
        os.kill(child.pid, 0)
    except ProcessLookupError:
        break
    tree.cpu_s()
    time.sleep(0.02)
print(tree.cpu_s() - first - (time.process_time() - own))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) == pytest.approx(0.6, abs=0.2)


def test_a_process_whose_parent_ended_stays_in_the_tree():
    code = (
        f"from subprocess import *; import time; p = Popen({burning(0.4, 'time.sleep(60)')!r}, stdout=DEVNULL); "
        "print(p.pid, flush=True); time.sleep(1.5)"
    )
    tree = ProcessTree()
    start = tree.cpu_s()
    parent = subprocess.Popen([sys.executable, "-S", "-c", code], stdout=subprocess.PIPE, text=True)
    orphan = int(parent.stdout.readline())
    try:
        look_until(tree, lambda: orphan in tree.pids)
        parent.communicate()
        look_until(tree, lambda: tree.cpu_s() - start >= 0.4)
        assert orphan in tree.pids
    finally:
        os.kill(orphan, signal.SIGKILL)
    look_until(tree, lambda: orphan not in tree.pids)
    assert 0.35 < tree.cpu_s() - start < 0.8


def test_other_programs_do_not_count():
    neighbour = started_elsewhere(burning(30))
    try:
        assert spent(lambda tree: time.sleep(0.7)) < 0.2
    finally:
        os.kill(neighbour, signal.SIGKILL)


def test_time_never_falls_while_processes_come_and_go():
    tree = ProcessTree()
    last = tree.cpu_s()
    children = []
    for number in range(30):
        children.append(subprocess.Popen(burning(0.02)))
        if number % 3 == 2:
            children.pop(0).wait()
        now = tree.cpu_s()
        assert now >= last
        last = now
    for child in children:
        child.wait()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert tree.cpu_s() == pytest.approx(time.process_time() + used.ru_utime + used.ru_stime, abs=0.05)


def test_memory_of_a_child_is_part_of_the_tree():
    tree = ProcessTree()
    tree.cpu_s()
    code = "import time; held = bytearray(200 * 2**20); print('held', flush=True); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-S", "-c", code], stdout=subprocess.PIPE)
    try:
        child.stdout.readline()
        look_until(tree, lambda: child.pid in tree.pids)
        with_child = tree.memory_bytes()
    finally:
        child.kill()
        child.communicate()
    # Held against what is left: the memory of this process may have shrunk while the child began.
    look_until(tree, lambda: child.pid not in tree.pids)
    assert with_child - tree.memory_bytes() == pytest.approx(205 * 2**20, rel=0.1)


@pytest.fixture
def cgroup():
    """A cgroup of version 2 of our own, if this user may make one."""
    for mount in (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified")):
        folder = mount / f"wattshed-test-{os.getpid()}"
        if not (mount / "cgroup.procs").exists():
            continue
        try:
            folder.mkdir()
        except OSError:
            continue
        yield folder
        for pid in (folder / "cgroup.procs").read_text().split():
            os.kill(int(pid), signal.SIGKILL)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                folder.rmdir()
                return
            except OSError:
                time.sleep(0.05)
        return
    pytest.skip("this user may not make a cgroup of version 2")


CGROUP_JOB = '''
import os, subprocess, sys, time
from wattshed.energy.share.usage import Usage
open(sys.argv[1] + "/cgroup.procs", "w").write(str(os.getpid()))
usage = Usage()
print(usage.source)
# It forks twice and leaves the tree at once, as daemons do.
code = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        end = time.process_time() + 0.5
        while time.process_time() < end: pass
"""
subprocess.run([sys.executable, "-S", "-c", code])
time.sleep(2)
print(usage.read(2.0).own_cpu_s)
'''


CGROUP_SOURCE = "from wattshed.energy.share.usage import Usage; print(Usage().source)"


def test_a_daemon_that_left_the_tree_counts_in_the_jobs_own_cgroup(cgroup):
    done = subprocess.run(
        [sys.executable, "-c", CGROUP_JOB, str(cgroup)], capture_output=True, text=True, check=True
    )
    source, seconds = done.stdout.split("\n")[:2]
    assert source == f"cgroup {cgroup}"
    assert 0.5 <= float(seconds) < 1.0


def test_a_cgroup_with_strangers_is_not_taken(cgroup):
    (cgroup / "cgroup.procs").write_text(str(started_elsewhere(["sleep", "60"])))
    done = subprocess.run(
        [sys.executable, "-c", CGROUP_JOB, str(cgroup)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[0] == "processes"


def test_a_cgroup_with_the_shell_that_started_the_job_is_not_taken(cgroup):
    """The shell's next commands would run in it too."""
    shell = f"echo $$ > {cgroup}/cgroup.procs; {sys.executable} -c '{CGROUP_SOURCE}'; true"
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "processes"


@pytest.mark.parametrize("lines", ["", "0::/\n", "1:cpu:/a\n", "0::/../other\n", "0::/no/such/group\n"])
def test_without_a_cgroup_of_its_own_the_tree_counts(tmp_path, lines):
    membership = tmp_path / "cgroup"
    membership.write_text(lines)
    assert find_own_cgroup(set(), membership=membership) is None


def test_an_unreadable_group_has_no_time(tmp_path):
    (tmp_path / "cpu.stat").write_text("user_usec 3\n")
    assert cgroup_cpu_s(tmp_path) is None
    assert cgroup_cpu_s(tmp_path / "none") is None
