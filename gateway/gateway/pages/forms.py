"""What somebody typed, and what is wrong with it, from a form to its redisplay."""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.datastructures import FormData

from gateway.codes import fresh_key
from gateway.problems import Problem

from .language import N_

# (field, code) or code alone → what to do about it. The gateway's own words are used for all else.
FIXES: dict[tuple[str, str] | str, str] = {
    ("description", "blank"): N_("Tulis apa yang terjadi atau apa yang Anda butuhkan"),
    ("address", "location_required"): N_("Tulis di mana tempatnya, misalnya nama jalan dan patokan terdekat"),
    ("address", "outside_boundary"): N_("Tempat ini di luar wilayah kota. Periksa kembali koordinatnya"),
    ("address", "point_incomplete"): N_("Isi garis lintang dan garis bujur, atau kosongkan keduanya"),
    ("email", "not_an_email"): N_("Tulis alamat e-mail dengan lengkap, misalnya nama@contoh.id"),
    ("phone", "not_a_phone"): N_("Tulis nomor telepon dengan lengkap, misalnya 0812 3456 7890"),
    ("lat", "not_a_number"): N_("Tulis garis lintang sebagai angka, misalnya -0,6828"),
    ("lon", "not_a_number"): N_("Tulis garis bujur sebagai angka, misalnya 100,7783"),
    ("reason", "required"): N_("Tulis alasannya"),
    ("question", "required"): N_("Tulis pertanyaan untuk pelapor"),
    ("answer", "required"): N_("Tulis jawaban untuk pelapor"),
    ("unit", "required"): N_("Pilih unit yang menangani"),
    ("outcome", "required"): N_("Pilih hasilnya"),
    ("ground", "required"): N_("Pilih dasarnya"),
    ("unit", "link_required"): N_("Pilih unit yang dinilai"),
    "no_answer": N_("Jawab sedikitnya satu pertanyaan"),
    "consent_required": N_("Centang bila setuju. Tanpa persetujuan ini jawaban tidak dapat dihitung"),
    "required": N_("Isi kolom ini"),
    "blank": N_("Isi kolom ini"),
    "not_a_number": N_("Tulis angka saja"),
    "not_a_date": N_("Isi tanggal dan jam dengan lengkap"),
    "not_a_time": N_("Isi tanggal dan jam dengan lengkap"),
}


@dataclass(frozen=True)
class Form:
    """Values by field name and one message by field name."""

    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    def value(self, name: str) -> str:
        values = self.values.get(name) or ("",)
        return values[0]

    def all(self, name: str) -> Sequence[str]:
        return self.values.get(name) or ()

    def error(self, name: str) -> str | None:
        return self.errors.get(name)


def first(values: Mapping[str, Sequence[str]], name: str) -> str:
    """Return what was typed into a field, its line ends plain; empty for a field that was not sent."""
    found = values.get(name) or ("",)
    return found[0].replace("\r\n", "\n")


def values_of(form: FormData) -> dict[str, list[str]]:
    """Return the texts of a submitted form, without the fields that are ours."""
    values: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        if isinstance(value, str) and name != "csrf":
            values.setdefault(name, []).append(value)
    return values


def errors_of(
    problem: Problem,
    fields: Mapping[str, str],
    translate: Callable[[str], str],
    questions: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the first message for each field of a form, from a refusal's JSON pointers.

    `fields` maps pointers to field names; a pointer without its own field belongs to the nearest parent
    that has one, and what belongs to none is listed under "" in the summary. `questions` are put before
    the messages of fields that a summary would not tell apart otherwise.
    """
    errors: dict[str, str] = {}
    for error in problem.errors:
        name = nearest(error.pointer, fields)
        fix = FIXES.get((name, error.code)) or FIXES.get(error.code)
        message = translate(fix) if fix else error.detail
        question = (questions or {}).get(name)
        errors.setdefault(name, f"{question} {message}" if question else message)
    return errors


def nearest(pointer: str, fields: Mapping[str, str]) -> str:
    while pointer:
        if pointer in fields:
            return fields[pointer]
        pointer = pointer.rpartition("/")[0]
    return ""


def in_order(errors: Mapping[str, str], names: Iterable[str]) -> list[tuple[str, str]]:
    """Return errors as the summary lists them: in the order of the page, those without a field last."""
    ranks = {name: rank for rank, name in enumerate(names)}
    return sorted(errors.items(), key=lambda item: ranks.get(item[0], len(ranks)))


def usable_key(key: object) -> str:
    """Return a form's idempotency key, or a new one for a form that lost it."""
    try:
        return str(uuid.UUID(key)) if isinstance(key, str) else fresh_key()
    except ValueError:
        return fresh_key()
