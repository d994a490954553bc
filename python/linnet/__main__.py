"""``python -m linnet``: the commands of the ``linnet`` program, and ``bench --against``.

The package carries the program; everything but ``bench --against`` is handed to it.
"""

from __future__ import annotations

import os
import sys

from linnet.errors import Error


def program_path() -> str:
    """The linnet program that came with the package."""
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), "linnet")


def _wants_peers(arguments: list[str]) -> bool:
    return arguments[:1] == ["bench"] and any(
        argument == "--against" or argument.startswith("--against=") for argument in arguments
    )


def main() -> int:
    """Exit status: 0, 1 for an error, 2 for wrong usage."""
    arguments = sys.argv[1:]
    if _wants_peers(arguments):
        from linnet.against.command import run_command

        try:
            return run_command(arguments[1:])
        except Error as error:
            print(f"linnet: {error}", file=sys.stderr)
            return 1
    program = program_path()
    try:
        os.execv(program, ["linnet", *arguments])
    except OSError as error:
        print(f"linnet: cannot start {program}: {error.strerror}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
