"""The GoiEner archives: a small one of the same layout, and every way in which it can be wrong."""

import io
import tarfile
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import zstandard

from wattshed.data.sources.goiener import Settings as GoienerSource
from wattshed.data.sources.source import load_panel
from wattshed.foundation.faults import Fault

HOURS = 96
METADATA = (
    "user,start_date,end_date,contracted_tariff,p1,p2,p3,p4,p5,p6,province,municipality,zip_code\n"
    "cc,2019-01-01,2019-01-05,2.0DHA,4.6,,,,,,Gipuzkoa,Ordizia,20240\n"
    "dd,2019-01-01,2019-01-05,2.0TD,4.6,,,,,,Gipuzkoa,Ordizia,20240\n"
    "aa,2019-01-01,2019-01-05,3.0A,9.2,9.2,9.2,,,,Araba,Laudio,1400\n"
    "bb,2019-01-01,2019-01-05,2.1A,3.45,,,,,,Bizkaia,Bilbao,48001\n"
)


def meter_csv(first: str, hours: int, level: float, imputed: tuple[int, ...] = ()) -> str:
    times = pd.date_range(first, periods=hours, freq="h")
    lines = ["timestamp,kWh,imputed"]
    lines += [
        f"{time:%Y-%m-%d %H:%M:%S},{level + row / 1000:.3f},{int(row in imputed)}"
        for row, time in enumerate(times)
    ]
    return "\n".join(lines) + "\n"


