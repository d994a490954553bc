"""How far an operator's results may lie from the exact ones.

Three kinds of operators:

- Exact: elements are moved, compared, or made by one operation of IEEE 754, rounded once. Every bit is wanted.
- Rounded: a function of one element, whose error `docs/operators.md` promises in ULP; of float64, that of the C
  library.
- Summed, all others: results are those of inputs that differ by an ULP at most, and are rounded. So the error is
  measured and not guessed: the node is evaluated again with inputs that are so disturbed (`expected.py`), and the
  largest change, SPREADS times over, is what a result may be off. A sum that cancels may be far off, one that does not
  may not.
"""

from __future__ import annotations

import numpy as np

EXACT = frozenset(
    """Abs Add And BitCast BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Cast CastLike Ceil CenterCropPad Clip
    Compress Concat ConcatFromSequence Constant ConstantOfShape DepthToSpace Div Dropout Equal Expand EyeLike Flatten
    Floor Gather GatherElements GatherND GlobalMaxPool Greater GreaterOrEqual Hardmax Identity IsInf IsNaN Less
    LessOrEqual Max MaxPool MaxRoiPool MaxUnpool Min Mul Neg NonZero Not OneHot Optional OptionalGetElement
    OptionalHasElement Or Pad Range ReduceMax ReduceMin Relu Reshape ReverseSequence Round Scatter SequenceAt
    SequenceConstruct SequenceEmpty SequenceErase SequenceInsert SequenceLength SequenceMap Shape Sign Size Slice
    SpaceToDepth Split SplitToSequence Sqrt Squeeze StringConcat StringNormalizer StringSplit Sub TensorScatter
    ThresholdedRelu Tile TopK Transpose Trilu Unique Unsqueeze Where Xor ArgMax ArgMin""".split()
)
ARITHMETIC = frozenset({"Add", "Sub", "Mul", "Div", "Sqrt"})
# Of one element; all promise 4 ULP or less, most of them 1.
ROUNDED = {
    **dict.fromkeys(
        """Acos Acosh Asin Asinh Atan Atanh Celu Cos Cosh Erf Exp HardSigmoid HardSwish LeakyRelu Log Mish PRelu
        Reciprocal Selu Shrink Sigmoid Sin Sinh Softplus Softsign Swish Tan Tanh Mod""".split(),
        1.0,
    ),
    "Elu": 1.2,
    "Gelu": 2.1,
    "Pow": 1.0,
}
# Run through ONNX's definition of them, or by places (GridSample) or an evaluator (DeformConv) in float32.
DEFINED = frozenset(
    """AffineGrid Attention BlackmanWindow CausalConvWithState DeformConv GridSample HammingWindow HannWindow
    LinearAttention NegativeLogLikelihoodLoss SoftmaxCrossEntropyLoss SwiGLU""".split()
)
DEFINED_ULPS = 4.0
# Of float64 these are formulas in float64, whose small results are differences of larger numbers.
CANCELLING = frozenset({"Gelu", "HardSwish", "LogSoftmax", "Mish", "Swish"})
TRANSFORMS = frozenset({"DFT", "STFT"})  # sums in float64, of which some are 0
DOUBLE_ULPS = 8.0
# Of 0 and -0 they may give either, as sums may.
EITHER_ZERO = frozenset("Clip Max MaxPool Min ReduceMax ReduceMin GlobalMaxPool Relu".split())
SUMMED = 1.0
# Sums of which functions and products are made, each rounded to float32: a gate, its product, the state, its tanh.
RECURRENT = {"LSTM": 4.0, "GRU": 4.0, "RNN": 2.0}
SPREADS = 8.0  # three samples may well miss the worst case
WIDE_SLACK = 4.0  # of float64, where what is expected has an error like that of Linnet


def ulps(op: str, dtype: np.dtype, alone: bool = False) -> float:
    """The most that a result may be from the rounded exact one, apart from what disturbed inputs make of it.

    `alone`: in a graph of one node. In others a pass may join an operation with its neighbours, unrounded."""
    if op in ARITHMETIC and not alone:
        return 1.0
    if op in EXACT:
        return 0.0
    promised = ROUNDED.get(op, RECURRENT.get(op, SUMMED))
    # Of what is expected, rounding has already taken half an ULP: n + 0.5 becomes n whole steps, one at least.
    return np.floor(promised + 0.5) * (WIDE_SLACK if dtype == np.float64 else 1.0)


def is_disturbed(op: str, position: int) -> bool:
    """Whether rounding within a node may act like a change of an input. Scales of a grid, which decide shapes, stay."""
    return op not in EXACT and op not in ROUNDED and not (op in ("Resize", "Upsample") and position > 0)


def norm_error(op: str, value: np.ndarray) -> float:
    """What an element may be off, as a share of the largest one, or of 1 if that is larger.

    For what is computed step by step as ONNX defines it, each step rounded, or with constants of float32."""
    if op == "HardSigmoid":  # what HardSwish makes of it has 1 / 6 for an alpha that is a float32
        return float(ulp(np.array(0.5), value.dtype))
    doubles = op in TRANSFORMS or (op in CANCELLING and value.dtype == np.float64)
    if op not in DEFINED and not doubles:
        return 0.0
    wide = np.abs(value.astype(np.float64))
    most = max(1.0, float(wide[np.isfinite(wide)].max(initial=0.0)))
    if doubles:
        return DOUBLE_ULPS * float(ulp(np.array(most), np.dtype(np.float64)))
    coarse = np.dtype(np.float32) if value.dtype == np.float64 else value.dtype
    return DEFINED_ULPS * float(ulp(np.array(most), coarse))


def is_plain_float(dtype: np.dtype) -> bool:
    """The floats in which operators compute, not those of 8 bits or less."""
    return dtype.name in ("float16", "float32", "bfloat16", "float64")


def mantissa_bits(dtype: np.dtype) -> int:
    return {"float64": 52, "float32": 23, "float16": 10, "bfloat16": 7}[dtype.name]


def least_exponent(dtype: np.dtype) -> int:
    """Of the smallest normal number."""
    return {"float64": -1022, "float32": -126, "float16": -14, "bfloat16": -126}[dtype.name]


def ulp(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The distance of neighbours of that type at each value, as float64; 0 where it is infinite or NaN."""
    wide = np.abs(values.astype(np.float64))
    wide = np.where(np.isfinite(wide), wide, 0.0)
    exponent = np.where(wide == 0, least_exponent(dtype), np.maximum(np.frexp(wide)[1] - 1, least_exponent(dtype)))
    return np.ldexp(1.0, exponent - mantissa_bits(dtype))
