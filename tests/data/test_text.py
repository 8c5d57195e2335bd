import io
import lzma
import zipfile

import numpy as np
import pytest
from official import facts_of, write

from netspectra.data.text import read_text_set
from netspectra.errors import DataError

TRAIN, TEST = b" the cat saw the dog \n \n = the = \n", b"the bird\n"
WORDS = ["<unk>", "<eos>", "the", "=", "cat", "dog", "saw"]  # by frequency, equals by alphabet


def zipped(members, method=zipfile.ZIP_DEFLATED):
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return raw.getvalue()


def read(folder, files, parts, vocabulary=7, train=11, test=3):
    block = {"files": {name: facts_of(content) for name, content in files.items()}, "parts": parts}
    block |= {"vocabulary": vocabulary, "counts": {"train": train, "test": test}}
    return read_text_set(write(folder, files), block)


PLAIN = {"train.txt": TRAIN, "test.txt": TEST}
NAMED = {split: {"file": f"{split}.txt"} for split in ("train", "test")}
ZIPPED = {split: {"file": "w.zip", "member": f"w/{split}"} for split in ("train", "test")}


@pytest.mark.parametrize(
    ("files", "parts"),
    [
        (PLAIN, NAMED),
        (
            {f"{name}.xz": lzma.compress(content) for name, content in PLAIN.items()},
            {split: {"file": f"{split}.txt.xz"} for split in ("train", "test")},
        ),
        ({"w.zip": zipped({"w/train": TRAIN, "w/test": TEST, "w/other": b"x"})}, ZIPPED),
        ({"w.zip": zipped({"w/train": TRAIN, "w/test": TEST}, zipfile.ZIP_STORED)}, ZIPPED),
    ],
)
def test_text_is_read_from_every_kind_of_file(tmp_path, files, parts):
    tokens, vocabulary = read(tmp_path, files, parts)
    assert vocabulary == WORDS
    np.testing.assert_array_equal(tokens["train_tokens"], [2, 4, 6, 2, 5, 1, 1, 3, 2, 3, 1])
    np.testing.assert_array_equal(tokens["test_tokens"], [2, 0, 1])


def test_vocabulary_is_cut_and_what_is_cut_is_unknown(tmp_path):
    tokens, vocabulary = read(tmp_path, PLAIN, NAMED, vocabulary=4)
    assert vocabulary == WORDS[:4]
    np.testing.assert_array_equal(tokens["train_tokens"], [2, 0, 0, 2, 0, 1, 1, 3, 2, 3, 1])


def test_words_of_the_test_part_are_not_learnt(tmp_path):
    assert "bird" not in read(tmp_path, PLAIN, NAMED)[1]


def test_lines_end_at_line_feeds_alone(tmp_path):
    text = "a\u2028b\x85c\u00a0d\n".encode()
    tokens, vocabulary = read(tmp_path, {**PLAIN, "train.txt": text}, NAMED, vocabulary=6, train=5)
    assert vocabulary == ["<unk>", "<eos>", "a", "b", "c", "d"]
    assert tokens["train_tokens"].tolist() == [2, 3, 4, 5, 1]


@pytest.mark.parametrize(
    ("files", "changed", "said"),
    [
        ({}, {"train": 12}, "train.txt: wanted 12 tokens to train, found 11"),
        ({}, {"vocabulary": 8}, "data: vocabulary: wanted 2 to 7 words of the training text, found 8"),
        ({}, {"vocabulary": 1}, "data: vocabulary: wanted 2 to 7"),
        ({"train.txt": b"\xff" * 9}, {}, "train.txt: not a text in UTF-8"),
        ({"train.txt": b"a" * 353}, {}, "train.txt: wanted at most 352 bytes, found more"),
        ({}, {"parts": NAMED | {"test": {"file": "../secret"}}}, "parts.test.file: wanted one of train.txt, test.txt"),
    ],
)
def test_other_texts_are_refused(tmp_path, files, changed, said):
    with pytest.raises(DataError, match=said):
        read(tmp_path, PLAIN | files, **({"parts": NAMED} | changed))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (zipped({"w/train": TRAIN}), "wanted one member w/test, found 0"),
        (b"PK", "not a text|another end"),
    ],
)
def test_other_archives_are_refused(tmp_path, content, said):
    with pytest.raises(DataError, match=said):
        read(tmp_path, {"w.zip": content}, ZIPPED)
