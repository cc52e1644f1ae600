"""Command line of the platform.

Whoever was killed is to be back soon, and most of a start is reading modules: so the command line
is read when the interpreter has been told not to waste time on them.
"""

import os

from gongfu.collector import seldom_collect


def main() -> None:
    """Run the command line."""
    seldom_collect()
    # numpy would start a thread per core for linear algebra, of which nothing here does any.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from gongfu.cli.main import app  # noqa: PLC0415 - see above

    app()


if __name__ == "__main__":
    main()
