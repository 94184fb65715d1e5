"""The token, and the sessions of browsers that gave it.

A session is its own proof: when it ends, a random id, and a code over both that only who has the token can make. So
no store is needed, every controller of a swarm knows it, and a new token ends them all. The token is not in it.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Final

COOKIE: Final = "evswarm_session"
_PURPOSE: Final = b"evswarm browser session"


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who signed in. `expires_at` is unix time in seconds."""

    session_id: str
    expires_at: int


class Sessions:
    """What one token opens."""

    def __init__(self, token: str, life_seconds: float) -> None:
        self.life_seconds = max(1, round(life_seconds))
        self._digest = _sha256(token)
        self._key = hmac.digest(token.encode(), _PURPOSE, "sha256")

    def is_token(self, presented: str) -> bool:
        """Whether that is the token; takes as long for any wrong one."""
        return hmac.compare_digest(_sha256(presented), self._digest)

    def begin(self, now: float) -> str:
        """The value of the cookie of a new session."""
        head = f"{int(now) + self.life_seconds}.{secrets.token_urlsafe(18)}"
        return f"{head}.{self._code(head)}"

    def read(self, value: str, now: float) -> Session | None:
        """The session that a cookie's value proves; None when it is over or not one of ours."""
        head, _, code = value.rpartition(".")
        if not hmac.compare_digest(code.encode(), self._code(head).encode()):
            return None
        expires, _, session_id = head.partition(".")
        session = Session(session_id, int(expires))
        return session if now < session.expires_at else None

    def _code(self, head: str) -> str:
        return hmac.new(self._key, head.encode(), "sha256").hexdigest()


def cookie_name(port: str) -> str:
    """The cookie's name: browsers keep one jar for all ports of a host, and two swarms may share a machine."""
    return f"{COOKIE}_{port}" if port else COOKIE


def cookies(header: str, name: str) -> list[str]:
    """The values of every cookie of that name; what else stands in the header does not matter."""
    pairs = (part.strip().partition("=") for part in header.split(";"))
    return [value for key, _, value in pairs if key == name]


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
