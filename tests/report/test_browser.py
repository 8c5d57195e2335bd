"""The page in a browser without a screen: nothing leaves it, it is accessible, and all that it offers answers."""

import json
import shutil
import time

import numpy as np
import pytest
from axe_core_python.selenium import Axe
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from site_of import IN, OUT, OVER, Site

from netspectra.measures import cca
from netspectra.measures.cca_inference import null_edges, null_mean

CHROMIUM, DRIVER = (shutil.which(name) for name in ("chromium", "chromedriver"))
pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="no chromium and chromedriver on the path")
PATIENCE_S = 600
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
ARRAYS = {
    "clipping": {
        "spectrum": [4.0, 2.0, 1.0], "initial": [1.0, 1.0, 1.0], "accuracy": [10.0, 20.0, 30.0],
        "names": ["cat", "dog"], "ranks": [1, 2], "pictures": [PIXEL] * 3,
    },
    "attack": {
        "epsilons": [0.0, 0.1, 0.2], "labels": [3, 7], "pixels": ["AP8A/w=="] * 2, "step": 78.5,
        "variants": [
            {"name": n, "accuracy": [90.0, 50.0, 5.0], "signs": ["Bg==", "CQ=="], "answers": [[3, 3, 1], [7, 2, 2]]}
            for n in ("none", "0")
        ],
    },
    "pruning": {
        "shares": [0.0, 0.25, 0.5], "accuracy": {"high": [90.0, 60.0, 30.0], "low": [90.0, 88.0, 80.0]},
        "layers": {"relu1": [0.1, 0.4, 0.2, 0.3], "relu2": [0.5, 0.6]},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The address of a page with claims of every kind, standings and explorables."""
    site = Site(tmp_path_factory.mktemp("site"))
    control = {"control": {"metric": "c", "is": "untrained networks"}, "published": 3}
    claims = [
        {"id": "first", "metric": "m", "says": "An apple is green.", **control}, {"id": "b", "metric": "c"},
        {"id": "c.1", "metric": "o", "says": "A pear is ripe."}, {"id": "d", "metric": "m", "holds": {}},
        {"id": "e", "metric": "m", "check": True}, {"id": "f", "metric": "m", "beyond": True, **control},
    ]  # fmt: skip
    site.keep("sample", site.judged(*claims, m=OUT, c=OUT, o=OVER), '{"date": "2026-01-02", "commit": "0123"}')
    site.keep("paper", site.judged(*claims, m=IN, c=IN, o=IN), '{"date": "2026-01-03"}')
    (site.folder / "explorables.json").write_text(json.dumps(ARRAYS), encoding="utf-8")
    found = site.judged(*claims, m=IN, c=OUT, o=OVER)
    return site.write(found, explorables=site.folder / "explorables.json").as_uri()


@pytest.fixture(scope="module")
def browser():
    """Chromium without a screen, which writes down what it asks the network for."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    driver.command_executor.client_config.timeout = PATIENCE_S
    yield driver
    driver.quit()


@pytest.fixture
def opened(browser, page):
    """The page, opened anew on a wide screen."""
    browser.set_window_size(1300, 900)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    browser.get("about:blank")
    browser.get(page)
    return browser


def wait(driver, script):
    """Until a script gives something true; what it gives."""
    until = time.monotonic() + PATIENCE_S
    while not (found := driver.execute_script(f"return {script}")):
        assert time.monotonic() < until, script
        time.sleep(0.05)
    return found


def shown(driver):
    """Claims that are on the page."""
    return driver.execute_script(
        "return [...document.querySelectorAll('.claim')].filter(e => e.checkVisibility()).map(e => e.id.slice(6))"
    )


def explored(driver):
    """The page, with its explorables made."""
    driver.execute_script("document.querySelector('#explore').scrollIntoView()")
    wait(driver, "document.querySelectorAll('.play').length === 4")
    return driver


def drag(driver, play, value, slider=0):
    """Put a slider of an explorable on a value; what the explorable says then."""
    return driver.execute_script(
        "const play = document.getElementById(arguments[0]), input = play.querySelectorAll('input')[arguments[2]];"
        "input.value = arguments[1]; input.dispatchEvent(new Event('input'));"
        "return play.querySelector('output').textContent",
        play, value, slider,
    )  # fmt: skip


def test_nothing_leaves_it_and_nothing_is_wrong(opened):
    explored(opened)
    took = opened.execute_script("return performance.getEntriesByType('navigation')[0].loadEventEnd")
    print(f"loaded in {took:.0f} ms")
    sent = [json.loads(entry["message"])["message"] for entry in opened.get_log("performance")]
    asked = [m["params"]["request"]["url"] for m in sent if m["method"] == "Network.requestWillBeSent"]
    assert any(url.startswith("file:") for url in asked)
    assert [url for url in asked if not url.startswith(("file:", "data:", "about:"))] == []
    assert [entry for entry in opened.get_log("browser") if entry["level"] == "SEVERE"] == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1300), ("dark", 1300), ("dark", 380)])
