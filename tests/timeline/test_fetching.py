import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from threading import Event, Thread

import pytest
from pytest_django import Settings

from timeline import fetching
from timeline.fetching import Failed, Fetcher, Refused

HERE = "127.0.0.1"


class Server(ThreadingHTTPServer):
    """Answers what the path asks for, and keeps what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__((HERE, 0), Answers)
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.over = Event()

    def url(self, path: str = "/", host: str = HERE) -> str:
        return f"http://{host}:{self.server_port}{path}"

    @property
    def fetcher(self) -> Fetcher:
        return self.fetcher_with()

    def fetcher_with(self, **options: object) -> Fetcher:
        return Fetcher(permitted=[(HERE, self.server_port)], **options)  # type: ignore[arg-type]


class Answers(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        name, _, argument = self.path.strip("/").partition("/")
        getattr(self, f"answer_{name}", self.answer_plain)(argument)

    def answer_plain(self, argument: str) -> None:
        self.reply(int(argument or 200), b"Hello")

    def answer_to(self, argument: str) -> None:
        self.reply(302, b"", Location=argument)

    def answer_down(self, argument: str) -> None:
        self.reply(302, b"", Location=f"/down/{int(argument) - 1}" if argument != "0" else "/plain")

    def answer_huge(self, argument: str) -> None:
        self.send_response(200)
        self.end_headers()
        while not self.server.over.is_set():
            self.wfile.write(b"x" * 65_536)

    def answer_short(self, argument: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"x")

    def answer_drip(self, argument: str) -> None:
        """A byte every now and then, for ever: each comes well within the time limit of the socket."""
        if argument == "body":
            self.send_response(200)
            self.end_headers()
        while not self.server.over.wait(0.02):
            self.wfile.write(b"x")

    def reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body)), "Set-Cookie": "a=b"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass

    def handle(self) -> None:
        with suppress(OSError):  # the fetcher has seen enough
            super().handle()


@pytest.fixture
def server(settings: Settings) -> Iterator[Server]:
    settings.SITE_URL = "https://site.example"
    with Server() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.over.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def nobody_connects(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The endpoints that somebody tried to reach."""
    tried: list[tuple[str, int]] = []

    def refuse(endpoint: tuple[str, int], timeout: float) -> socket.socket:
        tried.append(endpoint)
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket, "create_connection", refuse)
    return tried


