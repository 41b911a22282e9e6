"""exp, log and their kin as straight-line code, for a scalar or for all lanes of a vector at once.

Every function here is within 2 ulp wherever the true result is a normal number, in float32 and in float64, and
keeps the infinities, NaNs and signed zeros of C's Annex F. Subnormal numbers: arguments count at their full value
everywhere. Results are gradual, within two of the smallest steps; but sigmoid and softplus become 0 where the true
value is below 0.76 of the smallest normal number.

The methods are textbook ones (Muller, Elementary Functions, chapters 3 and 11; fdlibm for the logarithm). The
coefficients are our own minimax fits: Remez's exchange in mpmath at 60 digits, for the relative error of the whole
result, then rounded. What was fitted, where, and the error before rounding stand beside each.

What bounds them on a core that does many operations at once is less their number than that number times the length
of the chain in which each waits for another: so few selects, and no rounding of a sum that a polynomial waits for.
"""

from dataclasses import dataclass
from math import inf, log as ln, nan, pi, sqrt

from chainrule.engines.native.code.ir import Code, Value
from chainrule.engines.native.code.types import Type


@dataclass(frozen=True)
class _Format:
    """A floating-point format, and the constants that its functions need.

    ``ln2`` and ``half_pi`` come in pieces that sum to the number. All but the last have so many trailing zero bits
    that a product with any multiple that occurs is exact, with a fused multiply-add or without one. The pieces of
    π/2 are all positive: so the sine of -0 is -0.
    """

    fraction: int  # the bits behind the binary point
    bias: int  # of the exponent field
    tiny: float  # the smallest normal number
    limits: tuple[float, float]  # exp is 0 below the first, infinite above the second
    flat: float  # where exp(-x) no longer changes what it is added to
    ln2: tuple[float, float]
    half_ln2: tuple[float, ...]  # for tanh, to which large multiples of ln 2 no longer matter
    half_pi: tuple[float, ...]  # in float64 for both formats
    exp: tuple[float, ...]  # (exp(r) - 1 - r) / r² on [-0.3467, 0.4056], error relative to expm1(r)
    coth: tuple[float, ...]  # (h coth(h) - 1) / h² of z = h² on [0, (0.3753 ln 2)²], relative to h coth(h)
    log: tuple[float, ...]  # (log((1 + s) / (1 - s)) - 2 s) / s³ of z = s² on [0, (√2 - 1)² / (√2 + 1)²]
    log_quarter: tuple[float, ...]  # the same on [0, 0.2625²]
    sin: tuple[float, ...]  # (sin(r) - r) / r³ of z = r² on [0, (π/4)²]
    cos: tuple[float, ...]  # (cos(r) - 1 + r²/2) / r⁴ of z = r², there too
    arctan: tuple[float, ...]  # (arctan(r) - r) / r³ of z = r² on [0, tan(π/8)²], at Chebyshev's nodes
    quarter_pi_rest: float  # π/4 but for the nearest number of this format

    @property
    def magic(self) -> float:
        """A number whose last place is worth 1: added to another, it rounds that one to a whole number."""
        return 1.5 * 2.0**self.fraction


