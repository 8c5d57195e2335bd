"""A reader's own network and samples: made, filled and read as said, or refused in one line with a remedy."""

import gzip
import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from project import ROOT
from safetensors.torch import save_file

from netspectra.errors import CheckpointError, DataError, SettingsError
from netspectra.own import listing, named
from netspectra.own.samples import Preparation, from_arrays, from_folder, from_torchvision
from netspectra.own.weights_file import shapes_in

MODULE = """
import torch
from torch import nn


def make(width=4):
    return nn.Sequential(nn.Linear(3, width), nn.ReLU(), nn.Linear(width, 2))


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.head = nn.Embedding(5, 3), nn.Linear(3, 5, bias=False)
        self.head.weight = self.embed.weight


def reads_its_weights():
    network = make()
    assert float(network[0].weight.abs().sum()) > 0
    return network


def no_network():
    return 3


def breaks():
    raise OSError("no such place")


number = 3
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a module of networks, as the working directory."""
    (tmp_path / "readers_module.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "readers_module", raising=False)
    return tmp_path


def weights_of(network, file):
    save_file({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, file)
    return file


def test_a_network_has_the_weights_of_its_file(here):
    wanted = named.model_of("readers_module:make", {"width": 6}, seed=3)
    file = weights_of(wanted, here / "w.safetensors")
    found = named.model_of("readers_module:make", {"width": 6}, file)
    assert all(torch.equal(a, b) for a, b in zip(found.parameters(), wanted.parameters(), strict=True))
    assert shapes_in(file) == {"0.weight": (6, 3), "0.bias": (6,), "2.weight": (2, 6), "2.bias": (2,)}


def test_without_weights_the_seed_decides_and_the_random_state_stays(here):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    a, b, c = (named.model_of("readers_module:make", seed=seed)[0].weight for seed in (0, 0, 1))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)
    assert torch.equal(torch.get_rng_state(), before)


def test_one_name_of_a_shared_tensor_is_enough(here):
    weight = torch.arange(15.0).reshape(5, 3)
    for name in ("embed.weight", "head.weight"):
        save_file({name: weight}, here / "w.safetensors")
        found = named.model_of("readers_module:Tied", weights=here / "w.safetensors")
        assert torch.equal(found.head.weight, weight)
        assert found.head.weight is found.embed.weight


@pytest.mark.parametrize(
    ("name", "said", "remedy"),
    [
        ("readers_module", "model: found 'readers_module', wanted package.module:function", "torchvision"),
        ("no_such_package:f", "model: cannot import 'no_such_package'", "install its package"),
        ("readers_module:nothing", "model: module 'readers_module' has no attribute 'nothing'", "name a function"),
        ("readers_module:number", "model: readers_module:number is int, wanted a function", ""),
        ("readers_module:no_network", "returns int, wanted a torch.nn.Module", "name a function"),
        ("readers_module:breaks", "called with nothing: OSError: no such place", "give it the arguments"),
    ],
)
def test_what_makes_no_network_is_refused(here, name, said, remedy):
    with pytest.raises(SettingsError) as caught:
        named.model_of(name)
    assert said in caught.value.args[0]
    assert remedy in caught.value.remedy


def renamed(file, change):
    tensors = {
        change(name): tensor.clone() for name, tensor in named.model_of("readers_module:make").state_dict().items()
    }
    save_file(tensors, file)
    return file


def test_weights_that_do_not_fit_are_named_with_the_remedy(here):
    file = renamed(here / "w.safetensors", lambda name: f"module.{name}")
    with pytest.raises(CheckpointError) as caught:
        named.model_of("readers_module:make", weights=file)
    assert "it lacks 0.weight, 0.bias, 2.weight and 1 more; it has module.0.bias, " in caught.value.args[0]
    assert "k.removeprefix('module.')" in caught.value.remedy
    file = weights_of(named.model_of("readers_module:make", {"width": 5}), here / "w.safetensors")
    with pytest.raises(CheckpointError, match=r"0.weight is \(5, 3\), wanted \(4, 3\)"):
        named.model_of("readers_module:make", weights=file)


def test_nothing_is_unpickled_and_damage_is_named(here):
    torch.save({}, here / "w.pt")
    with pytest.raises(CheckpointError, match="would be unpickled"):
        named.model_of("readers_module:make", weights=here / "w.pt")
    for content in (b"", b"\x05\0\0\0\0\0\0\0[1,2]", b"\xff" * 40):
        (here / "w.safetensors").write_bytes(content)
        with pytest.raises(CheckpointError, match="damaged, or no safetensors file"):
            named.model_of("readers_module:make", weights=here / "w.safetensors")
    with pytest.raises(CheckpointError, match="no such file"):
        named.model_of("readers_module:make", weights=here / "other.safetensors")


def test_a_process_of_its_own_says_what_is_wrong_with_networks(here):
    good = str(weights_of(named.model_of("readers_module:make"), here / "w.safetensors"))
    asked = {
        "good": ("readers_module:make", {}, good),
        "reads": ("readers_module:reads_its_weights", {}, good),
        "wide": ("readers_module:make", {"width": 5}, good),
        "gone": ("readers_module:gone", {}, None),
    }
    blocks = {n: dict(zip(("model", "arguments", "weights"), one, strict=True)) for n, one in asked.items()}
    done = subprocess.run(
        [sys.executable, "-m", "netspectra.own.named"], input=json.dumps(blocks), capture_output=True, text=True,
        check=True, env={"PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    wrong = json.loads(done.stdout)
    assert set(wrong) == {"wide", "gone"}
    assert "0.weight is (4, 3), wanted (5, 3)" in wrong["wide"][0]


@pytest.fixture
def photos(tmp_path):
    """Three pictures of cats and one of a dog, of one size, each of one colour."""
    for name, shade in (("cat/a.png", 0), ("cat/b.png", 51), ("cat/c.png", 102), ("dog/a.png", 255)):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (6, 4), (shade, 0, 255)).save(tmp_path / "photos" / name)
    return tmp_path / "photos"


def test_pictures_of_a_folder_come_with_the_class_of_their_folder(photos):
    samples = from_folder(photos, Preparation(), batch=3)
    assert (samples.count, len(samples), samples.classes) == (4, 2, ("cat", "dog"))
    for _ in range(2):  # as often as asked
        (x, y), (last, end) = list(samples)
        assert x.shape == (3, 3, 4, 6)
        assert y.tolist() + end.tolist() == [0, 1, 0, 0]  # the classes in turn
        assert x[:, 0, 0, 0].tolist() + last[:, 0, 0, 0].tolist() == pytest.approx([0, 1, 0.2, 0.4])
        assert x[:, 2].eq(1).all()


def test_few_pictures_still_hold_all_classes(photos):
    assert [path.relative_to(photos).as_posix() for path in listing.pictures_in(photos, 2)] == [
        "cat/a.png",
        "dog/a.png",
    ]


def test_pictures_are_cut_and_normalised(photos):
    prepared = Preparation(side=2, mean=[0.5, 0.0, 1.0], std=[0.5, 1.0, 2.0])
    ((x, _),) = from_folder(photos, prepared, count=1)
    assert x.shape == (1, 3, 2, 2)
    assert x[0, :, 0, 0].tolist() == pytest.approx([-1, 0, 0])


def test_the_middle_of_a_picture_is_kept(tmp_path):
    pixels = np.zeros((2, 6), np.uint8)
    pixels[:, 2:4] = 255
    (tmp_path / "all").mkdir()
    Image.fromarray(pixels).save(tmp_path / "all/a.png")
    ((x, _),) = from_folder(tmp_path, Preparation(side=2))
    assert x.tolist() == [[[[1, 1], [1, 1]]]]


def test_folders_that_hold_no_pictures_are_refused(photos, tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        from_folder(tmp_path / "nothing", Preparation())
    with pytest.raises(DataError, match="found no folder"):
        from_folder(photos / "cat", Preparation())
    (photos / "empty").mkdir()
    with pytest.raises(DataError, match="empty: no picture"):
        from_folder(photos, Preparation())


def test_a_picture_that_is_damaged_or_of_another_size_is_named(photos):
    Image.new("RGB", (5, 5)).save(photos / "dog/b.png")
    with pytest.raises(DataError, match=r"dog/b.png: wanted pictures of one size"):
        list(from_folder(photos, Preparation()))
    assert len(list(from_folder(photos, Preparation(side=4)))) == 1
    (photos / "dog/b.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"dog/b.png: no picture that can be read"):
        list(from_folder(photos, Preparation()))


def test_arrays_are_pixels_tokens_or_numbers(tmp_path):
    file = tmp_path / "x.npz"
    pixels = np.arange(2 * 4 * 5 * 3, dtype=np.uint8).reshape(2, 4, 5, 3)
    np.savez(file, x=pixels, y=[1, 0])
    ((x, y),) = from_arrays(file, Preparation())
    assert torch.equal(x, torch.from_numpy(pixels).movedim(-1, 1) / 255)
    assert y.tolist() == [1, 0]
    np.savez(file, inputs=np.array([[1, 2], [3, 4]], np.int32))
    (x,) = from_arrays(file, Preparation())
    assert (x.dtype, x.tolist()) == (torch.int64, [[1, 2], [3, 4]])
    np.savez(file, x=np.array([[0.5], [2.0]]))
    (x,) = from_arrays(file, Preparation(), count=1)
    assert (x.dtype, x.tolist()) == (torch.float32, [[0.5]])


def test_arrays_that_cannot_be_used_are_refused(tmp_path):
    file = tmp_path / "x.npz"
    np.savez(file, x=np.array([{}, {}], dtype=object))
    with pytest.raises(DataError, match="arrays of objects"):
        from_arrays(file, Preparation())
    np.savez(file, z=np.zeros(3))
    with pytest.raises(DataError, match=r"wanted inputs under one of x, inputs, images, data, found z"):
        from_arrays(file, Preparation())
    np.savez(file, x=np.zeros(3), y=np.zeros(2, int))
    with pytest.raises(DataError, match="one label per input"):
        from_arrays(file, Preparation())
    file.write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"no \.npz"):
        from_arrays(file, Preparation())


def test_a_set_of_torchvisions_is_read_by_name(tmp_path):
    folder = tmp_path / "mnist/MNIST/raw"
    folder.mkdir(parents=True)
    with pytest.raises(DataError, match=r"torchvision: Dataset not found"):
        from_torchvision("MNIST", tmp_path / "mnist", "test", Preparation())
    with pytest.raises(DataError, match="has no set 'MINST'"):
        from_torchvision("MINST", tmp_path, "test", Preparation())


def test_mnist_is_read_where_it_lies(tmp_path):
    source = ROOT / "data/embedded/mnist"
    if not source.is_dir():
        pytest.skip("the embedded data are not there")
    folder = tmp_path / "MNIST/raw"
    folder.mkdir(parents=True)
    for path in source.glob("*.gz"):
        (folder / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
    samples = from_torchvision("MNIST", tmp_path, "test", Preparation(), count=20, batch=8)
    batches = list(samples)
    assert [len(y) for _, y in batches] == [8, 8, 4]
    assert batches[0][0].shape == (8, 1, 28, 28)
    assert batches[0][1].tolist() == [7, 2, 1, 0, 4, 1, 4, 9]  # as everybody knows them
