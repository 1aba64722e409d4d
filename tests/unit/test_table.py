"""Tables as people keep them: delimiters, encodings, workbooks, empty rows and columns, cells that belong nowhere."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import openpyxl
import pytest

from kiban.errors import ScenarioError, WeatherError
from kiban.scenario.national_file import read_national
from kiban.weather import table as table_module
from kiban.weather.table import parse_truth, read_table
from kiban.weather.textfile import parse_number

STUDY = '[national]\nname = "x"\nsites = []\nsites_file = "{name}"\n[[tranche]]\nid = "a"\nit_load_mw = 10.0\n'
SITES = "id,name,latitude_deg,longitude_deg,area,max_mw\nnorth,石狩第二,43.2,141.3,hokkaido,300\n"


def write(folder: Path, content: str | bytes, name: str = "a.csv") -> Path:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def workbook(folder: Path, rows: list[list[object]], name: str = "a.xlsx") -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(folder / name)
    return folder / name


def problems(file: Path) -> list[str]:
    with pytest.raises(WeatherError) as caught:
        read_table(file)
    return [str(problem).replace(str(file), file.name) for problem in caught.value.problems]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_every_way_of_writing_a_table_gives_the_same(tmp_path, encoding, delimiter, ending):
    lines = ["", "id,名前,mw,", "north,石狩,300,", ",,,", "east,印西,200", ",,,"]
    text = ending.join(line.replace(",", delimiter) for line in lines)
    found = read_table(write(tmp_path, text.encode(encoding)))
    assert found.header == ("id", "名前", "mw")
    assert [list(row) for row in found.rows] == [["north", "石狩", "300"], ["east", "印西", "200"]]
    assert list(found.places) == [3, 5]


def test_a_workbook_is_a_table(tmp_path):
    first = datetime(2022, 4, 1)
    rows = [[None], ["time", "load", None], *([first + timedelta(hours=i), 1.5 * i, None] for i in range(3)), [None]]
    found = read_table(workbook(tmp_path, rows))
    assert found.header == ("time", "load")
    assert [list(row) for row in found.rows] == [[first + timedelta(hours=i), 1.5 * i] for i in range(3)]
    assert str(found.at(0)) == f"{tmp_path / 'a.xlsx'}, row 3"


def test_a_sheet_that_is_hidden_is_not_the_first_and_a_time_a_moment_before_the_hour_is_the_hour(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["wrong"])
    book.active.sheet_state = "hidden"
    sheet = book.create_sheet("hours")
    sheet.append(["time"])
    sheet.append([datetime(2022, 1, 1, 0, 59, 59, 999_600)])
    book.save(tmp_path / "a.xlsx")
    found = read_table(tmp_path / "a.xlsx")
    assert [list(row) for row in found.rows] == [[datetime(2022, 1, 1, 1)]]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("load_mw\n30,5\n", "a.csv, line 2 has 2 cells for 1 columns ('30,5'); write numbers with a decimal point"),
        ("hour,load_mw\n0,1,234.5\n", "a.csv, line 2 has 3 cells for 2 columns ('0,1,234.5')"),
        ("a,,b\n1,2,3\n", "a.csv, line 1 has no name for column 2; give every column a name"),
        ("1,2\n3,4\n", "starts with numbers instead of column names"),
        (",\n,\n", "holds no text"),
    ],
)
def test_what_belongs_to_no_column_is_refused(tmp_path, text, fault):
    assert fault in problems(write(tmp_path, text))[0]


def test_of_many_split_rows_three_are_named(tmp_path):
    said = problems(write(tmp_path, "load_mw\n" + "30,5\n" * 48))
    assert [line.split(" has")[0] for line in said[:3]] == ["a.csv, line 2", "a.csv, line 3", "a.csv, line 4"]
    assert "45 more" in said[3]
    assert len(said) == 4


def test_empty_cells_beyond_the_last_column_are_harmless(tmp_path):
    assert [list(row) for row in read_table(write(tmp_path, "a\n30.5,\n")).rows] == [["30.5"]]


def test_what_is_no_workbook_is_refused(tmp_path, monkeypatch):
    assert "is not a readable workbook" in problems(write(tmp_path, b"PK\x03\x04nothing", "a.xlsx"))[0]
    assert "is not a readable workbook" in problems(write(tmp_path, "load\n1\n", "b.xlsx"))[0]
    file = workbook(tmp_path, [["a"], [1]], "c.xlsx")
    monkeypatch.setattr(table_module, "MAX_UNPACKED_BYTES", 100)
    assert "are read" in problems(file)[0]


@pytest.mark.parametrize("word", ["TRUE", "yes", "Y", "1", "はい", True, 1, 1.0])
def test_yes(word):
    assert parse_truth(word) is True


@pytest.mark.parametrize("word", ["false", "No", "n", "0", "いいえ", False, 0, 0.0])
def test_no(word):
    assert parse_truth(word) is False


@pytest.mark.parametrize("word", ["ture", "2", 2, "", "maybe"])
def test_neither(word):
    assert parse_truth(word) is None


def read_sites(folder: Path, name: str):
    (folder / "study.toml").write_text(STUDY.format(name=name), encoding="utf-8")
    return read_national(folder / "study.toml").site


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_table_of_sites_may_be_what_excel_writes(tmp_path, encoding, delimiter):
    text = SITES.replace("max_mw\n", "max_mw,,\n") + ",,,,,,\n"
    write(tmp_path, text.replace(",", delimiter).encode(encoding))
    (site,) = read_sites(tmp_path, "a.csv")
    assert (site.id, site.name, site.max_mw) == ("north", "石狩第二", 300.0)


def test_a_table_of_sites_may_be_a_workbook(tmp_path):
    rows = [line.split(",") for line in SITES.splitlines()]
    workbook(tmp_path, [[*rows[0], "must_open"], [*rows[1][:2], 43.2, 141.3, "hokkaido", 300, True]])
    (site,) = read_sites(tmp_path, "a.xlsx")
    assert (site.latitude_deg, site.max_mw, site.must_open) == (43.2, 300.0, True)


@pytest.mark.parametrize(("word", "means"), [("1", True), ("yes", True), ("TRUE", True), ("0", False), ("no", False)])
def test_must_open_is_read_as_it_is_written(tmp_path, word, means):
    head, row = SITES.splitlines()
    write(tmp_path, f"{head},must_open\n{row},{word}\n")
    (site,) = read_sites(tmp_path, "a.csv")
    assert site.must_open is means


def test_a_slip_in_a_table_of_sites_is_named_by_line(tmp_path):
    head, row = SITES.splitlines()
    write(tmp_path, f"{head},must_open,connection_year\n{row},ture,2030.5\n{row.replace('north', '')},yes,\n")
    with pytest.raises(ScenarioError) as caught:
        read_sites(tmp_path, "a.csv")
    said = str(caught.value)
    assert "line 2: must_open is 'ture'; give yes or no" in said
    assert "line 2: connection_year is '2030.5'" in said
    assert "line 3: id is empty; give each row the name of its site" in said


@pytest.mark.parametrize("word", ["ＹＥＳ", "Ｔｒｕｅ", "１", "〇", "◯", " はい　"])
def test_yes_in_full_width(word):
    assert parse_truth(word) is True


@pytest.mark.parametrize("word", ["ＮＯ", "ｆａｌｓｅ", "０", "×"])
def test_no_in_full_width(word):
    assert parse_truth(word) is False


@pytest.mark.parametrize("cell", ["１２．５", "+12.5", "＋１２．５", "1.25e1", "１．２５ｅ１"])
def test_a_number_in_full_width_is_that_number(tmp_path, cell):
    assert parse_number(cell) == 12.5
    (site,) = read_sites_of(tmp_path, SITES.replace("300", cell))
    assert site.max_mw == 12.5


@pytest.mark.parametrize("cell", ["１，２３４", "１２．５ＭＷ", "－", "１２．．５", "", "ＮａＮ"])
def test_what_is_no_number_in_full_width_is_none(cell):
    assert parse_number(cell) is None


@pytest.mark.parametrize("cell", ["－3", "−3", "-３"])
def test_a_minus_of_another_kind_is_a_minus(cell):
    assert parse_number(cell) == -3.0


def read_sites_of(folder: Path, text: str):
    write(folder, text)
    return read_sites(folder, "a.csv")


def test_what_excel_is_told_of_its_separator_is_no_header(tmp_path):
    found = read_table(write(tmp_path, "sep=;\r\na;b\r\n1;2\r\n"))
    assert found.header == ("a", "b")
    assert [list(row) for row in found.rows] == [["1", "2"]]
    assert list(found.places) == [3]


def test_separators_within_a_name_separate_nothing(tmp_path):
    found = read_table(write(tmp_path, '"load; firm; MW",b\n1,2\n'))
    assert found.header == ("load; firm; MW", "b")


def test_a_formula_without_its_value_and_merged_cells_are_never_taken_for_empty_ones(tmp_path):
    """Taken for empty the limit would be gone without a word."""
    rows = [[*line.split(",")] for line in SITES.splitlines()]
    rows[1][5] = "=100*3"
    workbook(tmp_path, [*rows, ["south", "印西", 35.8, 140.1, "tokyo", None]])
    with pytest.raises(ScenarioError, match=r"row 2: max_mw is a formula that no spreadsheet has worked out \('=100"):
        read_sites(tmp_path, "a.xlsx")
    book = openpyxl.Workbook()
    for row in (*SITES.splitlines(), "south,印西,35.8,140.1,tokyo,"):
        book.active.append([float(cell) if cell.isdecimal() else cell or None for cell in row.split(",")])
    book.active.merge_cells("F2:F3")
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(ScenarioError, match=r"row 2 has merged cells \(F2:F3\)"):
        read_sites(tmp_path, "a.xlsx")


@pytest.mark.parametrize("content", [b"a,b\n1,\x002\n", b"\xd0\xcf\x11\xe0 old", "a\n1\n".encode("utf-16")])
def test_what_is_no_text_is_refused_with_what_to_do(tmp_path, content):
    assert "save it as CSV" in problems(write(tmp_path, content))[0]