_FORMATS = {
    "f32": _Format(
        fraction=23,
        bias=127,
        tiny=2.0**-126,
        limits=(-104.5, 89.0),
        flat=18.5,
        ln2=(0.69317626953125, -2.908897130469058e-05),
        half_ln2=(0.34657359,),
        half_pi=(1.5707963267923333, 2.563344151594519e-12),
        exp=(0.50000006, 0.16666503, 0.041662786, 0.00837104, 0.0014236303),  # 2^-25.5
        coth=(0.33332923, -0.022024749),  # 2^-25.2
        log=(0.66666776, 0.39977568, 0.2987107),  # 2^-30.2
        log_quarter=(0.6666663, 0.4000467, 0.28370082, 0.25590226),  # 2^-31.3
        sin=(-0.16666654, 0.008332149, -0.00019513622),  # 2^-28.0
        cos=(0.041666646, -0.00138873, 2.4431258e-05),  # 2^-33.0
        arctan=(-0.3333333, 0.1999954, -0.14263956, 0.10743731, -0.06451928),  # 2^-28.7
        quarter_pi_rest=-2.1855695000931204e-08,
    ),
    "f64": _Format(
        fraction=52,
        bias=1023,
        tiny=2.0**-1022,
        limits=(-746.0, 710.0),
        flat=40.0,
        ln2=(0.6931471805601177, -1.7239444525614835e-13),
        half_ln2=(0.34657359028005885, -8.619722262807418e-14),
        half_pi=(1.5707963267923333, 2.5633441515905732e-12, 3.9455541665632055e-24),
        exp=(
            *(0.5, 0.16666666666666682, 0.04166666666666885, 0.008333333333316834, 0.001388888888779572),
            *(0.000198412698969529, 2.480158945096383e-05, 2.755723466196096e-06, 2.7555493920087484e-07),
            *(2.5111918953471078e-08, 2.145055172883144e-09),
        ),  # 2^-60.3
        coth=(
            *(0.33333333333333315, -0.022222222222173696, 0.0021164021117453086, -0.00021164000616291645),
            *(2.1373212371928776e-05, -2.113927483420371e-06),
        ),  # 2^-62.2
        log=(
            *(0.6666666666666734, 0.39999999999416025, 0.2857142874210118, 0.22222198601191162),
            *(0.18183562942025275, 0.15314084179206322, 0.14795630538422563),
        ),  # 2^-59.5
        log_quarter=(
            *(0.6666666666666059, 0.40000000002841407, 0.2857142811746546, 0.22222257232025316),
            *(0.18180329045929103, 0.15421327554000466, 0.12813963614966886, 0.15608714111862806),
        ),  # 2^-55.4
        sin=(
            *(-0.1666666666666663, 0.008333333333322104, -0.00019841269829578325, 2.755731361734043e-06),
            *(-2.505074710704337e-08, 1.5896190926610695e-10),
        ),  # 2^-57.9
        cos=(
            *(0.041666666666666595, -0.0013888888888873036, 2.480158728883916e-05, -2.755731417558007e-07),
            *(2.0875700324508154e-09, -1.1358509113059142e-11),
        ),  # 2^-64.0
        arctan=(
            *(-0.3333333333333333, 0.19999999999999804, -0.14285714285659828, 0.11111111105155447),
            *(-0.09090908753500877, 0.07692296375032143, -0.06666424885738255, 0.05878928997834775),
            *(-0.05230454270650244, 0.04551593220626549, -0.034570561981427744, 0.016285756855221028),
        ),  # 2^-62.3
        quarter_pi_rest=3.061616997868383e-17,
    ),
}


_LOG2_E = 1.4426950408889634


def exp(code: Code, x: Value) -> Value:
    """Return e to the power of x, as 2ⁿ · exp(r) with x = n · ln 2 + r."""
    f = _FORMATS[x.type.kind]
    p, bits = _exp_reduced(code, _at_most(code, _at_least(code, x, f.limits[0]), f.limits[1]), 2 * f.bias)
    # One factor 2ⁿ alone would overflow or underflow before the result does.
    half = bits >> 1
    return p * _power_of_two(code, half, x.type) * _power_of_two(code, bits - half, x.type)


def expm1(code: Code, x: Value) -> Value:
    """Return exp(x) - 1 without its cancellation."""
    f = _FORMATS[x.type.kind]
    part, bits = _expm1_reduced(code, _at_most(code, _at_least(code, x, -f.flat), f.limits[1]), f.bias - 1)
    scale = _power_of_two(code, bits, x.type)  # half of 2ⁿ, which would overflow before the result does
    result = code.fma(scale, part, scale - 0.5) * 2
    return _signed_like(code, result, x)


def log(code: Code, x: Value) -> Value:
    """Return the natural logarithm."""
    f = _FORMATS[x.type.kind]
    small = x < f.tiny
    scaled = code.select(small, x * 2.0 ** (f.fraction + 2), x)
    mantissa, exponent, _ = _taken_apart(code, scaled)
    exponent = code.select(small, exponent + (f.fraction + 2), exponent)
    return _log_specials(code, x, _log_of_parts(code, mantissa - 1, exponent))


def log1p(code: Code, x: Value) -> Value:
    """Return log(1 + x) without the rounding of the sum."""
    total = x + 1
    large = x > 1
    lost = code.select(large, _same(x, 1), x) - (total - code.select(large, x, _same(x, 1)))
    mantissa, exponent, scale = _taken_apart(code, total)
    # 1 - m, so that at x = -0 every zero on the way is negative
    fraction = code.fma(scale, lost * 0.5, -(1 - mantissa))
    return _log_specials(code, total, _log_of_parts(code, fraction, exponent))


