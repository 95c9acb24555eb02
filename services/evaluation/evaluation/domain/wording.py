"""The sentences that go with a recommendation. They offer help and judge nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from evaluation.domain.comparing import Certainty, Comparison
from evaluation.domain.figures import spoken
from evaluation.domain.tables import Text

_SERVICE_TYPES = {
    "complaint": Text("pengaduan", "complaints"),
    "aspiration": Text("aspirasi", "suggestions"),
    "information": Text("permintaan informasi", "information requests"),
    "document": Text("pengurusan dokumen", "documents"),
}
_ELEMENTS = {
    "persyaratan": Text("persyaratan", "requirements"),
    "prosedur": Text("prosedur", "procedure"),
    "waktu": Text("waktu penyelesaian", "time needed"),
    "biaya": Text("biaya", "cost"),
    "produk": Text("hasil layanan", "result of the service"),
    "sarana": Text("sarana dan prasarana", "facilities"),
    "kompetensi": Text("kemampuan petugas", "the officer's skill"),
    "perilaku": Text("sikap petugas", "the officer's manner"),
}
_HELP = {
    "kompetensi": Text(
        "Pelatihan teknis atau magang pada layanan ini dapat membantu.",
        "Technical training or an internship in this service could help.",
    ),
    "perilaku": Text(
        "Pendampingan tentang orientasi pelayanan dapat membantu.",
        "Coaching on service orientation could help.",
    ),
}
_NO_MARK = Text(
    "Ini tawaran pengembangan, bukan penilaian kinerja.",
    "This is an offer of development, not a rating.",
)
_NOTHING = {
    "below_minimum_n": Text(
        "Tidak ada rekomendasi: jumlah jawaban warga belum cukup untuk menampilkan angka.",
        "No recommendation: there are not enough answers yet to show a figure.",
    ),
    "no_data": Text(
        "Tidak ada rekomendasi: belum ada data.",
        "No recommendation: there are no data yet.",
    ),
    "single_officer": Text(
        "Tidak ada rekomendasi dari survei: hanya satu orang bertugas pada layanan ini, jadi angka "
        "perorangan tidak dibuat.",
        "No recommendation from surveys: only one person works on this service, so there is no figure about "
        "a person.",
    ),
    "not_asn": Text(
        "Tidak ada rekomendasi: penilaian dan pengembangan di sini berlaku bagi ASN.",
        "No recommendation: evaluation and development here are for civil servants.",
    ),
    "no_gap": Text(
        "Tidak ada rekomendasi: tidak terlihat kebutuhan pengembangan dari data yang ada.",
        "No recommendation: the data show no need for development.",
    ),
}


def _plain(key: str, names: Mapping[str, Text]) -> Text:
    return names.get(key, Text(key, key))


def low_element(element: str, service_type: str, comparison: Comparison, may_compare: bool) -> Text:
    """Why a figure about a person leads to an offer. The peers are named only where comparing is allowed."""
    what, where = _plain(element, _ELEMENTS), _plain(service_type, _SERVICE_TYPES)
    value, n = comparison.figure, comparison.basis
    indonesian = [
        f"Menurut {n} jawaban warga tentang {where.id}, nilai {what.id} rata-rata "
        f"{spoken(value, comma=',')} dari 4."
    ]
    english = [
        f"In {n} answers of citizens about {where.en}, {what.en} has a mean of {spoken(value)} out of 4."
    ]
    if may_compare:
        mean = comparison.peer_mean
        indonesian.append(
            f"Rata-rata seluruh petugas pada jenis layanan yang sama {spoken(mean, comma=',')}; selisih "
            "sebesar ini jarang terjadi karena kebetulan."
        )
        english.append(
            f"The mean of all officers in the same type of service is {spoken(mean)}; a difference of this "
            "size is rarely chance."
        )
    else:
        indonesian.append("Jumlah jawaban masih sedikit, jadi ini baru bahan pembicaraan dengan atasan.")
        english.append(
            "The answers are still few, so this is only something to talk about with the superior."
        )
    adjusted = comparison.adjusted
    if adjusted is not None and adjusted.adjusted:
        indonesian.append("Jenis kasus yang ditangani sudah diperhitungkan.")
        english.append("The kind of cases handled is allowed for.")
    elif comparison.certainty is Certainty.CONSIDER and may_compare:
        indonesian.append(
            "Jenis kasus yang ditangani belum dapat diperhitungkan, jadi kasus yang sulit bisa menjadi "
            "penyebabnya."
        )
        english.append("The kind of cases handled could not be allowed for, so hard cases may be the cause.")
    helping = _HELP[element]
    return Text(
        " ".join([*indonesian, helping.id, _NO_MARK.id]), " ".join([*english, helping.en, _NO_MARK.en])
    )


def competency_gap(levels: Mapping[str, tuple[int, int]]) -> Text:
    """`levels` maps a competency to the assessed and the required level."""
    said = sorted(levels.items())
    indonesian = "; ".join(
        f"{key}: hasil asesmen {have}, dibutuhkan jabatan {need}" for key, (have, need) in said
    )
    english = "; ".join(f"{key}: assessed {have}, the post needs {need}" for key, (have, need) in said)
    return Text(
        f"Ada kompetensi yang dapat dikembangkan ({indonesian}). {_NO_MARK.id}",
        f"Some competencies can be developed further ({english}). {_NO_MARK.en}",
    )


def jp_gap(year: int, verified: int, duty: int) -> Text:
    gap = duty - verified
    return Text(
        f"Tahun {year} tercatat {verified} dari {duty} JP; {gap} JP lagi dapat ditempuh dari kegiatan yang "
        f"masih dibuka. {_NO_MARK.id}",
        f"In {year} {verified} of {duty} JP are recorded; {gap} more can be had from what is still open. "
        f"{_NO_MARK.en}",
    )


def system_cause(elements: Sequence[str], threshold: Fraction) -> Text:
    indonesian = ", ".join(_plain(key, _ELEMENTS).id for key in elements)
    english = ", ".join(_plain(key, _ELEMENTS).en for key in elements)
    return Text(
        f"Warga menilai rendah (di bawah {spoken(threshold, comma=',')}): {indonesian}. Penyebabnya ada pada "
        "cara layanan diatur, bukan pada petugas. Yang dibutuhkan rencana perbaikan layanan, bukan pelatihan "
        "pegawai.",
        f"Citizens rate low (below {spoken(threshold)}): {english}. The cause lies in how the service is "
        "organised, not in its staff. It needs a plan to improve the service, not training of staff.",
    )


def low_complaints(value: Fraction, is_lowest: bool) -> Text:
    indonesian = "unsur terendah unit ini" if is_lowest else "di bawah mutu baik"
    english = "the lowest element of this unit" if is_lowest else "below the band good"
    return Text(
        f"Penanganan pengaduan bernilai {spoken(value, comma=',')}, {indonesian}. Lokakarya penanganan "
        "pengaduan untuk unit ini dapat membantu; tidak ada pegawai yang dinilai karenanya.",
        f"The handling of complaints has {spoken(value)}, {english}. A workshop on handling complaints for "
        "the unit could help; nobody is rated for it.",
    )


def nothing(reason: str) -> Text:
    return _NOTHING[reason]
