"""E-mail, handed in to a mail server on this machine that speaks as little SMTP as it must."""

import email
import email.policy
import socketserver
import threading
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from gongfu_fleet.adapters.notify.smtp import Letters, Mailbox
from gongfu_fleet.domain.notify.notice import Bundle, Form
from gongfu_fleet.domain.notify.retry import Later, Refused, Sent
from gongfu_fleet.services.notify_ports import Message
from tests.fleet.notify.examples import MONDAY_9, incident_id, notice


class Post(socketserver.ThreadingTCPServer):
    """Keeps letters; ``answers`` are said to the next ones instead of taking them."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Talk)
        self.letters: list[EmailMessage] = []
        self.answers: list[bytes] = []


class Talk(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, Post)
        self.wfile.write(b"220 here\r\n")
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                raw = b"".join(iter(self.rfile.readline, b".\r\n"))
                self._take(self.server, raw)
            elif word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 yes\r\n")

    def _take(self, post: Post, raw: bytes) -> None:
        if post.answers:
            self.wfile.write(post.answers.pop())
            return
        letter = email.message_from_bytes(raw, policy=email.policy.default)
        assert isinstance(letter, EmailMessage)
        post.letters.append(letter)
        self.wfile.write(b"250 taken\r\n")


@pytest.fixture(scope="module")
def office() -> Iterator[Post]:
    with Post() as post:
        thread = threading.Thread(target=post.serve_forever, args=(0.01,))
        thread.start()
        yield post
        post.shutdown()
        thread.join()


def letters(office: Post) -> Letters:
    mailbox = Mailbox("127.0.0.1", office.server_address[1], "none")
    return Letters("mail", mailbox, "gongfu@x.example", ("duty@x.example",))


def message() -> Message:
    told = notice(mentions=("li@x.example", "13800000000"))
    return Message(incident_id(8), "mail", Bundle(Form.SINGLE, (told,)), MONDAY_9, 0)


def test_a_letter_has_subject_text_link_and_an_id_that_a_repeat_shares(office: Post) -> None:
    for _ in range(2):
        assert letters(office).send(message(), "https://gongfu.example/x") == Sent()
    one, again = office.letters
    assert one["Subject"] == "【重要】邻礼冷冻柜 cab-0001 1 区 温度过高"
    assert one["To"] == "duty@x.example, li@x.example"
    assert "峰值 -3.2 ℃" in one.get_content()
    assert "https://gongfu.example/x" in one.get_content()
    assert one["Message-ID"] == again["Message-ID"] == f"<{incident_id(8)}@gongfu.invalid>"


def test_a_server_that_is_full_is_asked_again_and_one_that_refuses_is_not(office: Post) -> None:
    office.answers.append(b"452 full\r\n")
    assert letters(office).send(message(), None) == Later("the mail server answered 452")
    office.answers.append(b"554 no\r\n")
    assert letters(office).send(message(), None) == Refused("the mail server answered 554")


def test_a_server_that_is_gone_is_asked_again() -> None:
    gone = Letters("mail", Mailbox("127.0.0.1", 9, "none"), "a@x.example", ("b@x.example",))
    assert isinstance(gone.send(message(), None), Later)
