"""Ordinary project folders: what is not a record is ignored cheaply, and nothing hangs."""

import gzip
import os
import socket
import subprocess
import sys

import pytest

from codecarbon_files import COLUMNS, row, write
from ledger_files import end, sensors, start, window
from other_user import reachable_folder, without_privileges
from wattshed.accounts.runs.collect import collect
from wattshed.energy.ledger.reading import read_ledger
from wattshed.energy.ledger.writing import Ledger
from wattshed.foundation.faults import Fault


def ledger(path, job="j", kwh=1e-4):
    made = Ledger(path, resumes=False)
    start(made, job, "training", {"model": "gru"})
    sensors(made)
    window(made, "epoch", kwh / 2)
    end(made, kwh)
    return path


@pytest.fixture
def folder(tmp_path):
    """One run, to which nothing else may be added."""
    root = tmp_path / "project"
    write(root / "emissions.csv", row("a"))
    return root


def only_the_run(root, ignored=None):
    found = collect(root)
    assert found.runs["run_id"].tolist() == ["a"]
    if ignored is not None:
        assert found.ignored == ignored
    return found


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.jsonl.part", "emissions", "x.csv.gz"])
def test_a_fifo_under_any_records_name_keeps_nothing_waiting(folder, name):
    os.mkfifo(folder / name)
    assert only_the_run(folder, ignored=1).problems == []


def test_a_writer_that_waits_at_a_fifo_goes_on_waiting(folder):
    os.mkfifo(folder / "x.csv")
    writer = subprocess.Popen([sys.executable, "-c", f"open({str(folder / 'x.csv')!r}, 'w')"])
    try:
        only_the_run(folder)
        assert writer.poll() is None
    finally:
        writer.kill()
        writer.wait()


