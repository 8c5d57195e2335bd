"""What drawing does to every figure of every experiment."""

import pytest

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
