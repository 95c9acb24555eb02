"""What complaints keeps in MongoDB. The only place that knows documents, collections and indexes."""

from pymongo.client_session import ClientSession

__all__ = ["ClientSession"]
