"""CodeCarbon's CSVs after spreadsheets, packers and backups have had them."""

import bz2
import gzip
import lzma
import zipfile

import pytest
import zstandard

from codecarbon_files import COLUMNS, row, write
from wattshed.accounts.runs.collect import collect
from wattshed.accounts.tables.names import original
from wattshed.accounts.tables.numbers import Ambiguous, decimal_marks, plain_number
from wattshed.foundation.faults import Fault


@pytest.fixture
def text(tmp_path_factory):
    """Two runs of 0.4115 and 0.5115 kWh, as CodeCarbon writes them."""
    more = row("b", cpu_energy=0.49, energy_consumed=0.5115, duration=12.25, project_name="Größe")
    return write(tmp_path_factory.mktemp("plain") / "emissions.csv", row("a"), more).read_text()


def semicolons(text, separator=";"):
    """As a spreadsheet with decimal commas saves it."""
    lines = [line.split(",") for line in text.splitlines()]
    marked = [[cell.replace(".", ",") if cell.count(".") == 1 else cell for cell in line] for line in lines]
    return "\r\n".join(separator.join(line) for line in marked) + "\r\n"


def counted(folder):
    found = collect(folder)
    assert found.problems == []
    assert found.runs["energy_kwh"].tolist() == pytest.approx([0.4115, 0.5115])
    assert found.runs["duration_s"].tolist() == [3600, 12.25]
    assert found.runs["cpu_power_w"].tolist() == [390, 390]
    return found.runs


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_other_separators_with_decimal_commas_are_read(tmp_path, text, separator):
    (tmp_path / "emissions.csv").write_text(semicolons(text, separator), newline="")
    runs = counted(tmp_path)
    assert runs["cpu_model"].tolist() == ["AMD Ryzen 5 5600X 6-Core Processor"] * 2


def test_other_separators_with_decimal_points_are_read(tmp_path, text):
    (tmp_path / "emissions.csv").write_text(text.replace(",", ";"))
    counted(tmp_path)


@pytest.mark.parametrize("first", ["sep=;\r\n", '"sep=;"\r\n', "SEP=;\n", "\r\n\r\n", "# saved by hand\n"])
def test_a_first_line_that_names_the_separator_or_says_something_else_is_skipped(tmp_path, text, first):
    (tmp_path / "emissions.csv").write_text(first + semicolons(text), newline="")
    counted(tmp_path)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize("made", [str, semicolons])
def test_the_encodings_of_spreadsheets_are_read(tmp_path, text, encoding, made):
    (tmp_path / "emissions.csv").write_bytes(made(text).encode(encoding))
    runs = counted(tmp_path)
    assert "Gr\\u00f6\\u00dfe" in runs["labels"].iloc[1]


def test_quoted_numbers_old_line_ends_and_added_empty_columns_are_read(tmp_path, text):
    quoted = "\r".join(",".join(f'"{cell}"' for cell in line.split(",")) + ",," for line in text.splitlines())
    (tmp_path / "emissions.csv").write_bytes(quoted.encode())
    counted(tmp_path)


def test_the_same_run_in_two_dialects_counts_once(tmp_path, text):
    (tmp_path / "emissions.csv").write_text(text)
    (tmp_path / "emissions_excel.csv").write_bytes(semicolons(text).encode("utf-16"))
    found = collect(tmp_path)
    assert len(found.runs) == 2
    assert len(found.problems) == 2


PACKED = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": lambda content: zstandard.ZstdCompressor().compress(content),
}


@pytest.mark.parametrize("ending", PACKED)
@pytest.mark.parametrize("name", ["emissions.csv", "x.CSV"])
def test_compressed_files_are_read(tmp_path, text, ending, name):
    (tmp_path / f"{name}{ending}").write_bytes(PACKED[ending](text.encode()))
    runs = counted(tmp_path)
    assert runs["job"].tolist() == [name[:-4]] * 2


def test_a_file_that_is_compressed_against_its_name_is_read(tmp_path, text):
    (tmp_path / "emissions.csv").write_bytes(gzip.compress(text.encode()))
    counted(tmp_path)


def test_tables_in_an_archive_are_read_and_others_in_it_left(tmp_path, text):
    lines = text.splitlines(keepends=True)
    with zipfile.ZipFile(tmp_path / "results.zip", "w") as archive:
        archive.writestr("a/one_emissions.csv", lines[0] + lines[1])
        archive.writestr("a/readme.txt", "hello")
        archive.writestr("b/two_emissions.csv", lines[0] + lines[2])
    runs = counted(tmp_path)
    assert runs["job"].tolist() == ["one", "two"]


def test_ledgers_in_an_archive_are_named_with_the_cure(tmp_path, text):
    (tmp_path / "emissions.csv").write_text(text)
    with zipfile.ZipFile(tmp_path / "old.zip", "w") as archive:
        archive.writestr("x.jsonl", "{}")
    (problem,) = collect(tmp_path).problems
    assert "old.zip holds 1 ledgers, which are not read from an archive: unpack it" in problem


