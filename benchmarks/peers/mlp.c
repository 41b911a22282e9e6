/* Two or three dense layers, trained: every size is a constant that benchmarks/peers/c.py gives, one thread, no library.

   The idea is that of SimpleChains: tiles of a product stay in registers, and the optimizer's update is done to a tile
   of the gradient of W while it is there. `B`, the rows of a batch, is an argument of functions that are all inlined,
   so that a smaller last batch gets code of its own. */

#include <math.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

typedef float vector __attribute__((vector_size(64), aligned(4), may_alias));
#define AT(place) (*(vector *)(place))
#define EACH(p, P) _Pragma("GCC unroll 4") for (int p = 0; p < P; p++)

enum { W1 = 0, B1 = W1 + S0 * S1, W2 = B1 + S1, B2 = W2 + S1 * S2 };
#if LAYERS == 2
enum { OUT = S2, WIDEST = S0 * S1 > S1 * S2 ? S0 * S1 : S1 * S2 };
#else
enum { OUT = S3, WIDEST = S1 * S2 > S2 * S3 ? S1 * S2 : S2 * S3 };
enum { W3 = B2 + S2, B3 = W3 + S2 * S3 };
#endif

typedef struct {
    float rate, first, second; /* the learning rate, 1 / (1 - 0.9^t), 1 / (1 - 0.999^t) */
} Rates;

INLINE vector all(float x) { return (vector){0} + x; }

INLINE float activate(float z) {
#if TANH
    return tanhf(z);
#else
    return z < 0 ? 0 : z;
#endif
}

INLINE float slope(float a) {
#if TANH
    return 1 - a * a;
#else
    return a > 0;
#endif
}

/* Z = X W + b, a tile of R rows by V vectors. */
#define FORWARD_TILE(R, V)                                                                                                      \
    INLINE void forward_##R##_##V(const float *restrict X, const float *restrict W, const float *restrict b, float *restrict Z, \
                                  int r, int o, const int I, const int O) {                                                     \
        vector a[R][V];                                                                                                         \
        EACH(p, R)                                                                                                              \
            EACH(q, V) a[p][q] = AT(b + o + 16 * q);                                                                            \
        for (int i = 0; i < I; i++)                                                                                             \
            EACH(p, R) {                                                                                                        \
                vector x = all(X[(r + p) * I + i]);                                                                             \
                EACH(q, V) a[p][q] += x * AT(W + i * O + o + 16 * q);                                                           \
            }                                                                                                                   \
        EACH(p, R)                                                                                                              \
            EACH(q, V) AT(Z + (r + p) * O + o + 16 * q) = a[p][q];                                                              \
    }
FORWARD_TILE(4, 4) FORWARD_TILE(4, 2) FORWARD_TILE(4, 1) FORWARD_TILE(1, 4) FORWARD_TILE(1, 2) FORWARD_TILE(1, 1)

INLINE void forward(const float *restrict X, const float *restrict W, const float *restrict b, float *restrict Z, const int B,
                    const int I, const int O, const int hidden) {
    int o = 0;
#define COLUMNS(V)                                                               \
    for (; o + 16 * V <= O; o += 16 * V) {                                       \
        int r = 0;                                                               \
        for (; r + 4 <= B; r += 4) forward_4_##V(X, W, b, Z, r, o, I, O);        \
        for (; r < B; r++) forward_1_##V(X, W, b, Z, r, o, I, O);                \
    }
    COLUMNS(4) COLUMNS(2) COLUMNS(1)
#undef COLUMNS
    const int rest = O % 16;
    if (rest)
        for (int r = 0; r < B; r++) {
            float a[16];
            for (int c = 0; c < rest; c++) a[c] = b[o + c];
            for (int i = 0; i < I; i++)
                for (int c = 0; c < rest; c++) a[c] += X[r * I + i] * W[i * O + o + c];
            for (int c = 0; c < rest; c++) Z[r * O + o + c] = a[c];
        }
    if (hidden)
        for (int k = 0; k < B * O; k++) Z[k] = activate(Z[k]);
}

