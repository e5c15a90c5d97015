"""The pictures in docs/img/, taken from a real installation.

``python -m tests.screenshots`` runs one in a throwaway environment, walks alice and the operator
through it and writes the pictures anew. It takes about a minute.
"""

from __future__ import annotations

import base64
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from config.throwaway import throwaway_environment
from tests.browser_program import FLAGS, browser
from tests.evergrant_processes import EvergrantProcesses
from tests.journeys.conftest import Installation
from tests.journeys.test_one_grant import TOKEN_SECONDS, Walk, eventually
from tests.receiver import Receiver
from tests.sandbox_process import ROOT, SandboxProcess

FOLDER = ROOT / "docs/img"
LARGEST_BYTES = 300_000
# How an operator and a person on a phone see it; one picture shows both, side by side.
DESK: ViewportSize = {"width": 1180, "height": 860}
PHONE: ViewportSize = {"width": 390, "height": 860}
REFRESHES = 3
SIDE_BY_SIDE = """
<!doctype html><style>
  body {{ display: flex; gap: 24px; width: max-content; margin: 0; padding: 24px }}
  body {{ background: #e7eaee }}
  img {{ display: block; border-radius: 12px; box-shadow: 0 2px 12px rgb(0 0 0 / .18) }}
</style><img src="{left}"><img src="{right}">
"""


@contextmanager
def installation(folder: Path) -> Iterator[Installation]:
    """Run web server, worker, sandbox provider and an app's receiver on an empty database."""
    with ExitStack() as stack:
        os.environ.update(stack.enter_context(throwaway_environment()))
        database_url = os.environ["DATABASE_URL"]
        receiver = stack.enter_context(Receiver())
        sandbox = SandboxProcess(database_url).start()
        stack.callback(sandbox.stop)
        evergrant = EvergrantProcesses(database_url, folder)
        stack.callback(evergrant.stop)
        demo = evergrant.install(sandbox_url=sandbox.url, callback_url=f"{receiver.url}/connected")
        sandbox.add_redirect_uri(demo["callback_redirect_uri"])
        evergrant.start_web()
        evergrant.start_worker()
        yield Installation(evergrant=evergrant, sandbox=sandbox, receiver=receiver, demo=demo)


def walk_and_look(walk: Walk) -> dict[str, bytes]:
    """Walk through one grant's life and return the pictures by name, as PNG."""
    walk.of.sandbox.switches(access_token_seconds=TOKEN_SECONDS)
    walk.subscribe()
    walk.alice.goto(walk.of.demo["connect_url"])
    connect = walk.alice.screenshot()
    _connect(walk)
    _wait_for_refreshes(walk, REFRESHES)
    walk.of.sandbox.revoke_grants("alice")
    expired = walk.event("connected_account.expired")["data"]
    walk.alice.goto(expired["reauth_url"])
    reconnect = walk.alice.screenshot()
    _connect(walk)
    _wait_for_refreshes(walk, REFRESHES + 2)
    walk.sign_in()
    page = f"{walk.of.evergrant.url}/admin/connections/connectedaccount/{walk.account_id}/change/"
    walk.operator.goto(page)
    account = walk.operator.screenshot()
    return {"evergrant": side_by_side(walk.operator, account, connect), "reconnect": reconnect}


def _connect(walk: Walk) -> None:
    walk.alice.locator("form[method=post] button").first.click()
    walk.consent()
    walk.reach_callback()


def _wait_for_refreshes(walk: Walk, count: int) -> None:
    eventually(lambda: walk.refreshes() >= count, f"{count} refreshes in the history")


def side_by_side(page: Page, left: bytes, right: bytes) -> bytes:
    """Return both pictures as one."""
    page.set_viewport_size({"width": 1800, "height": 400})
    page.set_content(SIDE_BY_SIDE.format(left=_data_url(left), right=_data_url(right)))
    return page.locator("body").screenshot()


def _data_url(picture: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture).decode()}"


def take(chromium: Browser) -> dict[str, bytes]:
    """Return every picture of docs/img/ by name."""
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder)) as running:
        walk = Walk(running, chromium)
        walk.operator.set_viewport_size(DESK)
        walk.alice.set_viewport_size(PHONE)
        return walk_and_look(walk)


def main() -> int:
    """Write the pictures; return 1 where one is too large to be kept with the code."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(browser()), args=list(FLAGS))
        pictures = take(chromium)
        chromium.close()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        (FOLDER / f"{name}.png").write_bytes(picture)
        sys.stdout.write(f"docs/img/{name}.png {len(picture) // 1000} kB\n")
    return int(any(len(picture) > LARGEST_BYTES for picture in pictures.values()))


if __name__ == "__main__":
    sys.exit(main())
