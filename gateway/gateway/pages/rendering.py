"""From a template and its values to a response with the right language, headers and compression."""

import gzip
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlencode

from babel.numbers import format_decimal, format_percent
from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.catalogue import Catalogue, in_language
from gateway.codes import fresh_key
from gateway.problems import Problem

from . import assets, charts, csrf, dates, language, periods, words
from .forms import Form
from .settings import PageSettings

# No script, no frame, no foreign host, no inline style: nothing that a text smuggled into a page could use.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
ZONE = "Asia/Jakarta"
SHARES = ("on_time", "confirmed", "disputed")
MINUTES = ("first_answer_minutes",)


@cache
def environment(lang: str) -> Environment:
    """Return the templates in one language."""
    env = Environment(
        loader=ChoiceLoader(
            [
                PackageLoader("gateway.pages", "templates"),
                PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}),
            ]
        ),
        autoescape=True,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    env.install_gettext_translations(language.translations(lang), newstyle=True)  # type: ignore[attr-defined]  # added by i18n
    env.filters["paragraphs"] = paragraphs
    env.globals["asset"] = assets.url
    return env


def paragraphs(text: str | None) -> Markup:
    """Return a person's text with its lines kept, everything in it escaped."""
    blocks = [block for block in (text or "").replace("\r\n", "\n").split("\n\n") if block.strip()]
    return Markup("").join(
        Markup('<p class="govuk-body">%s</p>')
        % Markup("<br>").join(escape(line) for line in block.strip("\n").split("\n"))
        for block in blocks
    )


class View:
    """What every template can use, bound to one request: language, dates, names, links."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.settings: PageSettings = request.app.state.pages
        self.lang = language.choose(request)
        self._texts = language.translations(self.lang)

    def gettext(self, message: str) -> str:
        return self._texts.gettext(message)

    @property
    def catalogue(self) -> Catalogue:
        """The newest catalogue, or an empty one while there is none: a page without names beats no page."""
        try:
            catalogue: Catalogue = self.request.app.state.cases.catalogue
        except Problem:
            return Catalogue({})
        return catalogue

    @property
    def zone(self) -> str:
        return str(self.catalogue.city.get("timezone") or ZONE)

    @property
    def city_name(self) -> str:
        return str(self.catalogue.city.get("name") or "")

    def text(self, value: Any) -> str:
        """Return a catalogue text in the page's language, Indonesian where there is no other."""
        return in_language(value, self.lang) or ""

    def day(self, value: Any) -> str:
        return dates.day(value, self.zone, self.lang)

    def moment(self, value: Any) -> str:
        return dates.moment(value, self.zone, self.lang)

    def number(self, value: int) -> str:
        return format_decimal(value, locale=self.lang)

    def decimal(self, value: Any, places: int = 2) -> str:
        """Return a figure as it is written here, with so many decimals; nothing stands for no figure.

        Figures of services are texts or numbers that are rounded already; nothing is rounded a second time
        as long as `places` is what they were rounded to.
        """
        figure = charts.number_of(value)
        if figure is None:
            return ""
        return format_decimal(figure, format="#,##0." + "0" * places, locale=self.lang)

    def signed(self, value: Any) -> str:
        """Return a difference with its sign, `+1,20` or `−2,64`."""
        figure = charts.number_of(value)
        if figure is None:
            return ""
        sign = "+" if figure > 0 else "\N{MINUS SIGN}" if figure < 0 else "±"
        return sign + self.decimal(abs(figure))

    def measured(self, measure: str, value: Any) -> str:
        """Return a figure of an evidence item in its own unit: a share, working time, a score or an index."""
        figure = charts.number_of(value)
        if figure is None:
            return ""
        if measure in SHARES:
            return format_percent(figure, format="#,##0.#%", locale=self.lang)
        if measure in MINUTES:
            hours, minutes = divmod(round(figure), 60)
            parts = [(hours, "hour"), (minutes, "minute")]
            return " ".join(
                self.duration(amount, unit) for amount, unit in parts if amount or unit == "minute"
            )
        return self.decimal(figure)

    def date(self, value: Any) -> str:
        """`2026-11-24` as `24 November 2026`"""
        return dates.plain_day(value, self.lang) if value else ""

    def period(self, code: str | None) -> str:
        """`2026-Q3` as `Triwulan III 2026`"""
        return periods.name(code, self.gettext, self.month)

    def word(self, group: str, code: str | None) -> str:
        """Return what people read for a code; an unknown code is shown with its underscores as spaces."""
        if not code:
            return ""
        known = words.LABELS[group].get(code)
        return self.gettext(known) if known else code.replace("_", " ")

    def codes(self, group: str) -> tuple[str, ...]:
        """Return the codes of a group that have words."""
        return tuple(words.LABELS.get(group, ()))

    def words(self, group: str) -> list[tuple[str, str]]:
        """Return the codes of a group with what people read for them, to choose from."""
        return [(code, self.gettext(text)) for code, text in words.LABELS.get(group, {}).items()]

    def unit(self, code: str | None) -> str:
        return self.catalogue.unit_name(code, self.lang) or code or ""

    def service(self, code: str | None) -> str:
        return self.catalogue.service_name(code, self.lang) or code or ""

    def attribute(self, service_code: str, code: str) -> str:
        """Return what a service asks by an attribute, or its code when the catalogue has dropped it."""
        return self.text(self._attribute(service_code, code).get("description")) or code

    def attribute_value(self, service_code: str, code: str, value: Any) -> str:
        """Return an attribute's answer with the names of its choices."""
        names = {
            entry["key"]: self.text(entry["name"])
            for entry in self._attribute(service_code, code).get("values") or ()
        }
        chosen = value if isinstance(value, list) else [value]
        return ", ".join(names.get(str(entry), str(entry)) for entry in chosen)

    def _attribute(self, service_code: str, code: str) -> Mapping[str, Any]:
        service = self.catalogue.service(service_code) or {}
        return next((entry for entry in service.get("attributes") or () if entry.get("code") == code), {})

    def action(self, name: str) -> str:
        """Return what people read for a recorded step: the event it made, or the action's own name."""
        event = words.EVENT_OF.get(name, name)
        return self.word("event" if event in words.LABELS["event"] else "action", event)

    def month(self, value: str | None) -> str:
        """`2026-11` as `November 2026`"""
        return dates.month(value, self.lang) if value else ""

    def duration(self, amount: int, unit: str) -> str:
        return f"{self.number(amount)} {self.word('time_unit', unit)}"

    def other_language(self, path: str) -> tuple[str, str]:
        """Return the language this page is not in and the address of this page in it."""
        other = "en" if self.lang == "id" else "id"
        kept = [
            (key, value)
            for key, value in self.request.query_params.multi_items()
            if key not in ("lang", "sudah")
        ]
        return other, f"{path}?{urlencode([*kept, ('lang', other)])}"


