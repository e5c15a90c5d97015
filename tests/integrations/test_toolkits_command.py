"""``manage.py toolkits``: what it prints, and how it exits."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from integrations.catalog import all_toolkits, loader
from integrations.management.toolkits_show import as_text


def run(*arguments: str) -> str:
    """Return what the command prints."""
    out = StringIO()
    call_command("toolkits", *arguments, stdout=out)
    return out.getvalue()


def slugs_in(text: str) -> list[str]:
    return [line.split()[0] for line in text.splitlines()[1:]]


def write(folder: Path, text: str) -> str:
    file = folder / "acme.yaml"
    file.write_text(text)
    return str(file)


def test_check_ends_with_the_counts() -> None:
    last = run("check").splitlines()[-1]
    found = re.fullmatch(r"(\d+) toolkits, (\d+) with full lifecycle facts, (\d+) with keys", last)
    assert found
    total, full, keys = map(int, found.groups())
    assert total == len(loader.slugs())
    assert 0 < full < total
    assert 0 < keys < total


def test_check_names_each_fault_and_exits_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path, "name: Acme\ncolour: red\n")
    with pytest.raises(SystemExit) as exit_:
        call_command("toolkits", "check", file)
    assert exit_.value.code == 1
    *faults, last = capsys.readouterr().out.splitlines()
    assert "acme.yaml: description: is missing" in faults
    assert "acme.yaml: colour: there is no such field" in faults
    assert last == "0 toolkits, 0 with full lifecycle facts, 0 with keys"


def test_check_tells_what_is_unverified_where_it_is_asked_to() -> None:
    file = str(loader.FOLDER / "gmail.yaml")
    assert "unverified" not in run("check", file)
    warning, counts = run("check", "--unverified", file).splitlines()
    assert warning.startswith("gmail.yaml: unverified: ")
    assert counts == "1 toolkits, 1 with full lifecycle facts, 0 with keys"


def test_list_has_a_line_for_each_toolkit_in_aligned_columns() -> None:
    text = run("list")
    assert slugs_in(text) == sorted(loader.slugs())
    head, *rows = text.splitlines()
    start = head.index("category")
    assert all(row[start - 1] == " " and row[start] != " " for row in rows)


def test_list_is_narrowed_by_category_scheme_and_text() -> None:
    assert slugs_in(run("list", "--category", "sandbox")) == ["sandbox"]
    assert slugs_in(run("list", "--search", "acme NOTES")) == ["sandbox"]
    assert "gmail" in slugs_in(run("list", "--scheme", "service_account", "--category", "email"))
    assert run("list", "--category", "sandbox", "--scheme", "basic") == "No toolkit fits.\n"


def test_list_knows_no_other_category() -> None:
    with pytest.raises(CommandError, match="invalid choice: 'colours'"):
        run("list", "--category", "colours")


def test_show_tells_the_facts_in_words_and_marks_what_is_unverified() -> None:
    lines = [re.sub(r"  +", " | ", line.strip()) for line in run("show", "gmail").splitlines()]
    assert lines[0] == "Gmail (gmail, email)"
    assert "token | https://oauth2.googleapis.com/token" in lines
    assert "* | openid | Know which account is yours" in lines
    assert "an access token lives | 1 hour" in lines
    assert "PKCE | yes | (unverified)" in lines
    assert "Scheme service_account" in lines


def test_show_has_something_to_say_of_every_toolkit() -> None:
    for slug, toolkit in all_toolkits().items():
        text = as_text(toolkit)
        assert f"({slug}, " in text
        assert "None" not in text, slug


def test_show_tells_how_a_key_tells_what_an_account_brings() -> None:
    for slug, told in (("mailchimp", "told by the api_key"), ("gong", "asked of the person")):
        assert told in run("show", slug)


def test_show_of_an_unknown_toolkit_is_an_error() -> None:
    with pytest.raises(CommandError, match="There is no toolkit 'nope' in the catalog"):
        run("show", "nope")


def test_page_writes_a_file(tmp_path: Path) -> None:
    run("page", "--to", str(tmp_path / "page.md"))
    assert (tmp_path / "page.md").read_text() == run("page")


@pytest.mark.parametrize("step", [["list"], ["page"], ["show", "acme"]])
def test_nothing_is_shown_of_a_catalog_with_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: list[str]
) -> None:
    write(tmp_path, "name: Acme\n")
    monkeypatch.setattr(loader, "FOLDER", tmp_path)
    monkeypatch.setattr(
        loader, "get_toolkit", lambda slug: loader.read_toolkit(tmp_path / f"{slug}.yaml")
    )
    with pytest.raises(CommandError, match=r"toolkits check|is missing"):
        run(*step)