def tanh(code: Code, x: Value) -> Value:
    """Return the hyperbolic tangent, as s = 1 - 2⁻ⁿ and the small difference of the true value to that.

    With |x| = n · ½ ln 2 + h and c = h · coth(h), exp(2|x|) is 2ⁿ (c + h) / (c - h), and the difference is
    2⁻ⁿ (2h - s (c - h)) / (2c - s (c - h)).
    """
    f = _FORMATS[x.type.kind]
    size = _at_most(code, code.absolute(x), f.flat)
    # -n is rounded to halves, and these up: n is the whole number next to 2 |x| / ln 2 - 0.25. So n = 0, where little
    # is rounded, lasts as long as the numbers below ¼, whose last place is worth least.
    magic = f.magic / 2 + f.bias
    shifted = code.fma(size, _same(x, -2 * _LOG2_E), _same(x, magic + 0.5))
    field = _bits(code, shifted) & -2
    n = code.bitcast(field, x.type) - magic  # -n, that is
    h = size
    for piece in f.half_ln2:
        h = code.fma(n, _same(x, piece), h)
    z = h * h
    c = code.fma(z, _polynomial(code, z, f.coth), _same(x, 1))
    power = code.bitcast(field << (f.fraction - 1), x.type)  # 2⁻ⁿ
    s, rest = 1 - power, h - c
    quotient = code.fma(s, rest, h + h) / code.fma(s, rest, c + c)
    return _signed_like(code, code.fma(power, quotient, s), x)


def sigmoid(code: Code, x: Value) -> Value:
    """Return 1 / (1 + exp(-x)).

    For negative x this is e / (e + 2⁻ⁿ), where exp(x) = 2ⁿ · e and e = 1 + p. It is written as 2ⁿ and a small
    difference to that, for the quotient of two rounded numbers can be off by more than 2 ulp. For positive x it is
    1 less the result for -x.
    """
    p, power, inverse, tiny = _exp_of_size(code, x)
    e = p + 1
    negative = power + code.fma(-e, power, p) / (e + inverse)
    negative = code.select(tiny, _same(x, 0), negative)
    return code.select(x > 0, 1 - negative, negative)


def softplus(code: Code, x: Value) -> Value:
    """Return log(1 + exp(x)): max(x, 0), and beside it log(1 + exp(-|x|)).

    With exp(-|x|) = 2ⁿ · e and e = 1 + p that is log((1 + s) / (1 - s)) for s = e / (e + 2¹⁻ⁿ), written as 2ⁿ⁻¹ and a
    difference to that. For n = 0, where the difference would be large, it is log 2 and the same of s = p / (p + 4).
    """
    p, power, inverse, tiny = _exp_of_size(code, x)
    e = p + 1
    near, none, half = power.equals(1), _same(x, 0), power * 0.5
    above = code.select(near, p, code.fma(-e, half, p))
    below = e + code.select(near, _same(x, 3), inverse + inverse)
    quotient = above / below
    s = quotient + code.select(near, none, half)
    z = s * s
    rest = code.fma(s * z, _polynomial(code, z, _FORMATS[x.type.kind].log_quarter), quotient + quotient)
    rest = code.select(near, _same(x, ln(2)), power) + rest
    return code.select(x < 0, none, x) + code.select(tiny, none, rest)


def sin(code: Code, x: Value) -> Value:
    """Return the sine of x in radians; the C library's where |x| > 10⁴."""
    return _sine(code, x, 0, "sin")


def cos(code: Code, x: Value) -> Value:
    """Return the cosine of x in radians; the C library's where |x| > 10⁴."""
    return _sine(code, x, 1, "cos")


def arctan(code: Code, x: Value) -> Value:
    """Return the angle in radians whose tangent is x: π/2 or π/4, and that of a number below tan(π/8)."""
    f, size = _FORMATS[x.type.kind], code.absolute(x)
    large, middle = size > sqrt(2) + 1, size > sqrt(2) - 1
    near = code.select(middle, (size - 1) / (size + 1), size)
    near = code.select(large, -1 / size, near)
    z = near * near
    small = code.fma(near * z, _polynomial(code, z, f.arctan), near)
    base = code.select(large, _same(x, 2), code.select(middle, _same(x, 1), _same(x, 0)))
    rest = base * _same(x, f.quarter_pi_rest)
    return _signed_like(code, base * _same(x, pi / 4) + (small + rest), x)