INLINE void update(const float *restrict g, float *restrict w, float *restrict m, float *restrict v, const int n, Rates rates) {
    for (int o = 0; o < n; o++) {
#if ADAM
        m[o] = .9f * m[o] + .1f * g[o];
        v[o] = .999f * v[o] + .001f * g[o] * g[o];
        w[o] -= rates.rate * (m[o] * rates.first) / (sqrtf(v[o] * rates.second) + 1e-7f);
#else
        w[o] -= rates.rate * g[o];
#endif
    }
}

/* W's gradient, A' D, a tile of R rows by V vectors, and its update. */
#define GRADIENT_TILE(R, V)                                                                                                \
    INLINE void gradient_##R##_##V(const float *restrict A, const float *restrict D, float *restrict W, float *restrict M, \
                                   float *restrict S, int i, int o, const int B, const int I, const int O, Rates rates) {  \
        vector g[R][V];                                                                                                    \
        EACH(p, R)                                                                                                         \
            EACH(q, V) g[p][q] = all(0);                                                                                   \
        for (int r = 0; r < B; r++)                                                                                        \
            EACH(p, R) {                                                                                                   \
                vector x = all(A[r * I + i + p]);                                                                          \
                EACH(q, V) g[p][q] += x * AT(D + r * O + o + 16 * q);                                                      \
            }                                                                                                              \
        EACH(p, R) {                                                                                                       \
            float row[16 * V];                                                                                             \
            const int at = (i + p) * O + o;                                                                                \
            EACH(q, V) AT(row + 16 * q) = g[p][q];                                                                         \
            update(row, W + at, M + at, S + at, 16 * V, rates);                                                            \
        }                                                                                                                  \
    }
GRADIENT_TILE(4, 4) GRADIENT_TILE(4, 2) GRADIENT_TILE(4, 1)
GRADIENT_TILE(1, 4) GRADIENT_TILE(1, 2) GRADIENT_TILE(1, 1)

INLINE void learn(const float *restrict A, const float *restrict D, float *restrict w, float *restrict m, float *restrict v, const int B,
                  const int I, const int O, Rates rates) {
    int o = 0;
#define COLUMNS(V)                                                                        \
    for (; o + 16 * V <= O; o += 16 * V) {                                                \
        int i = 0;                                                                        \
        for (; i + 4 <= I; i += 4) gradient_4_##V(A, D, w, m, v, i, o, B, I, O, rates);   \
        for (; i < I; i++) gradient_1_##V(A, D, w, m, v, i, o, B, I, O, rates);           \
    }
    COLUMNS(4) COLUMNS(2) COLUMNS(1)
#undef COLUMNS
    const int rest = O % 16, b = I * O;
    if (rest)
        for (int i = 0; i < I; i++) {
            float g[16] = {0};
            for (int r = 0; r < B; r++)
                for (int c = 0; c < rest; c++) g[c] += A[r * I + i] * D[r * O + o + c];
            update(g, w + i * O + o, m + i * O + o, v + i * O + o, rest, rates);
        }
    float g[O];
    for (o = 0; o < O; o++) g[o] = 0;
    for (int r = 0; r < B; r++)
        for (o = 0; o < O; o++) g[o] += D[r * O + o];
    update(g, w + b, m + b, v + b, O, rates);
}

/* E = (D W') * slope of A, where A is what the layer was given. */
INLINE void back(const float *restrict D, const float *restrict W, const float *restrict A, float *restrict E, float *restrict turned,
                 const int B, const int I, const int O) {
    static const float nothing[S1 > S2 ? S1 : S2];
    for (int i = 0; i < I; i++)
        for (int o = 0; o < O; o++) turned[o * I + i] = W[i * O + o];
    forward(D, turned, nothing, E, B, O, I, 0);
    for (int k = 0; k < B * I; k++) E[k] *= slope(A[k]);
}

