"""How Evergrant talks to PostgreSQL."""

import pytest
from django.db import connection

from integrations.models import Project


@pytest.mark.django_db
def test_a_query_that_is_not_read_to_its_end_leaves_no_cursor_open() -> None:
    # The collector would close it amid another query of the thread, which then waits for ever.
    Project.objects.bulk_create(Project(name=str(number)) for number in range(3))
    unfinished = Project.objects.order_by("pk").iterator(chunk_size=1)
    assert next(unfinished).name == "0"
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_cursors")
        assert cursor.fetchone() == (0,)