def _same(x: Value, number: float) -> Value:
    return x.code.constant(number, x.type)


def _bits(code: Code, x: Value) -> Value:
    return code.bitcast(x, x.type.of(f"u{x.type.bits}"))


def _polynomial(code: Code, x: Value, coefficients: tuple[float, ...]) -> Value:
    """Return c₀ + c₁x + c₂x² + ..., by Horner's scheme in x² over pairs (c₀ + c₁x), (c₂ + c₃x), ...

    Measured: nearly as many results a second as by Horner's in x, and nearly as soon as by Estrin's.
    """
    square = x * x
    terms = [_same(x, c) for c in coefficients]
    last = terms.pop() if len(terms) % 2 else None
    pairs = [code.fma(b, x, a) for a, b in zip(terms[::2], terms[1::2], strict=True)]
    result = pairs.pop() if last is None else last
    for pair in reversed(pairs):
        result = code.fma(result, square, pair)
    return result


def _at_least(code: Code, x: Value, low: float) -> Value:
    # A select, not code.maximum: it is one instruction on x86, and NaN passes.
    least = _same(x, low)
    return code.select(least > x, least, x)


def _at_most(code: Code, x: Value, high: float) -> Value:
    most = _same(x, high)
    return code.select(most < x, most, x)


def _signed_like(code: Code, result: Value, x: Value) -> Value:
    """Return a result that has the sign of x, or is +0, with the sign of x."""
    signs = _bits(code, x) & (1 << (x.type.bits - 1))
    return code.bitcast(_bits(code, result) | signs, x.type)


def _power_of_two(code: Code, biased: Value, type: Type) -> Value:
    """Return 2ⁿ, of whose argument the last bits are n plus the format's bias; the first bits do not count."""
    return code.bitcast(biased << _FORMATS[type.kind].fraction, type)


def _reduced(code: Code, x: Value, bias: int, sign: int = 1, offset: float = 0.0) -> tuple[Value, Value]:
    """Write x as n · ln 2 + r: return r, and a number whose last bits are ``sign`` · n + ``bias``.

    n is the whole number nearest to x / ln 2 - offset.
    """
    f = _FORMATS[x.type.kind]
    magic = _same(x, f.magic + bias)
    if offset:
        shifted = code.fma(x, _same(x, sign * _LOG2_E), _same(x, -sign * offset)) + magic
    else:
        shifted = code.fma(x, _same(x, sign * _LOG2_E), magic)
    n = shifted - magic
    r = x
    for piece in f.ln2:
        r = code.fma(n, _same(x, -sign * piece), r)
    return r, _bits(code, shifted)


def _exp_reduced(code: Code, x: Value, bias: int) -> tuple[Value, Value]:
    """Write exp(x) as 2ⁿ · p with p in [√½, √2]: return p, and a number whose last bits are n + ``bias``."""
    r, bits = _reduced(code, x, bias)
    one = _same(r, 1)
    return code.fma(r, code.fma(r, _polynomial(code, r, _FORMATS[x.type.kind].exp), one), one), bits


def _expm1_reduced(code: Code, x: Value, bias: int) -> tuple[Value, Value]:
    """Write exp(x) as 2ⁿ · (1 + p): return p, and a number whose last bits are n + ``bias``.

    n is 0 on [-0.28, 0.4] and not on [-0.35, 0.35]: then 2ⁿ · p + (2ⁿ - 1) magnifies p's error on neither side.
    """
    r, bits = _reduced(code, x, bias, offset=0.085)
    return code.fma(r * r, _polynomial(code, r, _FORMATS[x.type.kind].exp), r), bits


def _exp_of_size(code: Code, x: Value) -> tuple[Value, Value, Value, Value]:
    """Write exp(-|x|) as 2ⁿ · (1 + p): return p, 2ⁿ, 2⁻ⁿ, and where 2ⁿ would be less than normal."""
    f = _FORMATS[x.type.kind]
    least = (0.6 - f.bias) / _LOG2_E
    size = code.absolute(x)
    r, bits = _reduced(code, _at_least(code, -size, least), f.bias, sign=-1)
    inverse = _power_of_two(code, bits, x.type)
    power = code.bitcast((2 * f.bias << f.fraction) - _bits(code, inverse), x.type)
    return code.fma(r * r, _polynomial(code, r, f.exp), r), power, inverse, size > -least


