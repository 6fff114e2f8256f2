"""Serves the demo shop and the SDK on this machine: `python -m storefront.demo.server --data FOLDER --port 8000`."""

import argparse
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).parent
DATA_FILES = ("/config.json", "/catalog.json")


class Handler(SimpleHTTPRequestHandler):
    """Files of the demo, of the SDK under /sdk/, and the two data files of the loaded shop; any other path is the shop's page."""

    def __init__(self, *args: object, data: Path, **kwargs: object) -> None:
        self.data = data
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def translate_path(self, path: str) -> str:
        plain = path.partition("?")[0].partition("#")[0]
        if plain in DATA_FILES:
            return str(self.data / plain[1:])
        root = HERE.parent if plain.startswith("/sdk/") else HERE
        wanted = (root / plain.lstrip("/")).resolve()
        inside = wanted.is_relative_to(root) and wanted.is_file() and wanted.suffix in (".js", ".css", ".html", ".svg")
        return str(wanted if inside else HERE / "index.html")

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, *args: object) -> None:
        """Quiet: the shop's own panel shows what happens."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, default=8000)
    args = parser.parse_args()
    missing = [name for name in DATA_FILES if not (args.data / name[1:]).exists()]
    if missing:
        print(f"{args.data} lacks {', '.join(missing)}: load a shop first (`make run`).", file=sys.stderr)
        return 1
    try:
        server = ThreadingHTTPServer(("127.0.0.1", args.port), partial(Handler, data=args.data))
    except OSError:
        print(f"Port {args.port} is taken. Choose another: make run SHOP_PORT={args.port + 1}", file=sys.stderr)
        return 1
    print(
        f"The shop is open: http://localhost:{args.port}   (Ctrl-C closes it; `make down` stops the local stack)",
        flush=True,
    )
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print("\nThe shop is closed.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
