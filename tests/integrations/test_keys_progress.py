"""What a long command says of itself where nobody watches a bar."""

from __future__ import annotations

import io
import re

from integrations.management.progress import ROWS_PER_LINE, showing_progress


def test_a_line_is_written_per_so_many_rows_with_the_rate_and_the_rest() -> None:
    out = io.StringIO()
    with showing_progress(total=4 * ROWS_PER_LINE, out=out) as tell:
        for _ in range(6):
            tell("app.Model.field", ROWS_PER_LINE // 2)
    lines = out.getvalue().splitlines()
    assert len(lines) == 3
    assert re.fullmatch(
        r"20,000 of 80,000 rows, [\d,]+ rows/s, \d+ s left \(app\.Model\.field\)", lines[0]
    )


def test_a_short_run_writes_nothing() -> None:
    out = io.StringIO()
    with showing_progress(total=10, out=out) as tell:
        tell("app.Model.field", 10)
    assert out.getvalue() == ""
