"""Texts as token ids: words, windows, and files that are not what they should be."""

import json

import pytest
import torch
from safetensors.torch import save_file

from netspectra.data import tokens
from netspectra.data.text import END, UNKNOWN, encode, words_of
from netspectra.data.tokens import Windows
from netspectra.errors import DataError

TRAIN, TEST = "the cat saw the dog\n\n the <unk> ran \n", "the bird saw\n"
ASKED = {"set": "prose", "train": None, "test": None}


@pytest.fixture
def path(tmp_path):
    ids, words = encode({"train": words_of(TRAIN), "test": words_of(TEST)})
    save_file(
        {name: torch.from_numpy(t) for name, t in ids.items()}, tmp_path / "prose.safetensors", facts(words=words)
    )
    return tmp_path / "prose.safetensors"


def test_windows_follow_one_another_and_tell_the_next_token():
    windows = Windows(torch.arange(11), 3, 11)
    assert len(windows) == 3
    x, y = windows.batch(slice(None))
    assert x.tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    assert y.tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    x, y = windows.batch(torch.tensor([[2, 0], [1, 1]]))
    assert x.shape == (2, 2, 3) and x[0, 0].tolist() == [6, 7, 8] and torch.equal(y, x + 1)
    assert [len(x) for x, _ in windows.batches(2)] == [2, 1]


def test_a_text_comes_back_with_as_many_words_as_asked_for(path):
    data = tokens.load(path, ASKED | {"train": 8}, length=2, vocabulary=4)
    assert data.train.tokens.tolist() == [2, 3, 0, 2, 0, 1, 1, 2]
    assert data.test.tokens.tolist() == [2, 0, 0, 1]
    assert data.classes == (UNKNOWN, END, "the", "cat") and data.checksum == "sum"
    assert (len(data.train), data.train.vocabulary) == (3, 4)


@pytest.mark.parametrize(
    ("settings", "options", "message"),
    [
        ({"train": 12}, {}, "data.train asks for 12 tokens, wanted 1 to 11"),
        ({"train": 0}, {}, "data.train asks for 0 tokens"),
        ({"test": 2}, {}, "data.test: wanted more than 2 tokens, one window, found 2"),
        ({}, {"vocabulary": 8}, "vocabulary of 8 words asked for, wanted 2 to 7"),
        ({}, {"vocabulary": 1}, "vocabulary of 1 words asked for"),
        ({"set": "verse"}, {}, "data.set asks for 'verse', the file holds 'prose'"),
        ({"permute_labels": True}, {}, "data.permute_labels: wanted false for a text"),
        ({"grey": True}, {}, "data.grey: wanted false for a text"),
    ],
)
def test_what_a_text_does_not_have_is_refused(path, settings, options, message):
    with pytest.raises(DataError, match=message):
        tokens.load(path, ASKED | settings, **({"length": 2, "vocabulary": 7} | options))


def facts(**changes):
    return {k: json.dumps(v) for k, v in ({"set": "prose", "checksum": "sum", "words": ["a", "b"]} | changes).items()}


@pytest.mark.parametrize(
    ("ids", "metadata"),
    [
        (torch.tensor([0, 1, 2], dtype=torch.int32), facts()),
        (torch.tensor([0, -1, 1], dtype=torch.int32), facts()),
        (torch.tensor([0, 1, 1]), facts()),
        (torch.zeros(2, 3, dtype=torch.int32), facts()),
        (torch.tensor([0, 1, 1], dtype=torch.int32), {"set": '"prose"'}),
    ],
)
def test_a_file_that_holds_something_else_is_damaged(tmp_path, ids, metadata):
    save_file({"train_tokens": ids, "test_tokens": ids.clone()}, tmp_path / "prose.safetensors", metadata)
    with pytest.raises(DataError, match=r"damaged .*\nRemedy: snakemake --forcerun prepare_prose$"):
        tokens.load(tmp_path / "prose.safetensors", ASKED, length=1, vocabulary=2)


def test_a_file_that_is_missing_or_cut_short_is_said(path, tmp_path):
    with pytest.raises(DataError, match="no such prepared data"):
        tokens.load(tmp_path / "none.safetensors", ASKED, length=1, vocabulary=2)
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(DataError, match="damaged"):
        tokens.load(path, ASKED, length=1, vocabulary=2)
