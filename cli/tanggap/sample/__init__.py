"""The sample of a city: invented people, cases, answers, evaluations and trainings.

Everything goes through the public interface. A journal keeps what was done, so that loading again, or after
an interruption, doubles nothing. The formats are described at the top of `cities/<city>/sample/*.yaml`.
"""

from tanggap.sample.calendar import Calendar
from tanggap.sample.cases import Loaded
from tanggap.sample.loading import load

__all__ = ["Calendar", "Loaded", "load"]
