"""Whatever bytes a file with a record's name holds: an account or one sentence, and never a crash."""

import gzip

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codecarbon_files import COLUMNS, row
from wattshed.accounts.runs.collect import collect
from wattshed.accounts.tables.records import read_records
from wattshed.foundation.faults import Fault

NAMES = [
    "emissions.csv",
    "x.csv.gz",
    "emissions",
    "x.tsv",
    "x.zip",
    "x.jsonl",
    "x.jsonl.part",
    "x.jsonl.xz",
    "x.csv.zst",
]
WORDS = [
    "",
    "0.5",
    "1e308",
    "-1",
    "nan",
    "None",
    "1,5",
    "1.234,5",
    "1,234",
    "x",
    '"',
    "inf",
    "r1",
    "2025-06-01T10:00:00",
]
CELL = st.sampled_from(WORDS) | st.text(max_size=8)
MAGIC = [
    b"\x1f\x8b\x08",
    b"BZh9",
    b"\xfd7zXZ\x00",
    b"\x28\xb5\x2f\xfd",
    b"PK\x03\x04",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"",
]


@st.composite
def tables(draw):
    names = draw(st.lists(st.sampled_from(COLUMNS), min_size=1, unique=True))
    names += draw(st.just([]) | st.just(["run_id", "emissions", "energy_consumed"]))
    separator = draw(st.sampled_from([",", ";", "\t"]))
    rows = draw(st.lists(st.lists(CELL, max_size=len(names) + 2), max_size=4))
    sane = [str(row("r2").get(name, "")) for name in names]
    lines = [separator.join(cells) for cells in [names, *rows, sane]]
    text = draw(st.sampled_from(["\n", "\r\n", "\r"])).join(lines)
    content = text.encode(draw(st.sampled_from(["utf-8", "utf-16", "utf-8-sig"])), errors="replace")
    return gzip.compress(content) if draw(st.booleans()) else content


def outcome(work):
    """A result or a sentence; any other exception is a defect."""
    try:
        return work(), None
    except Fault as fault:
        return None, str(fault)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(NAMES),
    content=tables() | st.tuples(st.sampled_from(MAGIC), st.binary(max_size=200)).map(b"".join),
)
def test_any_content_under_any_name_gives_an_account_or_one_sentence(tmp_path_factory, name, content):
    root = tmp_path_factory.mktemp("any")
    (root / name).write_bytes(content)
    runs, sentence = outcome(lambda: collect(root).runs)
    if sentence is not None:
        assert sentence.startswith(f"{root} holds no run")
        return
    assert (runs["energy_kwh"].dropna() > 0).all()
    assert (runs["duration_s"].dropna() >= 0).all()


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=tables()
    | st.binary(max_size=100)
    | st.text(max_size=60).map(lambda text: text.encode(errors="replace"))
)
def test_any_content_of_stated_errors_is_a_frame_or_one_sentence(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("errors") / "errors"
    path.write_bytes(content)
    frame, sentence = outcome(lambda: read_records(path, "duration"))
    if sentence is not None:
        assert sentence.startswith(str(path))
        return
    assert frame["duration"].dtype == "float64"