def _taken_apart(code: Code, x: Value) -> tuple[Value, Value, Value]:
    """Write a positive normal x as 2ᵏ · m with √½ <= m < √2: return m, -k and 2¹⁻ᵏ (0 for the largest k).

    -k and not k, for then a zero k gives -k · (-ln 2) = -0, which can be added to -0.
    """
    f = _FORMATS[x.type.kind]
    one = f.bias << f.fraction
    root = int(sqrt(0.5) * 2.0 ** (f.fraction + 1)) - (2 << f.fraction) + one  # the bits of √½
    field = _bits(code, x) - (root - one)  # k + bias, and behind it the distance of m from √½
    mantissa = code.bitcast((field & ((1 << f.fraction) - 1)) + root, x.type)
    biased = code.bitcast((field >> f.fraction) | _magic_bits(f), x.type)
    scale = code.bitcast((2 * one + (1 << f.fraction)) - (field & -(1 << f.fraction)), x.type)
    return mantissa, (f.magic + f.bias) - biased, scale


def _magic_bits(f: _Format) -> int:
    return ((f.bias + f.fraction) << f.fraction) + (1 << (f.fraction - 1))


def _log_of_parts(code: Code, fraction: Value, exponent: Value) -> Value:
    """Return log(1 + fraction) - exponent · ln 2, as fdlibm does: with s = fraction / (2 + fraction)."""
    f = _FORMATS[fraction.type.kind]
    high, low = (_same(fraction, -piece) for piece in f.ln2)
    half = fraction * (fraction * 0.5)
    s = fraction / (fraction + 2)
    z = s * s
    rest = code.fma(s, code.fma(z, _polynomial(code, z, f.log), half), exponent * low)
    return code.fma(exponent, high, fraction - (half - rest))


def _log_specials(code: Code, x: Value, result: Value) -> Value:
    result = code.select(x.equals(inf), x, result)
    result = code.select(x.equals(0), _same(x, -inf), result)
    return code.select(x >= 0, result, _same(x, nan))


def _sine(code: Code, x: Value, quarters: int, name: str) -> Value:
    """Return sin(x + quarters · π/2), by Cody and Waite's reduction to |r| <= π/4 (Muller, section 11.2)."""
    f = _FORMATS[x.type.kind]
    magic = _same(x, f.magic + quarters)
    shifted = code.fma(x, _same(x, 2 / pi), magic)
    # Next to a multiple of π/2 nearly all of x cancels. A float32 is reduced in float64: that is cheaper than
    # the many pieces that float32 would need.
    n, wide = code.convert(shifted - magic, "f64"), code.convert(x, "f64")
    for piece in f.half_pi:
        wide = code.fma(n, _same(wide, -piece), wide)
    r = code.convert(wide, x.type.kind)
    z = r * r
    sine = _signed_like(code, code.fma(r * z, _polynomial(code, z, f.sin), r), r)
    cosine = code.fma(z * z, _polynomial(code, z, f.cos), code.fma(z, _same(z, -0.5), _same(z, 1)))
    quadrant = _bits(code, shifted)
    result = code.select((quadrant & 1).differs(0), cosine, sine)
    flip = (quadrant & 2) << (x.type.bits - 2)
    result = code.bitcast(_bits(code, result) ^ flip, x.type)
    return _replaced(code, x, code.absolute(x) > 1e4, result, name)


def _replaced(code: Code, x: Value, where: Value, result: Value, name: str) -> Value:
    """Return the result, in the lanes that ``where`` names replaced by the C library's."""
    function = name + "f" * (x.type.kind == "f32")
    lanes = x.type.lanes
    needed = code.intrinsic("vector.reduce.or", where, type=where.type.element) if lanes else where
    turns = code.select(needed, code.index(max(lanes, 1)), code.index(0))
    with code.loop(turns, carry=[result]) as loop:
        (so_far,) = loop.carried
        if not lanes:
            loop.next = [code.call(function, x.type, x)]
        else:
            one = code.lane(x, loop.index)
            called = code.call(function, one.type, one)
            kept = code.select(code.lane(where, loop.index), called, code.lane(so_far, loop.index))
            loop.next = [code.set_lane(so_far, kept, loop.index)]
    return loop.carried[0]
