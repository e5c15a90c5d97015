"""HTTP for the chaos provider: the protocol's endpoints, and /control/ for the driver."""

from __future__ import annotations

import json
import secrets
import select
import socket
import time
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.chaos.aiming import ANSWERED, ARRIVED, WORKED, Target
from tests.chaos.families import INVALID_GRANT, ISSUED, Pair, digest
from tests.chaos.faults import CUT, DOES_NOTHING, DROP, HANG, SLOW, THROTTLED, TRUNCATE, Fault
from tests.provider import REVOKE_PATH, TOKEN_PATH, USERINFO_PATH

if TYPE_CHECKING:
    from tests.chaos.calls import Call
    from tests.chaos.provider import Provider, Server

AUTHORIZE_PATH = "/identity/o/authorize"
# The cookie by which the provider knows who sits at the browser.
PERSON_COOKIE = "person"
SCOPE = "openid profile email notes:read"


class Handler(BaseHTTPRequestHandler):
    """One connection, kept alive as HTTP/1.1 does."""

    server: Server
    protocol_version = "HTTP/1.1"
    # Head and body in one segment, at once.
    wbufsize = -1
    disable_nagle_algorithm = True

    @property
    def _provider(self) -> Provider:
        return self.server.provider

    @property
    def _connection(self) -> str:
        """The caller's port and this one: its name for as long as it stands."""
        return f"{self.client_address[1]}-{self.server.server_port}"

    def finish(self) -> None:
        """Note the end, after which another process may get the port."""
        self._provider.write_end(self._connection)
        super().finish()

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == AUTHORIZE_PATH:
            self._authorize({name: values[0] for name, values in parse_qs(url.query).items()})
        elif url.path == USERINFO_PATH:
            self._userinfo()
        elif url.path == "/control/families":
            self._send(200, {"families": self._provider.families()})
        elif url.path == "/control/aim":
            shot = self._provider.aim.shot
            self._send(200, {"shot": vars(shot) if shot else None})
        else:
            self._send(404, {"error": "no such page"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path.startswith("/control/"):
            self._control(self.path.removeprefix("/control/"), json.loads(body or b"{}"))
            return
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if self.path == TOKEN_PATH:
            self._token(form)
        elif self.path == REVOKE_PATH:
            with self._provider.lock:
                self._provider.book.revoke_token(form.get("token", ""), now=time.time())
            self._send(200, {})
        else:
            self._send(404, {"error": "no such page"})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's
        """Say nothing: calls are in the book."""

    def _control(self, name: str, values: dict[str, Any]) -> None:
        provider = self._provider
        if name == "faults":
            provider.faults.turn_on(values) if values else provider.faults.turn_off()
            self._send(200, {})
        elif name == "aim":
            self._send(200, {"cancelled": self._aim(values)})
        elif name == "revoke":
            self._send(200, {"revoked": provider.revoke(values["person"])})
        else:
            self._send(404, {"error": "no such control"})

    def _aim(self, values: dict[str, Any]) -> bool:
        if not values:
            return self._provider.aim.cancel()
        self._provider.aim.order(**values)
        return False

    # --- The protocol ----------------------------------------------------------------------------

    def _authorize(self, query: dict[str, str]) -> None:
        """Consent at once, as the person in the cookie (RFC 6749, 4.1.2; RFC 9207)."""
        cookies = dict(part.strip().split("=", 1) for part in self.headers["Cookie"].split(";"))
        code = secrets.token_urlsafe(16)
        with self._provider.lock:
            self._provider.codes[code] = cookies[PERSON_COOKIE]
        answer = urlencode({"code": code, "state": query["state"], "iss": self.server.url})
        self._send(302, {}, {"Location": f"{query['redirect_uri']}?{answer}"})

    def _userinfo(self) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        with self._provider.lock:
            worth, family = self._provider.book.look_up(token, now=time.time())
        if family is None or worth != "good":
            self._send(401, {"worth": worth, "family": family.id if family else ""})
            return
        person = {"sub": family.person, "email": f"{family.person}@example.com"}
        self._send(200, person | {"family": family.id})

    def _token(self, form: dict[str, str]) -> None:
        """Take a token call through its stages, each of which may go wrong on order."""
        provider = self._provider
        call = provider.begin(kind=form.get("grant_type", ""))
        call.connection = self._connection
        # People's consents are exchanged without faults: it is refreshing that is tried here.
        refresh = call.kind == "refresh_token"
        fault = provider.faults.take() if refresh else None
        target = self._lock_on() if refresh else None
        call.fault, call.pid = fault.kind if fault else "", target.pid if target else None
        call.presented_digest = digest(form.get("refresh_token", "")) if refresh else ""
        try:
            _fire(target, ARRIVED, call)
            self._hold(call, provider.latency())
            answer = self._work(call, form, fault)
            _fire(target, WORKED, call)
            held = fault is not None and fault.kind in {SLOW, HANG}
            self._hold(call, fault.hold if fault and held else provider.latency())
            self._answer(call, answer, fault)
            _fire(target, ANSWERED, call)
        finally:
            provider.write(call)

    def _lock_on(self) -> Target | None:
        return self._provider.aim.lock_on(
            local_port=self.server.server_port, peer_port=self.client_address[1]
        )

    def _work(self, call: Call, form: dict[str, str], fault: Fault | None) -> dict[str, Any]:
        """Rotate or refuse, and return the true answer's body."""
        provider = self._provider
        with provider.lock:
            now = time.time()
            if fault is not None and fault.kind in DOES_NOTHING:
                self._recognise(call, form)
                return {"error": "temporarily_unavailable"}
            call.worked_at = now
            if call.kind == "refresh_token":
                ruling = provider.book.refresh(form.get("refresh_token", ""), now=now)
                call.outcome, call.presented = ruling.outcome, ruling.presented
                pair, family = ruling.pair, ruling.family
            else:
                pair = self._exchange(form, now)
                call.outcome, family = (ISSUED, pair.family) if pair else (INVALID_GRANT, None)
        if family is not None:
            call.family, call.person = family.id, family.person
        if pair is None:
            return {"error": "invalid_grant"}
        call.issued, call.issued_digest = pair.serial, digest(pair.refresh_token)
        return _token_answer(pair)

    def _exchange(self, form: dict[str, str], now: float) -> Pair | None:
        """Return the first tokens of a new family. The caller holds the lock."""
        provider = self._provider
        person = provider.codes.pop(form.get("code", ""), None)
        if person is None:
            return None
        return provider.book.open(person=person, lifetime=provider.lifetime(), now=now)

    def _recognise(self, call: Call, form: dict[str, str]) -> None:
        family, serial = self._provider.book.find(form.get("refresh_token", ""))
        if family is not None:
            call.family, call.person, call.presented = family.id, family.person, serial

    def _hold(self, call: Call, seconds: float) -> None:
        """Wait, and note if the caller hangs up meanwhile."""
        if call.gone_at is None and _hangs_up(self.connection, seconds):
            call.gone_at = time.time()

    def _answer(self, call: Call, answer: dict[str, Any], fault: Fault | None) -> None:
        kind = fault.kind if fault else ""
        if kind == DROP:
            self.close_connection = True
            return
        call.answered_at = time.time()
        status = fault.status if fault else 200
        status = 400 if status == 200 and "error" in answer else status
        headers = {"Retry-After": str(fault.retry_after)} if fault and kind == THROTTLED else {}
        self._send(status, answer, headers, damage=kind if kind in {CUT, TRUNCATE} else "")

    def _send(
        self,
        status: int,
        answer: dict[str, Any],
        headers: dict[str, str] | None = None,
        *,
        damage: str = "",
    ) -> None:
        whole = json.dumps(answer).encode()
        body = whole[: len(whole) // 2] if damage else whole
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(whole) if damage == CUT else len(body)))
        self.end_headers()
        self.close_connection = self.close_connection or damage == CUT
        try:
            self.wfile.write(body)
            self.wfile.flush()
        except ConnectionError:
            # The caller was killed; the book has it from `_hold` or from the driver.
            self.close_connection = True


def _fire(target: Target | None, point: str, call: Call) -> None:
    if target is not None:
        target.fire(point=point, call=call.id)


def _hangs_up(connection: socket.socket, seconds: float) -> bool:
    """Wait ``seconds`` for the other side to close; return whether it did."""
    readable, _, _ = select.select([connection], [], [], seconds)
    if not readable:
        return False
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except ConnectionError:
        return True


def _token_answer(pair: Pair) -> dict[str, Any]:
    return {
        "access_token": pair.access_token,
        "refresh_token": pair.refresh_token,
        "token_type": "Bearer",
        "expires_in": pair.family.lifetime,
        "scope": SCOPE,
    }
