"""How a toolkit's own rules and the generic ones decide; real providers are in answers/."""

import pytest

from integrations.schemes import Granted, RefusalKind
from tests.integrations.judging import GRANTED, judge, refusal, ruled

EXPIRED = {"error": "token_expired", "status": 401, "reason": "refresh_token_expired"}


def test_a_toolkits_own_terminal_answers_count_and_give_the_reason() -> None:
    verdict = refusal(401, {"error": "token_expired"}, ruled(terminal=[EXPIRED]))
    assert (verdict.kind, verdict.reason) == (RefusalKind.TERMINAL, "refresh_token_expired")


def test_a_rule_that_names_a_status_is_about_that_one_alone() -> None:
    verdict = refusal(400, {"error": "token_expired"}, ruled(terminal=[EXPIRED]))
    assert verdict.kind is RefusalKind.TRANSIENT


def test_the_generic_rules_count_beside_a_toolkits_own() -> None:
    kit = ruled(terminal=[EXPIRED])
    assert refusal(400, {"error": "invalid_grant"}, kit).kind is RefusalKind.TERMINAL
    assert refusal(400, {"error": "bad_refresh_token"}, kit).kind is RefusalKind.TERMINAL


def test_a_toolkit_may_say_that_the_generic_terminal_codes_prove_nothing() -> None:
    kit = ruled(generic_terminal=False)
    assert refusal(400, {"error": "invalid_grant"}, kit).kind is RefusalKind.TRANSIENT
    assert refusal(401, {"error": "invalid_client"}, kit).kind is RefusalKind.CONFIGURATION


@pytest.mark.parametrize(
    ("lists", "kind"),
    [
        (("transient", "configuration", "terminal"), RefusalKind.TRANSIENT),
        (("configuration", "terminal"), RefusalKind.CONFIGURATION),
        (("terminal",), RefusalKind.TERMINAL),
    ],
)
def test_of_several_rules_the_least_harmful_wins(lists: tuple[str, ...], kind: RefusalKind) -> None:
    kit = ruled(**{name: [{"error": "denied"}] for name in lists})
    assert refusal(400, {"error": "denied"}, kit).kind is kind


@pytest.mark.parametrize("code", ["invalid_grant", "invalid_client"])
def test_a_toolkits_own_rule_comes_before_the_generic_ones(code: str) -> None:
    kit = ruled(transient=[{"error": code, "fields": {"reason": "busy"}}])
    assert refusal(400, {"error": code, "reason": "busy"}, kit).kind is RefusalKind.TRANSIENT
    assert refusal(400, {"error": code}, kit).kind is not RefusalKind.TRANSIENT


def test_the_configuration_of_one_may_be_the_dead_grant_of_another() -> None:
    kit = ruled(terminal=[{"error": "unauthorized_client", "status": 403}])
    assert refusal(403, {"error": "unauthorized_client"}, kit).kind is RefusalKind.TERMINAL
    assert refusal(400, {"error": "unauthorized_client"}, kit).kind is RefusalKind.CONFIGURATION


def test_everything_that_a_rule_names_must_fit() -> None:
    rule = {"error": "denied", "fields": {"a.b": [1, 2], "c": True}, "description": "gone"}
    whole = {"error": "denied", "a": {"b": "2"}, "c": True, "error_description": "It is GONE."}
    kit = ruled(terminal=[rule])
    assert refusal(400, whole, kit).kind is RefusalKind.TERMINAL
    for name in whole:
        part = {key: value for key, value in whole.items() if key != name}
        assert refusal(400, part, kit).kind is RefusalKind.TRANSIENT, name


def test_no_more_than_the_start_of_a_description_is_looked_at() -> None:
    kit = ruled(terminal=[{"error": "denied", "description": "gone"}])
    body = {"error": "denied", "error_description": "x" * 990 + " gone"}
    assert refusal(400, body, kit).kind is RefusalKind.TERMINAL
    body["error_description"] = "x" * 1000 + " gone"
    assert refusal(400, body, kit).kind is RefusalKind.TRANSIENT


@pytest.mark.parametrize(("sent", "fits"), [([7, 8], True), ([7], False), ([], False), ("8", True)])
def test_a_list_in_the_answer_must_hold_one_of_the_values(sent: object, *, fits: bool) -> None:
    kit = ruled(terminal=[{"fields": {"error_codes": [8, 9]}}])
    verdict = refusal(400, {"error": "x", "error_codes": sent}, kit)
    assert (verdict.kind is RefusalKind.TERMINAL) is fits


def test_a_success_of_http_is_a_refusal_where_a_field_says_so() -> None:
    kit = ruled(failed_if={"ok": False})
    assert refusal(200, GRANTED | {"ok": False}, kit).error_code == "http_200"
    assert isinstance(judge(200, GRANTED | {"ok": True}, kit), Granted)
    assert isinstance(judge(200, GRANTED | {"ok": 0}, kit), Granted), "0 is not false"


def test_the_error_may_stand_deeper_in_the_body() -> None:
    kit = ruled(error_path=["errors.0.code", "fault.faultcode"])
    assert refusal(400, {"errors": [{"code": "invalid_grant"}]}, kit).error_code == "invalid_grant"
    assert refusal(400, {"fault": {"faultcode": "busy"}}, kit).error_code == "busy"
    assert refusal(400, {"error": "invalid_grant"}, kit).error_code == "http_400"


def test_the_code_that_a_rule_is_about_is_the_one_that_is_shown() -> None:
    kit = ruled(error_path=["title", "code"], terminal=[{"error": "token_dead"}])
    assert (
        refusal(400, {"title": "Forbidden", "code": "token_dead"}, kit).error_code == "token_dead"
    )
    assert refusal(400, {"title": "Forbidden", "code": "busy"}, kit).error_code == "Forbidden"


def test_a_number_in_a_list_is_named_by_the_list() -> None:
    assert refusal(400, {"errors": [190]}, ruled(error_path="errors.0")).error_code == "errors.190"
    assert refusal(400, [190], ruled(error_path="0")).error_code == "malformed_response"
