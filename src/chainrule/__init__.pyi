"""The public names, for type checkers; a test holds them to those of __init__.py."""

from chainrule.data.samples import SAMPLES as SAMPLES
from chainrule.data.tables import (
    load_table as load_table,
    read_table as read_table,
    write_table as write_table,
)
from chainrule.engines.function import compile as compile
from chainrule.engines.registry import ENGINES as ENGINES
from chainrule.engines.versions import show_versions as show_versions
from chainrule.errors import *
from chainrule.estimators.mlp import MLPClassifier as MLPClassifier, MLPRegressor as MLPRegressor
from chainrule.estimators.networks import (
    NetworkClassifier as NetworkClassifier,
    NetworkRegressor as NetworkRegressor,
)
from chainrule.estimators.tables import (
    TableClassifier as TableClassifier,
    TableRegressor as TableRegressor,
)
from chainrule.explaining import pictures as pictures
from chainrule.explaining.attributing import (
    Attributions as Attributions,
    attributions as attributions,
)
from chainrule.explaining.doctor.diagnosing import diagnose as diagnose
from chainrule.explaining.doctor.verdict import (
    Trial as Trial,
    Verdict as Verdict,
    Verdicts as Verdicts,
)
from chainrule.explaining.explanation import (
    Explanation as Explanation,
    MatrixExplanation as MatrixExplanation,
    explain as explain,
)
from chainrule.explaining.importance import (
    PermutationImportance as PermutationImportance,
    permutation_importance as permutation_importance,
)
from chainrule.explaining.nudging import Nudge as Nudge, nudge as nudge
from chainrule.explaining.pictures.graphs import draw as draw
from chainrule.explaining.pictures.picture import Picture as Picture
from chainrule.graph.functions import (
    logsumexp as logsumexp,
    one_hot as one_hot,
    stop_gradient as stop_gradient,
)
from chainrule.graph.loops import scan as scan
from chainrule.graph.node import (
    Node as Node,
    constant as constant,
    input as input,
    variable as variable,
)
from chainrule.graph.primitives.primitive import Primitive as Primitive
from chainrule.graph.table import primitive as primitive
from chainrule.graph.trace import Trace as Trace, trace as trace
from chainrule.models.loading import load as load
from chainrule.models.options import CHOICES as CHOICES
from chainrule.models.table import TableModel as TableModel
from chainrule.nn.activations import *
from chainrule.nn.binning import *
from chainrule.nn.initializers import *
from chainrule.nn.layers.augmentation import *
from chainrule.nn.layers.base import *
from chainrule.nn.layers.bidirectional import *
from chainrule.nn.layers.cells import *
from chainrule.nn.layers.convolution import *
from chainrule.nn.layers.dense import *
from chainrule.nn.layers.distributed import *
from chainrule.nn.layers.dropout import *
from chainrule.nn.layers.embedding import *
from chainrule.nn.layers.encoding import *
from chainrule.nn.layers.masking import *
from chainrule.nn.layers.merging import *
from chainrule.nn.layers.normalization import *
from chainrule.nn.layers.padding import *
from chainrule.nn.layers.pooling import *
from chainrule.nn.layers.recurrent import *
from chainrule.nn.layers.reshaping import *
from chainrule.nn.layers.scaling import *
from chainrule.nn.layers.separable import *
from chainrule.nn.layers.transposed import *
from chainrule.nn.losses import *
from chainrule.nn.masking import *
from chainrule.nn.regularizers import *
from chainrule.showing.report.beside import RunComparison as RunComparison, compare_runs as compare_runs
from chainrule.showing.report.writing import report as report
from chainrule.train.callbacks import *
from chainrule.train.history import History as History
from chainrule.train.kept import KeptEpochs as KeptEpochs
from chainrule.train.many import fit_many as fit_many
from chainrule.train.metrics import Metric as Metric
from chainrule.train.mixing import mixture as mixture
from chainrule.train.network import Network as Network
from chainrule.train.optimizers import *
from chainrule.train.parameters import Parameters as Parameters
from chainrule.train.rates import (
    LearningRates as LearningRates,
    find_learning_rate as find_learning_rate,
)
from chainrule.train.recorded import Recorded as Recorded
from chainrule.train.recording import *
from chainrule.train.schedules import *
from chainrule.train.sequences import pad_sequences as pad_sequences
from chainrule.train.tensorboard import TensorBoardLog as TensorBoardLog
from chainrule.transform.backprop import Gradient as Gradient, grad as grad
from chainrule.transform.check import GradientReport as GradientReport, check_gradients as check_gradients
from chainrule.transform.simplify import simplify as simplify
from chainrule.transform.unroll import unroll as unroll

Row = Primitive  # its old name
__version__: str
