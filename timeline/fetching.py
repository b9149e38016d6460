"""The one way out to the web: an address is asked, whoever typed it, or refused.

A host is resolved once, every address that it has is checked, and the connection goes to the address that was checked:
so a name server cannot answer otherwise a moment later. Each redirect goes the same way. http.client is used for it
because it takes a socket that is connected already, keeps no cookies and knows no proxies of the environment.
"""

import http.client
import re
import socket
import ssl
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from threading import Timer
from urllib.parse import SplitResult, urlencode, urljoin, urlsplit, urlunsplit

import certifi
from django.conf import settings
from django.utils.encoding import iri_to_uri

from timeline.references import safe_href

SECONDS = 10.0  # for all of it: names, connections, redirects, the body
CONNECT_SECONDS = 3.0  # for one of the addresses of a host
MAX_BYTES = 1_000_000
MAX_REDIRECTS = 5
REDIRECTS = {301, 302, 303, 307, 308}
PORTS = {"http": 80, "https": 443}
CERTIFICATES = certifi.where()  # the authorities whose signature counts

# Beside what is not global: ways to reach other addresses through these, multicast, and what is no host at all.
_NOT_FOR_US = [
    *(ip_network(net) for net in ("192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/4", "240.0.0.0/4")),
    *(ip_network(net) for net in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")),  # Teredo, 6to4
]
_UNICAST = ip_network("2000::/3")  # all of IPv6 that is given to hosts: no mapped or compatible IPv4, no NAT64
_HOST = re.compile(r"(?=.{1,253}\Z)[-a-z0-9_]{1,63}(?:\.[-a-z0-9_]{1,63})*", re.ASCII)
_NUMBER = re.compile(r"\d+|0x[\da-f]*", re.ASCII)

Address = IPv4Address | IPv6Address
Endpoint = tuple[str, int]  # address and port
Resolver = Callable[[str, int], list[str]]


class Refused(Exception):
    """We do not go there; the message says why, in a sentence."""


class Failed(Exception):
    """There was no answer, or none in time; the message says what happened, in a sentence."""


@dataclass(frozen=True)
class Answer:
    url: str  # behind all redirects
    status: int
    headers: Message  # looked up in any case
    body: bytes  # as it was sent: we ask for no compression
    is_whole: bool  # whether the body ended within the limit


def resolve(host: str, port: int) -> list[str]:
    """All addresses of `host`, IPv4 first: not every machine reaches the other ones. OSError where it has none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for family, *_, place in sorted(found, key=lambda one: one[0])))


def is_public(address: Address) -> bool:
    """Whether it is one of a host on the internet."""
    known = address.version == 4 or address in _UNICAST
    return known and address.is_global and not any(address in net for net in _NOT_FOR_US)


class Fetcher:
    """GETs what is at an address, or POSTs a form there, within bounds of time and size.

    `before` is called with the name of the host ahead of each request: it may make it wait. `resolver` and `permitted`
    (endpoints that are not public) are for tests; nothing in the settings leads there.
    """

    def __init__(
        self,
        *,
        seconds: float = SECONDS,
        limit: int = MAX_BYTES,
        before: Callable[[str], None] = lambda host: None,
        resolver: Resolver = resolve,
        permitted: Collection[Endpoint] = (),
    ) -> None:
        self.seconds, self.limit = seconds, limit
        self.before, self.resolver, self.permitted = before, resolver, permitted

    def get(self, url: str, *, accept: str = "*/*") -> Answer:
        """The answer, whatever its status, behind all redirects. Raises Refused, or Failed."""
        deadline = time.monotonic() + self.seconds
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._ask("GET", url, {"Accept": accept}, None, deadline)
            target = answer.headers.get("Location")
            if answer.status not in REDIRECTS or not target:
                return answer
            try:
                url = urljoin(url, target.encode("latin-1").decode(errors="replace"))
            except ValueError as error:
                raise Refused("It leads on to what is no address of the web.") from error
        raise Failed(f"It leads on more than {MAX_REDIRECTS} times.")

    def post(self, url: str, form: Mapping[str, str]) -> Answer:
        """The answer of `url` itself, whatever its status. Raises Refused, or Failed."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", url, headers, urlencode(form).encode(), time.monotonic() + self.seconds)

    def _ask(self, method: str, url: str, more: Mapping[str, str], body: bytes | None, deadline: float) -> Answer:
        parts, host, port = read(url, {*PORTS.values(), *(port for _, port in self.permitted)})
        endpoints = self._endpoints(host, port, deadline)
        self.before(host)
        name = f"[{host}]" if ":" in host else host
        headers = {
            "Host": f"{name}:{port}" if parts.port else name,
            "User-Agent": f"The AI Timeline (+{settings.SITE_URL})",
            "Accept-Encoding": "identity",
            "Connection": "close",
            **more,
        }
        target = iri_to_uri(urlunsplit(("", "", parts.path or "/", parts.query, "")))
        try:
            with connect(endpoints, deadline) as plain, cut_off(plain, deadline):
                connection = http.client.HTTPConnection(host, port)
                connection.sock = secure(plain, host) if parts.scheme == "https" else plain
                with closing(connection):
                    connection.request(method, target, body, headers)
                    with connection.getresponse() as answer:
                        found = answer.read(self.limit + 1)
                        missing = answer.length if len(found) <= self.limit else 0
        except (OSError, http.client.HTTPException, ValueError) as error:
            left(deadline)  # where time was the reason, this says so
            raise Failed(f"It does not answer: {reason(error)}.") from error
        left(deadline)
        if missing:
            raise Failed("Its answer breaks off.")
        return Answer(url, answer.status, answer.headers, found[: self.limit], len(found) <= self.limit)

    def _endpoints(self, host: str, port: int, deadline: float) -> list[Endpoint]:
        """Where `host` is. Raises Refused if one of its addresses is not public: it would be there for a reason."""
        pool = ThreadPoolExecutor(1)  # nothing else bounds how long the system asks name servers
        try:
            found = pool.submit(self.resolver, host, port).result(left(deadline))
        except TimeoutError as error:
            raise Failed(f"No name server says in time where {host} is.") from error
        except (OSError, UnicodeError) as error:
            raise Failed(f"There is no host {host}.") from error
        finally:
            pool.shutdown(wait=False)
        if not found:
            raise Failed(f"There is no host {host}.")
        for address in found:
            if (address, port) not in self.permitted and not is_public(ip_address(address)):
                raise Refused(f"{host} is not on the public web: its address is {address}.")
        return [(address, port) for address in found]


