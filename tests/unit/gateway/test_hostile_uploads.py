"""Mutated documents and files are taken or refused clearly; the long form is `python -m fuzz uploads`."""

from fuzz.uploads import Uploads


def test_no_body_or_file_is_answered_with_a_fault_of_ours() -> None:
    uploads = Uploads(seed=20261124)

    uploads.send(1_100)

    assert uploads.wrong == []
    assert {202, 400, 422} <= set(uploads.answers)