def page(
    request: Request,
    template: str,
    status: int = 200,
    *,
    secret: bool = False,
    staff: bool = False,
    path: str | None = None,
    headers: Mapping[str, str] | None = None,
    **context: Any,
) -> Response:
    """Render a template.

    `secret` marks pages whose address or content is for one person: not stored, not indexed, no referrer,
    and not compressed beside what a visitor sent (BREACH). `path` is the address that shows this page again
    when the request was a POST elsewhere.
    """
    view = View(request)
    caller = getattr(request.state, "caller", None)
    who = caller.ref if caller is not None and caller.is_staff else None
    shown_path = path or request.url.path
    body = (
        environment(view.lang)
        .get_template(template)
        .render(
            view=view,
            settings=view.settings,
            colours=words.TAG_COLOURS,
            blank=Form(),
            new_key=fresh_key,
            draft=lambda values: Form({name: [value] for name, value in values.items()}),
            caller=caller,
            staff_page=staff,
            may=lambda service, action: request.app.state.access.allows(caller, service, action),
            private=secret or staff,
            csrf_token=lambda: csrf.token(request, view.settings, who),
            language_link=view.other_language(shown_path),
            here=shown_path,
            **context,
        )
        .encode()
    )
    response = Response(body, status, media_type="text/html")
    fix_headers(response, private=secret or staff)
    if not (secret or staff) and "gzip" in request.headers.get("accept-encoding", ""):
        response.body = gzip.compress(body, 6, mtime=0)
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Content-Length"] = str(len(response.body))
    response.headers.update(headers or {})
    response.headers["Content-Language"] = view.lang
    remember(request, response)
    return response


def see_other(request: Request, url: str, *, secret: bool = True) -> Response:
    """Send the browser on with a GET after a form was taken, so that reloading repeats nothing."""
    response = RedirectResponse(url, 303)
    fix_headers(response, private=secret)
    remember(request, response)
    return response


def fix_headers(response: Response, *, private: bool) -> None:
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Permissions-Policy"] = "geolocation=(), camera=(), microphone=()"
    response.headers["Referrer-Policy"] = "no-referrer" if private else "same-origin"
    response.headers["Cache-Control"] = "no-store" if private else "private, no-cache"
    response.headers["Vary"] = "Accept-Language, Cookie, Accept-Encoding"
    if private:
        response.headers["X-Robots-Tag"] = "noindex, nofollow"


def remember(request: Request, response: Response) -> None:
    """Set the cookies this request asks for: the language chosen by link, the form's random value."""
    settings: PageSettings = request.app.state.pages
    asked = request.query_params.get("lang")
    if asked in language.LANGUAGES:
        response.set_cookie(
            language.COOKIE,
            str(asked),
            max_age=365 * 86400,
            path="/",
            secure=settings.secure,
            httponly=True,
            samesite="lax",
        )
    csrf.remember(request, settings, response)