def test_sockets_folders_devices_and_links_to_them_are_ignored(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("project/s.csv")
        (folder / "d.csv").mkdir()
        (folder / "null.csv").symlink_to("/dev/null")
        (folder / "terminal.jsonl").symlink_to("/dev/tty")
        os.mkfifo(tmp_path / "pipe")
        (folder / "pipe.csv").symlink_to(tmp_path / "pipe")
        only_the_run(folder, ignored=4)


def test_what_is_in_a_folder_that_is_named_like_a_file_counts(folder):
    write(folder / "d.csv" / "more.csv", row("b"))
    assert sorted(collect(folder).runs["run_id"]) == ["a", "b"]


@pytest.mark.parametrize("target", ["gone.csv", "loop.csv"])
def test_links_to_nothing_and_to_themselves_are_told(folder, target):
    (folder / "loop.csv").symlink_to(target)
    (problem,) = only_the_run(folder).problems
    assert problem.startswith(f"{folder / 'loop.csv'} cannot be read")
    assert problem.endswith("restore what it links to, or delete the link.")


def test_loops_of_folders_end_and_add_nothing(folder):
    (folder / "sub").mkdir()
    (folder / "sub" / "up").symlink_to("..")
    (folder / "self").symlink_to(".")
    (folder / "above").symlink_to("../..")
    assert only_the_run(folder).problems == []


def test_a_link_to_a_folder_elsewhere_is_not_followed_and_told(folder, tmp_path):
    write(tmp_path / "elsewhere" / "emissions.csv", row("b"))
    (folder / "scratch").symlink_to(tmp_path / "elsewhere")
    (problem,) = only_the_run(folder).problems
    assert "1 links to folders outside of" in problem
    assert str(folder / "scratch") in problem


def test_a_file_with_several_names_counts_once_and_hidden_names_come_last(folder, tmp_path):
    path = ledger(folder / "ledger" / "j.jsonl")
    (folder / ".finished").mkdir()
    (folder / ".finished" / "j.jsonl").hardlink_to(path)
    (folder / "latest.jsonl").symlink_to(path)
    runs = collect(folder).runs
    assert runs["origin"].tolist() == ["codecarbon csv", "ledger"]
    assert str(folder / ".finished") not in runs["path"].iloc[1]


def test_files_and_folders_that_may_not_be_read_are_named_with_the_cure():
    with reachable_folder() as root:
        write(root / "emissions.csv", row("a"))
        write(root / "closed.csv", row("b"))
        ledger(root / "closed.jsonl")
        write(root / "inner" / "emissions.csv", row("c"))
        for name in ("closed.csv", "closed.jsonl", "inner"):
            (root / name).chmod(0)
        with without_privileges():
            found = collect(root)
        (root / "inner").chmod(0o700)
    assert found.runs["run_id"].tolist() == ["a"]
    assert len(found.problems) == 3
    assert all("Permission denied" in problem for problem in found.problems)


def test_data_sets_of_json_lines_are_ignored(folder):
    (folder / "train.jsonl").write_text('{"text": "a"}\n' * 10)
    (folder / "list.jsonl").write_text("[1, 2]\n")
    (folder / "packed.jsonl.gz").write_bytes(gzip.compress(b'{"text": "a"}\n'))
    assert only_the_run(folder, ignored=3).problems == []


READ = """
import resource, sys
from wattshed.accounts.runs.collect import collect
collect(sys.argv[1] + "/one")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = collect(sys.argv[1] + "/all")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, len(found.runs), found.ignored)
"""


def grown_mib(tmp_path):
    write(tmp_path / "one" / "emissions.csv", row("a"))
    run = [sys.executable, "-c", READ, str(tmp_path)]
    return [
        int(word) for word in subprocess.run(run, capture_output=True, text=True, check=True).stdout.split()
    ]


def test_large_foreign_files_cost_little_reading(tmp_path, monkeypatch):
    """300 MB without a line end, and 300 MB of lines; counted in bytes that were read."""
    root = tmp_path / "all"
    write(root / "emissions.csv", row("a"))
    with (root / "zeros.csv").open("wb") as file:
        file.truncate(300 << 20)
    with (root / "data.csv").open("wb") as file:
        file.write(b"time,load\n1,2\n")
        file.truncate(300 << 20)
    with (root / "data.jsonl").open("wb") as file:
        file.write(b'{"text": 1}\n')
        file.truncate(300 << 20)
    grown, runs, ignored = grown_mib(tmp_path)
    assert (runs, ignored) == (1, 3)
    assert grown < 30


def test_a_large_file_of_codecarbon_is_streamed(tmp_path):
    """40 MB of one run's cumulative rows."""
    path = write(tmp_path / "all" / "emissions.csv", row("a"))
    line = path.read_text().splitlines()[1] + "\n"
    with path.open("a") as file:
        file.write(line * (40_000_000 // len(line)))
    grown, runs, _ = grown_mib(tmp_path)
    assert runs == 1
    assert grown < 30


def test_a_line_without_end_in_a_table_of_codecarbon_ends_the_file(tmp_path):
    path = write(tmp_path / "emissions.csv", row("a"))
    with path.open("a") as file:
        file.write("x" * (3 << 20))
    found = collect(tmp_path)
    assert found.runs["run_id"].tolist() == ["a"]
    assert "row 3: a line is longer than" in found.problems[0]


def test_a_header_longer_than_the_first_bytes_is_found(tmp_path):
    many = [f"column_{number}" for number in range(1000)]
    write(tmp_path / "emissions.csv", row("a"), columns=[*many, *COLUMNS])
    assert collect(tmp_path).runs["run_id"].tolist() == ["a"]


@pytest.mark.parametrize("ending", [".gz", ".bz2", ".xz", ".zst", ".zip"])
def test_packed_ledgers_are_read_and_count_once_beside_their_original(tmp_path, ending):
    import bz2
    import lzma
    import zipfile

    import zstandard

    path = ledger(tmp_path / "both" / "j.jsonl")
    content, packed = path.read_bytes(), tmp_path / "packed" / f"j.jsonl{ending}"
    packed.parent.mkdir()
    if ending == ".zip":
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("j.jsonl", content)
    else:
        pack = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}.get(ending)
        packed.write_bytes(pack(content) if pack else zstandard.ZstdCompressor().compress(content))
    assert read_ledger(packed).attempts == read_ledger(path).attempts
    alone = collect(packed.parent)
    assert (len(alone.runs), len(alone.windows)) == (1, 1)
    both = collect(tmp_path)
    assert (len(both.runs), len(both.windows)) == (1, 1)
    assert both.problems == [f"{packed} is a copy of {path}: it is counted once."]


def test_two_ledgers_that_only_resemble_one_another_both_count(tmp_path):
    ledger(tmp_path / "a" / "j.jsonl")
    text = (tmp_path / "a" / "j.jsonl").read_text()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "j.jsonl").write_text(text.replace('"seed"', '"seeds"').replace("0123abcd", "0123abce"))
    assert len(collect(tmp_path).runs) == 2


def test_the_windows_of_a_copy_go_with_it(tmp_path):
    ledger(tmp_path / "a.jsonl", "a", kwh=1e-4)
    ledger(tmp_path / "c.jsonl", "c", kwh=3e-4)
    (tmp_path / "b.jsonl").write_bytes((tmp_path / "a.jsonl").read_bytes())
    found = collect(tmp_path)
    assert found.runs["job"].tolist() == ["a", "c"]
    assert found.windows["job"].tolist() == ["a", "c"]
    assert found.windows["energy_kwh"].tolist() == pytest.approx([0.5e-4, 1.5e-4])


def test_one_file_can_be_named_instead_of_a_folder(tmp_path):
    path = ledger(tmp_path / "j.jsonl")
    write(tmp_path / "emissions.csv", row("a"))
    assert collect(path).runs["origin"].tolist() == ["ledger"]
    assert collect(tmp_path / "emissions.csv").runs["run_id"].tolist() == ["a"]


@pytest.mark.parametrize("name", ["gone", "gone/deeper", "pipe", "x" * 300, "nul\0l"])
def test_what_is_neither_folder_nor_file_is_a_fault(tmp_path, name):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Fault, match=r"is not a folder.*expected one with ledgers"):
        collect(f"{tmp_path}/{name}")


def test_a_closed_folder_is_a_fault_with_its_reason():
    with reachable_folder() as root:
        root.chmod(0)
        with without_privileges(), pytest.raises(Fault, match=r"cannot be entered \(Permission denied\)"):
            collect(root)
