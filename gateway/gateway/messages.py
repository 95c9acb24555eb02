"""What a refused field is told, in the caller's language. None of it repeats what was sent."""

from __future__ import annotations

from gateway.messages_services import FROM_SERVICES
from servicekit.errors import FieldError

_MESSAGES: dict[str, dict[str, str]] = {
    "required": {"id": "Isian ini wajib diisi.", "en": "This field is required."},
    "null": {"id": "Isian ini tidak boleh kosong.", "en": "This field may not be null."},
    "not_an_object": {"id": "Isinya harus berupa objek JSON.", "en": "This must be a JSON object."},
    "unknown_field": {"id": "Isian ini tidak dikenal.", "en": "This field is not known."},
    "not_text": {"id": "Isinya harus berupa teks.", "en": "This must be text."},
    "not_a_number": {"id": "Isinya harus berupa angka.", "en": "This must be a number."},
    "not_true_or_false": {"id": "Isinya harus true atau false.", "en": "This must be true or false."},
    "not_a_list": {"id": "Isinya harus berupa daftar.", "en": "This must be a list."},
    "not_a_time": {
        "id": "Tulis waktu menurut ISO 8601 dengan zona, misalnya 2026-11-24T09:00:00+07:00.",
        "en": "Write a time in ISO 8601 with its zone, such as 2026-11-24T09:00:00+07:00.",
    },
    "not_a_date": {
        "id": "Tulis tanggal seperti 2026-11-24, boleh dengan jam.",
        "en": "Write a date such as 2026-11-24, with or without a time.",
    },
    "blank": {"id": "Isian ini tidak boleh kosong.", "en": "This field may not be blank."},
    "too_long": {
        "id": "Terlalu panjang: paling banyak {max} huruf.",
        "en": "Too long: at most {max} characters.",
    },
    "too_many": {"id": "Terlalu banyak: paling banyak {max}.", "en": "Too many: at most {max}."},
    "out_of_range": {
        "id": "Angkanya harus antara {min} dan {max}.",
        "en": "The number must lie between {min} and {max}.",
    },
    "not_a_choice": {"id": "Pilih salah satu: {choices}.", "en": "Choose one of: {choices}."},
    "not_listed": {
        "id": "Pilihan ini tidak ada dalam daftar layanan.",
        "en": "This is not one of the service's choices.",
    },
    "unknown_service": {
        "id": "Layanan dengan kode ini tidak ada. Lihat /v1/services.",
        "en": "There is no service with this code. See /v1/services.",
    },
    "location_required": {
        "id": "Layanan ini memerlukan lokasi: titik (lat dan lon) atau alamat.",
        "en": "This service needs a location: a point (lat and lon) or an address.",
    },
    "location_not_taken": {
        "id": "Layanan ini tidak memakai lokasi. Kosongkan isian ini.",
        "en": "This service takes no location. Leave this out.",
    },
    "point_incomplete": {"id": "lat dan lon harus diisi berdua.", "en": "lat and lon belong together."},
    "outside_boundary": {
        "id": "Titik ini berada di luar wilayah layanan.",
        "en": "This point lies outside the service's area.",
    },
    "not_an_email": {
        "id": "Alamat surel ini tidak benar. Contoh: nama@contoh.id.",
        "en": "This is not an e-mail address. Example: name@example.org.",
    },
    "not_a_phone": {
        "id": "Nomor telepon ini tidak benar. Contoh: 0812-3456-7890.",
        "en": "This is not a phone number. Example: 0812-3456-7890.",
    },
    "one_phone_only": {"id": "Tulis satu nomor telepon saja.", "en": "Write one phone number only."},
    "spreadsheet_number": {
        "id": "Nomor ini berubah bentuk di lembar sebar. Tulis semua angkanya.",
        "en": "A spreadsheet has changed this number. Write all its digits.",
    },
    "not_a_nik": {"id": "NIK terdiri dari 16 angka.", "en": "A NIK has 16 digits."},
    "desk_only": {
        "id": "Hanya petugas loket yang boleh mengisi ini.",
        "en": "Only desk staff may set this.",
    },
    "in_the_future": {"id": "Waktu ini belum terjadi.", "en": "This time has not come yet."},
    "too_long_ago": {"id": "Paling lama dua tahun yang lalu.", "en": "At most two years ago."},
    "contact_required": {
        "id": "Isi alamat surel atau nomor telepon.",
        "en": "Give an e-mail address or a phone number.",
    },
    "not_a_reference": {
        "id": "Paling banyak 80 huruf, tanpa spasi.",
        "en": "At most 80 characters, without spaces.",
    },
    "not_an_integer": {"id": "Isinya harus bilangan bulat.", "en": "This must be a whole number."},
    "not_a_code": {"id": "Ini bukan nomor laporan.", "en": "This is not a tracking code."},
    "not_a_box": {
        "id": "Tulis empat angka: barat,selatan,timur,utara.",
        "en": "Write four numbers: west,south,east,north.",
    },
    "not_a_month": {"id": "Tulis bulan seperti 2026-11.", "en": "Write a month such as 2026-11."},
    "not_a_day": {"id": "Tulis tanggal seperti 2026-11-24.", "en": "Write a date such as 2026-11-24."},
    "not_a_uuid": {
        "id": "Isinya harus UUID, misalnya dari uuidgen.",
        "en": "This must be a UUID, such as uuidgen makes.",
    },
    "not_a_score": {
        "id": "Nilai harus bilangan bulat 1, 2, 3, atau 4.",
        "en": "A score must be the whole number 1, 2, 3 or 4.",
    },
    "unknown_element": {
        "id": "Unsur ini tidak ada dalam kuesioner. Lihat /v1/questionnaire.",
        "en": "The questionnaire has no such element. See /v1/questionnaire.",
    },
    "no_answer": {
        "id": "Jawab sedikitnya satu pertanyaan.",
        "en": "Answer at least one question.",
    },
    "consent_required": {
        "id": "Tanpa persetujuan Anda, jawaban tidak dapat kami olah. Tidak ada yang disimpan.",
        "en": "Without your consent we cannot process the answer. Nothing was stored.",
    },
    "link_required": {
        "id": "Kirim token dari tautan undangan atau kode QR di loket.",
        "en": "Send the token of the invitation's link or of the QR code at the counter.",
    },
    "unit_by_link": {
        "id": "Tautan sudah menentukan unitnya. Kosongkan isian ini.",
        "en": "The link already says which unit it is. Leave this out.",
    },
    "other_channel": {
        "id": "Jawaban ini datang melalui jalur lain. Kosongkan isian ini.",
        "en": "This answer comes another way. Leave this out.",
    },
    "unknown_unit": {
        "id": "Unit dengan kode ini tidak ada. Lihat /v1/units.",
        "en": "There is no unit with this code. See /v1/units.",
    },
    "unknown_version": {
        "id": "Versi kuesioner ini tidak ada. Lihat /v1/questionnaire.",
        "en": "There is no such version of the questionnaire. See /v1/questionnaire.",
    },
    "not_a_year": {"id": "Tulis tahun seperti 2026.", "en": "Write a year such as 2026."},
    "not_a_period": {
        "id": "Tulis periode seperti 2026-Q3, 2026-H2, 2026, atau 2026-Q3-R4.",
        "en": "Write a period such as 2026-Q3, 2026-H2, 2026 or 2026-Q3-R4.",
    },
    "not_of_the_form": {
        "id": "Isinya tidak sesuai pola {pattern}.",
        "en": "This does not match the pattern {pattern}.",
    },
    "too_small": {"id": "Paling sedikit {min}.", "en": "At least {min}."},
    "too_great": {"id": "Paling banyak {max}.", "en": "At most {max}."},
    "not_unique": {"id": "Tidak boleh ada yang sama.", "en": "No two may be the same."},
    "bad_attribute": {
        "id": "Nama atribut hanya huruf kecil dan angka, paling banyak 20.",
        "en": "An attribute's name has small letters and digits only, at most 20.",
    },
    "other_source": {
        "id": "Isi source harus {source}.",
        "en": "The source must be {source}.",
    },
    "other_type": {
        "id": "Instansi Anda hanya mengirim: {types}.",
        "en": "Your department sends only: {types}.",
    },
    "other_unit": {
        "id": "Instansi Anda hanya mengirim untuk unit: {units}.",
        "en": "Your department sends only for the units: {units}.",
    },
    "too_late": {
        "id": "Peristiwa yang lebih lama dari {days} hari tidak dicatat lagi.",
        "en": "What happened more than {days} days ago is not recorded any more.",
    },
    "id_twice": {
        "id": "Peristiwa lain dalam kiriman ini memakai id yang sama.",
        "en": "Another event of this batch has the same id.",
    },
    "not_a_digest": {
        "id": "Isinya SHA-256 kunci dalam 64 angka heksadesimal kecil.",
        "en": "The key's SHA-256 in 64 small hexadecimal digits.",
    },
    "citizen_only": {
        "id": "Instansi hanya mendaftarkan kontak warga.",
        "en": "Departments hand in contacts of citizens only.",
    },
    "empty_file": {"id": "Berkas ini kosong.", "en": "The file is empty."},
    "not_utf8": {
        "id": "Berkas bukan UTF-8 (baris {line}). Simpan ulang sebagai CSV UTF-8.",
        "en": "The file is not UTF-8 (line {line}). Save it again as CSV UTF-8.",
    },
    "utf16": {
        "id": "Berkas ini UTF-16 (Unicode Text). Simpan ulang sebagai CSV UTF-8.",
        "en": "The file is UTF-16 (Unicode Text). Save it again as CSV UTF-8.",
    },
    "not_csv": {
        "id": "Berkas ini bukan CSV yang utuh (sekitar baris {line}).",
        "en": "The file is no whole CSV (about line {line}).",
    },
    "unknown_column": {"id": "Kolom ini tidak dikenal.", "en": "This column is not known."},
    "missing_column": {"id": "Kolom ini tidak ada.", "en": "This column is missing."},
    "column_twice": {"id": "Kolom ini ada dua kali.", "en": "This column is there twice."},
    "mixed_columns": {
        "id": "Pakai kunci unsur atau U1, U2, …, jangan keduanya.",
        "en": "Use the elements' keys or U1, U2, …, not both.",
    },
    "order_required": {
        "id": "Sebutkan order=list (urutan unsur) atau order=question (urutan pertanyaan): "
        "nomor 8 dan 9 tertukar di antara keduanya.",
        "en": "Name order=list (order of the elements) or order=question (order of the questions): "
        "numbers 8 and 9 are swapped between the two.",
    },
    "too_many_rows": {
        "id": "Terlalu banyak baris: paling banyak {max} sekali kirim.",
        "en": "Too many rows: at most {max} at once.",
    },
    "too_many_cells": {
        "id": "Baris ini lebih panjang dari judul kolom.",
        "en": "This row is longer than the header.",
    },
    "not_confirmed": {
        "id": "Baris ini belum dapat kami pastikan. Kirim lagi berkas yang sama.",
        "en": "We cannot confirm this row. Send the same file again.",
    },
    "invalid": {"id": "Isinya tidak dapat dibaca.", "en": "This cannot be read."},
}

