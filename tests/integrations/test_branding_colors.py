"""The colours made from a project's one: whatever it is, people can read what stands there."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.branding import colors_of
from integrations.branding.colors import (
    DARK_GROUNDS,
    LIGHT_GROUNDS,
    OWN,
    carries_white,
    colors_from,
    nearest_readable,
)
from integrations.branding.contrast import COMPONENT, TEXT, WHITE, luminance, normalize, ratio, told
from integrations.branding.oklch import read, with_lightness, write
from integrations.branding.verdict import judge
from integrations.models import Project

COLORS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
KNOWN = ["#000000", "#ffffff", "#ff0000", "#00ff00", "#0000ff", "#ffcc00", "#111827", "#777777"]


@pytest.mark.parametrize(
    ("one", "other", "contrast"),
    [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48), ("#123456", "#123456", 1.0)],
)
def test_contrast_is_what_wcag_says(one: str, other: str, contrast: float) -> None:
    assert ratio(one, other) == pytest.approx(contrast, abs=0.005)
    assert ratio(one, other) == ratio(other, one)


@pytest.mark.parametrize("text", ["#1a2B3c", "1A2b3c", " #1a2b3c "])
def test_a_colour_is_kept_in_one_form(text: str) -> None:
    assert normalize(text) == "#1a2b3c"


def test_a_short_colour_is_written_out() -> None:
    assert normalize("#0Af") == "#00aaff"


@pytest.mark.parametrize("text", ["", "red", "#12", "#1234567", "#gggggg", "url(x)", "#12345\n6"])
def test_anything_else_is_no_colour(text: str) -> None:
    with pytest.raises(ValueError, match="#rrggbb"):
        normalize(text)


@given(color=COLORS)
def test_a_colour_survives_the_way_to_oklch_and_back(color: str) -> None:
    assert write(read(color)) == color


@given(color=COLORS, lightness=st.floats(0.1, 0.9))
def test_lighter_and_darker_stay_in_what_a_screen_shows(color: str, lightness: float) -> None:
    assert read(with_lightness(color, lightness)).lightness == pytest.approx(lightness, abs=0.02)


def check(accent: str) -> None:
    colors = colors_from(accent)
    for scheme, grounds in ((colors.light, LIGHT_GROUNDS), (colors.dark, DARK_GROUNDS)):
        fills = (scheme.accent, scheme.accent_strong)
        assert fills[0] != fills[1]
        assert all(ratio(scheme.on_accent, fill) >= TEXT for fill in fills)
        assert all(ratio(fill, ground) >= COMPONENT for fill in fills for ground in grounds)
        under_text = (*grounds, scheme.accent_soft)
        assert all(ratio(scheme.accent_text, ground) >= TEXT for ground in under_text)


@settings(max_examples=60, deadline=None)
@given(accent=COLORS)
def test_text_and_buttons_can_be_seen_whatever_the_accent_colour(accent: str) -> None:
    check(accent)


@pytest.mark.parametrize("accent", KNOWN)
def test_text_and_buttons_can_be_seen_at_the_ends_of_the_scale(accent: str) -> None:
    check(accent)


def test_evergrants_own_colours_keep_to_it_too() -> None:
    for scheme, grounds in ((OWN.light, LIGHT_GROUNDS), (OWN.dark, DARK_GROUNDS)):
        assert ratio(scheme.on_accent, scheme.accent) >= TEXT
        assert all(ratio(scheme.accent_text, ground) >= TEXT for ground in grounds)


@settings(max_examples=50, deadline=None)
@given(color=COLORS)
def test_the_suggestion_passes_and_a_lighter_one_would_not(color: str) -> None:
    found = nearest_readable(color)
    assert carries_white(found)
    if found != color:
        assert luminance(found) < luminance(color)
        assert not carries_white(with_lightness(found, read(found).lightness + 0.02))


def test_a_colour_that_passes_is_used_as_it_is() -> None:
    assert colors_of(Project(accent_color="#2563eb")).light.accent == "#2563eb"


def test_too_little_contrast_never_looks_enough() -> None:
    assert told("#767676", WHITE) == "4.54"
    assert told("#777777", WHITE) == "4.47"


@pytest.mark.parametrize("stored", ["", "javascript:alert(1)"])
def test_a_project_without_a_colour_has_evergrants(stored: str) -> None:
    assert colors_of(Project(accent_color=stored)) == OWN


def test_a_verdict_says_the_contrast_and_what_would_do() -> None:
    refused = judge("#3BF")
    assert not refused.passes
    assert "2.16 : 1" in refused.words
    assert ratio(refused.suggestion, WHITE) >= TEXT
    assert judge(refused.suggestion).passes
