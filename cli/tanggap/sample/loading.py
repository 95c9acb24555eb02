"""What is loaded in which order: people first, then cases, surveys and evaluation side by side."""

import asyncio
import threading
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tanggap import city as cities
from tanggap import console
from tanggap.calls import Calls, connected
from tanggap.errors import first_of
from tanggap.journal import Journal, inputs_of
from tanggap.sample.calendar import Calendar
from tanggap.sample.cases import Loaded, Loader
from tanggap.sample.evaluation import EvaluationSample
from tanggap.sample.people import People
from tanggap.sample.surveys import SurveySample
from tanggap.sample.trainings import TrainingSample
from tanggap.settings import Settings

NAMES = (
    "staff.yaml", "staff-evaluation.csv", "cases.yaml", "surveys.yaml", "evaluation.yaml", "trainings.yaml",
)  # fmt: skip


@dataclass(frozen=True)
class Files:
    """The sample's files; all but staff and cases may be absent."""

    folder: Path

    @property
    def present(self) -> list[Path]:
        return [self.folder / name for name in NAMES if (self.folder / name).exists()]

    def read(self, name: str) -> dict[str, Any]:
        file = self.folder / name
        return dict(cities.load_yaml(file)) if file.exists() else {}


def load(settings: Settings, directory: Path, journal: Journal) -> list[Loaded]:
    """Load everything. Raises CliError naming what fails.

    All dates are relative to the day on which this journal was begun.
    """
    bundle, files = cities.bundle(directory), Files(directory / "sample")
    journal.begin(inputs_of(*files.present), datetime.now(UTC).replace(microsecond=0))
    now = datetime.fromisoformat(journal.started_at).astimezone(ZoneInfo(bundle["city"]["timezone"]))
    people = People.of(settings, files.read("staff.yaml"))
    loading = Loading(people, Calendar.of(bundle, now.date()), now, journal, files)
    try:
        return asyncio.run(loading.run())
    except BaseExceptionGroup as group:
        raise first_of(group) from group


@dataclass
class Loading:
    people: People
    calendar: Calendar
    now: datetime
    journal: Journal
    files: Files

    async def run(self) -> list[Loaded]:
        surveys = SurveySample.of(self.files.read("surveys.yaml"), self.people, self.journal, self.now)
        evaluation = EvaluationSample.of(self.files.folder, self.people, self.journal, self.now)
        trainings = TrainingSample.of(self.files.read("trainings.yaml"), self.people, self.journal, self.now)
        cases = self.files.read("cases.yaml").get("cases", [])
        total = len(self.people.staff) + len(cases) + surveys.size + evaluation.size + trainings.size
        with console.progress("sample", total) as counter:
            async with connected(self.people.url, self.token) as calls:
                await surveys.register_department(calls)
                async with asyncio.TaskGroup() as group:
                    for person in self.people.staff.values():
                        group.create_task(self.register(calls, person, counter))
                async with asyncio.TaskGroup() as group:
                    loaded = group.create_task(self.cases(cases, counter))
                    group.create_task(surveys.load(calls, counter))
                    group.create_task(self.staff_then_trainings(calls, evaluation, trainings, counter))
        return loaded.result()

    def token(self, name: str) -> str:
        """A staff member's token; what is no staff reference is a department's key."""
        return name if name.startswith("tgd_") else self.people.token(name)

    async def register(self, calls: Calls, person: dict[str, Any], counter: console.Counter) -> None:
        await self.people.register(calls, self.journal, person)
        counter.advance()

    async def staff_then_trainings(
        self,
        calls: Calls,
        evaluation: EvaluationSample,
        trainings: TrainingSample,
        counter: console.Counter,
    ) -> None:
        await evaluation.import_staff(calls, counter)
        async with asyncio.TaskGroup() as group:
            group.create_task(evaluation.load(calls, counter))
            group.create_task(trainings.load(calls, counter))

    async def cases(self, cases: list[dict[str, Any]], counter: console.Counter) -> list[Loaded]:
        """The cases in a thread, one after the other: each may refer to those before it."""
        stopping = threading.Event()

        def load_all() -> list[Loaded]:
            # A connection of its own: SQLite's belong to the thread that opened them.
            with closing(Journal(self.journal.file)) as journal:
                loader = Loader(self.people, self.calendar, self.now, journal)
                loaded = []
                for case in cases:
                    if stopping.is_set():
                        break
                    loaded.append(loader.load_case(case))
                    counter.advance()
                return loaded

        try:
            return await asyncio.to_thread(load_all)
        finally:
            stopping.set()
