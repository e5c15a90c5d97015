"""The OAuth 2.0 client on the wire, against a real HTTP server."""

import base64
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from pytest_django.fixtures import Settings

from integrations import clock
from integrations.catalog import Toolkit, get_toolkit
from integrations.models import AuthConfig
from integrations.outbound import PreparedCall, Response, use_transport
from integrations.schemes import Granted, OAuth2Client, RefusalKind, Refused, TokenSet
from integrations.secrets import Secret
from tests.hostile_server import HostileServer, hostile_server

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636, appendix B


@pytest.fixture(autouse=True)
def _loopback(settings: Settings) -> None:
    settings.OUTBOUND_ALLOW_LOOPBACK = True


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with hostile_server() as running:
        yield running


def toolkit(server: HostileServer | None = None, path: str = "/json", **changes: Any) -> Toolkit:
    origin = server.origin if server else "https://provider.example"
    urls = {
        "authorization_url": f"{origin}/authorize?tenant=acme",
        "token_url": f"{origin}{path}",
        "revocation_url": f"{origin}{path}",
    }
    return get_toolkit("sandbox").model_copy(update=urls | changes)


def client(
    kit: Toolkit, *, client_secret: str | None = "s3cret:+/&=", **changes: Any
) -> OAuth2Client:
    return OAuth2Client(
        toolkit=kit,
        client_id="client:id",
        client_secret=None if client_secret is None else Secret(client_secret),
        authorization_parameters=changes.get("authorization_parameters", {}),
        token_parameters=changes.get("token_parameters", {}),
    )


def sent(server: HostileServer) -> tuple[dict[str, str], dict[str, str]]:
    """Return headers and form of the one request that arrived."""
    [request] = server.requests
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")[1:]
    headers = dict(line.split(": ", 1) for line in lines)
    return {name.lower(): value for name, value in headers.items()}, dict(
        parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)
    )


# --- The authorization request -------------------------------------------------------------------


def asked(kit: Toolkit, **changes: Any) -> dict[str, list[str]]:
    """Return the query of the authorization request."""
    nonce = changes.pop("nonce", "")
    verifier = changes.pop("verifier", VERIFIER)
    url = client(kit, **changes).authorization_url(
        redirect_uri="https://grants.example.com/connect/callback/ac_1?x=y",
        scopes=["read", "write:all"],
        state="st+ate/&=",
        code_verifier=Secret(verifier) if verifier else None,
        nonce=nonce,
    )
    assert url.startswith("https://provider.example/authorize?tenant=acme&")
    return parse_qs(urlsplit(url).query, strict_parsing=True)


def test_the_request_asks_for_a_code_with_state_and_redirect_uri() -> None:
    assert asked(toolkit(), verifier="") == {
        "tenant": ["acme"],
        "response_type": ["code"],
        "client_id": ["client:id"],
        "redirect_uri": ["https://grants.example.com/connect/callback/ac_1?x=y"],
        "scope": ["read write:all"],
        "state": ["st+ate/&="],
    }


def test_the_code_challenge_is_that_of_rfc_7636() -> None:
    query = asked(toolkit())
    assert query["code_challenge"] == ["E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"]
    assert query["code_challenge_method"] == ["S256"]
    expected = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=")
    assert query["code_challenge"] == [expected.decode()]


def test_the_verifier_and_the_client_secret_stay_here() -> None:
    assert VERIFIER not in str(asked(toolkit()))
    assert "s3cret" not in str(asked(toolkit()))


def test_a_nonce_is_sent_where_there_is_one() -> None:
    assert asked(toolkit(), nonce="n-0S6")["nonce"] == ["n-0S6"]
    assert "nonce" not in asked(toolkit())


def test_scopes_are_separated_as_the_toolkit_wants() -> None:
    assert asked(toolkit(scope_separator=","))["scope"] == ["read,write:all"]


def test_parameters_of_toolkit_and_auth_config_are_added_and_the_auth_configs_win() -> None:
    kit = toolkit(authorization_parameters={"access_type": "offline", "prompt": "login"})
    query = asked(kit, authorization_parameters={"prompt": "consent", "hd": "acme.example"})
    extra = (query["access_type"], query["prompt"], query["hd"])
    assert extra == (["offline"], ["consent"], ["acme.example"])


