"""What can go wrong with a call. The tree is drawn in the docstring of the package."""

from typing import ClassVar


class OutboundError(Exception):
    """The call failed."""

    # The docstring is the message. It is completed by static words and by the door with role,
    # method and origin; nothing a peer or a caller sent ever becomes part of it.

    default_code: ClassVar[str] = "outbound_error"
    default_outcome_unknown: ClassVar[bool] = False

    def __init__(
        self,
        detail: str = "",
        *,
        code: str | None = None,
        outcome_unknown: bool | None = None,
        status: int | None = None,
    ) -> None:
        """Make one; the door completes it.

        Args:
            detail: static words of ours that narrow the message; never input.
            code: stable snake_case name, where it is narrower than the class's own.
            outcome_unknown: whether the request may have reached the peer.
            status: the HTTP status, where the answer's head had been read.
        """
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.default_code
        self.outcome_unknown = (
            self.default_outcome_unknown if outcome_unknown is None else outcome_unknown
        )
        self.status = status
        self.subject = ""  # "token POST https://host:443", filled in by the door

    def __str__(self) -> str:
        message = (type(self).__doc__ or "").rstrip(".")
        message = f"{message} ({self.detail})" if self.detail else message
        return f"{self.subject}: {message}" if self.subject else message

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.code}: {self}>"


class InvalidRequest(OutboundError):
    """The request may not be sent like this."""

    default_code = "invalid_request"


class InvalidUrl(InvalidRequest):
    """The URL is not one that may be called."""

    default_code = "invalid_url"


class AddressRefused(OutboundError):
    """The host is, or resolves to, an address that may not be called."""

    default_code = "address_refused"


class ConnectFailed(OutboundError):
    """No connection could be made."""

    # Codes: host_not_found, dns_failed, connect_failed, tls_failed.
    default_code = "connect_failed"


class DeadlineExceeded(OutboundError):
    """The call did not end within its deadline."""

    default_code = "deadline_exceeded"


class ResponseInterrupted(OutboundError):
    """The answer was cut or garbled."""

    default_code = "response_interrupted"
    default_outcome_unknown = True


class ResponseTooLarge(OutboundError):
    """The answer is larger than its role allows."""

    default_code = "response_too_large"
    default_outcome_unknown = True


class MalformedBody(OutboundError):
    """The answer is not JSON."""

    default_code = "malformed_body"
    default_outcome_unknown = True
