"""`make bench` at tiny sizes: that it runs and notices what is wrong, not how fast anything is."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from config.run.web_server import web_server
from tests.bench.figures import Figures
from tests.bench.load import Answer, summarize
from tests.bench.options import read_options
from tests.bench.provider import Provider, access_token

ROOT = Path(__file__).resolve().parent.parent


def test_the_harness_still_runs(tmp_path: Path) -> None:
    output = tmp_path / "bench.json"
    flags = ["--share=0.01", "--rounds=1", "--processes=1", "--sizes=5000,10000"]
    flags += [f"--output={output}", f"--folder={tmp_path}"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--only=refresh,scale", *flags],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(output.read_text())
    assert {"refresh.0ms.bare_loop", "refresh.100ms.by_hand", "scale.claim.10k_vs_5k"} <= set(
        figures
    )
    assert set(figures["refresh.0ms.bare_loop"]) == {"value", "unit", "baseline", "ratio"}
    assert list(tmp_path.iterdir()) == [output]


def test_a_refresh_token_that_is_used_twice_is_counted() -> None:
    provider = Provider()
    for token in (b"one", b"two", b"one"):
        provider.issue(b"grant_type=refresh_token&refresh_token=" + token)
    assert json.loads(provider.report())["repeated"] == 1


def test_every_refresh_token_that_the_provider_issues_is_another_one() -> None:
    provider = Provider()
    issued = [json.loads(provider.issue(b"refresh_token=same")) for _ in range(100)]
    assert len({answer["refresh_token"] for answer in issued}) == 100


def test_an_answer_with_a_token_that_has_ended_is_stale() -> None:
    now = time.time()
    bodies = [access_token("a", ends_at=now - 1), access_token("b", ends_at=now + 60)]
    answers = [
        Answer(now, now, b"200", b'{"access_token": "%b"}' % body.encode()) for body in bodies
    ]
    load = summarize([*answers, Answer(now, now, b"200", b"{}")], seconds=1, cpu=0)
    assert (load.stale, load.tokenless, load.tokens) == (1, 1, 2)


def test_what_is_not_as_it_must_be_is_a_fault() -> None:
    figures = Figures()
    figures.check("calls", found=100, wanted=100)
    assert figures.faults == []
    figures.check("calls", found=101, wanted=100)
    assert figures.faults == ["calls: 101, not 100"]


def test_the_web_server_is_measured_with_the_threads_of_make_run() -> None:
    assert f"--blocking-threads={read_options([]).threads}" in web_server(port=8000)
