"""Processes of a run mark what they read, and calls find their marks."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from tests.chaos.making import PID, REFRESHED, call
from tests.chaos.marks import MODULE_FOLDER, VARIABLE, Mark, note_reads, read_marks

READ_ONCE = """
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as connection:
    print(connection.getsockname()[1], connection.recv(100).decode())
"""


def test_a_process_marks_what_it_reads(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-c", READ_ONCE, str(port)],
            env=os.environ | {"PYTHONPATH": str(MODULE_FOLDER), VARIABLE: str(tmp_path)},
            stdout=subprocess.PIPE,
            text=True,
        )
        accepted, _ = server.accept()
        with accepted:
            accepted.sendall(b"answer")
        own_port, text = process.communicate()[0].split()
    assert text == "answer"
    (mark,) = read_marks(tmp_path)[f"{own_port}-{port}"]
    assert mark.pid == process.pid


def test_a_call_finds_the_first_mark_after_its_answer_and_before_the_next_call() -> None:
    first = call(1, REFRESHED, connection="5-80", read_at=None)
    unread = call(2, REFRESHED + 1, connection="5-80", read_at=None)
    last = call(3, REFRESHED + 2, connection="5-80", read_at=None)
    marks = [Mark(at=REFRESHED + seconds, pid=PID) for seconds in (0.01, 0.03, 0.04, 2.05)]
    note_reads([first, unread, last], {"5-80": marks}, {})
    assert [first.read_at, unread.read_at, last.read_at] == [
        REFRESHED + 0.03,
        None,
        REFRESHED + 2.05,
    ]
    assert first.pid == PID


def test_marks_of_another_connection_are_nothing_to_a_call() -> None:
    lonely = call(1, REFRESHED, connection="5-80", read_at=None)
    note_reads([lonely], {"6-80": [Mark(at=REFRESHED + 0.03, pid=PID)]}, {})
    assert lonely.read_at is None


def test_marks_after_the_end_of_the_connection_are_those_of_another_process() -> None:
    unread = call(1, REFRESHED, connection="5-80", read_at=None)
    marks = {"5-80": [Mark(at=REFRESHED + 9, pid=PID + 1)]}
    note_reads([unread], marks, {"5-80": [REFRESHED - 5, REFRESHED + 0.03, REFRESHED + 20]})
    assert (unread.read_at, unread.pid) == (None, None)
