"""What drawing does to every figure of every experiment."""

import pytest

from netspectra.experiments.drawing import data_of
from netspectra.figures import style


@pytest.mark.parametrize("parts", [(), ("5 networks", "", "95 % intervals")])
def test_every_figure_states_its_scale_below(parts):
    style.use()
    figure, _ = style.page()
    if parts:
        style.footer(figure, *parts)
    style.state_scale(figure, "sample")
    (text,) = figure.texts
    assert text.get_text() == "; ".join(["scale sample", *filter(None, parts)])


def block(train, vocabulary=None, **variants):
    return {"data": {"train": train, "vocabulary": vocabulary}, "variants": variants or {"one": {}}}


@pytest.mark.parametrize(
    ("networks", "said"),
    [
        ({}, ""),
        ({"a": block(10_000), "b": block(10_000)}, "10,000 training images"),
        ({"a": block(None)}, "all training images"),
        ({"a": block(60_000, 2000)}, "60,000 training tokens"),
        ({"a": block(10_000), "b": block(5000)}, ""),
        ({"a": block(10_000, one={}, two={"data": {"train": 7}})}, ""),
    ],
)
def test_how_much_data_networks_were_trained_on(networks, said):
    assert data_of(networks) == said


@pytest.mark.parametrize(
    ("own", "wanted"),
    [
        (["5 networks"], "scale sample; 10,000 training images; 5 networks"),
        (["2,000 test images"], "scale sample; 2,000 test images"),
        ([], "scale sample; 10,000 training images"),
    ],
)
def test_a_footer_that_says_nothing_of_images_gets_them(own, wanted):
    style.use()
    figure, _ = style.page()
    if own:
        style.footer(figure, *own)
    style.state_scale(figure, "sample", "10,000 training images")
    (text,) = figure.texts
    assert text.get_text() == wanted
