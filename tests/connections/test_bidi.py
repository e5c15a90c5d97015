"""Names amid text that runs the other way."""

from django.utils.translation import override

from connections.bidi import isolated

ISOLATED = "\N{FIRST STRONG ISOLATE}%s\N{POP DIRECTIONAL ISOLATE}"


def test_a_latin_name_in_a_latin_sentence_stays_as_it_is() -> None:
    assert isolated("Acme Notes (2)") == "Acme Notes (2)"


def test_an_arabic_or_hebrew_name_turns_no_latin_sentence() -> None:
    for name in ("دفتر", "Acme פתק"):
        assert isolated(name) == ISOLATED % name


def test_a_latin_name_turns_no_arabic_sentence() -> None:
    with override("ar"):
        assert isolated("Acme Notes (2)") == ISOLATED % "Acme Notes (2)"
