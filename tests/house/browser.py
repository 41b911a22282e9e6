"""Pages as a browser lays them out: each picture at several widths, light and dark, measured by a script."""

import json
import os
import re
import shutil
import subprocess
from html import unescape

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)
needed = pytest.mark.skipif(
    BROWSER is None, reason="no Chromium is installed: apt install chromium, or brew install --cask chromium"
)
PAGE = """<!doctype html><meta charset="utf-8"><body>
<script id="pages" type="application/json">%s</script><script>%s</script>"""
SCRIPT = r"""
const SETTINGS = [[900, "light"], [900, "dark"], [360, "light"], [360, "dark"]];
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
const LOOK = {light: ["#ffffff", "#1f2328"], dark: ["#0d1117", "#e6edf3"]};
const pages = JSON.parse(document.getElementById("pages").textContent), found = [];
const said = text => text.textContent.slice(0, 40);

function parsed(colour) {
  const numbers = (colour.match(/[-\d.]+(?:e-?\d+)?/g) || []).map(Number);
  if (!numbers.length) return [0, 0, 0, 0];
  const [r, g, b, a = 1] = numbers;
  return colour.startsWith("color(") ? [255 * r, 255 * g, 255 * b, a] : [r, g, b, a];
}
const over = ([r, g, b, a], under) => [r, g, b].map((c, i) => c * a + under[i] * (1 - a));
function luminance(colour) {
  const linear = colour.slice(0, 3).map(c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
}
function contrast(a, b) {
  const [low, high] = [luminance(a), luminance(b)].sort((p, q) => p - q);
  return (high + 0.05) / (low + 0.05);
}
const quad = (matrix, x, y, w, h) => [[x, y], [x + w, y], [x + w, y + h], [x, y + h]].map(([a, b]) =>
  [matrix.a * a + matrix.c * b + matrix.e, matrix.b * a + matrix.d * b + matrix.f]);
function depth(p, q) {  // how deep two convex quads lie in each other, by their axes
  let least = Infinity;
  for (const shape of [p, q]) for (let i = 0; i < 2; i++) {
    const [dx, dy] = [shape[i + 1][0] - shape[i][0], shape[i + 1][1] - shape[i][1]], long = Math.hypot(dx, dy) || 1;
    const [a, b] = [p, q].map(s => s.map(([x, y]) => (-dy * x + dx * y) / long));
    least = Math.min(least, Math.max(...a) - Math.min(...b), Math.max(...b) - Math.min(...a));
  }
  return least;
}
function ground(text, at, shapes, page, view) {  // what is painted below the middle of a text
  const style = view.getComputedStyle(text);
  if (style.stroke !== "none") page = over(parsed(style.stroke), page);
  if (style.stroke !== "none" && parsed(style.stroke)[3] > 0) return page;
  for (const {shape, box, matrix} of shapes) {
    if (!(shape.compareDocumentPosition(text) & 4)) break;
    if (at[0] < box.left || at[0] > box.right || at[1] < box.top || at[1] > box.bottom) continue;
    const point = new DOMPoint(...at).matrixTransform(matrix);
    if (!shape.isPointInFill(point)) continue;
    const own = view.getComputedStyle(shape), colour = parsed(own.fill);
    colour[3] *= own.fillOpacity * own.opacity;
    page = over(colour, page);
  }
  return page;
}
function measure(picture, name, view, page, complain) {
  const shapes = [...picture.querySelectorAll("rect, ellipse, path")].filter(
    s => view.getComputedStyle(s).fill !== "none").map(
    shape => ({shape, box: shape.getBoundingClientRect(), matrix: shape.getScreenCTM().inverse()}));
  const texts = [...picture.querySelectorAll("text")].filter(t => t.textContent.trim()).map(text => {
    const size = Number(text.getAttribute("font-size")), box = text.getBBox(), matrix = text.getScreenCTM();
    const base = Number(text.getAttribute("y"));
    return {text, size: size * Math.hypot(matrix.a, matrix.b), corners: quad(matrix, box.x, base - 0.72 * size,
      box.width, 0.9 * size)};
  });
  texts.forEach(({text, size, corners}, i) => {
    for (const other of texts.slice(0, i))
      if (depth(corners, other.corners) > 1) complain("overlap", `${said(text)} | ${said(other.text)}`);
    for (let cut = text.parentElement.closest("svg"); cut; cut = cut.parentElement.closest("svg")) {
      if (cut.getAttribute("overflow") === "visible") continue;
      const inner = cut.parentElement.closest("svg"), [x, y, w, h] = ["x", "y", "width", "height"].map(
        key => Number(cut.getAttribute(key)));
      const box = cut.getBoundingClientRect(), [a, , c] = inner ? quad(inner.getScreenCTM(), x, y, w, h)
        : [[box.left, box.top], , [box.right, box.bottom]];
      if (corners.some(([p, q]) => p < a[0] - 1 || p > c[0] + 1 || q < a[1] - 1 || q > c[1] + 1))
        complain("cut", said(text));
    }
    let holder = text.previousElementSibling;
    while (holder && holder.tagName === "text") holder = holder.previousElementSibling;
    const at = [0, 1].map(k => (corners[0][k] + corners[2][k]) / 2);
    if (holder && ["rect", "ellipse"].includes(holder.tagName)) {
      const box = holder.getBoundingClientRect();
      if (at[0] > box.left && at[0] < box.right && at[1] > box.top && at[1] < box.bottom &&
          corners.some(([p, q]) => p < box.left - 1 || p > box.right + 1 || q < box.top - 1 || q > box.bottom + 1))
        complain("leaves its box", said(text));
    }
    const below = ground(text, at, shapes, page, view);
    const ratio = contrast(over(parsed(view.getComputedStyle(text).fill), below), below);
    if (ratio < 4.5) complain("contrast", `${said(text)}: ${ratio.toFixed(1)}`);
    complain("size", size);
  });
}
async function shown(kind, html, wide, mode) {
  const frame = document.createElement("iframe"), [paper, ink] = LOOK[mode];
  frame.style = `width:${wide}px;height:600px;border:0;color-scheme:${mode}`;
  frame.srcdoc = `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${POLICY}">`
    + `<style>body{margin:0 8px;background:${paper};color:${ink};font:13px sans-serif}`
    + `.file>svg{height:auto;max-width:100%!important}</style>${html}`;
  const refused = [], loaded = new Promise(done => frame.onload = done);
  document.body.append(frame);
  frame.contentWindow.addEventListener("securitypolicyviolation", e => refused.push(e.blockedURI));
  await loaded;
  const view = frame.contentWindow, inside = frame.contentDocument, sizes = {};
  for (const each of inside.querySelectorAll("[data-name]")) {
    const name = each.dataset.name;
    const complain = (what, which) => what === "size" ? (sizes[name] = Math.min(sizes[name] ?? 99, which))
      : found.push([kind, wide, mode, name, what, which]);
    for (const picture of each.querySelectorAll("svg"))
      if (!picture.parentElement.closest("svg")) measure(picture, name, view, parsed(view.getComputedStyle(
        inside.body).backgroundColor), complain);
    for (const formula of each.querySelectorAll("math")) {
      const {width, height} = formula.getBoundingClientRect();
      if (!(width > 8 && height > 8)) complain("no height", formula.textContent.slice(0, 40));
    }
    if (inside.documentElement.scrollWidth > wide) complain("wider than the page", inside.documentElement.scrollWidth);
  }
  const asked = view.performance.getEntriesByType("resource").map(e => e.name).filter(u => !u.startsWith("data:"));
  for (const address of [...refused, ...asked]) found.push([kind, wide, mode, "", "asks for", address]);
  return [kind, wide, mode, sizes, inside.querySelectorAll("text").length, inside.querySelectorAll("math").length];
}
(async () => {
  const counts = [];
  try {
    for (const [kind, html] of Object.entries(pages))
      for (const [wide, mode] of SETTINGS) counts.push(await shown(kind, html, wide, mode));
  } catch (error) { found.push(["", 0, "", "", "script", String(error && error.stack || error)]); }
  const told = document.createElement("pre");
  told.id = "told";
  told.textContent = JSON.stringify({found, counts});
  document.body.replaceChildren(told);
})();
"""


def measured(pages, folder):
    """Return what a browser finds wrong in pages, HTML by kind, whose things have a data-name; and what it saw."""
    text = json.dumps(pages).replace("<", "\\u003c")
    page = folder / "page.html"
    page.write_text(PAGE % (text, SCRIPT), encoding="utf-8")
    flags = ["--headless", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr", "--no-first-run"]
    flags += ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    flags += [f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=60000", "--dump-dom"]
    done = subprocess.run(
        [BROWSER, *flags, page.as_uri()], capture_output=True, text=True, encoding="utf-8", timeout=120
    )
    told = re.search(r'<pre id="told">(.*?)</pre>', done.stdout, re.DOTALL)
    assert told, done.stderr[-2000:]
    spoken = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return json.loads(unescape(told[1])), spoken
