"""What the analyses of the PWCCA notes say of distances and curves that are planted."""

import numpy as np
import pandas as pd
import pytest
import torch
from notes_networks import diamonds, drawn

from netspectra.experiments.measuring import Given
from netspectra.experiments.pwcca_clusters import analysis as clusters
from netspectra.experiments.pwcca_findings.analysis import analyse as findings
from netspectra.experiments.pwcca_generalize import analysis as generalize
from netspectra.experiments.pwcca_rnn import analysis as rnn
from netspectra.experiments.pwcca_width import analysis as width
from netspectra.measures.compared import MEASURES
from netspectra.statistics.intervals import Metrics

PAIRS = [(0, 1), (0, 2), (1, 2)]
CONVOLUTIONS = [f"conv{n}" for n in range(1, 7)]


def spread(mean, step=0.01):
    return np.array([mean - step, mean, mean + step])


def of_groups():
    """Mean distances by group: 0.1 apart at the top of trained networks, on training images alone at the last."""
    found = {}
    for split in generalize.SPLITS:
        for state in generalize.ENDINGS:
            for n, place in enumerate(["in", *CONVOLUTIONS, "out"]):
                apart = 0.1 if state == "trained" and place in CONVOLUTIONS[-3:] else 0.0
                for measure in MEASURES:
                    base = 0.2 + 0.02 * n
                    found[split, state, place, measure, "true"] = spread(base)
                    found[split, state, place, measure, "permuted"] = spread(base + apart)
                    found[split, state, place, measure, "inter"] = spread(base + apart + 0.03)
    return found


def test_groups_are_told_apart_at_the_top_and_not_below():
    metrics, means = Metrics(), of_groups()
    generalize.add_contrasts(metrics, means, 3)
    for n in (1, 2, 3):
        assert metrics[f"pwcca_train_top_{n}"] == pytest.approx(0.1)
        assert metrics[f"pwcca_train_top_{n}_control"] == pytest.approx(0)
        assert metrics[f"pwcca_train_low_{n}"] == pytest.approx(0)
        assert metrics[f"pwcca_test_top_{n}_inter"] == pytest.approx(0.03)
        assert metrics[f"pwcca_test_top_{n}_inter_control"] == pytest.approx(0.13)
    rows = pd.DataFrame(generalize.ratios(metrics, means, 3))
    base = np.mean([0.2 + 0.02 * n for n in (4, 5, 6)])
    assert metrics["cka_ratio"] == pytest.approx((base + 0.1) / base)
    assert metrics["cka_ratio_control"] == pytest.approx(1)
    assert metrics["cka_ratio_low"] < metrics["cka_ratio"] < metrics["cka_ratio_high"]
    assert len(rows) == 2 * len(MEASURES)


def test_pairs_across_the_groups_count_in_both_orders():
    matrix = torch.zeros(6, 6, dtype=torch.float64)
    matrix[:3, :3], matrix[3:, 3:] = 0.1, 0.2
    matrix[0, 4], matrix[1, 3] = 0.5, 0.7
    found = generalize.by_group(matrix)
    assert found["true"].tolist() == [0.1] * 3
    assert found["permuted"].tolist() == [0.2] * 3
    assert found["inter"].tolist() == pytest.approx([0.6, 0, 0])


def test_figure_of_the_groups():
    means = of_groups()
    curves = Metrics()
    generalize.add_groups(curves, means, 3)
    rows = list(generalize.summaries(curves, means))
    rows += [{"quantity": "images", "split": s, "value": v} for s, v in (("train", 2000), ("test", 500))]
    rows += [
        {"quantity": "accuracy", "split": "train", "group": g, "first": 0, "value": 99.5} for g in ("true", "permuted")
    ]
    figure = drawn("pwcca_generalize", pd.DataFrame(rows), {})
    assert diamonds(figure) == 13
    assert "2,000 images, 500 to test; 1 + 1 networks; training accuracy 99.5 % or more" in figure.texts[-1].get_text()


