"""Each assignment tells right from almost right: what people usually get wrong loses exactly its tests.

In the student's process and with its questions, as in grading, but without nbgrader and sandbox;
`test_grading` has those.
"""

import pytest

from googlenet_edu.classroom import inspecting, testing
from googlenet_edu.classroom.session import Student

from .classroom import COURSE, SOLUTION, read, text_of

pytestmark = pytest.mark.xdist_group("answers")


class Room:
    """A student's process for one assignment, in which one solution after the other is tried."""

    def __init__(self, name, folder):
        self.name = name
        withheld = inspecting.assignments()[name]["withheld"]
        self.student = Student(folder, withheld=withheld, seconds=60)
        source = read(COURSE / "source" / name / f"{name}.ipynb")
        self.cells = [one for one in source["cells"] if one["cell_type"] == "code"]

    def run(self, changes):
        """Return (points, ids of the failed tests) of a solution with changes.

        changes: (id of an answer, old text, new text).
        """
        texts = {one["id"]: SOLUTION.sub("", text_of(one)) for one in self.cells}
        for where, old, new in changes:
            assert old in texts[where], f"{where} has no {old!r}"
            texts[where] = texts[where].replace(old, new)
        touched = {where for where, _, _ in changes}
        points, failed = 0, []
        testing.connect(self.student.ask)
        try:
            for one in self.cells:
                own, text = one["metadata"]["nbgrader"], texts[one["id"]]
                if not own["grade"]:
                    reply = self.student.run(text)
                    assert reply["ok"] or touched, reply["stdout"]
                    continue
                try:
                    # The network's tests take a second each: only where the network is changed.
                    if not (touched and "net" not in touched and "test-net" in one["id"]):
                        exec(compile(text, one["id"], "exec"), {})
                    points += own["points"]
                except testing.Wrong:
                    failed.append(one["id"].removeprefix("test-"))
        finally:
            testing.connect(None)
        return points, failed


@pytest.fixture(scope="module")
def rooms(tmp_path_factory):
    open_rooms = {}

    def room(name):
        if name not in open_rooms:
            for one in open_rooms.values():
                one.student.close()
            open_rooms[name] = Room(name, tmp_path_factory.mktemp(name))
        return open_rooms[name]

    yield room
    for one in open_rooms.values():
        one.student.close()


FULL = {
    name: sum(entry["points"] for entry in known["cells"] if entry["kind"] == "test")
    for name, known in inspecting.assignments().items()
}


