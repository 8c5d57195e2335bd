import pickle

import pytest

from netspectra.errors import ClaimError, DataError, NetspectraError, SettingsError
from netspectra.workflow import jobs


def test_a_remedy_is_one_part_of_its_own():
    error = DataError("x.gz: cut off", remedy="git checkout x.gz")
    assert str(error) == "x.gz: cut off\nRemedy: git checkout x.gz"
    assert (error.args, error.remedy) == (("x.gz: cut off",), "git checkout x.gz")
    assert str(DataError("x.gz: cut off")) == "x.gz: cut off"


@pytest.mark.parametrize("kind", [SettingsError, ClaimError])
def test_what_was_a_value_error_still_is_one(kind):
    with pytest.raises(ValueError, match="seed"):
        raise kind("seed: missing")
    assert issubclass(kind, NetspectraError)


def test_errors_cross_processes():
    copy = pickle.loads(pickle.dumps(DataError("what", "how")))
    assert (str(copy), copy.remedy) == ("what\nRemedy: how", "how")


@pytest.mark.parametrize("error", [DataError("what"), DataError("what", "how"), OSError(28, "full", "file")])
def test_what_a_failed_job_says_has_one_remedy(error):
    lines = jobs.told(error).splitlines()
    assert [line.partition(":")[0] for line in lines] == ["Error", "Remedy"]


def test_what_nobody_foresaw_says_where_it_happened():
    try:
        {}["x"]
    except KeyError as error:
        first, remedy = jobs.told(error).splitlines()
        assert first.startswith(f"Error: KeyError: 'x' ({__file__}, line ")
        assert remedy == "Remedy: the log has the whole story"
