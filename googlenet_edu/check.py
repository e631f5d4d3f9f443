"""`python -m googlenet_edu.check A1.ipynb`: the command of `classroom.check_command`."""

import sys

from .classroom.check_command import main

if __name__ == "__main__":
    sys.exit(main())
