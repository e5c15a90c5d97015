"""Pages that begin at a row."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connections.models import Entity
from integrations.models import ApiKey, Project
from integrations.places import Place, PlacedPage

pytestmark = pytest.mark.django_db

NOW = timezone.now()
ORDERS = [("-id",), ("pk",), ("expires_at", "-pk"), ("-expires_at", "-pk"), ("name", "pk")]


@pytest.fixture
def keys() -> list[ApiKey]:
    """Ten keys, of which three end at the same time and three never."""
    project = Project.objects.create(name="Acme")
    return [key(project, number, ends(number)) for number in range(10)]


def ends(number: int) -> datetime | None:
    if number < 3:
        return None
    return NOW + timedelta(days=min(number, 7))


def key(project: Project, number: int, expires_at: datetime | None = None) -> ApiKey:
    made = ApiKey(project=project, name=f"K{number}", expires_at=expires_at)
    made.issue()
    return made


def page(rows: QuerySet[ApiKey], place: str = "", size: int = 3) -> PlacedPage:
    return PlacedPage(rows, place=Place.read(place), size=size)


def walk(rows: QuerySet[ApiKey], *, from_place: str = "", forwards: bool = True) -> list[list[str]]:
    """Return the keys of every page from there on."""
    shown = page(rows, from_place)
    pages = [shown.keys]
    while place := shown.later if forwards else shown.earlier:
        shown = page(rows, place)
        pages.append(shown.keys)
    return pages


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("order", ORDERS)
def test_the_pages_together_are_the_list(order: tuple[str, ...]) -> None:
    rows = ApiKey.objects.order_by(*order)
    pages = walk(rows)
    assert [pk for keys in pages for pk in keys] == [row.pk for row in rows]
    assert [len(keys) for keys in pages] == [3, 3, 3, 1]


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("order", ORDERS)
def test_the_way_back_shows_the_same_rows(order: tuple[str, ...]) -> None:
    rows = ApiKey.objects.order_by(*order)
    whole = [row.pk for row in rows]
    last = page(rows, str(Place(after=True, key=whole[8], value=_value(rows, 8, order))))
    assert last.keys == whole[9:]
    back = walk(rows, from_place=last.earlier, forwards=False)
    assert [pk for keys in back[::-1] for pk in keys] == whole[:9]


def _value(rows: QuerySet[ApiKey], index: int, order: tuple[str, ...]) -> str | None:
    column = order[0].lstrip("-")
    if column in {"id", "pk"}:
        return None
    field: Any = ApiKey._meta.get_field(column)
    row = rows[index]
    return None if getattr(row, column) is None else str(field.value_to_string(row))


@pytest.mark.parametrize("order", [("tenant_id", "-pk"), ("-tenant_id", "pk")])
def test_an_empty_text_is_a_place_and_no_null(order: tuple[str, ...]) -> None:
    project = Project.objects.create(name="Acme")
    for number in range(10):
        tenant = "t" if number == 5 else ""
        Entity.objects.create(project=project, user_id=f"u{number}", tenant_id=tenant)
    rows = Entity.objects.order_by(*order)
    shown = PlacedPage(rows, place=None, size=3)
    keys = shown.keys
    while shown.later:
        shown = PlacedPage(rows, place=Place.read(shown.later), size=3)
        keys = keys + shown.keys
        assert len(keys) <= 10
    assert keys == [row.pk for row in rows]


def test_rows_that_come_meanwhile_shift_nothing(keys: list[ApiKey]) -> None:
    rows = ApiKey.objects.order_by("-id")
    first = page(rows)
    for number in range(10, 15):
        key(keys[0].project, number)
    second = page(rows, first.later)
    assert [row.name for row in second.rows] == ["K6", "K5", "K4"]
    assert second.has_earlier


def test_a_row_that_went_is_still_a_place(keys: list[ApiKey]) -> None:
    rows = ApiKey.objects.order_by("-id")
    later = page(rows).later
    keys[7].delete()
    assert [row.name for row in page(rows, later).rows] == ["K6", "K5", "K4"]


def test_the_page_before_the_second_is_a_whole_first_page(keys: list[ApiKey]) -> None:
    rows = ApiKey.objects.order_by("-id")
    place = str(Place(after=False, key=keys[8].pk))
    shown = page(rows, place)
    assert [row.name for row in shown.rows] == ["K9", "K8", "K7"]
    assert not shown.has_earlier


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("place", ["", "7", "after", "after~", "sideways~x", "after~0"])
def test_what_is_no_place_is_the_beginning(place: str) -> None:
    rows = ApiKey.objects.order_by("-id")
    assert page(rows, place).keys == page(rows).keys


@pytest.mark.usefixtures("keys")
def test_a_place_with_another_columns_value_is_the_beginning() -> None:
    rows = ApiKey.objects.order_by("expires_at", "-pk")
    assert page(rows, "after~ak_1~not-a-date").keys == page(rows).keys


@pytest.mark.usefixtures("keys")
def test_a_page_passes_over_no_rows() -> None:
    rows = ApiKey.objects.order_by("-id")
    place = page(rows).later
    with CaptureQueriesContext(connection) as queries:
        _ = page(rows, place).rows
    assert not any("OFFSET" in query["sql"] for query in queries)
    assert len(queries) == 2


@pytest.mark.usefixtures("keys")
def test_parts_are_walked_as_one_list() -> None:
    rows = ApiKey.objects.order_by("-id")
    parts = [rows.filter(name__lt="K5"), rows.filter(name__gte="K5")]
    shown = PlacedPage(rows, place=None, size=3, parts=parts)
    names = [row.name for row in shown.rows]
    while shown.later:
        shown = PlacedPage(rows, place=Place.read(shown.later), size=3, parts=parts)
        names += [row.name for row in shown.rows]
    assert names == [f"K{number}" for number in range(9, -1, -1)]
