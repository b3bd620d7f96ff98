"""Asking a web server politely and without trust: slow, broken and wrong answers are errors of one line."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NewConnectionError
from urllib3.util.retry import Retry

from alvh_bt import __version__
from alvh_bt.errors import DataError
from alvh_bt.fetch.address import allowed, shown
from alvh_bt.fetch.answers import Kind, check_answer
from alvh_bt.fetch.deadline import TooLongError, within

USER_AGENT: Final = f"alvh_bt/{__version__}"
_LOG = logging.getLogger("alvh_bt.fetch")
_BUSY: Final = (429, 500, 502, 503, 504)
#: What a server says of a file that it does not have; Cboe's says 403.
_ABSENT: Final = (403, 404, 410)
_PIECE: Final = 16_384
_LATER: Final = "try again later, or give another address with --mirror"


class Limits(NamedTuple):
    """How patient the program is: seconds, tries and bytes.

    `connect` and `read` are for a connection and for a silence, `total` for one file with all its retries.
    `pause` is the least time between two questions to one host. `back_off` doubles with every retry.
    """

    connect: float = 10.0
    read: float = 30.0
    total: float = 180.0
    retries: int = 3
    back_off: float = 1.0
    pause: float = 0.25
    most: int = 64 * 1024 * 1024


class AbsentError(DataError):
    """The server has no such file, or does not give it."""


class _RefusedError(Exception):
    """An answer that no retry would mend; says what it was."""


class _Retry(Retry):
    """Retries that give up where a server asks for more patience than there is."""

    patience: float = 60.0

    def new(self, **changed: Any) -> _Retry:
        """Return a copy with some changes, patience kept."""
        copy = super().new(**changed)
        copy.patience = self.patience
        return copy

    def sleep_for_retry(self, response: Any) -> bool:
        """Wait as long as the server asks, unless that is too long."""
        asked = self.get_retry_after(response)
        if asked and asked > self.patience:
            raise _RefusedError(f"the server asks to wait {asked:,.0f} s (HTTP {response.status})")
        return super().sleep_for_retry(response)


class _Session(requests.Session):
    """A session that follows no redirect to where nobody should be sent, and sends no credentials."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return where an answer redirects to; raise if that is not https."""
        target: str | None = super().get_redirect_target(resp)
        if target is not None:
            whole = urljoin(str(resp.url), target)
            fallen = str(resp.url).startswith("https:") and not whole.startswith("https:")
            if not allowed(whole) or fallen:
                resp.close()
                raise _RefusedError("a redirect to an address that is not https")
        return target

    def rebuild_auth(self, prepared_request: Any, response: Any) -> None:
        """Take credentials off a redirected request, and put none on: not those of ~/.netrc either."""
        prepared_request.headers.pop("Authorization", None)