@pytest.mark.parametrize("name", ["uri", "kwargs", "self", "body"])
def test_a_parameter_may_have_any_name(name: str) -> None:
    assert asked(toolkit(), authorization_parameters={name: "x"})[name] == ["x"]


# --- The token request ---------------------------------------------------------------------------


def exchange(kit: Toolkit, **changes: Any) -> Granted | Refused:
    return client(kit, **changes).exchange_code(
        code=Secret("c0de"),
        redirect_uri="https://grants.example.com/cb",
        code_verifier=Secret(VERIFIER),
    )


def test_a_code_is_exchanged_with_its_verifier(server: HostileServer) -> None:
    verdict = exchange(toolkit(server))
    assert isinstance(verdict, Granted)
    assert verdict.tokens.access_token == Secret("canary-token")
    headers, form = sent(server)
    assert form == {
        "grant_type": "authorization_code",
        "code": "c0de",
        "redirect_uri": "https://grants.example.com/cb",
        "code_verifier": VERIFIER,
    }
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert headers["accept"] == "application/json"


def test_a_refresh_sends_the_refresh_token_once(server: HostileServer) -> None:
    verdict = client(toolkit(server)).refresh(refresh_token=Secret("r+efresh&"))
    assert isinstance(verdict, Granted)
    assert sent(server)[1] == {"grant_type": "refresh_token", "refresh_token": "r+efresh&"}


def test_client_secret_basic_is_a_header_and_not_in_the_body(server: HostileServer) -> None:
    client(toolkit(server)).refresh(refresh_token=Secret("r"))
    headers, form = sent(server)
    scheme, _, encoded = headers["authorization"].partition(" ")
    assert (scheme, base64.b64decode(encoded)) == ("Basic", b"client:id:s3cret:+/&=")
    assert form.keys().isdisjoint({"client_id", "client_secret"})


def test_client_secret_post_is_in_the_body_and_not_a_header(server: HostileServer) -> None:
    client(toolkit(server, client_auth="client_secret_post")).refresh(refresh_token=Secret("r"))
    headers, form = sent(server)
    assert "authorization" not in headers
    assert (form["client_id"], form["client_secret"]) == ("client:id", "s3cret:+/&=")


@pytest.mark.parametrize("secret", [None, ""])
@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_a_public_client_names_itself_and_proves_nothing(
    server: HostileServer, method: str, secret: str | None
) -> None:
    kit = toolkit(server, client_auth=method)
    client(kit, client_secret=secret).refresh(refresh_token=Secret("r"))
    headers, form = sent(server)
    assert "authorization" not in headers
    assert form["client_id"] == "client:id"
    assert "client_secret" not in form


def test_a_toolkit_without_client_authentication_gets_no_secret(server: HostileServer) -> None:
    client(toolkit(server, client_auth="none")).refresh(refresh_token=Secret("r"))
    assert b"s3cret" not in server.requests[0]


@pytest.mark.parametrize("name", ["audience", "body", "uri", "self"])
def test_token_parameters_are_added(server: HostileServer, name: str) -> None:
    kit = toolkit(server)
    client(kit, token_parameters={name: "a b"}).refresh(refresh_token=Secret("r"))
    assert sent(server)[1] == {"grant_type": "refresh_token", "refresh_token": "r", name: "a b"}


@pytest.mark.parametrize("secret", ["gr\u00fcn", "\u2713", "\U0001f511"])
def test_a_secret_that_no_header_may_carry_is_the_auth_configs_fault(
    server: HostileServer, secret: str
) -> None:
    broken = client(toolkit(server), client_secret=secret)
    verdict = broken.refresh(refresh_token=Secret("r"))
    assert isinstance(verdict, Refused)
    assert verdict.kind is RefusalKind.CONFIGURATION
    assert (
        broken.revoke(tokens=TokenSet(access_token=Secret("a"), refresh_token=Secret("r")))
        == verdict
    )
    assert server.requests == []


@pytest.mark.fault(36)
@pytest.mark.parametrize(
    ("path", "code", "doubt"),
    [
        ("/html", "malformed_response", True),
        ("/not-http", "response_interrupted", True),
        ("/cut-in-body", "response_interrupted", True),
        ("/reset-before-answer", "response_interrupted", True),
        ("/gzip-bomb", "response_too_large", True),
        ("/gigabyte-declared", "response_too_large", True),
        ("/endless-body", "response_too_large", True),
        ("/redirect", "malformed_response", False),
        ("/digest", "malformed_response", False),
    ],
)
def test_a_bad_answer_is_transient_and_sent_for_once(
    server: HostileServer, path: str, code: str, doubt: bool
) -> None:
    verdict = client(toolkit(server, path)).refresh(refresh_token=Secret("r"))
    assert isinstance(verdict, Refused)
    assert (verdict.kind, verdict.error_code) == (RefusalKind.TRANSIENT, code)
    assert verdict.outcome_unknown is doubt
    assert len(server.requests) == 1


