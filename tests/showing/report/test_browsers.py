"""The page as a browser has it: nothing overlaps or is cut, light and dark, wide and narrow; axe finds no fault."""

import json
import os
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest
from browser import BROWSER, measured, needed
from report_views import trained, views_of, write

from chainrule.showing.report.page import report

AXE = """
<script>%s</script><script>axe.run(document).then(found => {
  const told = document.createElement("pre");
  told.id = "told";
  told.textContent = JSON.stringify([found.passes.length, found.violations.map(v => [v.id, v.help, v.nodes[0].html])]);
  document.body.replaceChildren(told);
});</script></body>"""
HOW = "axe looks at no page here. To try it: npm install axe-core, then NODE_PATH=node_modules pytest"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Reports of classes and of numbers, by what they are of."""
    found = {}
    for data in ("iris", "diabetes"):
        folder = tmp_path_factory.mktemp("runs") / data
        write(folder, views_of(trained(folder, data), "a name of some words"))
        found[data] = report(folder)
    return found


@needed
def test_nothing_overlaps_is_cut_or_is_asked_for(pages, tmp_path):
    style = re.compile("<style>.*?</style>", re.DOTALL)
    body = re.compile("<body>(.*)</body>", re.DOTALL)
    given = {
        name: f'{style.search(page)[0]}<div data-name="report">{body.search(page)[1]}</div>'
        for name, page in pages.items()
    }
    told, spoken = measured(given, tmp_path)
    assert told["found"] == [], told["found"][:10]
    assert spoken == []
    assert len(told["counts"]) == 4 * len(pages) and all(texts > 100 for *_, texts, _ in told["counts"])


def axe():
    """What axe is written in, or None where it is not installed."""
    node = shutil.which("node")
    asked = "process.stdout.write(require.resolve('axe-core/axe.min.js'))"
    found = node and subprocess.run([node, "-e", asked], capture_output=True, text=True)
    return Path(found.stdout).read_text(encoding="utf-8") if found and found.returncode == 0 else None


@needed
@pytest.mark.parametrize(("dark", "wide"), [(False, 900), (True, 900), (False, 500)])
def test_axe_finds_nothing(pages, tmp_path, dark, wide):
    script = axe()
    if script is None:
        pytest.skip(HOW)
    for name in pages if wide == 900 and not dark else ["iris"]:
        page = pages[name]
        policy = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*/>')
        assert policy.search(page)
        looked_at = tmp_path / f"{name}.html"
        asks = AXE % script.replace("</script", "<\\/script")
        looked_at.write_text(policy.sub("", page).replace("</body>", asks), encoding="utf-8")
        flags = ["--headless", "--disable-gpu", f"--window-size={wide},900", "--virtual-time-budget=60000"]
        flags += ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        flags += ["--blink-settings=preferredColorScheme=0"] if dark else []
        flags += [f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", looked_at.as_uri()]
        done = subprocess.run(
            [BROWSER, *flags], capture_output=True, text=True, encoding="utf-8", timeout=120
        )
        told = re.search(r'<pre id="told">(.*?)</pre>', done.stdout, re.DOTALL)
        assert told, done.stderr[-2000:]
        passed, violations = json.loads(unescape(told[1]))
        assert violations == [] and passed > 20, (name, violations)
