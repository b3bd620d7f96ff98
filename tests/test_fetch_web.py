"""The web client against a server that does everything wrong: each fault is one clear line."""

from __future__ import annotations

import time
from collections.abc import Iterator

import hostile_server as hostile
import pytest

from alvh_bt.errors import ConfigError, DataError
from alvh_bt.fetch.address import check_address, shown
from alvh_bt.fetch.answers import Kind
from alvh_bt.fetch.web import USER_AGENT, AbsentError, Limits, Web

#: Short waits: a retry that took seconds in earnest takes hundredths here.
QUICK = Limits(connect=1.0, read=0.4, total=2.0, retries=2, back_off=0.01, pause=0.0, most=100_000)
BODY = "DATE,CLOSE\n01/02/2024,13.2\n"


@pytest.fixture
def web() -> Iterator[Web]:
    client = Web(QUICK)
    yield client
    client.close()


@pytest.fixture
def server() -> Iterator[hostile.HostileServer]:
    with hostile.serving() as running:
        yield running


@pytest.mark.parametrize(
    ("answer", "said", "tries"),
    [
        (hostile.hangs, "no answer in time", 3),
        (hostile.drips, "not done within 2 s", 1),
        (hostile.always(429, Retry_After="3600"), "asks to wait 3,600 s (HTTP 429)", 1),
        (hostile.always(500), "HTTP 500", 3),
        (hostile.always(418), "HTTP 418", 1),
        (hostile.half_written(BODY * 3000), "broke off half-way", 1),
        (hostile.page, "a web page ('Are you a robot?') in place of CSV", 1),
        (hostile.good(""), "the answer is empty", 1),
        (hostile.good(" \n\n"), "the answer is empty", 1),
        (hostile.binary, "binary in place of CSV", 1),
        (hostile.good(b"DATE,CLOSE\n\xff\xfe,1\n"), "not UTF-8 text", 1),
        (hostile.bomb, "more than the 100,000 bytes allowed", 1),
        (hostile.oversize, "1,000,000,000,000 bytes, more than the 100,000 allowed", 1),
        (hostile.not_gzip, "cannot be unpacked", 1),
        (hostile.redirect("http://example.org/a.csv"), "a redirect to an address that is not https", 1),
        (hostile.round_and_round, "redirects without end", 6),
        (hostile.absent, "does not give this file (HTTP 404)", 1),
    ],
)
def test_every_fault_is_one_line_that_names_the_address(server, answer, said, tries, web) -> None:
    server.answers["/a.csv"] = answer
    with pytest.raises(DataError) as caught:
        web.get(f"{server.url}/a.csv")
    message = str(caught.value)
    assert message.startswith(f"{server.url}/a.csv: ")
    assert said in message
    assert "try again later" in message
    assert "\n" not in message
    assert server.asked["/a.csv"] == tries


@pytest.mark.parametrize("statuses", [(429,), (500, 503)])
def test_a_busy_server_is_asked_again(server, statuses, web) -> None:
    server.answers["/a.csv"] = hostile.after_faults(BODY, *statuses)
    assert web.get(f"{server.url}/a.csv") == BODY.encode()
    assert server.asked["/a.csv"] == len(statuses) + 1


def test_what_the_server_asks_to_wait_is_waited(server, web) -> None:
    server.answers["/a.csv"] = hostile.after_faults(BODY, 429, Retry_After="1")
    began = time.monotonic()
    web.get(f"{server.url}/a.csv")
    assert time.monotonic() - began >= 1.0


def test_a_host_is_asked_at_its_pace_and_by_name(server, web) -> None:
    server.answers["/a.csv"] = hostile.good(BODY)
    waited: list[float] = []
    slow = Web(QUICK._replace(pause=5.0), clock=lambda: 100.0, sleep=waited.append)
    for _ in range(3):
        slow.get(f"{server.url}/a.csv")
    slow.close()
    assert waited == [5.0, 5.0]
    assert server.agents == {USER_AGENT}


