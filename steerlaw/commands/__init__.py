"""The commands of the front door, one file each: a frozen dataclass of options that runs when called.

Nothing here imports JAX or SymPy until a command runs, so that `--help` is instant.
"""

from steerlaw.commands.choose import Choose
from steerlaw.commands.compare import Compare
from steerlaw.commands.convert import Convert
from steerlaw.commands.derive import Derive
from steerlaw.commands.doctor import Doctor
from steerlaw.commands.eval import Eval
from steerlaw.commands.figures import Figures
from steerlaw.commands.guide import Guide
from steerlaw.commands.laws import Laws
from steerlaw.commands.prompts import Prompts
from steerlaw.commands.run import Run
from steerlaw.commands.sweep import Sweep
from steerlaw.commands.texts import Texts
from steerlaw.commands.vector import Vector
from steerlaw.commands.verify import Verify

COMMANDS = {
    "verify": Verify,
    "guide": Guide,
    "laws": Laws,
    "derive": Derive,
    "vector": Vector,
    "convert": Convert,
    "sweep": Sweep,
    "texts": Texts,
    "prompts": Prompts,
    "run": Run,
    "eval": Eval,
    "choose": Choose,
    "doctor": Doctor,
    "compare": Compare,
    "figures": Figures,
}