WRONG = {
    "A1": [
        ("slash", [("conv", "room // s", "room / s")], 6, "conv conv-hidden conv-dilation conv-error slider"),
        ("one pad", [("conv", "n + 2 * p", "n + p")], 5, "conv conv-hidden conv-dilation slider"),
        ("no dilation", [("conv", "(d * (k - 1) + 1)", "k")], 2, "conv-dilation conv-error"),
        ("dilated span", [("conv", "(d * (k - 1) + 1)", "d * k")], 2, "conv-dilation conv-error"),
        ("no error", [("conv", "if room < 0", "if False")], 1, "conv-error"),
        ("dumb error", [("conv", 'raise ValueError(f"', 'raise TypeError(f"')], 1, "conv-error"),
        ("never drops", [("pool", "windows -= 1", "pass")], 2, "pool-drop"),
        ("drops at the end only", [("pool", ">= n + p", ">= n + 2 * p")], 2, "pool-drop"),
        ("drops too much", [("pool", ">= n + p", ">= n")], 2, "pool-hidden"),
        ("floor", [("pool", "-(-room // s)", "room // s")], 4, "pool pool-hidden"),
        ("stride 1", [("pool", "s = k", "s = 1")], 4, "pool pool-hidden"),
        ("too strict", [("pool", "2 * p > k", "2 * p >= k")], 3, "pool-drop pool-error"),
        ("wrong hand", [("hand", "side_d = 28", "side_d = 26")], 2, "hand-padding"),
        ("a text", [("hand", "side_a = 112", "side_a = '112'")], 2, "hand-strides"),
        ("no fixed d", [("slider", "    d=fixed(1),\n", "")], 0, "slider"),
        ("wrong range", [("slider", "max=320", "max=224")], 0, "slider"),
        ("another function", [("slider", "    conv_size,", "    lambda n, k, s, p, d: pool_size(n, k, s, p, True),")], 0, "slider"),
        ("nothing unread", [("unread", "return (n + 2 * p - k) % s", "return 1")], 3, "unread unread-hidden"),
    ],
    "A2": [
        ("floor", [("hand", "[48, 24, 12, 6, 3]", "[48, 23, 11, 5, 2]")], 2, "hand-small"),
        ("a tuple", [("hand", "[112, 55, 27, 13, 6]", "(112, 55, 27, 13, 6)")], 2, "hand-floor"),
        ("each from n", [("chain", "n = side_after(n, layer)\n        sides.append(n)", "sides.append(side_after(n, layer))")], 6, "chain chain-hidden smallest"),
        ("all channels", [("channels", "one + three + five + pool", "one + _ + three + five + pool")], 3, "channels channels-hidden"),
        ("one side of the grid", [("channels", "grid * grid", "grid * 4")], 2, "head-hidden"),
        ("stride first", [("field", "size += (k - 1) * jump\n        jump *= s", "jump *= s\n        size += (k - 1) * jump")], 7, "field field-stem field-hidden"),
        ("a list", [("field", "return size, jump", "return [size, jump]")], 7, "field field-stem field-hidden"),
    ],
    "A3": [
        ("one divisor", [("keep", "unbiased=True", "unbiased=False")], 2, "keep-hidden"),
        ("Keras", [("keep", "(1 - momentum) * mean + momentum * new_mean", "momentum * mean + (1 - momentum) * new_mean")], 3, "keep keep-hidden"),
        ("unbiased", [("train", "var = ((x - mean) ** 2).mean(dim=(0, 2, 3), keepdim=True)", "var = x.var(dim=(0, 2, 3), keepdim=True)")], 5, "train train-hidden"),
        ("per picture", [("train", "dim=(0, 2, 3)", "dim=(2, 3)")], 5, "train train-hidden"),
        ("eps outside", [("train", "(var + eps).sqrt()", "(var.sqrt() + eps)")], 3, "train-hidden"),
        ("in place", [("train", "mean = x", "x -= x.mean(dim=(0, 2, 3), keepdim=True)\n    mean = x")], 3, "train-hidden"),
        ("alpha whole", [("lrn", "alpha / size * total", "alpha * total")], 3, "lrn-hidden"),
        ("power", [("lrn", "** beta", "* beta")], 3, "lrn-hidden"),
        ("edge divisor", [("lrn", "(near**2).sum(dim=1)", "(near**2).mean(dim=1) * size")], 3, "lrn-hidden"),
        ("alpha copied", [("lrn", "alpha / size\n", "alpha\n")], 2, "tensorflow"),
        ("bias forgotten", [("fold", "scale * (bias - mean) + beta", "bias + beta - scale * mean")], 3, "fold-hidden"),
        ("one factor", [("fold", "scale.view(-1, 1, 1, 1)", "scale.mean()")], 3, "fold-hidden"),
    ],
    "A4": [
        ("a bias", [("conv", "padding, bias=False", "padding")], 16, "conv-shape conv-names conv-hidden inception-params inception-hidden head-shape head-hidden"),
        ("no ReLU", [("conv", "nn.ReLU(inplace=True)", "nn.Identity()")], 9, "conv-hidden inception-hidden head-hidden"),
        ("order", [("inception", "self.branch1(x), self.branch2(x)", "self.branch2(x), self.branch1(x)")], 3, "inception-hidden"),
        ("3 x 3", [("inception", "ch5x5, 5, padding=2", "ch5x5, 3, padding=1")], 5, "inception-params inception-hidden"),
        ("average pool", [("inception", "nn.MaxPool2d(3", "nn.AvgPool2d(3")], 3, "inception-hidden"),
        ("pool's stride", [("inception", "nn.MaxPool2d(3, stride=1, padding=1)", "nn.MaxPool2d(3, padding=1)")], 6, "inception-shape inception-hidden inception-branches"),
        ("view", [("head", "if not (14 <= height <= 16 and 14 <= width <= 16):", "if False:"), ("head", "torch.flatten(self.feature_(x), 1)", "self.feature_(x).view(-1, 2048)")], 3, "head-rows"),
        ("square only", [("head", "and 14 <= width <= 16", "")], 3, "head-rows"),
        ("0.4", [("loss", "0.3", "0.4")], 2, "loss"),
        ("heads first", [("loss", "main, aux1, aux2 = outputs", "aux1, aux2, main = outputs")], 2, "loss"),
    ],
    "A5": [
        ("floor", [("net", "self.maxpool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)", "self.maxpool1 = nn.MaxPool2d(3, stride=2)")], 10, "net-stem net-output net-main net-heads net-plain"),
        ("pool 2", [("net", 'f"maxpool{number}", nn.MaxPool2d(3', 'f"maxpool{number}", nn.MaxPool2d(2')], 5, "net-main net-heads"),
        ("swapped heads", [("net", "self.fc(self.dropout(x)), first, second", "self.fc(self.dropout(x)), second, first")], 2, "net-heads"),
        ("order", [("net", "self.inception4c(self.inception4b(x))", "self.inception4b(self.inception4c(x))")], 5, "net-main net-heads"),
        ("only main", [("net", "return self.fc(self.dropout(x)), first, second", "return self.fc(self.dropout(x))")], 8, "net-output net-main net-heads net-plain"),
        ("binary MB", [("summary", "13385816 * 4", "13385816 * 4 // 1048576 * 1000000")], 2, "bytes"),
        ("all cells", [("summary", "128 * 20", "128 * 20 * 112 * 112")], 2, "counts"),
        ("no kernel area", [("cost", "cin * cout * k * k", "cin * cout * k")], 3, "cost cost-hidden"),
        ("1000", [("table", "/ 1024", "/ 1000")], 4, "odd odd-hidden"),
        ("only too large", [("table", "abs(printed[name] - exact)", "printed[name] - exact")], 4, "odd odd-hidden"),
    ],
}  # fmt: skip
CASES = [
    pytest.param(name, *case[1:], id=f"{name} {case[0]}") for name in WRONG for case in WRONG[name]
]


@pytest.mark.parametrize(("name", "changes", "lost", "failing"), CASES)
def test_a_usual_mistake_loses_its_tests(rooms, name, changes, lost, failing):
    points, failed = rooms(name).run(changes)
    assert failed == failing.split()
    assert points == FULL[name] - lost
