"""What settling came to is read as it was written."""

import pytest

from netspectra.errors import DataError
from netspectra.statistics import settled
from netspectra.statistics.judging import REPRODUCED
from netspectra.statistics.settled import Look, Settled

ONE = Settled((Look(5, 0.95, 1.0, None, None, "undecided"), Look(7, 0.975, 1.0, 0.5, 1.5, REPRODUCED)), REPRODUCED, "")


def test_looks_are_read_as_they_were_written(tmp_path):
    assert settled.load(tmp_path / "none.json") == {}
    settled.write({"x": ONE}, tmp_path / "settled.json")
    assert settled.load(tmp_path / "settled.json") == {"x": ONE}
    assert ONE.is_decided
    assert not Settled(ONE.looks, settled.ON_THE_BOUND, "").is_decided


@pytest.mark.parametrize("text", ["[]", "{", '{"x": {}}', '{"x": {"looks": [{"networks": 1}]}}'])
def test_a_damaged_file_is_refused(tmp_path, text):
    (tmp_path / "settled.json").write_text(text)
    with pytest.raises(DataError, match=r"settled\.json: damaged"):
        settled.load(tmp_path / "settled.json")
