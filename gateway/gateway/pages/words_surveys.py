"""What people read for the codes of surveys: states, reasons, cautions."""

from .language import N_

LABELS: dict[str, dict[str, str]] = {
    "period_state": {
        "draft": N_("Belum dimulai"),
        "open": N_("Sedang berjalan"),
        "closed": N_("Ditutup, belum diterbitkan"),
        "published": N_("Diterbitkan"),
        "corrected": N_("Diterbitkan dan dibetulkan"),
    },
    # Why a figure is not shown, for somebody who knows nothing of surveys.
    "missing": {
        "period_open": N_("Periode ini belum berakhir. Angka baru dihitung setelah periode ditutup."),
        "period_closed_not_published": N_(
            "Periode ini sudah ditutup, tetapi unit belum menerbitkan hasilnya."
        ),
        "below_minimum_n": N_(
            "Yang menjawab belum sampai jumlah paling sedikit. Dari jawaban yang terlalu sedikit, "
            "angkanya tidak dapat dipercaya dan penjawabnya dapat dikenali."
        ),
        "element_below_minimum": N_(
            "Ada pertanyaan yang dijawab terlalu sedikit orang, sehingga indeksnya tidak lengkap."
        ),
        "element_without_answers": N_(
            "Ada pertanyaan yang tidak dijawab seorang pun, sehingga indeksnya tidak dapat dihitung."
        ),
        "no_improvement_plan": N_("Unit belum menyusun rencana perbaikan untuk unsur yang terendah."),
        "reveals_small_period": N_(
            "Dari angka ini, bersama angka yang sudah terbit, dapat dihitung angka periode lain yang "
            "penjawabnya terlalu sedikit."
        ),
        "rolling_year_incomplete": N_("Belum semua triwulan dalam rentang ini selesai."),
    },
    "caution": {
        "below_sample_target": N_(
            "Yang menjawab lebih sedikit daripada sasaran sampel, jadi angkanya kurang teliti."
        ),
        "band_unsure": N_(
            "Mutu belum pasti: menurut perhitungan, nilai yang sebenarnya dapat masuk golongan mutu "
            "yang lain."
        ),
        "population_unknown": N_(
            "Jumlah pengguna layanan pada periode ini tidak diketahui, jadi sasaran sampel tidak dapat "
            "dihitung."
        ),
        "assisted_share_high": N_(
            "Banyak jawaban diisi dengan bantuan petugas. Orang dapat menjawab lebih baik bila petugas "
            "melihat."
        ),
        "self_selected": N_(
            "Penjawab memilih sendiri untuk mengisi. Rentang di atas hanya menggambarkan kebetulan penarikan "
            "sampel, bukan siapa yang tidak menjawab."
        ),
        "no_improvement_plan": N_("Unit belum menyusun rencana perbaikan untuk unsur yang terendah."),
        "rolling_year_incomplete": N_("Belum semua triwulan dalam rentang ini mempunyai jawaban."),
    },
    "mode": {
        "invite_link": N_("Tautan undangan"),
        "qr_counter": N_("Kode QR atau tautan pendek di loket"),
        "assisted": N_("Diisi dengan bantuan petugas"),
        "paper_import": N_("Kuesioner kertas"),
        "phone": N_("Telepon"),
    },
    "verdict": {
        "up": N_("naik"),
        "down": N_("turun"),
        "no_clear_change": N_("tidak ada perubahan yang jelas"),
        "not_comparable": N_("tidak dapat dibandingkan"),
    },
    "improvement_state": {
        "planned": N_("Direncanakan"),
        "in_progress": N_("Sedang dikerjakan"),
        "done": N_("Selesai"),
        "cancelled": N_("Dibatalkan"),
    },
    "improvement_action": {
        "start": N_("Mulai dikerjakan"),
        "complete": N_("Nyatakan selesai"),
        "cancel": N_("Batalkan"),
    },
    "comment_state": {
        "new": N_("Menunggu pemeriksaan"),
        "published": N_("Diterbitkan"),
        "hidden": N_("Tidak diterbitkan"),
    },
    "held_reason": {
        "counter_limit": N_("jawaban dari loket ini pada hari itu melebihi batas"),
        "device_limit": N_("jawaban dari perangkat yang sama pada hari itu melebihi batas"),
    },
    "population_origin": {
        "cases": N_("dihitung dari perkara yang selesai"),
        "closed_cases": N_("dihitung dari perkara yang selesai"),
    },
    # Why an action on a period is not possible now.
    "wrong_state": {
        "not_open": N_("Periode sudah ditutup. Pembetulan dapat menyebut jumlah lain."),
        "still_open": N_("Periode masih menerima jawaban sampai hari terakhirnya."),
        "period_open": N_("Periode masih berjalan."),
        "period_closed": N_("Periode sudah ditutup."),
        "not_publishable": N_("Angkanya belum boleh ditampilkan."),
        "overlap": N_("Unit ini mempunyai periode lain pada hari yang sama."),
        "answers_altered": N_(
            "Ada jawaban yang berubah sejak periode ditutup. Hubungi auditor; tidak ada yang dihitung."
        ),
        "no_consent": N_("Penulisnya tidak setuju sarannya diterbitkan."),
        "state": N_("Rencana ini sudah selesai atau dibatalkan."),
    },
    # Answers that were received and do not count.
    "refused_reason": {
        "period_closed": N_("datang setelah periode ditutup"),
        "already_used": N_("tautannya sudah dipakai"),
        "link_revoked": N_("tautannya sudah dicabut"),
        "link_forged": N_("tautannya palsu"),
        "link_expired": N_("tautannya sudah lewat waktunya"),
        "link_unknown": N_("tautannya tidak dikenal"),
        "unknown_unit": N_("unitnya tidak dikenal"),
        "no_period": N_("tidak ada periode untuk harinya"),
        "conflict_of_interest": N_("petugas yang membantu melayani sendiri urusannya"),
        "submission_id_reused": N_("nomor pengirimannya sudah dipakai untuk jawaban lain"),
        "no_consent": N_("tanpa persetujuan"),
        "unreadable": N_("tidak dapat dibaca"),
        "held_not_reviewed": N_("ditahan dan tidak diperiksa sampai periode ditutup"),
        "held_discarded": N_("ditahan dan tidak diterima"),
    },
    "respondent": {
        "sex": N_("Jenis kelamin"),
        "age": N_("Usia"),
        "education": N_("Pendidikan"),
        "job": N_("Pekerjaan"),
        "undisclosed": N_("Tidak menjawab"),
    },
    # Why a questionnaire cannot be filled in: title of the page and what to do.
    "link_title": {
        "unknown": N_("Tautan survei ini tidak dikenal"),
        "expired": N_("Tautan survei ini sudah lewat waktunya"),
        "revoked": N_("Tautan survei ini sudah tidak berlaku"),
        "spent": N_("Jawaban dari tautan ini sudah kami terima"),
        "closed": N_("Periode survei ini sudah ditutup"),
        "away": N_("Kuesioner sedang tidak dapat dibuka"),
    },
    "link_meaning": {
        "unknown": N_("Periksa kembali alamat atau kodenya, lalu coba lagi."),
        "expired": N_(
            "Tautan undangan berlaku beberapa hari saja, agar jawaban datang selagi pelayanannya masih "
            "diingat. Tidak ada lagi yang perlu Anda lakukan."
        ),
        "revoked": N_(
            "Tautan ini dicabut, misalnya karena perkaranya dibuka kembali atau kode di loket sudah diganti. "
            "Di loket, pindai kode yang terpasang sekarang."
        ),
        "spent": N_(
            "Satu tautan undangan dipakai untuk satu jawaban. Bila baru saja Anda yang mengirimnya, jawaban "
            "Anda sudah masuk dan tidak perlu dikirim lagi."
        ),
        "closed": N_("Jawaban untuk periode ini tidak diterima lagi. Hasilnya diterbitkan setelah dihitung."),
        "away": N_("Tautan Anda tetap berlaku. Tunggu sebentar, lalu muat ulang halaman ini."),
    },
    "survey_action": {
        "population": N_("Catat jumlah pengguna layanan"),
        "close": N_("Tutup periode"),
        "publish": N_("Terbitkan hasil"),
        "correct": N_("Betulkan hasil"),
    },
    "held_action": {"accept": N_("Terima jawaban ini"), "discard": N_("Jangan hitung jawaban ini")},
    "comment_action": {"publish": N_("Terbitkan saran"), "hide": N_("Jangan terbitkan")},
    "counter_action": {"revoke": N_("Cabut tautan")},
    "counter_state": {
        "active": N_("Berlaku"),
        "revoked": N_("Dicabut"),
        "expired": N_("Lewat waktunya"),
    },
    "period_kind": {
        "quarter": N_("triwulan"),
        "half_year": N_("semester"),
        "year": N_("tahun"),
        "rolling_year": N_("empat triwulan berjalan"),
    },
    "survey_done": {
        "population": N_("Jumlah pengguna layanan sudah dicatat."),
        "close": N_("Periode sudah ditutup dan hasilnya dihitung."),
        "publish": N_("Hasil sudah diterbitkan."),
        "correct": N_("Hasil sudah dibetulkan. Angka yang lama tetap terlihat."),
        "plan": N_("Rencana perbaikan sudah dicatat."),
        "start": N_("Perbaikan dicatat sedang dikerjakan."),
        "complete": N_("Perbaikan dicatat selesai."),
        "cancel": N_("Perbaikan dibatalkan."),
        "accept": N_("Jawaban diterima dan ikut dihitung."),
        "discard": N_("Jawaban tidak ikut dihitung."),
        "show": N_("Komentar sudah diterbitkan."),
        "hide": N_("Komentar tidak diterbitkan."),
        "counter": N_("Tautan loket sudah dibuat."),
        "revoke": N_("Tautan loket sudah dicabut."),
        "assist": N_("Jawaban sudah diterima dan ditandai diisi dengan bantuan petugas."),
    },
}