def test_a_redirect_on_this_machine_is_followed(server, web) -> None:
    server.answers["/b.csv"] = hostile.good(BODY)
    server.answers["/a.csv"] = hostile.redirect("/b.csv")
    assert web.get(f"{server.url}/a.csv") == BODY.encode()


def test_nobody_there(web) -> None:
    with hostile.serving() as gone:
        url = gone.url
    with pytest.raises(DataError, match="cannot be reached"):
        web.get(f"{url}/a.csv")


def test_pages_and_workbooks_must_be_such(server, web) -> None:
    server.answers["/a"] = hostile.good(BODY)
    for kind, said in ((Kind.PAGE, "not a web page"), (Kind.WORKBOOK, "not a workbook")):
        with pytest.raises(DataError, match=said):
            web.get(f"{server.url}/a", kind)
    server.answers["/a"] = hostile.page
    assert web.get(f"{server.url}/a", Kind.PAGE)


def test_absent_is_told_apart(server, web) -> None:
    with pytest.raises(AbsentError):
        web.get(f"{server.url}/nothing.csv")


def test_plain_http_is_for_this_machine_alone(web) -> None:
    with pytest.raises(DataError, match="not https"):
        web.get("http://example.org/a.csv")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://example.org", "not https"),
        ("ftp://example.org", "not https"),
        ("https://me:secret@example.org", "user name or password"),
        ("example.org", "not an address of a folder"),
        ("https://example.org/?key=1", "not an address of a folder"),
        ("https://[bad", "cannot be read"),
        ("https://example.org:port", "cannot be read"),
    ],
)
def test_mirrors_that_are_refused(url, said) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        check_address(url)
    assert "secret" not in str(caught.value)
    assert "key" not in str(caught.value)


def test_secrets_are_not_written_down() -> None:
    assert shown("https://a:b@example.org/x?id=DTB3&api_key=k") == "https://example.org/x?id=DTB3"


def test_passwords_of_netrc_are_not_sent(server, tmp_path, monkeypatch, web) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    sent: list[str | None] = []

    def answer(handler: hostile.Handler) -> None:
        sent.append(handler.headers.get("Authorization"))
        handler.say(BODY.encode())

    server.answers["/a.csv"] = answer
    web.get(f"{server.url}/a.csv")
    assert sent == [None]


def test_a_redirect_takes_no_password_along(server, tmp_path, monkeypatch, web) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login me password hunter2\n")
    monkeypatch.setenv("NETRC", str(netrc))
    there = server.url.replace("127.0.0.1", "localhost")
    server.answers["/a.csv"] = hostile.redirect(f"{there}/b.csv")
    sent: list[str | None] = []

    def answer(handler: hostile.Handler) -> None:
        sent.append(handler.headers.get("Authorization"))
        handler.say(BODY.encode())

    server.answers["/b.csv"] = answer
    assert web.get(f"{server.url}/a.csv") == BODY.encode()
    assert sent == [None]


def test_a_redirect_may_name_an_address_in_its_query(server, web) -> None:
    server.answers["/a.csv"] = hostile.redirect("/c.csv?next=https://example.org/")
    server.answers["/c.csv?next=https://example.org/"] = hostile.good(BODY)
    assert web.get(f"{server.url}/a.csv") == BODY.encode()


def test_an_answer_that_only_the_closed_connection_ends_must_end_a_line(server, web) -> None:
    server.answers["/a.csv"] = hostile.unmeasured(BODY)
    assert web.get(f"{server.url}/a.csv") == BODY.encode()
    server.answers["/a.csv"] = hostile.unmeasured(BODY[:-2])
    with pytest.raises(DataError, match="broke off half-way"):
        web.get(f"{server.url}/a.csv")
    server.answers["/a.csv"] = hostile.good(BODY[:-1])  # its length is told
    assert web.get(f"{server.url}/a.csv") == BODY[:-1].encode()


def test_a_host_that_is_not_there_is_not_waited_for_twice(web) -> None:
    with hostile.serving() as gone:
        url = gone.url
    for said in ("cannot be reached", "could not be reached a moment ago"):
        with pytest.raises(DataError, match=said):
            web.get(f"{url}/a.csv")
