"""Counts that stay cheap."""

from __future__ import annotations

import pytest
from django.core.paginator import EmptyPage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations import counting
from integrations.counting import Count, EstimatingPaginator, count_rows
from integrations.models import Project

pytestmark = pytest.mark.django_db


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten projects, of which five are counted at the most."""
    monkeypatch.setattr(counting, "EXACT_UP_TO", 5)
    Project.objects.bulk_create(Project(name=f"P{number}") for number in range(10))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE integrations_project")


def test_few_rows_are_counted() -> None:
    Project.objects.create(name="Acme")
    assert count_rows(Project.objects.all()) == Count(number=1, exact=True)
    assert count_rows(Project.objects.none()) == Count(number=0, exact=True)


def test_many_rows_are_estimated(few: None) -> None:
    assert count_rows(Project.objects.all()) == Count(number=10, exact=False)


def test_a_count_looks_at_no_more_rows_than_it_has_to(few: None) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        count_rows(Project.objects.all())
    assert "LIMIT 6" in queries[0]["sql"]
    assert queries[1]["sql"].startswith("EXPLAIN")


def test_an_estimate_is_no_less_than_what_was_seen(few: None) -> None:
    rows = Project.objects.exclude(name__contains="x").exclude(name__contains="y")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM pg_statistic WHERE starelid = 'integrations_project'::regclass")
    assert count_rows(rows.filter(name__contains="P")).number >= 6


def test_an_estimate_says_that_it_is_one() -> None:
    assert str(Count(number=1234, exact=True)) == "1,234"
    assert str(Count(number=1_023_441, exact=False)) == "≈ 1.0M"
    assert str(Count(number=15_678, exact=False)) == "≈ 16k"


def test_a_long_list_has_the_pages_of_what_is_counted(few: None) -> None:
    pages = EstimatingPaginator(Project.objects.order_by("pk"), 3)
    assert (pages.count, pages.num_pages, pages.reach) == (10, 2, 6)
    assert [row.name for row in pages.page(2)] == ["P3", "P4", "P5"]
    with pytest.raises(EmptyPage):
        pages.page(3)


def test_rows_before_a_page_are_passed_over_by_their_keys(few: None) -> None:
    pages = EstimatingPaginator(Project.objects.order_by("pk"), 3)
    with CaptureQueriesContext(connection) as queries:
        list(pages.page(2))
    passing = next(query["sql"] for query in queries if "OFFSET 3" in query["sql"])
    assert "name" not in passing


def test_a_page_of_parts_holds_the_newest_of_all(few: None) -> None:
    rows = Project.objects.order_by("-pk")
    pages = EstimatingPaginator(rows, 3)
    pages.parts = [rows.filter(name__lte="P4"), rows.filter(name__gt="P4")]
    with CaptureQueriesContext(connection) as queries:
        assert [row.name for row in pages.page(1)] == ["P9", "P8", "P7"]
    assert any("UNION ALL" in query["sql"] for query in queries)
    assert [row.name for row in pages.page(2)] == ["P6", "P5", "P4"]
