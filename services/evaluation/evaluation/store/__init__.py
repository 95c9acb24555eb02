"""What evaluation keeps in MongoDB. The only place that knows documents, collections and indexes."""

from pymongo.client_session import ClientSession

COLLECTIONS = (
    "staff",
    "departments",
    "units",
    "services",
    "cases",
    "tallies",
    "unit_results",
    "person_results",
    "comments",
    "evaluations",
    "evaluation_versions",
    "evaluation_history",
    "offers",
    "enrolments",
    "enrolment_history",
    "entries",
    "entry_history",
    "recommendations",
    "advice_wanted",
    "remembered",
    "inbox",
    "outbox",
)

__all__ = ["COLLECTIONS", "ClientSession"]