class Web:
    """Fetches files over https, one after another, a host at its pace.

    Parameters
    ----------
    limits
        How patient it is.
    clock, sleep
        For tests: what tells the time and what waits, in seconds.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.limits = limits or Limits()
        self._clock, self._sleep = clock, sleep
        self._asked: dict[str, float] = {}
        #: Hosts that could not be reached with all retries: nobody wants to wait for each of their files.
        self._gone: set[str] = set()
        self._session = self._new_session()
        #: Told how many of how many files of a series there are (None where nobody knows).
        self.watch: Callable[[int, int | None], None] = lambda done, total: None

    def _new_session(self) -> _Session:
        limits = self.limits
        retry = _Retry(
            total=limits.retries,
            redirect=False,
            backoff_factor=limits.back_off,
            status_forcelist=_BUSY,
            allowed_methods=("GET",),
            raise_on_status=False,
        )
        retry.patience = limits.total
        session = _Session()
        session.headers["User-Agent"] = USER_AGENT
        session.max_redirects = 5
        session.verify = True
        # Without this a password of ~/.netrc would go to whatever host is asked.
        session.auth = lambda request: request
        for scheme in ("https://", "http://"):
            session.mount(scheme, HTTPAdapter(max_retries=retry))
        return session

    def get(self, url: str, kind: Kind = Kind.TEXT) -> bytes:
        """Return the whole answer of an address.

        Parameters
        ----------
        url
            What to ask for; https, or http on this machine.
        kind
            What the answer must be.

        Raises
        ------
        AbsentError
            The server has no such file (403, 404, 410).
        DataError
            It cannot be reached, is too slow, answers with an error, or with something else than `kind`.
        """
        where = shown(url)
        if not allowed(url):
            raise DataError(f"{where}: not https: give an https address with --mirror")
        host = urlsplit(url).netloc
        if host in self._gone:
            raise DataError(f"{where}: its host could not be reached a moment ago: {_LATER}")
        self.wait_for(host)
        try:
            status, content, delimited = within(self.limits.total, lambda: self._ask(url))
        except TooLongError:
            self._session.close()
            self._session = self._new_session()
            raise DataError(
                f"{where}: not done within {self.limits.total:g} s: {_LATER}, or allow more with --timeout"
            ) from None
        except _RefusedError as error:
            raise DataError(f"{where}: {error}: {_LATER}") from None
        except (requests.RequestException, OSError) as error:
            if _unreachable(error):
                self._gone.add(host)
            raise DataError(f"{where}: {_plainly(error)}: {_LATER}") from None
        _LOG.debug("%s: HTTP %d, %d bytes", where, status, len(content))
        if status in _ABSENT:
            raise AbsentError(f"{where}: the server does not give this file (HTTP {status}): {_LATER}")
        if status != requests.codes.ok:
            raise DataError(f"{where}: HTTP {status}: {_LATER}")
        if kind is Kind.TEXT and not delimited and not content.endswith(b"\n"):
            # Nothing but the closed connection says where it ends: the last number may lack digits.
            raise DataError(f"{where}: the answer broke off half-way: {_LATER}")
        check_answer(where, content, kind)
        return content

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()

    def wait_for(self, host: str) -> None:
        """Wait until a host may be asked again; for clients that do the asking themselves, too."""
        ready = self._asked.get(host, -self.limits.pause) + self.limits.pause
        left = ready - self._clock()
        if left > 0:
            self._sleep(left)
        self._asked[host] = self._clock()

    def _ask(self, url: str) -> tuple[int, bytes, bool]:
        """Return the status, the content, and whether the answer itself told where it ends."""
        limits = self.limits
        until = time.monotonic() + limits.total
        with self._session.get(url, timeout=(limits.connect, limits.read), stream=True) as response:
            promised = int(response.headers.get("Content-Length", 0) or 0)
            if promised > limits.most:
                raise _RefusedError(f"{promised:,} bytes, more than the {limits.most:,} allowed")
            pieces, size = [], 0
            for piece in response.iter_content(_PIECE):
                size += len(piece)
                if size > limits.most:
                    raise _RefusedError(f"more than the {limits.most:,} bytes allowed")
                if time.monotonic() > until:
                    raise TooLongError
                pieces.append(piece)
            delimited = "Content-Length" in response.headers or bool(getattr(response.raw, "chunked", False))
            return response.status_code, b"".join(pieces), delimited


def _unreachable(error: Exception) -> bool:
    """Return whether there was nobody to ask, rather than a bad answer."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return isinstance(reason, NewConnectionError) or isinstance(error, requests.ConnectTimeout)


def _plainly(error: Exception) -> str:
    """Return in a few words what stopped an answer."""
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted"
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return "no connection in time"
    if isinstance(error, requests.exceptions.ReadTimeout) or "Read timed out" in str(error):
        return "no answer in time"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the answer broke off half-way"
    if isinstance(error, requests.exceptions.ContentDecodingError):
        return "the answer cannot be unpacked"
    if isinstance(error, requests.exceptions.TooManyRedirects):
        return "redirects without end"
    if isinstance(error, requests.ConnectionError):
        return "cannot be reached"
    return f"the request failed ({type(error).__name__})"