def of_widths():
    """Three networks of four widths: distances fall by 0.2, 0.1 and 0.1, before training by 0.02 each."""
    rows = [{"quantity": "images", "split": s, "value": 100} for s in ("train", "test")]
    for n, (x, d) in enumerate(zip((8, 16, 32, 64), (0.8, 0.6, 0.5, 0.4), strict=True)):
        for split in ("train", "test"):
            for state in ("trained", "untrained"):
                for measure in MEASURES:
                    for (i, j), shift in zip(PAIRS, (-0.01, 0, 0.01), strict=True):
                        value = (d if state == "trained" else 0.8 - 0.02 * n) + shift * (1 + n % 2)
                        key = {"split": split, "state": state, "measure": measure, "x": x, "network": f"w{n}"}
                        rows.append({"quantity": "distance", "first": i, "second": j, "value": value, **key})
            key = {"split": split, "state": "trained", "x": x, "network": f"w{n}", "quantity": "accuracy"}
            rows += [{**key, "first": i, "value": 100 - 50 * d + 0.01 * i} for i in range(3)]
    return pd.DataFrame(rows)


def test_wider_is_nearer():
    metrics = Metrics()
    rows = list(width.add_findings(metrics, of_widths()))
    assert metrics["pwcca_test_drop"] == pytest.approx(0.4)
    assert metrics["pwcca_test_least_step"] == pytest.approx(0.1)
    assert metrics["pwcca_test_least_step_control"] == pytest.approx(0.02)
    assert metrics["pwcca_test_drop_share_untrained"] == pytest.approx(0.06 / 0.4)
    assert metrics["svcca_train_ratio"] == pytest.approx(2)
    assert -1 <= metrics["pwcca_test_accuracy"] < -0.99
    assert metrics["pwcca_test_accuracy_low"] <= metrics["pwcca_test_accuracy"] < metrics["pwcca_test_accuracy_high"]
    assert {row["quantity"] for row in rows} == {"width", "ratio"}


def test_a_wider_group_that_is_farther_apart_shows_in_the_least_step():
    assert width.least_step(np.array([[0.5], [0.3], [0.35], [0.1]])) == pytest.approx(-0.05)


def test_figure_of_the_widths():
    table = of_widths()
    table = pd.concat([table, pd.DataFrame(width.add_findings(Metrics(), table))])
    figure = drawn("pwcca_width", table, {"filters": 8})
    assert diamonds(figure) == 12
    assert [text.get_text() for text in figure.axes[1].texts] == ["8", "16", "32", "64"]
    assert "3 networks a width; 8 filters of each" in figure.texts[-1].get_text()


def of_rates(within=0.1, between=0.4, farther=0.2, size=4):
    """A matrix of three groups, the last of which is farther from the other two."""
    groups = torch.arange(3).repeat_interleave(size)
    same, last = groups[:, None] == groups, (groups == 2)[:, None] ^ (groups == 2)
    noise = torch.linspace(0, 0.01, len(groups), dtype=torch.float64)
    matrix = torch.where(same, within, between) + farther * last + noise[:, None] + noise
    return matrix.fill_diagonal_(0), groups


def test_planted_rates_cluster():
    matrix, groups = of_rates()
    metrics = Metrics()
    rows = list(clusters.add_groups(metrics, "pwcca", matrix, groups, "trained"))
    assert metrics["pwcca_purity"] == metrics["pwcca_profile_purity"] == 1
    assert metrics["pwcca_silhouette"] == pytest.approx(0.75, abs=0.03)
    assert metrics["pwcca_gap"] == pytest.approx(0.3 + 0.2 * 2 / 3, abs=0.001)
    assert metrics["pwcca_ratio"] == pytest.approx((0.41 + 0.2 * 2 / 3) / 0.11, rel=0.02)
    assert metrics["pwcca_ratio_low"] < metrics["pwcca_ratio"] < metrics["pwcca_ratio_high"]
    assert metrics["pwcca_farthest"] == pytest.approx(0.1, abs=0.01)
    assert [row["quantity"] for row in rows] == list(clusters.JUDGED)
    list(clusters.add_groups(metrics, "pwcca", matrix, groups.roll(1) * 0 + torch.arange(12) % 3, "permuted"))
    assert metrics["pwcca_purity_permuted"] < 0.5
    assert metrics["pwcca_ratio_permuted"] < 1


