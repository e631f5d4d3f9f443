"""Settings of the course: run nbgrader's commands in this folder."""

c = get_config()  # noqa: F821  nbgrader defines it

c.CourseDirectory.course_id = "googlenet"
# A deleted test comes back, and counts as failed instead of waiting for a person for ever.
c.OverwriteCells.add_missing_cells = True
