"""The sample's staff: who they are, tokens to act as each of them, and their addresses for notifications."""

from dataclasses import dataclass
from typing import Any

from tanggap.calls import Calls
from tanggap.errors import CliError
from tanggap.journal import Journal
from tanggap.settings import Settings


@dataclass(frozen=True)
class People:
    settings: Settings
    staff: dict[str, dict[str, Any]]

    @classmethod
    def of(cls, settings: Settings, document: dict[str, Any]) -> "People":
        return cls(settings, {person["ref"]: person for person in document["staff"]})

    @property
    def url(self) -> str:
        return self.settings.url

    def token(self, ref: str) -> str:
        person = self.staff.get(ref)
        if person is None:
            raise CliError(f"sample/staff.yaml has nobody called {ref!r}.")
        return self.settings.local_token(
            sub=ref, roles=person["roles"], unit=person.get("unit"), name=person.get("name")
        )

    def with_role(self, role: str) -> str:
        found = next((ref for ref, person in self.staff.items() if role in person["roles"]), None)
        if found is None:
            raise CliError(f"sample/staff.yaml has nobody with the role {role}.")
        return found

    async def register(self, calls: Calls, journal: Journal, person: dict[str, Any]) -> None:
        """Make a staff member known to notifications, so that mails reach her."""
        contact = {
            "contact_ref": person["ref"],
            "audience": "staff",
            "roles": person["roles"],
            "unit": person.get("unit"),
            "language": person.get("language", "id"),
            "name": person["name"],
            "email": person["email"],
        }
        contact = {name: value for name, value in contact.items() if value is not None}
        key = journal.key("staff", person["ref"])
        await calls.call("POST", "/v1/contacts", contact, by=self.with_role("admin"), key=key)