@pytest.mark.parametrize(
    "name",
    ["emissions.csv.bak", "emissions.csv_0.bak", "emissions (1).csv", "emissions.csv~", "emissions.csv.old",
     "emissions", "emissions.txt", "emissions.bak", "EMISSIONS.CSV", "emissions.tsv", "emissions.csv.bak.gz",
     "run-3.csv.2024-05-01"],
)  # fmt: skip
def test_names_of_backups_and_copies_are_read(tmp_path, text, name):
    content = gzip.compress(text.encode()) if name.endswith(".gz") else text.encode()
    (tmp_path / name).write_bytes(content)
    counted(tmp_path)


def test_a_backup_beside_its_file_adds_only_what_the_file_lacks(tmp_path, text):
    lines = text.splitlines(keepends=True)
    (tmp_path / "emissions.csv").write_text(lines[0] + lines[1])
    (tmp_path / "emissions.csv.bak").write_text(text)
    found = collect(tmp_path)
    assert sorted(found.runs["run_id"]) == ["a", "b"]
    assert len(found.problems) == 1


@pytest.mark.parametrize(
    ("name", "cure"),
    [("emissions.xlsx", "save it as CSV"), ("emissions.ods", "save it as CSV"), ("emissions.tar.gz", "unpack it"),
     ("my_emissions.7z", "unpack it")],
)  # fmt: skip
def test_forms_that_are_not_read_are_named_with_the_cure(tmp_path, text, name, cure):
    (tmp_path / "emissions.csv").write_text(text)
    (tmp_path / name).write_bytes(b"PK\x03\x04")
    assert collect(tmp_path).problems == [
        f"{tmp_path / name} is not read in this form: {cure}, and count again."
    ]


@pytest.mark.parametrize("ending", PACKED)
def test_a_packed_file_that_was_cut_off_is_told_and_not_the_end(tmp_path, text, ending):
    many = text + "".join(text.splitlines(keepends=True)[1].replace(",a,", f",a{n},") for n in range(300))
    packed = PACKED[ending](many.encode())
    (tmp_path / f"cut.csv{ending}").write_bytes(packed[: len(packed) // 2])
    (tmp_path / "emissions.csv").write_text(text)
    found = collect(tmp_path)
    assert {"a", "b"} <= set(found.runs["run_id"])
    assert "cut.csv" in found.problems[0]
    assert "the rest of it is left out" in found.problems[0]


def test_a_number_with_a_doubtful_mark_is_refused_with_its_place(tmp_path, text):
    path = tmp_path / "emissions.csv"
    lines = text.replace(",", ";").splitlines()
    cells = lines[1].split(";")
    # No other number of the file tells what its comma means.
    cells = ["1,234" if cell.replace(".", "").isdigit() else cell for cell in cells]
    path.write_text("\n".join([lines[0], ";".join(cells)]))
    with pytest.raises(
        Fault, match="row 2: duration is '1,234', where the mark may separate decimals or thousands"
    ):
        collect(tmp_path)


@pytest.mark.parametrize(
    ("text", "file", "number"),
    [("0,4115", "", 0.4115), (",5", "", 0.5), ("1234,567", "", 1234.567), ("4,1E-07", "", 4.1e-7),
     ("1.234,5", "", 1234.5), ("1,234.5", "", 1234.5), ("1.234.567", "", 1234567), ("1,234,567.25", "", 1234567.25),
     ("1 234,5", "", 1234.5), ("1'234.5", "", 1234.5), ("1\u00a0234", "", 1234), ("-0,25", "", -0.25),
     ("1,234", "0,5", 1.234), ("1,234", "0.5", 1234), ("1.234", "", 1.234), ("3600", "0,5", 3600)],
)  # fmt: skip
def test_a_number_that_can_be_read_in_one_way_only_is_read(text, file, number):
    assert float(plain_number(text, decimal_marks([file]))) == pytest.approx(number)


@pytest.mark.parametrize(("text", "file"), [("1,234", ""), ("1.234", "0,5"), ("1,234", "0,5 0.5")])
def test_a_number_that_can_be_read_in_two_ways_is_ambiguous(text, file):
    with pytest.raises(Ambiguous):
        plain_number(text, decimal_marks(file.split()))


@pytest.mark.parametrize("text", ["1,23,4", "12,34,567", "1.2.3", "abc", "1,2.3,4"])
def test_what_is_not_a_number_stays_no_number(text):
    with pytest.raises(ValueError, match="could not convert"):
        float(plain_number(text, frozenset()))


@pytest.mark.parametrize(
    "name",
    [
        "emissions (2).csv",
        "emissions.csv.bak",
        "Emissions.CSV",
        "emissions - Copy (3).csv",
        "emissions_old.csv.gz",
    ],
)
def test_copies_have_the_name_of_their_original(name):
    assert original(f"a/{name}") == "a/emissions"


def test_different_names_have_different_originals():
    names = ["run1.csv", "run2.csv", "run12.csv", "rank0.csv", "seed_2024.csv", "base_emissions.csv"]
    assert len({original(name) for name in names}) == len(names)


def test_all_columns_of_the_file_survive_a_dialect(tmp_path, text):
    (tmp_path / "plain").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "plain/emissions.csv").write_text(text)
    (tmp_path / "other/emissions.csv").write_bytes(semicolons(text).encode("utf-16"))
    plain, other = (collect(tmp_path / name).runs.drop(columns="path") for name in ("plain", "other"))
    assert len(COLUMNS) > 20
    assert plain.equals(other)
