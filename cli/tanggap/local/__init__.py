"""A whole installation on one machine: what `make up` starts and what system tests run against."""

from tanggap.local.stack import Stack

__all__ = ["Stack"]
