"""What a refused field is told, in the caller's language. None of it repeats what was sent."""

from __future__ import annotations

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
    "invalid": {"id": "Isinya tidak dapat dibaca.", "en": "This cannot be read."},
}

# What services refuse, by their codes; their own details are English.
_FROM_SERVICES: dict[str, str] = {
    "required": "Isian ini wajib diisi.",
    "too_long": "Isian ini terlalu panjang.",
    "not_a_text": "Isinya harus berupa teks.",
    "not_a_flag": "Isinya harus true atau false.",
    "unknown_value": "Nilai ini tidak dikenal.",
    "unknown_unit": "Unit ini tidak ada dalam daftar unit.",
    "unknown_service": "Layanan dengan kode ini tidak ada.",
    "unknown_action": "Tindakan ini tidak ada.",
    "same_unit": "Sebutkan unit lain yang berwenang, bukan unit Anda sendiri.",
    "out_of_range": "Waktunya harus antara saat diterima dan sekarang.",
    "key_reused": "Idempotency-Key ini sudah dipakai untuk permintaan lain.",
    "not_here": "Ini hanya tersedia dalam profil pengembangan.",
    "not_permitted": "Peran Anda tidak mencakup tindakan ini untuk laporan ini.",
    "service_unknown": "Layanan laporan ini belum dikenal: tetapkan saat memverifikasi.",
    "other_unit": "Unit meneruskan laporan dengan mengembalikannya dan menyebut unit tujuan.",
    "inspectorate_only": "Laporan yang ditangani inspektorat tetap di inspektorat.",
    "bound": "Keputusan koordinator mengikat: laporan ini sudah terlalu sering dikembalikan.",
    "too_many_questions": "Pelapor sudah ditanya sebanyak yang dibolehkan aturan kota.",
    "window_over": "Waktu untuk membuka kembali laporan ini sudah lewat. Silakan buat laporan baru.",
    "anonymous": "Pelapor meminta agar unit tidak mengetahui identitasnya.",
}


def from_service(code: str, detail: str, language: str) -> str:
    """A service's refusal in the caller's language; one that we cannot say in it stays as it came."""
    if language == "en":
        return detail
    plain = _MESSAGES.get(code, {}).get("id", "")
    return _FROM_SERVICES.get(code) or ("" if "{" in plain else plain) or detail


def field_error(pointer: str, code: str, language: str, **details: object) -> FieldError:
    """The error of one field; an unknown code gets the plainest sentence rather than none."""
    texts = _MESSAGES.get(code, _MESSAGES["invalid"])
    text = texts.get(language, texts["id"])
    return FieldError(pointer, code, text.format(**details) if details else text)
