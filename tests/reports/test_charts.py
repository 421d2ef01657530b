"""Drawings put the margin, the interval and the estimate where the numbers say."""

from __future__ import annotations

import math

import pytest

from reports.charts import WIDTH, curve, dumbbell, strip


def test_a_drop_is_refused_on_the_left_of_the_margin(audits):
    drawn = strip(audits.FAILED, "rate", "higher")
    assert drawn.interval[0] < drawn.point < drawn.interval[1] < drawn.margin.x < drawn.zero.x
    assert drawn.refused == (0.0, drawn.margin.x)
    assert drawn.margin.text == "−3.0"


def test_where_lower_is_better_a_rise_is_refused(audits):
    drawn = strip(audits.CHECKS[audits.BITS], "number", "lower")
    assert drawn.zero.x < drawn.point < drawn.interval[1] < drawn.margin.x
    assert drawn.refused == (drawn.margin.x, WIDTH - drawn.margin.x)


def test_levels_are_refused_on_the_side_that_the_rule_names(audits):
    least, most = (strip(audits.CHECKS[rule], "rate", "higher") for rule in (audits.TASK, audits.PII))
    assert least.refused[0] == 0.0 and least.zero is None
    assert most.refused[0] == most.margin.x


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_what_was_not_measured_is_not_drawn(audits, value):
    check = audits.CHECKS[audits.TASK].model_copy(update={"candidate": value, "interval": None})
    assert strip(check, "rate", "higher") is None


def test_only_rates_share_the_axis_of_rates(audits):
    metric = audits.rate("task.accuracy", 0.5, 100)
    assert dumbbell(metric, None, "rate").candidate == WIDTH / 2
    assert dumbbell(metric, None, "number") is None


def test_a_curve_keeps_its_last_point_and_skips_what_is_not_finite(audits):
    points = [*audits.training().curve, {"step": 241, "loss": math.nan}, {"step": 242, "loss": 0.5}]
    panel = curve(points, ("loss", "validation_loss"), 220.0)
    assert set(panel.lines) == {"loss", "validation_loss"}
    assert panel.columns[-1].text == "242"
    assert "nan" not in panel.lines["loss"].path


@pytest.mark.parametrize("points", [[], [{"step": 1, "loss": 1.0}], [{"loss": 1.0}, {"loss": 2.0}]])
def test_too_few_points_are_no_curve(points):
    assert curve(points, ("loss",), 220.0) is None


def test_a_constant_curve_has_an_axis():
    assert curve([{"step": at, "loss": 0.0} for at in range(5)], ("loss",), 220.0).rows
