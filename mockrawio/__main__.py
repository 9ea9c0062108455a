"""``python -m mockrawio`` is the ``mockrawio`` command."""

from .cli import main

if __name__ == "__main__":
    main(prog_name="mockrawio")