PRIVATE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",  # carrier-grade NAT
    "100.100.100.200",  # metadata of Alibaba
    "127.0.0.1",
    "127.1.2.3",
    "169.254.169.254",  # metadata of most clouds
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",  # metadata of Oracle
    "192.0.2.1",
    "192.88.99.1",  # relays of 6to4
    "192.168.0.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "224.0.1.1",  # multicast, though "global"
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",  # compatible IPv4
    "::8.8.8.8",
    "::ffff:127.0.0.1",  # mapped IPv4
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",  # NAT64
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",  # Teredo
    "2001:0:7f00:1::",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",  # 6to4
    "2002:808:808::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",  # metadata of Amazon
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_no_address_but_of_the_public_web_is_reached(address: str, nobody_connects: list[tuple[str, int]]) -> None:
    """Neither as it stands nor behind a name, be it the only one or one of two."""
    written = f"[{address}]" if ":" in address else address
    for url in (f"http://{written}/", f"https://{written}/"):
        with pytest.raises(Refused, match="is not on the public web"):
            Fetcher().get(url)
    for found in ([address], ["93.184.215.14", address], [address, "93.184.215.14"]):
        with pytest.raises(Refused, match="is not on the public web"):
            Fetcher(resolver=lambda host, port, found=found: found).get("http://name.example/")  # type: ignore[misc]
    assert nobody_connects == []


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_an_address_of_the_public_web_is_tried(address: str, nobody_connects: list[tuple[str, int]]) -> None:
    with pytest.raises(Failed, match="connection refused"):
        Fetcher(resolver=lambda host, port: [address]).get("https://name.example/")
    assert nobody_connects == [(address, 443)]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "name.example",
        "//name.example/",
        "/issues/1/",
        "ftp://name.example/",
        "file:///etc/passwd",
        "gopher://name.example/",
        "javascript:alert(1)",
        "data:text/plain,x",
        "mailto:ada@name.example",
        "http://",
        "http:///path",
        "http://name.example:22/",
        "http://name.example:8080/",
        "http://name.example:0/",
        "http://name.example:99999/",
        "http://name.example:x/",
        "http://ada@name.example/",
        "http://ada:secret@name.example/",
        "http://@name.example/",
        "http://name.example@127.0.0.1/",
        "http://127.0.0.1\\@name.example/",
        "http://name.example\\.127.0.0.1/",
        "http://name.example/ HTTP/1.1",
        "http://name.example/\r\nHost: x",
        "http://name.example\x00.127.0.0.1/",
        "http://name.example\t/",
        "http://[::1/",
        "http://[name.example]/",
        "http://[fe80::1%25eth0]/",
        "http://[fe80::1%eth0]/",
        "http://127%2e0%2e0%2e1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.0.0.1/",
        "http://017700000001/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://127.0.0.1./",
        "http://127.0.0.0x1/",
        "http://010.8.8.8/",
        "http://0x08080808/",
        "http://134744072/",
        "http://①②⑦.⓪.⓪.①/",
        "http://１２７.0.0.1/",
        "http://name..example/",
        "http://.example/",
        f"http://{'a' * 64}.example/",
        f"http://{'a.' * 130}example/",
    ],
)
def test_what_is_no_plain_address_of_the_web_is_refused(url: str, nobody_connects: list[tuple[str, int]]) -> None:
    asked: list[str] = []

    def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    with pytest.raises(Refused):
        Fetcher(resolver=resolver).get(url)
    assert (nobody_connects, asked) == ([], [])


def test_answer_and_question(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    hosts: list[str] = []
    fetcher = server.fetcher_with(before=hosts.append)
    answer = fetcher.get(server.url("/é?q=ü#part"), accept="text/html")
    assert (answer.status, answer.body, answer.is_whole, answer.headers["content-length"]) == (200, b"Hello", True, "5")
    assert fetcher.get(server.url("/plain/404")).status == 404
    (path, headers), (_, second) = server.asked
    assert path == "/%C3%A9?q=%C3%BC"
    assert headers == {
        "Host": f"127.0.0.1:{server.server_port}",
        "User-Agent": "The AI Timeline (+https://site.example)",
        "Accept": "text/html",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    assert ("Cookie" in second, hosts) == (False, [HERE, HERE])


def test_redirects_are_followed_five_times(server: Server) -> None:
    answer = server.fetcher.get(server.url("/down/4"))
    assert (answer.status, answer.url) == (200, server.url("/plain"))
    with pytest.raises(Failed, match="more than 5 times"):
        server.fetcher.get(server.url("/down/5"))


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.2/",
        "http://169.254.169.254/latest/meta-data/",
        "//[::1]/",
        "https://10.0.0.1/",
        "http://2130706433/",
        "file:///etc/passwd",
        "http://ada:secret@93.184.215.14/",
        "http://93.184.215.14:22/",
        "http://[::1/",
    ],
)
def test_redirect_is_refused_where_the_address_would_be(server: Server, target: str) -> None:
    with pytest.raises(Refused):
        server.fetcher.get(server.url(f"/to/{target}"))
    assert len(server.asked) == 1


def test_name_is_asked_once_and_the_connection_goes_to_what_was_checked(server: Server) -> None:
    """A name server that answers with a public address first, and with a private one from then on."""
    answers = iter([[HERE], ["10.0.0.1"], ["10.0.0.1"]])  # HERE is permitted: it stands for a public one
    fetcher = server.fetcher_with(resolver=lambda host, port: next(answers))
    assert fetcher.get(server.url(host="name.example")).status == 200
    assert server.asked[0][1]["Host"] == f"name.example:{server.server_port}"
    with pytest.raises(Refused, match=r"name\.example is not on the public web: its address is 10\.0\.0\.1\."):
        fetcher.get(server.url(host="name.example"))