def write_archive(folder: Path, meters: dict[str, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        inner = tarfile.TarInfo("goi4_pre/imp_csv")
        inner.type = tarfile.DIRTYPE
        archive.addfile(inner)
        for name, text in meters.items():
            member = tarfile.TarInfo(f"goi4_pre/imp_csv/{name}.csv")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    path = folder / "imp-pre.tzst"
    path.write_bytes(zstandard.ZstdCompressor().compress(buffer.getvalue()))
    (folder / "metadata.csv").write_text(METADATA, encoding="utf-8")
    return path


@pytest.fixture
def archive(tmp_path):
    """Four meters; dd has too few measured hours, bb starts late, aa has three imputed hours."""
    return write_archive(
        tmp_path / "data" / "goiener",
        {
            "cc": meter_csv("2019-01-01 00:00:00", HOURS, 3.0),
            "aa": meter_csv("2019-01-01 00:00:00", HOURS, 1.0, imputed=(5, 6, 7)),
            "dd": meter_csv("2019-01-01 00:00:00", HOURS, 4.0, imputed=tuple(range(40))),
            "bb": meter_csv("2019-01-01 04:00:00", HOURS - 4, 2.0),
        },
    )


def load(folder: Path, **keys):
    return load_panel(GoienerSource(kind="goiener", **keys), folder)


def test_meters_are_sorted_by_name_and_have_their_metadata(archive, tmp_path):
    panel = load(tmp_path)
    assert panel.node_names == ["aa", "bb", "cc"]
    assert panel.nodes["province"].tolist() == ["Araba", "Bizkaia", "Gipuzkoa"]
    assert panel.nodes["p1"].tolist() == [9.2, 3.45, 4.6]
    assert panel.values.shape == (HOURS, 3)
    assert (panel.unit, panel.timezone, panel.synthetic) == ("kWh", "Europe/Madrid", False)
    assert panel.times[0] == np.datetime64("2019-01-01T00:00:00")


def test_imputed_hours_keep_their_value_and_are_not_observed(archive, tmp_path):
    panel = load(tmp_path)
    assert np.flatnonzero(~panel.observed[:, 0]).tolist() == [5, 6, 7]
    np.testing.assert_allclose(panel.values[5:8, 0], [1.005, 1.006, 1.007], rtol=1e-6)


def test_hours_before_the_first_reading_of_a_meter_are_unobserved(archive, tmp_path):
    panel = load(tmp_path)
    assert np.isnan(panel.values[:4, 1]).all()
    assert not panel.observed[:4, 1].any()
    assert panel.values[4, 1] == np.float32(2.0)


def test_minimum_coverage_dates_and_maximum_meters_are_applied(archive, tmp_path):
    assert load(tmp_path, min_coverage=0.5).node_names == ["aa", "bb", "cc", "dd"]
    assert load(tmp_path, min_coverage=1.0).node_names == ["cc"]
    assert load(tmp_path, max_nodes=2).node_names == ["aa", "bb"]
    clipped = load(tmp_path, start=date.fromisoformat("2019-01-02"), end=date.fromisoformat("2019-01-04"))
    assert clipped.values.shape == (48, 3)
    assert clipped.values[0, 2] == np.float32(3.024)


def test_local_time_stamps_are_converted_to_utc(archive, tmp_path):
    panel = load(tmp_path, timezone="Europe/Madrid")
    assert panel.times[0] == np.datetime64("2018-12-31T23:00:00")


def test_the_archive_is_not_unpacked_to_disk(archive, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    load(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.7, 0.99])
def test_a_truncated_archive_is_refused(archive, tmp_path, kept):
    whole = archive.read_bytes()
    archive.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(Fault, match=r"imp-pre.tzst is truncated or corrupt"):
        load(tmp_path)


def test_an_archive_without_its_last_byte_is_refused(tmp_path):
    """The remaining bytes are a valid beginning; only the end of the frame is missing."""
    noise = np.random.default_rng(0)
    meters = {name: meter_csv("2019-01-01", 8000, float(noise.random())) for name in ("aa", "bb", "cc", "dd")}
    path = write_archive(tmp_path / "data" / "goiener", meters)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Fault, match="truncated or corrupt"):
        load(tmp_path)


def test_a_corrupt_archive_is_refused(archive, tmp_path):
    archive.write_bytes(b"this is no archive" * 100)
    with pytest.raises(Fault, match="truncated or corrupt"):
        load(tmp_path)


def test_a_missing_archive_is_reported_by_name(tmp_path):
    with pytest.raises(Fault, match=r"imp-pre.tzst does not exist"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("timestamp,kWh\n2019-01-01 00:00:00,1\n", "imputed"),
        ("timestamp,kWh,imputed\n2019-01-01 00:00:00,much,0\n", "much"),
        ("timestamp,kWh,imputed\nyesterday,1,0\n", "yesterday"),
        (
            "timestamp,kWh,imputed\n2019-01-01 00:00:00,1,0\n2019-01-01 00:00:00,1,0\n",
            "row 3: a second reading",
        ),
        ("timestamp,kWh,imputed\n2019-01-01 00:30:00,1,0\n", "not a full hour"),
        ("timestamp,kWh,imputed\n2019-01-01 00:00:00,1\n", "cannot be read"),
        ("", "cannot be read"),
    ],
)
def test_a_bad_csv_is_reported_with_its_path_in_the_archive(tmp_path, text, says):
    meters = {"aa": meter_csv("2019-01-01 00:00:00", HOURS, 1.0), "bb": text}
    write_archive(tmp_path / "data" / "goiener", meters)
    with pytest.raises(Fault) as fault:
        load(tmp_path)
    assert "goi4_pre/imp_csv/bb.csv in " in str(fault.value)
    assert says in str(fault.value)
    assert "\n" not in str(fault.value)


def test_a_repeated_user_is_refused(archive, tmp_path):
    path = archive.with_name("metadata.csv")
    path.write_text(METADATA + METADATA.splitlines()[1] + "\n")
    with pytest.raises(Fault, match="row 6: user 'cc' has a second row"):
        load(tmp_path)


def test_a_user_without_metadata_stays_in_the_panel(archive, tmp_path):
    path = archive.with_name("metadata.csv")
    path.write_text("".join(line for line in METADATA.splitlines(keepends=True) if not line.startswith("bb")))
    panel = load(tmp_path)
    assert panel.node_names == ["aa", "bb", "cc"]
    assert panel.nodes["province"].isna().tolist() == [False, True, False]
    assert "1 meters have no province in metadata.csv." in panel.notes


def test_an_archive_without_a_meter_of_enough_hours_is_refused(archive, tmp_path):
    with pytest.raises(Fault, match=r"none of 4 meters has measured 100% of the 240 hours"):
        load(
            tmp_path,
            min_coverage=1.0,
            start=date.fromisoformat("2019-01-01"),
            end=date.fromisoformat("2019-01-11"),
        )
