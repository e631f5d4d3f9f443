"""Settings of the course: run nbgrader's commands in this folder."""

from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearOutput,
    LimitOutput,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)

from googlenet_edu.classroom.judging import FEEDBACK, Judge, RestoreCells

c = get_config()  # noqa: F821  nbgrader defines it

c.CourseDirectory.course_id = "googlenet"
# A deleted test comes back, and counts as failed instead of waiting for a person for ever.
c.OverwriteCells.add_missing_cells = True

# RestoreCells: copied, stripped, retyped and deleted cells are put right before grading.
c.Autograde.sanitize_preprocessors = [
    ClearOutput,
    RestoreCells,
    OverwriteKernelspec,
    OverwriteCells,
    CheckCellMetadata,
]
# Judge: the student's cells run in a sandbox, the tests outside of it.
c.Autograde.autograde_preprocessors = [
    Judge,
    LimitOutput,
    SaveAutoGrades,
    AssignLatePenalties,
]
# Feedback without hidden tests and without scripts.
c.GenerateFeedback.preprocessors = FEEDBACK
c.GenerateFeedback.exporter_class = "googlenet_edu.classroom.showing.Feedback"
# What students wrote runs nothing in your browser.
c.HTMLExporter.filters = {"markdown2html": "googlenet_edu.classroom.showing.markdown"}

# Limits for one submission; "none" runs students' code with your own rights, without bubblewrap.
# c.Judge.seconds = 30
# c.Judge.total_seconds = 300
# c.Judge.memory_mb = 2048
# c.Judge.isolation = "required"
