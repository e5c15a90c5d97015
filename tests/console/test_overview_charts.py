"""What the overview draws, and how it words numbers."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from config.dashboard.charting import plot, scale
from config.dashboard.refreshes import Chart
from config.dashboard.words import change, share, short
from tests.console.test_overview import MINUTE, overview, tally
from tests.console.world import World

pytestmark = pytest.mark.django_db


def test_the_numbers_of_the_chart_are_the_sums_of_its_table(client: Client, mine: World) -> None:
    tally(mine.account.auth_config, 40)
    tally(mine.account.auth_config, 3, "transient", ago=3 * MINUTE)
    for total in overview(client)["chart"].totals:
        assert total.url == "#eg-chart-numbers"
    page = client.get("/admin/").content.decode()
    table = page[page.index('id="eg-chart-numbers"') :]
    assert "<b>Together</b></th><td><b>40</b></td><td><b>3</b></td><td><b>0</b></td>" in table


def test_refreshes_are_charted_by_the_minute_with_failures_apart(
    client: Client, mine: World
) -> None:
    config = mine.account.auth_config
    for outcome, count in [("stored", 40), ("transient", 3), ("in_doubt", 1), ("terminal", 2)]:
        tally(config, count, outcome)
    tally(config, 500, ago=timedelta(hours=2))
    chart: Chart = overview(client)["chart"]
    assert [(total.label, total.number) for total in chart.totals] == [
        ("refreshed", 40),
        ("failed", 4),
        ("grants ended", 2),
    ]
    [step] = [step for step in chart.steps if step.stored]
    assert (step.failed, step.ended) == (4, 2)
    assert (chart.good.top, chart.bad.top) == (50, 10)
    assert len(chart.steps) == 60


def test_a_day_is_charted_by_the_quarter(client: Client, mine: World) -> None:
    tally(mine.account.auth_config, 5)
    tally(mine.account.auth_config, 500, ago=timedelta(hours=20))
    chart: Chart = overview(client, "?period=day")["chart"]
    assert (len(chart.steps), chart.totals[0].number) == (96, 505)
    assert overview(client, "?period=nonsense")["chart"].period.key == ""


def test_what_is_drawn_can_be_read(client: Client, mine: World) -> None:
    tally(mine.account.auth_config, 40)
    page = client.get("/admin/").content.decode()
    assert 'role="img" aria-label="Last hour: 40 refreshed, 0 failed, 0 grants ended.' in page
    assert re.search(r"<title>\d\d:\d\d: 40 refreshed</title>", page)
    assert "<td>40</td>" in page


@pytest.mark.parametrize(("number", "text"), [(0, "0"), (999_999, "999,999"), (1_240_000, "1.24M")])
def test_large_numbers_are_short(number: int, text: str) -> None:
    assert short(number) == text


def test_changes_and_shares_are_told_as_people_say_them() -> None:
    assert [change(n) for n in (0, 12, -1500)] == ["no change", "+12", "\N{MINUS SIGN}1,500"]
    assert [share(n) for n in (0, 0.0001, 0.034, 0.5)] == ["0 %", "< 0.1 %", "3.4 %", "50 %"]


@pytest.mark.parametrize(("most", "top"), [(0, 1), (1, 1), (3, 5), (11, 20), (812, 1000)])
def test_a_scale_ends_at_a_round_number(most: int, top: int) -> None:
    assert scale(most) == top


def test_a_single_failure_is_seen_beside_a_thousand() -> None:
    drawn = plot([[1000], [1]], tones=["bad"], titles=["", ""])
    assert drawn.bars[1].parts[0].height == 2
