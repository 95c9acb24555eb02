"""Paper questionnaires as CSV: a verdict a row, and the same file twice adds nothing."""

from typing import Any

import pytest
from unit.gateway.harness import App, bearer

PATH = "/v1/surveys/paper?unit=dpupr"
HEADER = "waktu,pengaduan,sarana"


@pytest.fixture
def app() -> App:
    return App(rate_address=None, rate_staff=None)


def sent(app: App, content: str | bytes, path: str = PATH, **headers: str) -> Any:
    raw = content.encode() if isinstance(content, str) else content
    return app.post(path, content=raw, headers={"Content-Type": "text/csv", **bearer("desk"), **headers})


def blocks(app: App) -> list[dict[str, Any]]:
    return [
        app.surveys_ring.open(event.data["answer_sealed"], recipient="surveys", context=event.id)
        for event in app.intake.events
    ]


def verdicts(answer: Any) -> list[tuple[int, str, list[tuple[str, str]]]]:
    return [
        (row["row"], row["verdict"], [(p["pointer"], p["code"]) for p in row["problems"]])
        for row in answer.json()["rows"]
    ]


def test_good_rows_are_accepted_with_their_own_day(app: App) -> None:
    answer = sent(
        app, f"{HEADER},date,sex,comment,service_code\n1,2,3,2025-12-30,P,Baik,jalan\n4,,,02/01/2026,,,\n"
    )

    assert answer.status_code == 202
    assert verdicts(answer) == [(2, "accepted", []), (3, "accepted", [])]
    first, second = blocks(app)
    assert (first["answers"], first["mode"]) == ({"waktu": 1, "pengaduan": 2, "sarana": 3}, "paper_import")
    assert (first["date"], first["unit"], first["respondent"]) == ("2025-12-30", "dpupr", {"sex": "P"})
    assert (first["comment"], first["service_code"], first["token"]) == ("Baik", "jalan", None)
    assert (second["answers"], second["date"]) == ({"waktu": 4}, "2026-01-02")


def test_a_refused_row_stops_no_other(app: App) -> None:
    rows = [
        "1,2,3,,",
        "5,2,3,,",
        ",,,,",
        "x,,,,",
        "1,1,1,31/31/2026,",
        "1,1,1,2026-02-01,",
        "1,1,1,,Z",
        "2,2,2,,L",
    ]

    answer = sent(app, "\n".join([f"{HEADER},date,sex", *rows]))

    assert answer.status_code == 200
    assert verdicts(answer) == [
        (2, "accepted", []),
        (3, "refused", [("/waktu", "not_a_score")]),
        (5, "refused", [("/waktu", "not_a_score")]),
        (6, "refused", [("/date", "not_a_day")]),
        (7, "refused", [("/date", "in_the_future")]),
        (8, "refused", [("/sex", "not_a_choice")]),
        (9, "accepted", []),
    ]
    assert (answer.json()["accepted"], answer.json()["refused"]) == (2, 5)
    assert len(app.intake.events) == 2


def test_the_same_file_twice_adds_nothing(app: App) -> None:
    content = f"{HEADER}\n1,2,3\n1,2,3\n"

    first, again = sent(app, content), sent(app, content)

    ids = [event.id for event in app.intake.events]
    assert first.json() == again.json()
    assert ids[:2] == ids[2:]
    assert len(set(ids)) == 2  # two people who answered alike are two


def test_a_corrected_file_adds_what_was_corrected(app: App) -> None:
    first = sent(app, f"{HEADER}\n1,2,3\n9,2,3\n")
    batch = first.json()["batch"]

    sent(app, f"{HEADER}\n1,2,3\n4,2,3\n", **{"Idempotency-Key": batch})

    assert first.headers["Idempotency-Key"] == batch
    ids = [event.id for event in app.intake.events]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 2