def of_networks():
    """Areas that differ between rates, and errors that do not."""
    rows = []
    for i, rate in enumerate(np.repeat([0.1, 0.2, 0.3], 4)):
        key = {"first": i, "rate": rate}
        rows.append({**key, "quantity": "area", "state": "trained", "value": rate + 0.001 * (i % 4)})
        rows.append({**key, "quantity": "error", "state": "trained", "value": 0.3 + 0.01 * (i % 4)})
        rows.append({**key, "quantity": "accuracy", "state": "train", "value": 90.0 + i % 4})
    return pd.DataFrame(rows)


def test_variance_between_rates():
    metrics = Metrics()
    clusters.add_anova(metrics, of_networks(), torch.Generator().manual_seed(0))
    assert metrics["anova_area"] < 1e-9 < 0.01 < metrics["anova_area_permuted"]
    assert metrics["anova_error"] == pytest.approx(1)
    assert metrics["accuracy_train_0.1"] == pytest.approx(91.5)


def test_figure_of_the_rates():
    matrix, _ = of_rates()
    pairs = [(i, j) for i in range(12) for j in range(i + 1, 12)]
    key = {"quantity": "distance", "measure": "pwcca", "state": "trained"}
    rows = [{**key, "first": i, "second": j, "value": float(matrix[i, j])} for i, j in pairs]
    rows += [{"quantity": "images", "split": s, "value": 100} for s in ("train", "test")]
    figure = drawn("pwcca_clusters", pd.concat([pd.DataFrame(rows), of_networks()]), {})
    assert diamonds(figure) == 5
    assert [text.get_text() for text in figure.axes[0].texts] == ["0.1", "0.2", "0.3"]
    assert "12 networks, 4 of each rate" in figure.texts[-1].get_text()


def of_layers(variant="three", layers=3, networks=3):
    """Distances that fall from 0.2, 0.4, 0.6, ... to 0 in a straight line; in drift those of the first and the last."""
    rows = []
    for state in ("trained", "drift"):
        for i in range(networks):
            for x in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
                for layer in range(1, layers + 1):
                    start = (0.2 + 0.01 * i) * (layer if state == "trained" else 1 + 0.1 * (layer == 2))
                    key = {"quantity": "training", "state": state, "replicate": i, "x": x, "layer": layer}
                    rows += [{**key, "measure": m, "value": start * (1 - x)} for m in rnn.QUANTITIES]
    return pd.DataFrame(rows).assign(network=variant)


def test_the_first_layer_leads():
    metrics, rows = Metrics(), of_layers()
    rnn.add_curves(metrics, "three", rows, 0.8)
    gaps = [(0.2 + 0.01 * i) * 0.4 for i in range(3)]  # all but one of the five checkpoints have it: that at 0.6
    assert metrics["three_gap"] == pytest.approx(np.mean(gaps))
    assert metrics["three_gap_control"] == pytest.approx(0)
    assert metrics["three_gap_beyond_drift"] == pytest.approx(np.mean(gaps))
    assert metrics["three_least_step"] == pytest.approx(0.21 * 0.6)
    assert metrics["three_order_weighted"] == 1
    assert metrics["three_worst_rise"] == pytest.approx(-0.2 * 0.21)
    assert metrics["three_final"] == 0
    ratios = pd.DataFrame(rnn.ratios(metrics, "three", rows))
    assert ratios[ratios.state == "trained"].value.tolist() == pytest.approx([2] * len(MEASURES))
    assert metrics["three_cka_ratio_control"] == pytest.approx(1)


