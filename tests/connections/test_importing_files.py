"""How files are read: JSON, JSON lines, CSV, and what is wrong with a file or a line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from connections import vault
from connections.importing.lines import LONGEST_LINE
from connections.models import Credentials
from integrations.models import AuthConfig
from tests.connections.importing import Importer, row

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]


def numbers(importer: Importer) -> list[str]:
    return [account.entity.user_id for account in importer.accounts()]


def test_an_array_is_numbered_from_one(importer: Importer) -> None:
    done = importer.text(json.dumps([row(1), [], row(3)]), name="rows.json")
    assert [(line["row"], line["result"]) for line in done.report] == [
        (1, "ok"),
        (2, "refused"),
        (3, "ok"),
    ]


def test_lines_of_json_are_numbered_as_an_editor_does(importer: Importer) -> None:
    text = f"\ufeff{json.dumps(row(1))}\n\n{{broken\n5\n{json.dumps(row(5))}"
    done = importer.text(text)
    assert [line["row"] for line in done.report] == [1, 3, 4, 5]
    assert done.results[1:3] == [("refused", "malformed")] * 2
    assert numbers(importer) == ["user-1", "user-5"]


def test_a_line_that_is_not_utf8_is_refused_alone(importer: Importer) -> None:
    lines = [json.dumps(row(1)).encode(), b'{"user_id": "\xff"}', json.dumps(row(3)).encode()]
    done = importer.text(b"\n".join(lines))
    assert done.results == [("ok", ""), ("refused", "not_utf8"), ("ok", "")]


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.csv"])
def test_a_giant_line_is_refused_alone(importer: Importer, name: str) -> None:
    giant = "x" * (3 * LONGEST_LINE)
    text = f"{json.dumps(row(1))}\n{giant}\n{json.dumps(row(3))}\n"
    if name == "rows.csv":
        text = f"user_id,refresh_token\na,1\n{giant},2\nb,3\n"
    done = importer.text(text, name=name)
    assert done.results == [("ok", ""), ("refused", "line_too_long"), ("ok", "")]


CSV = """user_id;access_token;refresh_token;scopes;alias
alice;a-1;r-1;one two;"home; not work"

bob;a-2;r-2;;
carol;a-3
dora;"a-4";"r-"4";;
erna;a-5;r-5;;
"""


def test_csv_takes_what_spreadsheets_write(importer: Importer) -> None:
    done = importer.text(b"\xef\xbb\xbf" + CSV.replace("\n", "\r\n").encode(), name="rows.CSV")
    assert numbers(importer) == ["alice", "bob", "erna"]
    assert importer.accounts()[0].alias == "home; not work"
    assert importer.accounts()[0].scopes_granted == ["one", "two"]
    assert [line["row"] for line in done.report] == [2, 4, 5, 6, 7]
    assert done.results[2:4] == [("refused", "malformed")] * 2


def test_csv_has_a_column_for_each_field(importer: Importer) -> None:
    config = AuthConfig.objects.create(
        project=importer.project, name="AI", toolkit="openai", scheme="bearer"
    )
    text = f"user_id,auth_config_id,fields.api_key\nalice,{config.pk},sk-1\n"
    assert importer.text(text, name="rows.csv").results == [("ok", "")]
    tokens = vault.open_grant(Credentials.objects.get())
    assert tokens.parts()["api_key"] == "sk-1"


def test_a_cell_that_is_not_utf8_refuses_its_row(importer: Importer) -> None:
    done = importer.text(b"user_id,refresh_token\n\xff,1\nbob,2\n", name="rows.csv")
    assert done.results == [("refused", "not_utf8"), ("ok", "")]


UNKNOWN = (
    "Column 2 is none that an import knows. Is it refresh_token? "
    "The first line has to name the columns."
)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("rows.json", b"[{", "The file is not JSON: line 1, column 3."),
        ("rows.json", b"{}", "The file does not hold an array of objects."),
        ("rows.json", b"\xff", "The file is not UTF-8."),
        ("rows.json", b"[" * 100_000, "The file is not JSON that can be read."),
        ("rows.csv", b"", "The first line names no columns."),
        ("rows.csv", b"user_id,user_id\n", "The first line names a column twice."),
        ("rows.csv", b"user_id,refresh\n", UNKNOWN),
        ("rows.txt", b"", "Say how the file is to be read: --format csv|json|jsonl."),
    ],
)
def test_a_file_is_refused_as_a_whole(
    importer: Importer, name: str, text: bytes, said: str
) -> None:
    done = importer.text(text, name=name)
    assert (done.report, done.error) == ([], said)


def test_the_format_can_be_told(importer: Importer) -> None:
    assert importer.text(json.dumps(row()), name="rows.txt", format="jsonl").error == ""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["nowhere.csv"], "There is no such file. A pipe cannot be read twice: give a file."),
        ([], "Give a file, or --allauth with a database's URL."),
    ],
)
def test_a_source_has_to_be_there(importer: Importer, given: list[str], said: str) -> None:
    assert importer.run(*given).error == said


def test_a_report_is_not_written_over_the_file(importer: Importer) -> None:
    path = importer.folder / "report.jsonl"
    path.with_name("rows.jsonl").symlink_to(path)
    done = importer.text(json.dumps(row()))
    assert done.error == "The report would be written over the file."


def test_a_project_has_to_be_there(importer: Importer) -> None:
    importer.project.pk = "pr_none"
    assert importer.rows(row()).error == "There is no project of that id."


def test_every_code_of_a_row_is_on_the_page() -> None:
    page = (ROOT / "docs/how-to/import-accounts.md").read_text()
    source = "".join(path.read_text() for path in (ROOT / "connections/importing").glob("*.py"))
    codes = set(re.findall(r'RowRefused\(\s*"(\w+)"|code="(\w+)"', source))
    flat = {code for pair in codes for code in pair if code}
    told = set(re.findall(r"`(\w+)`", page.split("## The report")[1]))
    assert len(flat) > 15
    assert flat <= told