def test_numbered_columns_need_their_order_named(app: App) -> None:
    content = "U1;U2;U3\r\n1;2;3\r\n"

    unnamed = sent(app, content)
    by_list = sent(app, content, f"{PATH}&order=list")
    by_question = sent(app, content, f"{PATH}&order=question")

    assert unnamed.status_code == 422
    assert unnamed.json()["errors"][0]["code"] == "order_required"
    assert (by_list.status_code, by_question.status_code) == (202, 202)
    listed, asked = blocks(app)
    assert listed["answers"] == {"waktu": 1, "pengaduan": 2, "sarana": 3}
    assert asked["answers"] == {"waktu": 1, "pengaduan": 3, "sarana": 2}


@pytest.mark.parametrize(
    ("header", "pointer", "code"),
    [
        ("waktu,pengaduan", "/sarana", "missing_column"),
        (f"{HEADER},nama", "/nama", "unknown_column"),
        (f"{HEADER},waktu", "/waktu", "column_twice"),
        (f"{HEADER},U1", "", "mixed_columns"),
        ("U1,U2,U3,U4", "/u4", "unknown_column"),
    ],
)
def test_a_header_that_is_not_understood_is_refused(app: App, header: str, pointer: str, code: str) -> None:
    answer = sent(app, f"{header}\n1,2,3\n", f"{PATH}&order=list")

    assert answer.status_code == 422
    assert (pointer, code) in {(error["pointer"], error["code"]) for error in answer.json()["errors"]}
    assert app.intake.events == []


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + f"{HEADER}\n1,2,3\n".encode(),
        b"Waktu;PENGADUAN; sarana \r\n1;2;3\r\n",
        b"waktu\tpengaduan\tsarana\n1\t2\t3",
        f'{HEADER},comment\n1,2,3,"dua\nbaris"\n'.encode(),
        f"{HEADER},comment\n1,2,3,satu\u2028baris\n".encode(),
    ],
)
def test_files_are_read_as_people_save_them(app: App, content: bytes) -> None:
    answer = sent(app, content)

    assert answer.status_code == 202
    assert [block["answers"] for block in blocks(app)] == [{"waktu": 1, "pengaduan": 2, "sarana": 3}]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b" \n\n", "empty_file"),
        (b",\n ,,\n", "empty_file"),
        (f"{HEADER},comment\n1,2,3,Jos\xe9\n".encode("latin-1"), "not_utf8"),
        (f"{HEADER}\n1,2,3\n".encode("utf-16"), "utf16"),
        (b"waktu,pengaduan,sarana\n1,\x00,3\n", "not_csv"),
        (b'waktu,pengaduan,sarana,comment\n1,2,3,"tak ditutup\n', "not_csv"),
        ((HEADER + "\n" + "1,2,3\n" * 1001).encode(), "too_many_rows"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(app: App, content: bytes, code: str) -> None:
    answer = sent(app, content)

    assert answer.status_code == 422
    assert [error["code"] for error in answer.json()["errors"]] == [code]


def test_the_line_that_is_not_utf8_is_named(app: App) -> None:
    answer = sent(app, f"{HEADER},comment\n1,2,3,a\n1,2,3,\xe9\n".encode("latin-1"))

    assert "baris 3" in answer.json()["errors"][0]["detail"]


def test_only_csv_for_a_unit_that_exists_is_taken(app: App) -> None:
    body = f"{HEADER}\n1,2,3\n"

    assert sent(app, body, **{"Content-Type": "application/json"}).status_code == 415
    assert sent(app, body, "/v1/surveys/paper").status_code == 400
    assert sent(app, body, "/v1/surveys/paper?unit=tidak-ada").status_code == 400
    assert sent(app, b"x" * (1024 * 1024 + 1)).status_code == 413


def test_rows_that_cannot_be_confirmed_are_to_be_sent_again(app: App) -> None:
    app.intake.refuses = "timeout"

    answer = sent(app, f"{HEADER}\n1,2,3\n")

    assert answer.status_code == 503
    assert answer.headers["Idempotency-Key"] == answer.json()["idempotency_key"]