def test_it_is_accessible(opened, scheme, width):
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    opened.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    explored(opened)
    opened.execute_script("for (const fold of document.querySelectorAll('details')) fold.open = true")
    wait(opened, "document.querySelectorAll('details.table table').length === 2")
    wide = opened.execute_script("return document.documentElement.scrollWidth")
    found = Axe().run(opened)["violations"]
    opened.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")] == []
    assert wide <= width


def test_filters_narrow_and_are_kept_in_the_address(opened, page):
    assert shown(opened) == ["first", "b", "c.1", "d", "e", "f"]
    opened.find_element(By.CSS_SELECTOR, "[data-only=no]").click()
    assert shown(opened) == ["b"]
    assert opened.find_element(By.ID, "shown").text == "1 of 6 claims and checks shown"
    opened.find_element(By.CSS_SELECTOR, "#filters [type=reset]").click()
    wait(opened, "!location.hash")
    opened.find_element(By.CSS_SELECTOR, "[name=group] [value=check]").click()
    assert shown(opened) == ["e"]
    kept = opened.current_url
    assert kept == f"{page}#?group=check"
    opened.get("about:blank")
    opened.get(kept)
    assert shown(opened) == ["e"]


def test_a_link_to_what_a_filter_hides_shows_it(opened):
    opened.find_element(By.CSS_SELECTOR, "[data-only=yes]").click()
    assert shown(opened) == ["first"]
    opened.execute_script("document.querySelector('#main a[href=\"#claim-c.1\"]').click()")
    assert "c.1" in shown(opened)
    assert opened.execute_script("return document.activeElement.id") == "claim-c.1"
    top, bar = opened.execute_script(
        "return [document.activeElement, document.querySelector('.bar')].map(e => e.getBoundingClientRect())"
        ".map((r, i) => i ? r.bottom : r.top)"
    )
    assert top >= bar


def test_search_finds_claims_and_figures(opened):
    search = opened.find_element(By.ID, "search")
    search.send_keys("APPLE")
    assert shown(opened) == ["first"]
    assert opened.current_url.endswith("#?q=apple")
    search.send_keys(Keys.CONTROL, "a")
    search.send_keys("what is drawn")
    assert len(shown(opened)) == 6


def test_tables_are_built_sorted_and_whole(opened):
    opened.execute_script("document.querySelector('details.table').open = true")
    wait(opened, "document.querySelector('details.table table')")
    read = (
        "return [...document.querySelector('details.table tbody').rows].map(r => [...r.cells].map(c => c.textContent))"
    )
    assert opened.execute_script(read) == [["10", "1.5", 'a,"b'], ["9", "2.5", "c"], ["100", "-1", "d"]]
    heading = "document.querySelectorAll('details.table th button')[0]"
    opened.execute_script(f"{heading}.click()")
    assert [row[0] for row in opened.execute_script(read)] == ["9", "10", "100"]
    opened.execute_script(f"{heading}.click()")
    assert [row[0] for row in opened.execute_script(read)] == ["100", "10", "9"]
    assert opened.execute_script("return document.querySelector('[aria-sort]').ariaSort") == "descending"


