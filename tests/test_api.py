"""The public interface: what is in it, how it is called, and what it refuses."""

from __future__ import annotations

import inspect
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import alvh_bt
from alvh_bt.report.notebook import notebook_html

WINDOW = {"start": "2016-01-04", "end": "2016-06-30"}
HEDGES = ["none", "static-calls"]


@pytest.fixture(scope="module")
def found():
    return alvh_bt.compare(hedges=HEDGES, **WINDOW, bootstrap_draws=100)


def test_the_interface_is_pinned():
    """A name or a parameter that changes here changes for every user: say so in CHANGELOG.md."""
    assert alvh_bt.__all__ == [
        *("HEDGES", "AlvhError", "Comparison", "Hedge", "Market", "Study"),
        *("compare", "grid", "load_comparison", "load_market", "make_study"),
    ]
    parameters = {
        name: tuple(inspect.signature(getattr(alvh_bt, name)).parameters)
        for name in ("compare", "grid", "load_comparison", "load_market", "make_study")
    }
    assert parameters == {
        "compare": ("market", "hedges", "start", "end", "study", "chains", "anatomy", "paths", "settings"),
        "grid": ("axes", "market", "settings"),
        "load_comparison": ("folder",),
        "load_market": ("data", "today"),
        "make_study": ("settings",),
    }
    public = {name for name in vars(alvh_bt.Comparison) if not name.startswith("_")}
    assert public == {
        *("verdict", "metrics", "differences", "nav", "returns", "crises", "regimes"),
        *("run", "journal", "days", "attribution", "figure", "save"),
    }


@pytest.mark.parametrize("name", [*alvh_bt.__all__])
def test_everything_public_is_documented(name):
    thing = getattr(alvh_bt, name)
    assert name in dir(alvh_bt)
    if name != "HEDGES":
        assert len(inspect.getdoc(thing).splitlines()[0]) > 20


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'comparee'"):
        _ = alvh_bt.comparee


def test_importing_the_package_loads_neither_the_engine_nor_pandas():
    """The command line starts quickly that way."""
    code = "import alvh_bt, sys; print({'pandas', 'backtrader', 'matplotlib', 'arch'} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"


def test_tables_agree_with_the_runs(found):
    assert list(found.metrics.index) == list(found.nav.columns) == list(found.returns.columns) == HEDGES
    last = found.nav["none"].iloc[-1]
    assert found.metrics.loc["none", "pnl_usd"] == pytest.approx(last - 250_000.0)
    assert found.nav.pct_change().iloc[1:].to_numpy() == pytest.approx(found.returns.iloc[1:].to_numpy())
    assert set(found.differences["metric"]) >= {"cagr", "max_drawdown"}
    assert set(found.regimes["variant"]) == set(HEDGES)


def test_days_stand_beside_the_market(found):
    days = found.days("static-calls", "2016-02-01", "2016-02-12")
    assert days.index[0] == pd.Timestamp("2016-02-01") and days.index[-1] == pd.Timestamp("2016-02-12")
    # Published closes of the S&P 500 on those days.
    assert days["spx"].iloc[[0, -1]].to_list() == pytest.approx([1939.38, 1864.78], abs=0.01)
    assert days["vix"].between(19, 30).all()


def test_parts_of_the_pnl_add_up_to_the_days(found):
    parts = found.attribution("static-calls", "2016-02-01", "2016-02-12")
    days = found.days("static-calls", "2016-02-01", "2016-02-12")
    of_hedge = parts[parts["book"] == "hedge"].groupby("date")["pnl"].sum()
    assert of_hedge.to_numpy() == pytest.approx(days["hedge_pnl"].to_numpy(), abs=1e-6)


def test_it_is_read_back_as_it_was_saved(found, tmp_path):
    found.save(tmp_path / "out")
    back = alvh_bt.load_comparison(tmp_path / "out")
    assert back.verdict == found.verdict
    pd.testing.assert_frame_equal(back.nav, found.nav, check_freq=False, check_index_type=False)


def test_pictures_show_themselves(found):
    assert found.figure("nav")._repr_png_()[:4] == b"\x89PNG"
    with pytest.raises(alvh_bt.AlvhError, match=r"no figure 'nave'; choose from .*nav"):
        found.figure("nave")


def test_it_shows_itself_with_the_verdict_first(found):
    html = found._repr_html_()
    assert html.index(found.verdict[0].split("<")[0][:40]) < html.index("<table")
    assert "Hedge decay a year" in html and "Inputs modelled" in html
    assert repr(found).startswith("Comparison of none, static-calls: ")


def test_text_of_users_is_escaped(found):
    variant = {**found.summary["variants"]["none"], "stopped": "<script>1</script>"}
    html = notebook_html({**found.summary, "variants": {"<b>mine</b>": variant}, "verdict": ["a < b"]})
    assert "<script>" not in html and "<b>mine" not in html and "a &lt; b" in html


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: alvh_bt.compare(hedges=["nun"]), "unknown hedge 'nun'"),
        (lambda: alvh_bt.compare(market="nowhere"), "nowhere"),
        (lambda: alvh_bt.compare(study=alvh_bt.make_study(), hedges=["none"]), "study and hedges exclude"),
        (
            lambda: alvh_bt.compare(condor={"short_dleta": 0.1}),
            "unknown setting condor.short_dleta",
        ),
        (lambda: alvh_bt.compare(hedges="nun"), "unknown hedge 'nun'"),
        (lambda: alvh_bt.compare(hedges=[]), "hedges is empty"),
        (lambda: alvh_bt.load_comparison("nowhere"), "nowhere"),
        (lambda: alvh_bt.grid({"condor.short_delta": []}), "the list is empty; give at least one value"),
        (
            lambda: alvh_bt.grid({"condor.short_dleta": [0.1]}),
            "condor.short_dleta: no such setting; did you mean condor.short_delta",
        ),
        (lambda: alvh_bt.grid({"seed.x": [1]}, seed=1), "axis seed.x: no such setting"),
    ],
)
def test_what_it_refuses_it_says(call, message):
    with pytest.raises(alvh_bt.AlvhError, match=message):
        call()


def test_what_is_no_date_is_said(found):
    with pytest.raises(alvh_bt.AlvhError, match="'soon' to None are no dates: write them as 2020-02-03"):
        found.journal("none", "soon")


def test_a_variant_that_is_not_there_lists_those_that_are(found):
    with pytest.raises(alvh_bt.AlvhError, match=r"no variant 'layered'.*it has none, static-calls"):
        found.journal("layered")


def test_a_grid_is_the_runs_one_by_one(found):
    table = alvh_bt.grid({"condor.short_delta": [0.12, 0.16]}, hedges=HEDGES, **WINDOW)
    assert table[["condor.short_delta", "variant"]].to_numpy().tolist() == [
        [delta, hedge] for delta in (0.12, 0.16) for hedge in HEDGES
    ]
    default = table[table["condor.short_delta"] == 0.16].set_index("variant")["pnl_usd"]
    assert default.to_numpy() == pytest.approx(found.metrics["pnl_usd"].to_numpy())
    other = table[table["condor.short_delta"] == 0.12]["pnl_usd"].to_numpy()
    assert not np.isclose(other, default.to_numpy()).any()
