import errno
import json
import os
import resource

import numpy as np
import pandas as pd
import pytest

from wattshed.foundation.faults import Fault
from wattshed.foundation.tensor_file import read_tensors, write_tensors
from wattshed.foundation.writing import whole_file, write_json, write_parquet, write_text


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "result.txt"
    write_text(target, "old")

    def fail_half_way():
        with whole_file(target) as temporary:
            temporary.write_text("half of the new")
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["result.txt"]


@pytest.mark.parametrize(
    "write",
    [
        lambda path: write_text(path, "x" * 100_000),
        lambda path: write_tensors(path, {"a": np.zeros(100_000)}, {}),
        lambda path: write_parquet(path, pd.DataFrame({"a": np.random.default_rng(0).random(100_000)})),
    ],
    ids=["text", "tensors", "parquet"],
)
def test_a_file_that_exceeds_the_size_limit_leaves_nothing(tmp_path, write):
    """The kernel really refuses the write, as on a full disk: an OSError that scripts report in one sentence."""
    child = os.fork()
    if child == 0:
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        try:
            write(tmp_path / "large")
        except OSError as error:
            os._exit(0 if error.errno == errno.EFBIG else 2)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert os.listdir(tmp_path) == []


def test_json_refuses_an_infinite_number(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "x.json", {"gain": float("inf")})
    assert os.listdir(tmp_path) == []


def test_tensors_are_unchanged_after_writing_and_reading(tmp_path):
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3).T, "b": np.array([True, False])}
    write_tensors(tmp_path / "x.safetensors", arrays, {"unit": "kWh"})
    read, about = read_tensors(tmp_path / "x.safetensors")
    assert about == {"unit": "kWh"}
    for name, array in arrays.items():
        np.testing.assert_array_equal(read[name], array)
        assert read[name].dtype == array.dtype


@pytest.mark.parametrize("content", [b"", b"not a tensor file", None])
def test_a_broken_tensor_file_is_reported_by_name(tmp_path, content):
    path = tmp_path / "broken.safetensors"
    if content is None:
        write_tensors(path, {"a": np.zeros(100)}, {})
        path.write_bytes(path.read_bytes()[:-50])
    else:
        path.write_bytes(content)
    with pytest.raises(Fault, match=r"broken.safetensors.*run snakemake again"):
        read_tensors(path)


def test_a_missing_tensor_file_is_reported(tmp_path):
    with pytest.raises(Fault, match="does not exist"):
        read_tensors(tmp_path / "none.safetensors")


def test_written_json_can_be_read_again(tmp_path):
    write_json(tmp_path / "x.json", {"a": None, "b": [1.5]})
    assert json.loads((tmp_path / "x.json").read_text()) == {"a": None, "b": [1.5]}


def test_equal_content_gives_equal_bytes(tmp_path):
    path, written = tmp_path / "t.safetensors", set()
    for _ in range(20):
        write_tensors(path, {"a": np.ones(3), "scale": np.array(0.5)}, {"one": 1, "two": 2}, "checkpoint")
        written.add(path.read_bytes())
    assert len(written) == 1
    tensors, about = read_tensors(path, "checkpoint")
    assert tensors["scale"].shape == ()
    assert about == {"one": 1, "two": 2, "kind": "checkpoint"}


def test_a_link_stays_a_link_and_its_file_is_replaced(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real/file.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("real/file.txt")
    write_text(tmp_path / "link.txt", "new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real/file.txt").read_text() == "new"
    (tmp_path / "to_nothing.txt").symlink_to("real/later.txt")
    write_text(tmp_path / "to_nothing.txt", "made")
    assert (tmp_path / "real/later.txt").read_text() == "made"


def test_a_pipe_or_a_device_is_never_replaced_by_a_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        write_text(tmp_path / "pipe", "new")
    assert (tmp_path / "pipe").is_fifo()
    with pytest.raises(OSError, match="not a regular file"):
        write_json("/dev/null", {})
    assert os.listdir(tmp_path) == ["pipe"]
