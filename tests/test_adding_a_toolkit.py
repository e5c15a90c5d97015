"""docs/how-to/add-a-toolkit.md followed word for word, in a copy, between two starts of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from tests.databases import empty_database
from tests.followed_page import ROOT, Shell, blocks_of, clean_environment, copy_source
from tests.run_process import RunProcess
from tests.sandbox_process import Page, free_port, sign_up_and_consent

PAGE = ROOT / "docs/how-to/add-a-toolkit.md"


@dataclass(frozen=True, kw_only=True)
class Followed:
    """What the steps said: of the shell, of two starts, and of the API."""

    check: str
    show: str
    conformance: str
    page: str
    first: str
    second: str
    created: dict[str, Any]
    listed: dict[str, Any]
    refreshed: dict[str, Any]
    revoked: dict[str, Any]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunProcess]:
    """Yield `make run` in a copy, with keys, people and a database of its own."""
    copy = copy_source(tmp_path_factory.mktemp("copy") / "evergrant")
    with empty_database() as url:
        process = RunProcess(
            copy / "var", port=free_port(), sandbox_port=free_port(), DATABASE_URL=url
        )
        process.root = copy
        yield process
        process.stop()


@pytest.fixture(scope="module")
def followed(run: RunProcess) -> Followed:
    """Follow the page; the sentences between its commands are this function's lines."""
    first = run.start()
    run.stop()
    shell = Shell(run.root, clean_environment(run.environment))
    [name] = re.findall(r"^`(integrations/\S+\.yaml)`", PAGE.read_text(), re.MULTILINE)
    [written] = blocks_of(PAGE, "2. Write the file")
    (run.root / name).write_text(written.text)
    check, _, _, show = blocks_of(PAGE, "3. Check it")
    [suite] = blocks_of(PAGE, "4. Run the conformance suite for it")
    [page] = blocks_of(PAGE, "5. Write the page anew")
    told = [shell.output(each.text) for each in (check, show, suite)]
    shell.output(page.text)
    listed = (run.root / "docs/reference/toolkits.md").read_text()
    second = run.start()
    return Followed(
        first=first,
        second=second,
        check=told[0],
        show=told[1],
        conformance=told[2],
        page=listed,
        **connect(run, shell),
    )


def connect(run: RunProcess, shell: Shell) -> dict[str, Any]:
    """Follow the last step; return the answers to its calls."""
    variables, create, _, register, link, look, end = blocks_of(PAGE, "6. Connect an account")
    [key] = re.findall(r"x-api-key: (eg_[\w-]+)", run.output)
    shell.changes |= {":8000": f":{run.port}", ":8001": f":{run.sandbox_port}", "eg_...": key}
    shell.output(variables.text)
    created = json.loads(shell.output(create.text))
    shell.changes["ac_..."] = created["id"]
    shell.output(register.text)
    agree(json.loads(shell.output(link.text))["redirect_url"])
    listed = json.loads(shell.output(look.text))
    shell.changes["ca_..."] = listed["items"][0]["id"]
    refreshed, revoked = json_lines(shell.output(end.text))
    return {"created": created, "listed": listed, "refreshed": refreshed, "revoked": revoked}


def agree(url: str) -> None:
    """Open the link in a browser, sign up at the service, agree, and come back."""
    session = requests.Session()
    page = Page(session.get(url, timeout=30))
    sent = session.post(page.action, data=page.fields, allow_redirects=False, timeout=30)
    back = sign_up_and_consent(session, sent.headers["Location"], "alice", "alice@example.com")
    session.get(back, timeout=30).raise_for_status()


def json_lines(text: str) -> list[dict[str, Any]]:
    """Return the answers that stand in ``text`` one after the other."""
    found, decoder = [], json.JSONDecoder()
    while text.strip():
        value, end = decoder.raw_decode(text.strip())
        found.append(value)
        text = text.strip()[end:]
    return found


def test_the_check_says_what_the_page_says(followed: Followed) -> None:
    wanted = blocks_of(PAGE, "3. Check it")[1].text
    assert followed.check == wanted


def test_the_toolkit_is_shown(followed: Followed) -> None:
    assert "Acme Journal" in followed.show


def test_the_conformance_suite_runs_for_it_and_passes(followed: Followed) -> None:
    [passed] = re.findall(r"(\d+) passed", followed.conformance)
    assert int(passed) >= 10


def test_the_list_of_toolkits_has_it(followed: Followed) -> None:
    assert "| `acmejournal` |" in followed.page


def test_the_auth_config_is_created_as_the_page_shows(followed: Followed, run: RunProcess) -> None:
    shown = blocks_of(PAGE, "6. Connect an account")[2]
    assert set(re.findall(r'"(\w+)": ', shown.text)) <= set(followed.created)
    path = f"/connect/callback/{followed.created['id']}"
    assert followed.created["redirect_uri"] == f"http://127.0.0.1:{run.port}{path}"


def test_an_account_is_connected_refreshed_and_revoked(followed: Followed) -> None:
    [account] = followed.listed["items"]
    assert (account["status"], account["identity"]) == ("ACTIVE", "alice@example.com")
    assert followed.refreshed["refreshed_at"] is not None
    assert followed.revoked["status"] == "REVOKED"


def test_the_second_start_keeps_the_data_and_the_call(followed: Followed) -> None:
    calls = [re.search(r"curl .*", said) for said in (followed.first, followed.second)]
    assert calls[0] is not None
    assert calls[1] is not None
    assert calls[0][0] == calls[1][0]
    assert "password was shown on the first run" in followed.second
