import pandas as pd
import pytest

from netspectra.errors import DataError
from netspectra.experiments import tables

GOOD = pd.DataFrame({"network": ["a", "NA", 'b,"c"\n'], "layer": [1, 2, 3], "value": [0.1, None, 1 / 3]})


@pytest.fixture
def path(tmp_path):
    GOOD.to_csv(tmp_path / "x.csv", index=False)
    return tmp_path / "x.csv"


def test_table_comes_back_to_the_last_digit(path):
    pd.testing.assert_frame_equal(tables.read(path, "x"), GOOD, check_exact=True)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda c: b"", "a line feed at the end"),
        (lambda c: c[:-1], "a line feed at the end"),
        (lambda c: b"\n", "columns of different names"),
        (lambda c: c + b"a,1\n", "row 4: wanted 3 fields, found 2"),
        (lambda c: c + b"a,1,2,3\n", "row 4: wanted 3 fields, found 4"),
        (lambda c: c.replace(b"layer", b"value"), "columns of different names, found network, value, value"),
        (lambda c: c.replace(b"layer", b""), "columns of different names"),
        (lambda c: c + b'"a\n', "unexpected end of data"),
        (lambda c: b"\xff" + c, "can't decode"),
        (lambda c: c.replace(b"a", b"\0"), "a line feed at the end"),
        (lambda c: bytes(len(c)) + b"\n", "a line feed at the end"),
    ],
)
def test_damaged_table_is_measured_again(path, damage, said):
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match=rf"x\.csv: damaged table \(.*{said}") as error:
        tables.read(path, "x")
    assert error.value.remedy == "snakemake --forcerun x"


def test_missing_table_is_measured_again(path):
    path.unlink()
    with pytest.raises(DataError, match=r"x\.csv: no such table\nRemedy: snakemake --forcerun x"):
        tables.read(path, "x")
