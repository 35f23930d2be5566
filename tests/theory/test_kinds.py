"""Nothing of a kind goes untested: each kind of claim and of step, and each quantity, is met by the generic tests.

The tests of laws run over what laws say, and name none. So a kind that no law uses would be tested by nothing; these
tests fail until one does.
"""

from typing import get_args

import numpy as np
import pytest

from certified_model import CURVES, OTHERWISE
from numerics.lowering.atoms import ROWS
from theory.catalogue import laws
from theory.checker.kinds import KINDS, Step, kind
from theory.claims import Claim
from theory.quantities import QUANTITIES, Quantity
from toy_models.data_law import DataLaw
from toy_models.ufm import UFM

LAWS = laws().values()
CLAIMS = [claim for law in LAWS for claim in law.claims]