def test_commands_are_copied_and_written_for_other_settings(opened):
    opened.execute_script("navigator.clipboard.writeText = async text => { window.copied = text; }")
    opened.execute_script("document.querySelector('#figure-f .tools .copy').click()")
    wanted = ".venv/bin/snakemake --config scale=sample --forcerun plot_e -- figures/sample/f.svg"
    assert wait(opened, "window.copied") == wanted
    assert opened.find_element(By.ID, "said").get_attribute("textContent") == f"Copied: {wanted}"
    opened.execute_script(
        "const change = document.querySelector('#figure-f .change'), value = change.elements.value;"
        "value.value = '[0.0, 0.5]'; value.dispatchEvent(new Event('input'))"
    )
    written = opened.execute_script("return document.querySelector('#figure-f .change .command code').textContent")
    assert written == (
        """echo '{"scales":{"sample":{"experiments":{"e":{"fractions":[0,0.5]}}}}}' > changed.yaml && """
        ".venv/bin/snakemake --configfile changed.yaml --config scale=sample -- figures/sample/f.svg"
    )


def test_colours_follow_the_switch(opened):
    back = "return getComputedStyle(document.body).backgroundColor"
    light = opened.execute_script(back)
    opened.find_element(By.ID, "theme").click()
    dark = opened.execute_script(back)
    assert dark != light
    opened.find_element(By.ID, "theme").click()
    assert opened.execute_script(back) == light
    opened.find_element(By.ID, "theme").click()


def test_explorables_answer(opened):
    explored(opened)
    assert drag(opened, "play-clipping", 0) == "1 of 3 directions leave 10 % of 30 %; images on 1."
    assert drag(opened, "play-clipping", 100) == "3 of 3 directions leave 30 % of 30 %; images on 2."
    assert drag(opened, "play-attack", 0) == "At epsilon 0.0, right of 2 digits: no removal: 2; cutoff 0: 2."
    assert drag(opened, "play-attack", 1) == "At epsilon 0.1, right of 2 digits: no removal: 1; cutoff 0: 1."
    moved = "return [...document.querySelector('#play-attack canvas').getContext('2d').getImageData(0, 0, 2, 2).data]"
    levels = opened.execute_script(moved)[::4]
    assert levels == [0, 255, 8, 247]  # moved by 7.85 up where the sign's bit is set, clamped
    assert drag(opened, "play-pruning", 1) == "2 of 6 nodes dropped, high alignment first: 60 % of 90 %."
    gone = "return [...document.querySelectorAll('#play-pruning circle.gone')].length"
    assert opened.execute_script(gone) == 2
    before = drag(opened, "play-noise", 20)
    assert before.startswith("Mean 0.")
    opened.execute_script("document.querySelector('#play-noise button').click()")
    assert drag(opened, "play-noise", 20) != before


def test_noise_in_the_browser_agrees_with_ours(opened):
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(60, 7)), generator.normal(size=(60, 4))
    script = "return explore.correlations(arguments[0], arguments[1], 60, 7, 4)"
    theirs = opened.execute_script(script, x.ravel().tolist(), y.ravel().tolist())
    np.testing.assert_allclose(theirs, cca.cca(x, y).correlations[:4].numpy(), atol=1e-9)
    for sizes in ((2000, 100, 50), (500, 80, 60), (100, 70, 60)):
        found = opened.execute_script("return explore.edges(...arguments)", *sizes)
        np.testing.assert_allclose(found, null_edges(*sizes), atol=1e-12)
        law = opened.execute_script("return explore.wachter(...arguments)", *sizes)
        assert law == sorted(law, reverse=True)
        assert len(law) == min(sizes[1:])
        assert np.mean(law) == pytest.approx(null_mean(*sizes), abs=2e-3)
