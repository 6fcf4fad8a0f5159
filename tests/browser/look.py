"""`python -m tests.browser.look success_criteria --width 390 --dark`: a page as a PNG, to look at.

Shows the store of TOUCHSTONE_DATABASE_URL, by default demo data in a folder of its own.
"""

import argparse
import os
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import ARGUMENTS, CHROMIUM, READY, serve


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address", nargs="+", help="of pages, with a query: weekly_review?week=...")
    parser.add_argument("--width", type=int, default=1440)
    parser.add_argument("--height", type=int, default=900)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--whole", action="store_true", help="the whole page, not its first screen")
    parser.add_argument("--out", type=Path, default=Path("screenshots"))
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    url = os.environ.get("TOUCHSTONE_DATABASE_URL")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        settings = {"TOUCHSTONE_DATABASE_URL": url} if url else {}
        process, server = serve(Path(folder), **settings)
        try:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            page = browser.new_page(
                viewport={"width": asked.width, "height": asked.height},
                color_scheme="dark" if asked.dark else "light",
            )
            for address in asked.address:
                page.set_viewport_size({"width": asked.width, "height": asked.height})
                page.goto(f"{server.url}/{address}")
                page.wait_for_selector(READY, timeout=60_000)
                page.wait_for_timeout(1_500)
                page.wait_for_selector(READY, timeout=60_000)
                if asked.whole:
                    # The page scrolls inside a frame of its own: a window as tall shows all of it.
                    tall = page.evaluate(
                        "document.querySelector('[data-testid=stMain]').scrollHeight"
                    )
                    page.set_viewport_size({"width": asked.width, "height": min(tall + 80, 8_000)})
                    page.wait_for_timeout(1_000)
                name = f"{address.split('?', maxsplit=1)[0] or 'overview'}-{asked.width}"
                path = asked.out / f"{name}{'-dark' if asked.dark else ''}.png"
                page.screenshot(path=path)
                print(path)
        finally:
            process.terminate()
            process.wait(timeout=10)


if __name__ == "__main__":
    main()