@pytest.mark.parametrize(("share", "gap"), [(1, 0), (0.8, 0.2), (0.5, 0.5)])
def test_the_gap_that_a_share_of_the_checkpoints_has(share, gap):
    assert rnn.reached(pd.Series(np.linspace(0, 0.9, 10)[::-1]), share) == pytest.approx(gap)


def test_figures_of_the_layers():
    table = pd.concat([of_layers(), of_layers("five", 5)])
    along = pd.concat([of_layers(), of_layers("five", 5)]).replace({"state": {"drift": "untrained"}})
    along = along.assign(quantity="sequence", x=1 + along.x * 5)
    first, second = drawn("pwcca_rnn", pd.concat([table, along]), {"windows": 115}, figures=2)
    assert diamonds(first) == 6
    named = [text.get_text() for text in first.legends[0].get_texts()]
    assert named == [*(f"layer {n}" for n in range(1, 6)), "equal drift", "published, layer 1, Penn Treebank"]
    assert "115 test windows; 3 networks of each size" in first.texts[-1].get_text()
    assert [text.get_text() for text in second.legends[0].get_texts()][-1] == "before training"


def of_ratios(**columns):
    rows = []
    for state, ratio in (("trained", 1.5), ("untrained", 1.0), ("drift", 1.1), ("permuted", 0.9)):
        key = {"quantity": "ratio", "state": state, "low": ratio - 0.1, "high": ratio + 0.1, **columns}
        rows += [{**key, "measure": measure, "value": ratio} for measure in MEASURES]
    return pd.DataFrame([*rows, {"quantity": "distance", "state": "trained", "measure": "pwcca", "value": 0.3}])


def test_findings_are_those_of_the_tables():
    tables = {
        "pwcca_generalize": of_ratios(),
        "pwcca_width": pd.concat([of_ratios(split="test"), of_ratios(split="train").assign(value=9)]),
        "pwcca_clusters": of_ratios(),
        "pwcca_rnn": pd.concat([of_ratios(network="three"), of_ratios(network="five").assign(value=9)]),
    }
    found = findings(Given({"reads": list(tables)}, tables=tables))
    assert len(found.table) == 4 * 2 * len(MEASURES)
    assert found.table.groupby(["finding", "state"]).value.unique().explode().to_dict() == {
        ("generalize", "trained"): 1.5, ("generalize", "control"): 1.0, ("width", "trained"): 1.5,
        ("width", "control"): 1.0, ("clusters", "trained"): 1.5, ("clusters", "control"): 1.0,
        ("rnn", "trained"): 1.5, ("rnn", "control"): 1.1,
    }  # fmt: skip
    assert found.metrics["rnn_cka_control"] == 1.1
    assert (found.metrics["width_svcca_low"], found.metrics["width_svcca_high"]) == (1.4, 1.6)
    figure = drawn("pwcca_findings", found.table, {})
    assert diamonds(figure) == 3
    assert figure.axes[0].get_yticklabels()[0].get_text() == "PWCCA"


def test_a_finding_without_an_interval_has_none():
    tables = {"pwcca_clusters": of_ratios().assign(low=np.nan, high=np.nan)}
    found = findings(Given({"reads": ["pwcca_clusters"]}, tables=tables))
    assert found.metrics["clusters_pwcca"] == 1.5
    assert "clusters_pwcca_low" not in found.metrics


def test_intervals_of_shares_and_silhouettes_keep_their_bounds():
    """Groups that hardly show: symmetric intervals of a purity between none and all would pass both ends."""
    x = torch.randn(12, 3, generator=torch.Generator().manual_seed(3))
    metrics, groups = Metrics(), torch.arange(3).repeat_interleave(4)
    list(clusters.add_groups(metrics, "pwcca", torch.cdist(x, x), groups, "trained"))
    for name, low in {"purity": 0, "profile_purity": 0, "silhouette": -1, "profile_silhouette": -1}.items():
        ends = [metrics[f"pwcca_{name}{end}"] for end in ("_low", "", "_high")]
        assert low <= ends[0] < ends[1] < ends[2] <= 1, name
