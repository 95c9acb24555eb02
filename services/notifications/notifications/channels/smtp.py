"""E-mail over a real SMTP connection, kept open from mail to mail."""

from __future__ import annotations

import contextlib
import logging
import smtplib
import ssl
from dataclasses import dataclass, field

from notifications.channels import Mail
from notifications.domain.smtp_replies import CONNECT, Outcome, Verdict, classify, connection_failed

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    host: str
    port: int
    sender_address: str
    starttls: bool
    username: str = ""
    password: str = field(default="", repr=False)
    timeout_seconds: float = 10.0
    """For connecting and for each command; nothing waits longer for one answer."""


class SmtpLine:
    """One connection, opened when needed and again after it was lost.

    A connection that the server closed while it was idle is replaced before anything of the mail was
    sent, so that costs no attempt. A line lost after DATA is reported as lost: the server may have the mail.
    """

    def __init__(self, settings: SmtpSettings, tls: ssl.SSLContext | None = None) -> None:
        self._settings = settings
        self._tls = tls or ssl.create_default_context()
        self._connection: smtplib.SMTP | None = None

    def send(self, mail: Mail) -> Outcome:
        reused = self._connection is not None
        outcome = self._attempt(mail)
        if reused and outcome.code == _LOST_BEFORE_DATA:
            outcome = self._attempt(mail)
        if outcome.connection_lost:
            self.close()
        return outcome

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            # Not quit(): it waits for an answer that a dead server never gives.
            with contextlib.suppress(OSError):
                connection.close()

    def _attempt(self, mail: Mail) -> Outcome:
        try:
            connection = self._connection or self._open()
        except _CannotOpen as error:
            return connection_failed(error.kind)
        self._connection = connection
        try:
            code, text = connection.mail(self._settings.sender_address)
            if code == 250:
                code, text = connection.rcpt(mail.to)
        except (OSError, smtplib.SMTPException):
            self.close()
            return connection_failed(_LOST_BEFORE_DATA)
        if code not in (250, 251):
            return self._refused(connection, classify(code, text))
        return self._data(connection, mail)

    def _data(self, connection: smtplib.SMTP, mail: Mail) -> Outcome:
        try:
            code, text = connection.data(mail.content)
        except smtplib.SMTPDataError as error:
            refusal = error.smtp_error
            text = refusal if isinstance(refusal, bytes) else refusal.encode()
            return self._refused(connection, classify(error.smtp_code, text))
        except (OSError, smtplib.SMTPException):
            log.warning("connection lost while handing over a mail", extra={"intent_id": mail.intent_id})
            self.close()
            return connection_failed("lost_in_data")
        outcome = classify(code, text)
        return outcome if outcome.verdict is Verdict.SENT else self._refused(connection, outcome)

    def _refused(self, connection: smtplib.SMTP, outcome: Outcome) -> Outcome:
        """Clear the server's transaction, so that the next mail starts clean."""
        try:
            code, _ = connection.rset()
        except (OSError, smtplib.SMTPException):
            code = 0
        if code != 250:
            self.close()
        return outcome

    def _open(self) -> smtplib.SMTP:
        settings = self._settings
        kind = CONNECT
        connection: smtplib.SMTP | None = None
        try:
            # Our own host name is given: looking it up can take longer than the mail.
            connection = smtplib.SMTP(
                settings.host,
                settings.port,
                local_hostname=settings.sender_address.rpartition("@")[2],
                timeout=settings.timeout_seconds,
            )
            connection.ehlo_or_helo_if_needed()
            if settings.starttls:
                kind = "tls"
                connection.starttls(context=self._tls)
                connection.ehlo()
            if settings.username:
                kind = "auth"
                connection.login(settings.username, settings.password)
        except (OSError, smtplib.SMTPException) as error:
            if connection is not None:
                connection.close()
            log.warning("no SMTP connection", extra={"kind": kind, "error": type(error).__name__})
            raise _CannotOpen(kind) from error
        return connection


_LOST_BEFORE_DATA = "lost_before_data"


class _CannotOpen(Exception):
    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind
