"""The public names, for type checkers; a test holds them to those of __init__.py."""

from chainrule.data.samples import (
    SAMPLES as SAMPLES,
)
from chainrule.data.tables import (
    load_table as load_table,
    read_table as read_table,
    write_table as write_table,
)
from chainrule.engines.function import (
    compile as compile,
)
from chainrule.errors import (
    ChainruleError as ChainruleError,
    DataError as DataError,
    DivergenceWarning as DivergenceWarning,
    EngineWarning as EngineWarning,
    FileFormatError as FileFormatError,
    GraphError as GraphError,
    LearningWarning as LearningWarning,
    MissingFileError as MissingFileError,
    NoDerivativeError as NoDerivativeError,
    OutOfMemoryError as OutOfMemoryError,
    RenamedWarning as RenamedWarning,
    ShapeError as ShapeError,
    UnknownNameError as UnknownNameError,
    UnsupportedError as UnsupportedError,
)
from chainrule.explaining.explanation import (
    Explanation as Explanation,
    explain as explain,
)
from chainrule.graph.functions import (
    logsumexp as logsumexp,
    one_hot as one_hot,
    stop_gradient as stop_gradient,
)
from chainrule.graph.node import (
    Node as Node,
    Trace as Trace,
    constant as constant,
    input as input,
    trace as trace,
    variable as variable,
)
from chainrule.graph.primitives.primitive import Primitive as Primitive
from chainrule.graph.table import (
    primitive as primitive,
)
from chainrule.models.table import TableModel as TableModel, load as load
from chainrule.nn.activations import (
    ELU as ELU,
    LeakyReLU as LeakyReLU,
    elu as elu,
    gelu as gelu,
    identity as identity,
    leaky_relu as leaky_relu,
    relu as relu,
    sigmoid as sigmoid,
    silu as silu,
    softmax as softmax,
    softplus as softplus,
    step as step,
    tanh as tanh,
)
from chainrule.nn.initializers import (
    Filled as Filled,
    Normal as Normal,
    Orthogonal as Orthogonal,
    Scaled as Scaled,
)
from chainrule.nn.layers import (
    Activation as Activation,
    BatchNormalization as BatchNormalization,
    Dense as Dense,
    Dropout as Dropout,
    Embedding as Embedding,
    Flatten as Flatten,
    Layer as Layer,
    LayerNormalization as LayerNormalization,
)
from chainrule.nn.losses import (
    Huber as Huber,
    Quantile as Quantile,
    binary_crossentropy as binary_crossentropy,
    categorical_crossentropy as categorical_crossentropy,
    half_mse as half_mse,
    huber as huber,
    mae as mae,
    mse as mse,
    poisson as poisson,
    quantile as quantile,
)
from chainrule.nn.regularizers import (
    L1 as L1,
    L1L2 as L1L2,
    L2 as L2,
)
from chainrule.train.callbacks import (
    Checkpoint as Checkpoint,
    CSVLog as CSVLog,
    EarlyStopping as EarlyStopping,
)
from chainrule.train.history import (
    History as History,
)
from chainrule.train.network import (
    Network as Network,
    Parameters as Parameters,
)
from chainrule.train.optimizers import (
    LBFGS as LBFGS,
    SGD as SGD,
    Adagrad as Adagrad,
    Adam as Adam,
    AdamW as AdamW,
    RMSprop as RMSprop,
)
from chainrule.train.schedules import (
    Cosine as Cosine,
    ExponentialDecay as ExponentialDecay,
    OneCycle as OneCycle,
    ReduceOnPlateau as ReduceOnPlateau,
    StepDecay as StepDecay,
    WarmUp as WarmUp,
)
from chainrule.transform.backprop import Gradient as Gradient, grad as grad
from chainrule.transform.check import GradientReport as GradientReport, check_gradients as check_gradients
from chainrule.transform.simplify import simplify as simplify

__version__: str