@pytest.mark.fault(36)
@pytest.mark.parametrize("path", ["/hang", "/drip-headers", "/drip-body", "/drip-chunks"])
def test_an_answer_byte_by_byte_is_left_at_the_total_deadline(
    server: HostileServer, path: str
) -> None:
    began = clock.seconds()
    verdict = client(toolkit(server, path)).refresh(refresh_token=Secret("r"), ends_at=began + 0.25)
    assert isinstance(verdict, Refused)
    assert (verdict.kind, verdict.outcome_unknown) == (RefusalKind.TRANSIENT, True)
    assert clock.seconds() - began < 2  # the scripts take 10 s and more


def test_a_provider_that_is_away_is_transient_and_nothing_was_sent(server: HostileServer) -> None:
    kit = toolkit(server)
    server.close()
    verdict = client(kit).refresh(refresh_token=Secret("r"))
    assert verdict == Refused(kind=RefusalKind.TRANSIENT, error_code="connect_failed")


def test_an_error_code_in_which_the_provider_repeats_the_token_is_not_kept() -> None:
    def echo(call: PreparedCall) -> Response:
        return Response(status=400, headers={}, body=b'{"error": "refresh-one"}', elapsed=0)

    with use_transport(echo):
        verdict = client(toolkit()).refresh(refresh_token=Secret("refresh-one"))
    assert isinstance(verdict, Refused)
    assert verdict.error_code == "http_400"


def test_a_date_to_call_again_counts_from_when_the_answer_came() -> None:
    wanted = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)

    def busy(call: PreparedCall) -> Response:
        return Response(status=503, headers={"Retry-After": wanted}, body=b"{}", elapsed=0)

    with use_transport(busy):
        verdict = client(toolkit()).refresh(refresh_token=Secret("refresh-one"))
    assert isinstance(verdict, Refused)
    assert verdict.retry_after == pytest.approx(3600, abs=60)


# --- Revocation ----------------------------------------------------------------------------------


def test_a_token_is_revoked_as_the_client(server: HostileServer) -> None:
    assert (
        client(toolkit(server)).revoke(
            tokens=TokenSet(access_token=Secret("a"), refresh_token=Secret("t+"))
        )
        is None
    )
    headers, form = sent(server)
    assert form == {"token": "t+", "token_type_hint": "refresh_token"}
    assert headers["authorization"].startswith("Basic ")


def test_an_empty_answer_confirms_a_revocation(server: HostileServer) -> None:
    assert client(toolkit(server, "/204")).revoke(tokens=TokenSet(access_token=Secret("t"))) is None


def test_a_failed_revocation_says_so(server: HostileServer) -> None:
    refused = client(toolkit(server, "/digest")).revoke(tokens=TokenSet(access_token=Secret("t")))
    assert refused is not None
    assert (refused.kind, refused.http_status) == (RefusalKind.TRANSIENT, 401)


def test_a_revocation_that_did_not_arrive_says_so(server: HostileServer) -> None:
    kit = toolkit(server)
    server.close()
    refused = client(kit).revoke(tokens=TokenSet(access_token=Secret("t")))
    assert refused is not None
    assert refused.error_code == "connect_failed"


def test_a_toolkit_without_revocation_says_so() -> None:
    kit = toolkit(revocation_url=None)
    refused = client(kit).revoke(tokens=TokenSet(access_token=Secret("t")))
    assert refused is not None
    assert refused.error_code == "revocation_unsupported"


# --- Made from an auth config --------------------------------------------------------------------


def test_a_client_is_made_without_opening_the_secret(settings: Settings) -> None:
    config = AuthConfig(
        toolkit="sandbox", client_id="id", parameters={"base_url": "https://p.example"}
    )
    config.client_secret = Secret.sealed(lambda: pytest.fail("opened"))
    made = OAuth2Client.of(config)
    assert made.toolkit.token_url == "https://p.example/identity/o/api/token"
    assert "***" in repr(made)
