"""The HTML report of a site of 9,000 accounts, in a real browser.

With REPORT_PICTURES=DIR set, pictures of it are left there to be looked at.
"""
import os
import shutil
import subprocess
import sys
import tempfile

import report_site
from browser import Browser

ACCOUNTS = 9000
LAG_MS = 500  # a quiet machine takes a tenth of it
MAILHAUL = os.environ["MAILHAUL"]
ROWS = "#accounts tbody tr[aria-rowindex]"


def report(state, form):
    return subprocess.run([MAILHAUL, "report", "--config", "/dev/null", "--state", state,
                           "--format", form], check=True, stdout=subprocess.PIPE).stdout


def first_cells(browser, column):
    return browser.run("[...document.querySelectorAll('%s')].map(row => row.cells[%d].textContent)"
                       % (ROWS, column))


def count_text(browser, place):
    return browser.run("document.querySelector('#%s .count').textContent" % place)


def timed(browser, script):
    """Runs it, and returns the milliseconds that the page was busy with it, layout included."""
    took = browser.run("{ const start = performance.now(); %s;"
                       " void document.body.offsetHeight; performance.now() - start }" % script)
    browser.settle()
    return took


def set_filter(browser, place, text):
    return timed(browser, "const input = document.querySelector('#%s input'); input.value = %r;"
                 " input.dispatchEvent(new Event('input'))" % (place, text))


def check_loads(browser, path):
    browser.open(path)
    browser.settle()
    assert browser.run("document.documentElement.dataset.ready") == "yes"
    assert browser.run("window.hacked") is None, "something of the data was run"
    assert browser.run("document.images.length") == 0, "something of the data became markup"
    assert browser.requests == ["file://" + path], browser.requests
    assert count_text(browser, "accounts") == "9,000"
    shown = len(first_cells(browser, 0))
    assert 10 < shown < 100, "%d rows are in the document" % shown


def check_hostile_names(browser):
    set_filter(browser, "accounts", "</script>")
    assert count_text(browser, "accounts") == "1 of 9,000"
    assert first_cells(browser, 0) == [report_site.HOSTILE]
    browser.run("document.querySelector('#accounts .link').click()")
    assert browser.run("document.querySelector('dialog[open] h2').textContent") \
        == report_site.HOSTILE
    assert browser.run("window.hacked") is None
    browser.run("document.querySelector('dialog .close').click()")
    set_filter(browser, "accounts", "")


def check_sorts(browser):
    took = timed(browser, "document.querySelectorAll('#accounts th button')[2].click()")
    assert took < LAG_MS, "sorting took %d ms" % took
    counts = [int(text.replace(",", "")) for text in first_cells(browser, 2)]
    assert counts == sorted(counts, reverse=True) and counts[0] > counts[-1]
    assert browser.run("document.querySelectorAll('#accounts th')[2].ariaSort") == "descending"
    browser.run("document.querySelectorAll('#accounts th button')[2].click()")
    counts = [int(text.replace(",", "")) for text in first_cells(browser, 2)]
    assert counts == sorted(counts)
    browser.run("document.querySelectorAll('#accounts th button')[0].click()")


def check_filters(browser):
    took = set_filter(browser, "accounts", "novak")
    assert took < LAG_MS, "filtering took %d ms" % took
    names = first_cells(browser, 0)
    assert names and all("novak" in name for name in names)
    set_filter(browser, "accounts", "no such account")
    assert count_text(browser, "accounts") == "0 of 9,000" and first_cells(browser, 0) == []
    set_filter(browser, "accounts", "")
    browser.run("{ const select = document.querySelector('#accounts select'); select.value = 2;"
                " select.dispatchEvent(new Event('change')); }")
    assert set(first_cells(browser, 1)) <= {"behind", "behind, closed"} and first_cells(browser, 1)
    browser.run("{ const select = document.querySelector('#accounts select'); select.value = 0;"
                " select.dispatchEvent(new Event('change')); }")


def check_scrolls(browser):
    before = first_cells(browser, 0)
    browser.run("document.querySelector('#accounts .scroll').scrollTop = 1e9")
    browser.settle()
    after = first_cells(browser, 0)
    assert len(after) < 100 and not set(before) & set(after)
    last = "Math.max(...[...document.querySelectorAll('%s')].map(row => row.ariaRowIndex))" % ROWS
    assert browser.run(last) == ACCOUNTS + 1


def check_shapes(browser, pictures):
    for name, width, height, dark, mobile in [("light", 1280, 900, False, False),
                                              ("dark", 1280, 900, True, False),
                                              ("phone", 390, 844, False, True)]:
        browser.look(width, height, dark, mobile)
        assert browser.run("document.documentElement.scrollWidth") <= width, name + " is too wide"
        assert browser.run("document.querySelectorAll('svg').length") == 3
        assert browser.run("[...document.querySelectorAll('#accounts th')].every(head =>"
                           " head.offsetWidth === 0 || head.offsetWidth >= 30)"), name
        back = browser.run("getComputedStyle(document.body).backgroundColor")
        assert (max(int(part) for part in back[4:-1].split(",")) < 60) == dark, back
        if pictures:
            browser.picture(os.path.join(pictures, name + ".png"))


def check_paper(browser, pictures):
    browser.look(1280, 900)
    paper = browser.paper()
    assert paper.startswith(b"%PDF") and len(paper) > 50000
    assert len(first_cells(browser, 0)) < 100, "rows for paper were left behind"
    if pictures:
        with open(os.path.join(pictures, "paper.pdf"), "wb") as file:
            file.write(paper)


def main():
    place = tempfile.mkdtemp(prefix="mailhaul-report.")
    pictures = os.environ.get("REPORT_PICTURES")
    try:
        state = report_site.make(MAILHAUL, place, ACCOUNTS)
        path = os.path.join(place, "report.html")
        with open(path, "wb") as file:
            file.write(report(state, "html"))
        assert os.path.getsize(path) < 5_000_000
        with Browser() as browser:
            check_loads(browser, path)
            check_hostile_names(browser)
            check_sorts(browser)
            check_filters(browser)
            check_scrolls(browser)
            check_shapes(browser, pictures)
            check_paper(browser, pictures)
            assert browser.complaints == [], browser.complaints
            assert browser.run("window.hacked") is None
    finally:
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    if shutil.which("chromium") is None:
        sys.exit("chromium is not installed: tools/needs test")
    main()
