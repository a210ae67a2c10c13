"""The models that contracts hold in Python: the same integers, bit for bit.

The integer specification that both read (Solidity in contracts/models/online/, Python here):

- Numbers are 16-bit lanes of 256-bit words (`words`); features are bytes (`features`).
- Shifts of negative numbers round down (arithmetic), everything saturates, nothing wraps.
- Ties go to the lowest label; of two classes, a linear model says 1 where its score is above 0.
- Certainty, P(h(x) = y) before learning, is counted in sixteenths from 1 to 16.
"""

from orchestrator.models.online.base import OnChainModel, SparseModel, Verdict
from orchestrator.models.online.dense import DensePerceptron, NearestCentroid
from orchestrator.models.online.sparse_counts import NaiveBayes, SparseNearestCentroid
from orchestrator.models.online.sparse_linear import SparseLinear, SparseLogistic, SparsePerceptron
