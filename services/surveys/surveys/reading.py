"""Results and periods as somebody may see them: the public what is published, staff what is still missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from surveys.access import ANYWHERE, Access, Actor
from surveys.acting import MODE_TABLE
from surveys.city import City
from surveys.closing import Closing, accepted
from surveys.computing import Computing, altered, as_exported
from surveys.domain.canonical import answer_digest
from surveys.domain.periods import CLOSED, OPEN, SHOWN, quarters_of
from surveys.domain.precision import sample_target
from surveys.domain.publication import NO_PLAN, NOT_PUBLISHED, PERIOD_OPEN, REVEALS_SMALL
from surveys.domain.suppression import suppress
from surveys.errors import Unseen, WrongState, invalid
from surveys.planning import Planning
from surveys.store import Document
from surveys.store.answers import Answers
from surveys.store.periods import Periods, period_id
from surveys.store.submissions import Submissions
from surveys.trends import Trends

_MOST_ON_A_PAGE = 100
_MOST_ANSWERS = 1000
_STATES = ("open", "closed", "published", "corrected")


class Reading:
    def __init__(
        self,
        *,
        answers: Answers,
        periods: Periods,
        submissions: Submissions,
        planning: Planning,
        closing: Closing,
        computing: Computing,
        trends: Trends,
        access: Access,
        city: City,
    ) -> None:
        self._answers = answers
        self._periods = periods
        self._submissions = submissions
        self._planning = planning
        self._closing = closing
        self._computing = computing
        self._trends = trends
        self._access = access
        self._city = city

    def results(self, unit: Any, year: Any) -> dict[str, Any]:
        """Every published result, the latest first, in short."""
        if not isinstance(unit, str | None):
            raise invalid("/unit", "not_a_text", "A unit is named by its code.")
        try:
            wanted = int(year) if year not in (None, "") else None
        except (TypeError, ValueError):
            raise invalid("/year", "not_a_year", "A year is written with four digits.") from None
        return {"items": [self._short(row) for row in self._periods.shown(unit, wanted)]}

    def result(self, actor: Actor, unit: Any, code: Any) -> dict[str, Any]:
        """One period's result as far as the actor may see it, with everything that is missing.

        The public learns that a period exists and why it shows no figure, and no count while it is open.
        Raises Unseen for a period that does not exist.
        """
        row = self._row(unit, code)
        staff = self._access.may(actor, "progress", row["unit"])
        view = self._frame(row)
        if row["state"] == OPEN:
            return view | self._open_part(row, staff) | self._refused(row, staff)
        computed = self._periods.computed(row["_id"])
        if computed is None:
            raise Unseen("period")
        figures = computed["figures"]
        shown = row["state"] in SHOWN
        view |= self._closed_part(row, figures, visible=shown or staff)
        view |= self._tables(row, computed, visible=shown or staff)
        view |= self._refused(row, staff)
        view["trend"] = self._trends.up_to(row, figures) if shown or staff else []
        view["improvements"] = self._planning.of(row["unit"], row["code"]) if shown or staff else []
        if self._lacks_plan(view):
            view["cautions" if shown else "missing"].append(NO_PLAN)
        view["follow_up_score"] = self._planning.follow_up(row) if shown else None
        view["comments"] = self._comments(row) if shown else []
        view["versions"] = self._versions(row) if shown or staff else []
        if self._access.may(actor, "export", row["unit"]):
            inputs = computed["inputs"]
            changed = altered(inputs, list(self._answers.of(self._parts(row))))
            view |= {"inputs": inputs, "altered": changed}
        return view

    def periods(self, actor: Actor, unit: Any, state: Any, cursor: Any, limit: Any) -> dict[str, Any]:
        """Periods for those who run them: progress, refused answers by reason, what is missing."""
        for name, value in (("unit", unit), ("state", state), ("cursor", cursor)):
            if not isinstance(value, str | None):
                raise invalid(f"/{name}", "not_a_text", "This must be a text.")
        if state and state not in _STATES:
            raise invalid("/state", "unknown_state", f"A state is one of {', '.join(_STATES)}.")
        narrowed = self._access.visible_unit(actor, "progress", unit or None)
        query: Document = {}
        if narrowed:
            query["unit"] = narrowed
        if state:
            query["state"] = state
        size = _page(limit, 20, _MOST_ON_A_PAGE)
        rows = self._periods.page(query, cursor or None, size + 1)
        items = [self._listed(row) for row in rows[:size]]
        page = {"items": items, "next_cursor": rows[size - 1]["_id"] if len(rows) > size else None}
        if self._access.scopes(actor, "progress") & ANYWHERE:
            # Answers whose link is none, or whose unit is unknown: they belong to no period.
            page["unplaced"] = self._submissions.unplaced()
        return page

    def answers(self, actor: Actor, unit: Any, code: Any, cursor: Any, limit: Any) -> dict[str, Any]:
        """Raw answers of a closed period, by random id, each with the digest it has now."""
        row = self._row(unit, code)
        self._access.require(actor, "export", row["unit"])
        if row["state"] == OPEN:
            raise WrongState({"reason": "period_open"}, "Answers of an open period are not exported.")
        if not isinstance(cursor, str | None):
            raise invalid("/cursor", "not_a_text", "A cursor is a text of a page before.")
        size = _page(limit, 100, _MOST_ANSWERS)
        rows = self._answers.page(self._parts(row), cursor or None, size + 1)
        exported = [as_exported(one) for one in rows[:size]]
        return {
            "items": [one | {"digest": answer_digest(one)} for one in exported],
            "next_cursor": exported[-1]["id"] if len(rows) > size else None,
        }

    def _row(self, unit: Any, code: Any) -> Document:
        known = isinstance(unit, str) and isinstance(code, str)
        row = self._periods.get(period_id(unit, code)) if known else None
        if row is None:
            raise Unseen("period")
        return row

    def _parts(self, row: Document) -> list[str]:
        return [period_id(row["unit"], code) for code in quarters_of(row["code"])]

    def _frame(self, row: Document) -> dict[str, Any]:
        """Everything that a view has in any state, figures as null."""
        questionnaire = self._city.questionnaire(row["questionnaire_version"])
        names = ("unit", "kind", "state", "starts_on", "ends_on", "closes_on", "minimum_n")
        return {
            "period": row["code"],
            **{name: row[name] for name in names},
            "version": row["version"],
            "n": None,
            "n_shown": None,
            "population": None,
            "population_origin": None,
            "target": None,
            "progress": None,
            "ikm": None,
            "band": None,
            "band_name": None,
            "band_version": row["band_version"],
            "band_certain": None,
            "interval": None,
            "elements": [
                {"key": element.key, "name": element.name, **dict.fromkeys(_ELEMENT)}
                for element in questionnaire.elements
            ],
            "lowest": [],
            "respondents": {"suppressed": True},
            "modes": {},
            "assisted_share": None,
            "cautions": [],
            "missing": [],
            "trend": [],
            "improvements": [],
            "follow_up_score": None,
            "comments": [],
            "method": None,
            "questionnaire_version": row["questionnaire_version"],
            "inputs_hash": None,
            "signature": None,
            "signature_valid": None,
            "published_at": row["published_on"],
            "versions": [],
            "printed_011": None,
        }

    def _open_part(self, row: Document, staff: bool) -> dict[str, Any]:
        part: dict[str, Any] = {"missing": [PERIOD_OPEN]}
        if staff:
            progress = self._progress(row)
            part |= {"progress": progress, "n_shown": str(progress["n"])}
            part |= {name: progress[name] for name in ("population", "population_origin", "target")}
        return part

    def _progress(self, row: Document) -> dict[str, Any]:
        """How many answers count so far, those that still wait in the pool included."""
        counts = accepted(row)
        population, origin = self._closing.population(row, counts)
        return {
            "n": sum(counts.values()),
            "target": sample_target(population),
            "population": population,
            "population_origin": origin,
        }

    def _refused(self, row: Document, staff: bool) -> dict[str, Any]:
        if not staff:
            return {}
        return {"refused": row["refused"], "held": self._answers.count_held(row["_id"])}

    def _closed_part(self, row: Document, figures: Mapping[str, Any], *, visible: bool) -> dict[str, Any]:
        missing = list(figures["missing"])
        if row["state"] == CLOSED:
            missing.append(NOT_PUBLISHED)
        part: dict[str, Any] = {"n_shown": figures["n_shown"], "missing": missing}
        if not visible:
            return part
        names = (
            "n population population_origin target ikm interval band band_version band_certain lowest "
            "cautions method inputs_hash signature printed_011 assisted_share"
        ).split()
        part |= {name: figures[name] for name in names}
        part["cautions"] = list(figures["cautions"])
        table = self._city.table(figures["band_version"])
        part["band_name"] = table.name(figures["band"]) if figures["band"] else None
        questionnaire = self._city.questionnaire(figures["questionnaire_version"])
        names_of = {element.key: element.name for element in questionnaire.elements}
        part["elements"] = [{**one, "name": names_of[one["key"]]} for one in figures["elements"]]
        part["signature_valid"] = self._computing.is_signed(figures["inputs_hash"], figures["signature"])
        return part

    def _tables(self, row: Document, computed: Document, *, visible: bool) -> dict[str, Any]:
        """Respondents by what they said of themselves, as published; before that as it would be shown."""
        if not visible or computed["figures"]["n"] is None:
            return {}
        if row.get("tables"):
            cells = row["tables"]["cells"]
        else:
            minimum = self._computing.guards(row).minimum_cell
            bare = {**computed["numbers"]["respondents"], MODE_TABLE: computed["numbers"]["modes"]}
            cells = {name: suppress(counts, minimum) for name, counts in bare.items()}
        tables = {
            name: [{"key": key, "n": n} for key, n in counts.items()]
            for name, counts in cells.items()
            if name != MODE_TABLE
        }
        hidden = any(n is None for counts in cells.values() for n in counts.values())
        return {"respondents": {**tables, "suppressed": hidden}, "modes": cells[MODE_TABLE]}

    def _lacks_plan(self, view: Mapping[str, Any]) -> bool:
        """Whether nothing is planned for the lowest element of figures that this actor sees."""
        planned = {one["element"] for one in view["improvements"] if one["state"] != "cancelled"}
        return bool(view["lowest"]) and view["lowest"][0] not in planned

    def _comments(self, row: Document) -> list[str]:
        return self._answers.published_comments(row["unit"], self._parts(row))

    def _versions(self, row: Document) -> list[dict[str, Any]]:
        return [
            {
                "version": one["version"],
                "reason": one["reason"],
                "at": one["at"],
                "ikm": one["figures"]["ikm"],
                "inputs_hash": one["figures"]["inputs_hash"],
            }
            for one in self._periods.computations(row["_id"])
        ]

    def _short(self, row: Document) -> dict[str, Any]:
        computed = self._periods.computed(row["_id"])
        figures = computed["figures"] if computed else {}
        names = "n n_shown ikm interval band band_version band_certain lowest cautions".split()
        letter = figures.get("band")
        return {
            "unit": row["unit"],
            "period": row["code"],
            "kind": row["kind"],
            "state": row["state"],
            "starts_on": row["starts_on"],
            "ends_on": row["ends_on"],
            **{name: figures.get(name) for name in names},
            "band_name": self._city.table(row["band_version"]).name(letter) if letter else None,
            "published_at": row["published_on"],
        }

    def _listed(self, row: Document) -> dict[str, Any]:
        names = ("unit", "kind", "state", "starts_on", "ends_on", "closes_on", "minimum_n", "refused")
        item = {"period": row["code"], **{name: row[name] for name in names}}
        item["held"] = self._answers.count_held(row["_id"])
        if row["state"] == OPEN:
            progress = self._progress(row)
            short = progress["n"] < row["minimum_n"]
            return item | {"progress": progress, "missing": [PERIOD_OPEN], "below_minimum": short}
        computed = self._periods.computed(row["_id"])
        figures = (
            computed["figures"] if computed else {"missing": [], "n_shown": None, "ikm": None, "band": None}
        )
        waiting = [NOT_PUBLISHED] if row["state"] == CLOSED else []
        return item | {
            "n_shown": figures["n_shown"],
            "ikm": figures["ikm"],
            "band": figures["band"],
            "missing": [*figures["missing"], *waiting],
            "below_minimum": bool(set(figures["missing"]) - {REVEALS_SMALL}),
            "published_at": row["published_on"],
        }


_ELEMENT = ("n", "sum", "nrr", "nrr_x25", "band", "counts")


def _page(limit: Any, usual: int, most: int) -> int:
    try:
        return max(1, min(int(limit), most)) if limit is not None else usual
    except (TypeError, ValueError):
        raise invalid("/limit", "not_a_number", f"A limit is a number from 1 to {most}.") from None