def read(url: str, ports: Collection[int]) -> tuple[SplitResult, str, int]:
    """The parts of `url`, its host as name servers know it, and its port. Raises Refused with what is wrong with it."""
    try:
        parts = urlsplit(safe_href(url))
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise Refused("This is no address of the web.") from error
    if parts.scheme not in PORTS or not host:
        raise Refused("Only addresses that begin with http:// or https:// are followed.")
    if "@" in parts.netloc:
        raise Refused("An address with a name or a password in it is not followed.")
    if port is None:
        port = PORTS[parts.scheme]
    if port not in ports:
        raise Refused(f"Port {port} is not one of the web.")
    return parts, ascii_host(host), port


def ascii_host(host: str) -> str:
    """`host` as name servers know it. Refused, where it is no name and no address as one usually writes it."""
    if "%" not in host:  # no scope of a network of ours
        with suppress(ValueError):
            return str(ip_address(host))
    try:
        name = host.removesuffix(".").encode("idna").decode().lower()
    except UnicodeError:
        name = ""
    # 2130706433, 0x7f.1 and 0177.0.0.1 are 127.0.0.1 for some programs: nobody who means well writes them.
    if not _HOST.fullmatch(name) or _NUMBER.fullmatch(name.rpartition(".")[2]):
        raise Refused(f"“{host[:100]}” is no name of a host.")
    return name


def left(deadline: float) -> float:
    """Seconds until then. Raises Failed when there are none."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise Failed("It does not answer in time.")
    return seconds


def connect(endpoints: list[Endpoint], deadline: float) -> socket.socket:
    """A connection to the first of them that takes one. Raises OSError, or Failed."""
    *others, last = endpoints
    for endpoint in others:
        with suppress(OSError):
            return connect_to(endpoint, deadline)
    return connect_to(last, deadline)


def connect_to(endpoint: Endpoint, deadline: float) -> socket.socket:
    return socket.create_connection(endpoint, timeout=min(left(deadline), CONNECT_SECONDS))


@contextmanager
def cut_off(sock: socket.socket, deadline: float) -> Iterator[None]:
    """Ends the connection at the deadline, whoever waits for it: the limit of a socket starts anew with each byte."""
    sock.settimeout(left(deadline))
    with closing(sock.dup()) as guard:  # TLS takes the socket over, but not this name of the connection
        timer = Timer(left(deadline), end, [guard])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def end(sock: socket.socket) -> None:
    with suppress(OSError):  # it has ended by itself
        sock.shutdown(socket.SHUT_RDWR)


def secure(sock: socket.socket, host: str) -> ssl.SSLSocket:
    """TLS over `sock`, with a certificate for `host`."""
    return ssl.create_default_context(cafile=CERTIFICATES).wrap_socket(sock, server_hostname=host)


def reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid ({error.verify_message})"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:1].lower() + error.strerror[1:]
    return "it is no web server that we understand"
