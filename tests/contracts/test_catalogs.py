"""Every hosted text speaks every language."""

from __future__ import annotations

import re

import pytest
from django.utils.translation import get_language_info

from integrations.catalog import all_toolkits
from tests.messages.catalogs import (
    CODES,
    compiled,
    is_optional,
    is_translated,
    placeholders,
    texts_of,
    written,
)
from tests.messages.extracting import ROOT, hosted_templates, template

TEXTS = texts_of(template())
CATALOGS = {code: texts_of(written(code)) for code in CODES}
each_language = pytest.mark.parametrize("code", CODES)


def forms(string: object) -> list[str]:
    return [str(form) for form in (string if isinstance(string, tuple | list) else [string])]


@each_language
def test_every_text_is_there_and_none_that_is_gone(code: str) -> None:
    assert CATALOGS[code].keys() == TEXTS.keys(), "make messages, then translate what is new"


@each_language
def test_every_text_of_the_pages_is_translated(code: str) -> None:
    left = [
        key
        for key, message in CATALOGS[code].items()
        if not is_translated(message) and not is_optional(TEXTS[key])
    ]
    assert left == []


def test_a_toolkits_text_is_translated_into_all_languages_or_into_none() -> None:
    for key, text in TEXTS.items():
        if is_optional(text):
            assert len({is_translated(CATALOGS[code][key]) for code in CODES}) == 1, key


def test_what_toolkits_ask_for_unless_told_otherwise_is_told_in_every_language() -> None:
    for toolkit in all_toolkits().values():
        for scope in toolkit.default_scopes:
            text = toolkit.describe_scope(scope)
            if text != scope:
                assert is_translated(CATALOGS["de"][text, None]), (toolkit.slug, text)


@each_language
def test_a_translation_names_and_marks_up_what_the_text_does(code: str) -> None:
    for message in CATALOGS[code].values():
        if not is_translated(message):
            continue
        wanted = placeholders(forms(message.id)[-1])
        # A form for exactly one or two needs no number: Arabic has a word for it.
        counted = {"%(num)d", "%(hidden)s"} if isinstance(message.id, tuple | list) else set()
        for form in forms(message.string):
            assert placeholders(form) in {wanted, wanted - counted}, message.id


@each_language
def test_what_django_reads_is_what_was_written(code: str) -> None:
    read = {key: forms(message.string) for key, message in texts_of(compiled(code)).items()}
    translated = {
        key: forms(message.string)
        for key, message in CATALOGS[code].items()
        if is_translated(message)
    }
    assert read == translated, "make messages"


@each_language
def test_the_language_has_a_direction_and_a_name_of_its_own(code: str) -> None:
    assert get_language_info(code)["name_local"]
    assert (code == "ar") is get_language_info(code)["bidi"]


def test_no_hosted_template_speaks_past_the_catalogs() -> None:
    for path in hosted_templates():
        text = re.sub(r"{#.*?#}|<style.*?</style>", "", path.read_text(), flags=re.DOTALL)
        text = re.sub(r"{% blocktranslate.*?endblocktranslate %}", "", text, flags=re.DOTALL)
        attributes = re.findall(r"\b(?:aria-label|title|alt|placeholder)=\"([^\"{]+)\"", text)
        text = re.sub(r"{%.*?%}|{{.*?}}", " ", text, flags=re.DOTALL)
        # Less tags, entities, and names of classes that stand in a block of their own.
        text = re.sub(r"<[^>]*>|&\w+;|\w+--\w+", " ", text)
        words = set(re.findall(r"[^\W\d_]{2,}", text))
        assert words - {"Evergrant"} == set(), path.relative_to(ROOT)
        assert attributes == [], path.relative_to(ROOT)