def test_name_is_asked_anew_at_each_redirect(server: Server) -> None:
    answers = iter([[HERE], ["10.0.0.1"]])
    fetcher = server.fetcher_with(resolver=lambda host, port: next(answers))
    with pytest.raises(Refused, match=r"10\.0\.0\.1"):
        fetcher.get(server.url("/down/1", host="name.example"))
    assert len(server.asked) == 1


def test_next_address_of_a_host_is_tried(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    create = socket.create_connection

    def unreachable_or_create(endpoint: tuple[str, int], timeout: float) -> socket.socket:
        if endpoint[0] != HERE:
            raise OSError(101, "Network is unreachable")
        return create(endpoint, timeout)

    monkeypatch.setattr(socket, "create_connection", unreachable_or_create)
    fetcher = server.fetcher_with(resolver=lambda host, port: ["8.8.8.8", HERE])
    assert fetcher.get(server.url(host="name.example")).status == 200


def test_body_is_read_up_to_the_limit(server: Server) -> None:
    answer = server.fetcher_with(limit=100_000).get(server.url("/huge"))
    assert (len(answer.body), answer.is_whole) == (100_000, False)
    assert server.fetcher_with(limit=5).get(server.url()).is_whole
    assert not server.fetcher_with(limit=4).get(server.url()).is_whole


@pytest.mark.parametrize("part", ["headers", "body"])
def test_slow_drip_ends_at_the_deadline(server: Server, part: str) -> None:
    with pytest.raises(Failed, match="It does not answer in time"):
        server.fetcher_with(seconds=0.2).get(server.url(f"/drip/{part}"))


def test_silent_name_server_ends_at_the_deadline(server: Server) -> None:
    def silent(host: str, port: int) -> list[str]:
        server.over.wait()
        return []

    with pytest.raises(Failed, match=r"No name server says in time where name\.example is"):
        Fetcher(seconds=0.05, resolver=silent).get("http://name.example/")
    server.over.set()


def test_what_does_not_answer_fails_with_a_sentence(server: Server) -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(Failed, match=r"^There is no host name\.example\.$"):
        Fetcher(resolver=unknown).get("http://name.example/")
    with pytest.raises(Failed, match=r"^Its answer breaks off\.$"):
        server.fetcher.get(server.url("/short"))
    with pytest.raises(Failed, match=r"^There is no host name\.example\.$"):
        Fetcher(resolver=lambda host, port: []).get("http://name.example/")
    with socket.create_server((HERE, 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(Failed, match=r"^It does not answer: connection refused\.$"):
        Fetcher(permitted=[(HERE, port)]).get(f"http://{HERE}:{port}/")


@pytest.fixture
def secure_server(server: Server, tmp_path: Path) -> tuple[Server, Path]:
    """It has a certificate for good.example that it signed itself."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", str(key), "-out", str(certificate), "-subj", "/CN=good.example"]
    subprocess.run([*command, "-addext", "subjectAltName=DNS:good.example"], check=True, capture_output=True)
    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return server, certificate


def test_certificate_is_of_the_name_not_of_the_address(
    secure_server: tuple[Server, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, certificate = secure_server
    fetcher = server.fetcher_with(resolver=lambda host, port: [HERE])
    good, other = (server.url(host=f"{name}.example").replace("http:", "https:") for name in ("good", "other"))
    with pytest.raises(Failed, match=r"its certificate is not valid \(self-signed certificate\)"):
        fetcher.get(good)
    monkeypatch.setattr(fetching, "CERTIFICATES", str(certificate))
    assert fetcher.get(good).status == 200
    with pytest.raises(Failed, match=r"its certificate is not valid \(Hostname mismatch"):
        fetcher.get(other)
    assert len(server.asked) == 1
