"""`python -m googlenet_edu.grade A1 ...`: the command of `classroom.grade_command`."""

import sys

from .classroom.grade_command import main

if __name__ == "__main__":
    sys.exit(main())