# Details of problems that depend on what was asked for.
_SENTENCES: dict[str, dict[str, str]] = {
    "use_the_link": {
        "id": "Tanpa tautan, hanya petugas yang berwenang dapat mengisi survei untuk unitnya. "
        "Bukalah tautan undangan Anda, atau pindai kode QR di loket layanan.",
        "en": "Without a link, only staff who may assist can answer for their unit. "
        "Open the link of your invitation, or scan the QR code at the counter.",
    },
    "send_again": {
        "id": "Silakan kirim lagi jawaban yang sama dengan submission_id yang sama; "
        "tidak akan tercatat dua kali.",
        "en": "Please send the same answer again with the same submission_id; it is never recorded twice.",
    },
    "department_key": {
        "id": "Kunci API ini tidak dikenal, sudah diganti, atau sudah dicabut. "
        "Mintalah kunci baru kepada pengelola Tanggap di kota Anda.",
        "en": "This API key is unknown, was replaced, or was revoked. "
        "Ask the city's Tanggap administrator for a new one.",
    },
    "department_unregistered": {
        "id": "Instansi ini tidak terdaftar, atau pendaftarannya sudah dicabut. "
        "Hubungi pengelola Tanggap di kota Anda.",
        "en": "This department is not registered, or its registration was revoked. "
        "Ask the city's Tanggap administrator.",
    },
}


def from_service(code: str, detail: str, language: str) -> str:
    """A service's refusal in the caller's language; one that we cannot say in it stays as it came."""
    if language == "en":
        return detail
    plain = _MESSAGES.get(code, {}).get("id", "")
    return FROM_SERVICES.get(code) or ("" if "{" in plain else plain) or detail


def sentence(code: str, language: str) -> str:
    """A problem's detail in the caller's language."""
    texts = _SENTENCES[code]
    return texts.get(language, texts["id"])


def field_error(pointer: str, code: str, language: str, **details: object) -> FieldError:
    """The error of one field; an unknown code gets the plainest sentence rather than none."""
    texts = _MESSAGES.get(code, _MESSAGES["invalid"])
    text = texts.get(language, texts["id"])
    return FieldError(pointer, code, text.format(**details) if details else text)