/* D = how the mean loss changes with Z; return the sum of losses. */
INLINE float losses(const float *restrict Z, const float *restrict y, float *restrict D, const int B) {
    float total = 0;
#if defined(SOFTMAX)
    for (int r = 0; r < B; r++) {
        const float *z = Z + r * OUT;
        float *d = D + r * OUT, top = z[0], sum = 0;
        for (int o = 1; o < OUT; o++) top = z[o] > top ? z[o] : top;
        for (int o = 0; o < OUT; o++) d[o] = expf(z[o] - top);
        for (int o = 0; o < OUT; o++) sum += d[o];
        for (int o = 0; o < OUT; o++) d[o] = (d[o] / sum - (o == (int)y[r])) / B;
        total += logf(sum) + top - z[(int)y[r]];
    }
#else
    for (int k = 0; k < B * OUT; k++) {
#if defined(SIGMOID)
        const float e = expf(-fabsf(Z[k]));
        total += (Z[k] > 0 ? Z[k] : 0) + log1pf(e) - y[k] * Z[k];
        D[k] = ((Z[k] < 0 ? e : 1) / (1 + e) - y[k]) / (B * OUT);
#else
        total += .5f * (Z[k] - y[k]) * (Z[k] - y[k]);
        D[k] = (Z[k] - y[k]) / (B * OUT);
#endif
    }
#endif
    return total / B;
}

INLINE float step(float *restrict w, float *restrict m, float *restrict v, const float *restrict x, const float *restrict y, const int B,
                  Rates rates) {
    static float A1[BATCH * S1], Z[BATCH * OUT], D[BATCH * OUT], E1[BATCH * S1], turned[WIDEST];
    forward(x, w + W1, w + B1, A1, B, S0, S1, 1);
#if LAYERS == 2
    forward(A1, w + W2, w + B2, Z, B, S1, S2, 0);
    const float cost = losses(Z, y, D, B);
    back(D, w + W2, A1, E1, turned, B, S1, S2);
    learn(A1, D, w + W2, m + W2, v + W2, B, S1, S2, rates);
#else
    static float A2[BATCH * S2], E2[BATCH * S2];
    forward(A1, w + W2, w + B2, A2, B, S1, S2, 1);
    forward(A2, w + W3, w + B3, Z, B, S2, S3, 0);
    const float cost = losses(Z, y, D, B);
    back(D, w + W3, A2, E2, turned, B, S2, S3);
    back(E2, w + W2, A1, E1, turned, B, S1, S2);
    learn(A2, D, w + W3, m + W3, v + W3, B, S2, S3, rates);
    learn(A1, E2, w + W2, m + W2, v + W2, B, S1, S2, rates);
#endif
    learn(x, E1, w + W1, m + W1, v + W1, B, S0, S1, rates);
    return cost;
}

/* Functions of their own, or the compiler takes what stands so deep in loops for code that is never run. */
#define OF_ITS_OWN static __attribute__((noinline, hot)) float
#define ARGUMENTS float *w, float *m, float *v, const float *x, const float *y, Rates rates

OF_ITS_OWN whole(ARGUMENTS) { return step(w, m, v, x, y, BATCH, rates); }

OF_ITS_OWN rest(ARGUMENTS) { return step(w, m, v, x, y, ROWS % BATCH, rates); }

double train(float *w, float *m, float *v, const float *X, const float *y, const long long *order, long epochs,
             float rate) {
    static float x[BATCH * S0], targets[BATCH * OUT];
    #if defined(SOFTMAX)
    const int columns = 1; /* a label */
#else
    const int columns = OUT;
#endif
    double mean = 0, beta_1 = 1, beta_2 = 1;
    for (long epoch = 0; epoch < epochs; epoch++) {
        double total = 0;
        int steps = 0;
        for (int start = 0; start < ROWS; start += BATCH, steps++) {
            const int B = ROWS - start < BATCH ? ROWS - start : BATCH;
            const float *rows = X, *answers = y;
#if SHUFFLED
            for (int r = 0; r < B; r++) {
                const long long from = order[epoch * ROWS + start + r];
                memcpy(x + r * S0, X + from * S0, S0 * sizeof(float));
                memcpy(targets + r * columns, y + from * columns, columns * sizeof(float));
            }
            rows = x, answers = targets;
#endif
            beta_1 *= .9, beta_2 *= .999;
            const Rates rates = {rate, 1 / (1 - beta_1), 1 / (1 - beta_2)};
            total += (B == BATCH ? whole : rest)(w, m, v, rows, answers, rates);
        }
        mean = total / steps;
    }
    return mean;
}
