// Forward and backward of one recurrent forecaster over (node, window) pairs, in one sweep per tile of samples.
//
// A tile is LANES samples, one per vector lane; all data of a tile stays in the core's cache; only weight
// gradients leave it. Compiler vector types only: the same source serves AVX-512, AVX2, SSE and NEON. The caller
// gives LANES, ROWS and COLS (register blocking of its target), D, the hidden size, and U, the lift's width. Neither is
// padded: each channel or unit less is work less.
//
//   u_t = dropout(relu(w_own x_t + w_agg a_t + base + calendar[slot_t]))
//   r, z = sigmoid(Wi u_t + bi + Wh h + bh); n = tanh(Wi u_t + bi + r (Wh h + bh)); h = n + z (h - n)
//   y = dropout(Wo dropout(h) + bo)
//
// Compiled by compiled.py, called by fused_cpu.py and fused_stream.py; the torch network in
// forecast/networks/ computes the same.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef float vec __attribute__((vector_size(LANES * 4)));
typedef int32_t ivec __attribute__((vector_size(LANES * 4)));
typedef uint32_t uvec __attribute__((vector_size(LANES * 4)));
#define UH (U + D)
#define INLINE static inline __attribute__((always_inline))

enum { SQUARED = 0, HUBER = 1 };

// The arguments of one call; kernel_call.py mirrors it field by field. All arrays are contiguous, row-major.
typedef struct {
  const float *own, *aggregate;             // [nodes, hours]
  const float *base;                        // [samples, U], or null
  const float *calendar;                    // [slots, U], or null
  const int32_t *slot;                      // [hours]: row of the calendar of each hour
  const int32_t *node, *start;              // [samples]: row of the series, first hour of the window
  float *state;                             // of fused_step: [D, samples], advanced by one hour
  const float *target, *weight;             // [samples, horizon]; weight is 0 in unobserved cells
  const float *w_own, *w_aggregate;         // [U]
  const float *wi, *wh, *bi, *bh;           // [3 D, U], [3 D, D], [3 D]: gates r, z, n as in torch
  const float *wo, *bo;                     // [horizon, D], [horizon]
  float *forecast;                          // [samples, horizon]
  float *base_gradient;                     // [samples, U], or null
  float *partial;                           // [chunks, gradient floats + 1]: one row per chunk, its loss at the end
  int64_t hours, samples, look_back, horizon, slots, chunk_tiles, loss, seed;
  double scale;                             // of each cell's loss: 1 / observed cells
  double drop_lifted, drop_state, drop_forecast;
} problem;

// ---- elementary functions -------------------------------------------------------------------------------------

INLINE vec splat(float value) { return value - (vec){0}; }
INLINE vec choose(ivec yes, vec a, vec b) { return (vec)((yes & (ivec)a) | (~yes & (ivec)b)); }
// a, limited by the bound b; NaN stays NaN, as in torch.
INLINE vec smaller(vec a, vec b) { return choose(a > b, b, a); }
INLINE vec larger(vec a, vec b) { return choose(a < b, b, a); }

// 2^x within 8e-8 for -60 <= x <= 60; x is limited to this range. Adding 1.5 * 2^23 rounds x to the nearest integer,
// which is then in the lowest bits; the polynomial (relative minimax on -1/2 .. 1/2) gives 2^fraction.
INLINE vec power_of_two(vec x) {
  x = smaller(larger(x, splat(-60.0f)), splat(60.0f));
  vec rounded = x + 12582912.0f;
  vec f = x - (rounded - 12582912.0f);
  vec p = splat(1.327647198e-03f);
  p = p * f + 9.675541334e-03f;
  p = p * f + 5.550713274e-02f;
  p = p * f + 2.402211972e-01f;
  p = p * f + 6.931469671e-01f;
  p = p * f + 1.000000072e+00f;
  return (vec)((uvec)p + ((uvec)rounded << 23));
}
// Weights and biases of the gates are scaled once, so that the gates need only powers of two:
// sigmoid(x) = 1 / (1 + 2^(SIGMOID x)), tanh(x) = 1 - 2 / (1 + 2^(TANH x)).
#define SIGMOID (-1.44269504088896f)
#define TANH 2.88539008177793f

// Counter-based dropout: every back end keeps the same cells (masks.py).
INLINE vec kept(uint32_t seed, uint32_t place, uvec counter, double drop) {
  uvec x = counter * 0x85EBCA6Bu ^ (seed ^ (place * 0x9E3779B9u));
  x ^= x >> 16; x *= 0x7FEB352Du;
  x ^= x >> 15; x *= 0x846CA68Bu;
  x ^= x >> 16;
  uint32_t threshold = (uint32_t)(drop * 4294967296.0);
  return choose((ivec)(x >= threshold), splat((float)(1.0 / (1.0 - drop))), splat(0.0f));
}

// ---- small dense algebra with register blocking ---------------------------------------------------------------------

// The position of w[row, k] of a [rows, depth] matrix: in blocks of ROWS rows and one block of the rest, so that a
// product reads its weights sequentially.
INLINE int place(int row, int k, int rows, int depth) {
  int first = row / ROWS * ROWS, height = rows - first < ROWS ? rows - first : ROWS;
  return first * depth + k * height + row - first;
}

// One block of a product; height: a constant.
INLINE void multiply_rows(int height, int depth, const float *block, const vec *x, vec *out) {
  vec sum[ROWS];
  for (int i = 0; i < height; i++) sum[i] = out[i];
#pragma GCC unroll 8
  for (int k = 0; k < depth; k++) {
#pragma GCC unroll 8
    for (int i = 0; i < height; i++) sum[i] += block[k * height + i] * x[k];
  }
  for (int i = 0; i < height; i++) out[i] = sum[i];
}

// out[row] += sum over k of w[row, k] x[k]
INLINE void multiply(int rows, int depth, const float *w, const vec *x, vec *out) {
  int whole = rows / ROWS * ROWS;
  for (int row = 0; row < whole; row += ROWS) multiply_rows(ROWS, depth, w + row * depth, x, out + row);
  if (rows % ROWS) multiply_rows(rows % ROWS, depth, w + whole * depth, x, out + whole);
}

// One block of an outer product; height, width: constants; cols: of the whole.
INLINE void outer_block(int64_t hours, int stride, int height, int width, int cols, const vec *left, const vec *right,
                        vec *sum) {
  vec part[4][COLS];
#pragma GCC unroll 4
  for (int i = 0; i < height; i++) {
#pragma GCC unroll 4
    for (int j = 0; j < width; j++) part[i][j] = sum[i * cols + j];
  }
  for (int64_t t = 0; t < hours; t++) {
    const vec *a = left + t * stride, *b = right + t * stride;
#pragma GCC unroll 4
    for (int i = 0; i < height; i++) {
#pragma GCC unroll 4
      for (int j = 0; j < width; j++) part[i][j] += a[i] * b[j];
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < height; i++) {
#pragma GCC unroll 4
    for (int j = 0; j < width; j++) sum[i * cols + j] = part[i][j];
  }
}

INLINE void outer_rows(int64_t hours, int stride, int height, int cols, const vec *left, const vec *right, vec *sum) {
  int whole = cols / COLS * COLS;
  for (int col = 0; col < whole; col += COLS)
    outer_block(hours, stride, height, COLS, cols, left, right + col, sum + col);
  if (cols % COLS) outer_block(hours, stride, height, cols % COLS, cols, left, right + whole, sum + whole);
}

// sum[row, col] += over all hours left[t][row] right[t][col]; stride: vectors from hour to hour
INLINE void outer(int64_t hours, int stride, int rows, int cols, const vec *left, const vec *right, vec *sum) {
  int whole = rows / 4 * 4;
  for (int row = 0; row < whole; row += 4) outer_rows(hours, stride, 4, cols, left + row, right, sum + row * cols);
  if (rows % 4) outer_rows(hours, stride, rows % 4, cols, left + whole, right, sum + whole * cols);
}

// ---- weights, arranged for the two sweeps --------------------------------------------------------------------------

typedef struct {
  float w_own[U], w_aggregate[U];
  float rz[2 * D * UH];       // gates r and z on (u, h) together
  float rz_u[2 * D * U], rz_h[2 * D * D]; // the same, separate
  float ni[D * U], nh[D * D]; // gate n on u, and on h
  float rz_t[UH * 2 * D], ni_t[U * D], nh_t[D * D]; // transposed, and not scaled
  float b_rz[2 * D], b_ni[D], b_nh[D];
  float *wo, *bo;             // [horizon, D], [horizon]
} weights;

static weights *arrange(const problem *p) {
  weights *w = aligned_alloc(64, (sizeof(weights) + 63) / 64 * 64);
  if (!w) return NULL;
  w->wo = malloc((size_t)p->horizon * (D + 1) * sizeof(float));
  if (!w->wo) { free(w); return NULL; }
  w->bo = w->wo + p->horizon * D;
  memcpy(w->w_own, p->w_own, sizeof(w->w_own));
  memcpy(w->w_aggregate, p->w_aggregate, sizeof(w->w_aggregate));
  for (int i = 0; i < D; i++) {
    const float *on_u = p->wi + (2 * D + i) * U, *on_h = p->wh + (2 * D + i) * D;
    w->b_ni[i] = TANH * p->bi[2 * D + i];
    w->b_nh[i] = TANH * p->bh[2 * D + i];
    for (int k = 0; k < U; k++) {
      w->ni[place(i, k, D, U)] = TANH * on_u[k];
      w->ni_t[place(k, i, U, D)] = on_u[k];
    }
    for (int k = 0; k < D; k++) {
      w->nh[place(i, k, D, D)] = TANH * on_h[k];
      w->nh_t[place(k, i, D, D)] = on_h[k];
    }
    for (int gate = 0; gate < 2; gate++) {
      int row = gate * D + i;
      on_u = p->wi + row * U;
      on_h = p->wh + row * D;
      w->b_rz[row] = SIGMOID * (p->bi[row] + p->bh[row]);
      for (int k = 0; k < U; k++) {
        w->rz[place(row, k, 2 * D, UH)] = w->rz_u[place(row, k, 2 * D, U)] = SIGMOID * on_u[k];
        w->rz_t[place(k, row, UH, 2 * D)] = on_u[k];
      }
      for (int k = 0; k < D; k++) {
        w->rz[place(row, U + k, 2 * D, UH)] = w->rz_h[place(row, k, 2 * D, D)] = SIGMOID * on_h[k];
        w->rz_t[place(U + k, row, UH, 2 * D)] = on_h[k];
      }
    }
  }
  memcpy(w->wo, p->wo, (size_t)p->horizon * D * sizeof(float));
  memcpy(w->bo, p->bo, (size_t)p->horizon * sizeof(float));
  return w;
}

static void release(weights *w) {
  free(w->wo);
  free(w);
}

// ---- one tile -----------------------------------------------------------------------------------------------------

typedef struct {
  vec uh[UH];              // lifted input and state before the hour
  union {
    struct { vec r[D], z[D], n[D], q[D]; };      // q = TANH (Wh h + bh) of gate n
    struct { vec d_rz[2 * D], d_n[D], d_nr[D]; }; // backward, in the same memory: gradients before the nonlinearities
  };
  // Without it, all hours would map to the same few sets of the cache: an hour is 2 vectors more than a multiple of 8.
  vec pad[2 + (8 - (UH + 4 * D) % 8) % 8];
} hour;
enum { HOUR = sizeof(hour) / sizeof(vec) };

typedef struct {
  int64_t first;           // sample of lane 0
  int64_t at[LANES];       // sample of each lane; the last tile repeats the last sample
  vec live;                // 0 in lanes that repeat the last sample
  vec base[U];
} tile;

INLINE void set(vec *v, int lane, float value) { ((float *)v)[lane] = value; }
INLINE float get(const vec *v, int lane) { return ((const float *)v)[lane]; }

INLINE tile begin(const problem *p, int64_t index) {
  tile s;
  s.first = index * LANES;
  for (int j = 0; j < U; j++) s.base[j] = splat(0.0f);
  for (int lane = 0; lane < LANES; lane++) {
    int64_t sample = s.first + lane;
    set(&s.live, lane, sample < p->samples ? 1.0f : 0.0f);
    s.at[lane] = sample < p->samples ? sample : p->samples - 1;
    if (p->base)
      for (int64_t j = 0; j < U; j++) set(&s.base[j], lane, p->base[s.at[lane] * U + j]);
  }
  return s;
}

INLINE uvec counters(const tile *s, uint32_t stride) {
  uvec c;
  for (int lane = 0; lane < LANES; lane++) c[lane] = (uint32_t)s->at[lane] * stride;
  return c;
}

// Own and aggregate values of all hours, and what the calendar adds to each hour's lift. Written lane by lane, long
// before the vectors are read: reading a vector directly after it was written in pieces makes the processor wait.
INLINE void gather(const problem *p, const tile *s, int64_t hours, vec *own, vec *aggregate, hour *season) {
  for (int lane = 0; lane < LANES; lane++) {
    int64_t i = s->at[lane], start = p->start[i], from = (int64_t)p->node[i] * p->hours + start;
    const float *x = p->own + from, *ax = p->aggregate + from;
    // Prefetch the next tile's series, which are scattered in memory, while this tile is computed.
    int64_t next = i + LANES < p->samples ? i + LANES : i, ahead = (int64_t)p->node[next] * p->hours + p->start[next];
    for (int64_t t = 0; t < hours + 15; t += 16) {
      int64_t at = ahead + (t < hours ? t : hours - 1);
      __builtin_prefetch(p->own + at);
      __builtin_prefetch(p->aggregate + at);
    }
    for (int64_t t = 0; t < hours; t++) {
      set(&own[t], lane, x[t]);
      set(&aggregate[t], lane, ax[t]);
    }
    if (!p->calendar) continue;
    for (int64_t t = 0; t < hours; t++) {
      const float *row = p->calendar + (int64_t)p->slot[start + t] * U;
      for (int64_t j = 0; j < U; j++) set(&season[t].uh[j], lane, row[j]);
    }
  }
}

INLINE void lift(const problem *p, const weights *w, const tile *s, int64_t t, vec own, vec aggregate,
                 const vec *season, vec *u) {
  // Not unrolled: the compiler would fuse the other of the two products, and the last bit would depend on U.
#pragma GCC unroll 1
  for (int j = 0; j < U; j++) {
    vec sum = own * w->w_own[j] + aggregate * w->w_aggregate[j] + s->base[j];
    if (p->calendar) sum += season[j];
    u[j] = larger(sum, splat(0.0f));
  }
  if (p->drop_lifted > 0.0) {
    uvec count = counters(s, (uint32_t)(p->look_back * U)) + (uint32_t)(t * U);
    for (int64_t j = 0; j < U; j++) u[j] *= kept((uint32_t)p->seed, 1, count + (uint32_t)j, p->drop_lifted);
  }
}

// From the values before the nonlinearities, rz and n (without q), to the gates and the next state. Two loops, because
// n needs r; one division for r and z, whose powers are at most 2^60.
INLINE void gates(const vec *rz, const vec *before_n, const vec *q, const vec *h, vec *r, vec *z, vec *n,
                  vec *next_state) {
  for (int j = 0; j < D; j++) {
    vec a = 1.0f + power_of_two(rz[j]), b = 1.0f + power_of_two(rz[D + j]), inverse = 1.0f / (a * b);
    r[j] = b * inverse;
    z[j] = a * inverse;
  }
  for (int j = 0; j < D; j++) {
    n[j] = 1.0f - 2.0f / (1.0f + power_of_two(before_n[j] + r[j] * q[j]));
    next_state[j] = n[j] + z[j] * (h[j] - n[j]);
  }
}

// From (u, h) of an hour to its gates and the next state.
INLINE void recur(const weights *w, hour *at, vec *next_state) {
  vec rz[2 * D], n[D];
  for (int j = 0; j < 2 * D; j++) rz[j] = splat(w->b_rz[j]);
  for (int j = 0; j < D; j++) {
    n[j] = splat(w->b_ni[j]);
    at->q[j] = splat(w->b_nh[j]);
  }
  multiply(2 * D, UH, w->rz, at->uh, rz);
  multiply(D, U, w->ni, at->uh, n);
  multiply(D, D, w->nh, at->uh + U, at->q);
  gates(rz, n, at->q, at->uh + U, at->r, at->z, at->n, next_state);
}

// The study's dropouts of the last state and of the forecast; without dropout all factors are 1.
INLINE void keep_state(const problem *p, const tile *s, vec *keep) {
  for (int j = 0; j < D; j++) keep[j] = splat(1.0f);
  if (p->drop_state > 0.0) {
    uvec count = counters(s, (uint32_t)D);
    for (int64_t j = 0; j < D; j++) keep[j] = kept((uint32_t)p->seed, 2, count + (uint32_t)j, p->drop_state);
  }
}
INLINE vec keep_forecast(const problem *p, const tile *s, int64_t k) {
  if (p->drop_forecast <= 0.0) return splat(1.0f);
  return kept((uint32_t)p->seed, 3, counters(s, (uint32_t)p->horizon) + (uint32_t)k, p->drop_forecast);
}

// The forecast of hour k from the last state, before its dropout.
INLINE vec read_out(const weights *w, const vec *state, int64_t k) {
  vec y = splat(w->bo[k]);
  for (int j = 0; j < D; j++) y += w->wo[k * D + j] * state[j];
  return y;
}

INLINE void write_forecast(const problem *p, const weights *w, const tile *s, const vec *state, float *forecast) {
  for (int64_t k = 0; k < p->horizon; k++) {
    vec y = read_out(w, state, k) * keep_forecast(p, s, k);
    for (int lane = 0; lane < LANES && s->first + lane < p->samples; lane++)
      forecast[(s->first + lane) * p->horizon + k] = get(&y, lane);
  }
}

typedef struct {
  hour *hours;             // [look_back + 1]
  vec *own, *aggregate;    // [look_back]
} series;

static void forecast_tile(const problem *p, const weights *w, const series *m, int64_t index) {
  tile s = begin(p, index);
  hour now;
  vec *h = now.uh + U, keep[D];
  gather(p, &s, p->look_back, m->own, m->aggregate, m->hours);
  for (int j = 0; j < D; j++) h[j] = splat(0.0f);
  for (int64_t t = 0; t < p->look_back; t++) {
    lift(p, w, &s, t, m->own[t], m->aggregate[t], m->hours[t].uh, now.uh);
    recur(w, &now, h);
  }
  keep_state(p, &s, keep);
  for (int j = 0; j < D; j++) h[j] *= keep[j];
  write_forecast(p, w, &s, h, p->forecast);
}

// ---- gradients ------------------------------------------------------------------------------------------------------

typedef struct {
  vec rz[2 * D * UH], ni[D * U], nh[D * D];
  vec b_rz[2 * D], b_ni[D], b_nh[D], w_own[U], w_aggregate[U];
  vec loss;
} gradient;

typedef struct {
  gradient *sum;
  vec *wo, *bo;            // [horizon, D], [horizon]
  float *calendar;         // [slots, U], inside the chunk's row of the partial sums
  series series;
} scratch;

static size_t series_bytes(size_t hours) { return (hours + 1) * sizeof(hour) + hours * 2 * sizeof(vec); }

static series place_series(void *memory, size_t hours) {
  hour *first = memory;
  vec *own = (vec *)(first + hours + 1);
  return (series){first, own, own + hours};
}

static int allocate(const problem *p, scratch *s) {
  size_t outputs = (size_t)p->horizon * (D + 1) * sizeof(vec);
  size_t bytes = sizeof(gradient) + outputs + series_bytes((size_t)p->look_back);
  char *all = aligned_alloc(64, (bytes + 63) / 64 * 64);
  if (!all) return 0;
  s->sum = (gradient *)all;
  s->wo = (vec *)(s->sum + 1);
  s->bo = s->wo + p->horizon * D;
  s->series = place_series(all + sizeof(gradient) + outputs, (size_t)p->look_back);
  return 1;
}

static void learn_tile(const problem *p, const weights *w, scratch *m, int64_t index) {
  tile s = begin(p, index);
  int64_t hours = p->look_back;
  hour *all = m->series.hours;
  const vec *own = m->series.own, *aggregate = m->series.aggregate;
  gather(p, &s, hours, m->series.own, m->series.aggregate, all);
  for (int j = 0; j < D; j++) all[0].uh[U + j] = splat(0.0f);
  for (int64_t t = 0; t < hours; t++) {
    lift(p, w, &s, t, own[t], aggregate[t], all[t].uh, all[t].uh);
    recur(w, &all[t], all[t + 1].uh + U);
  }

  const vec *last = all[hours].uh + U;
  vec keep[D], dropped[D], dh[D];
  keep_state(p, &s, keep);
  for (int j = 0; j < D; j++) {
    dropped[j] = keep[j] * last[j];
    dh[j] = splat(0.0f);
  }
  for (int64_t k = 0; k < p->horizon; k++) {
    vec keep_y = keep_forecast(p, &s, k), y = read_out(w, dropped, k) * keep_y, target, weight;
    for (int lane = 0; lane < LANES; lane++) {
      set(&target, lane, p->target[s.at[lane] * p->horizon + k]);
      set(&weight, lane, p->weight[s.at[lane] * p->horizon + k]);
    }
    weight *= s.live;
    vec error = y - target, size = larger(error, -error), slope, cost;
    if (p->loss == HUBER) {
      slope = smaller(larger(error, splat(-1.0f)), splat(1.0f));
      cost = choose(size >= 1.0f, size - 0.5f, 0.5f * error * error);
    } else {
      slope = error + error;
      cost = error * error;
    }
    // The target of an unobserved cell may be NaN: it is replaced, not multiplied by zero.
    ivec counts = weight > 0.0f;
    m->sum->loss += choose(counts, weight * cost, splat(0.0f));
    vec delta = choose(counts, weight * slope * (float)p->scale, splat(0.0f)) * keep_y;
    m->bo[k] += delta;
    for (int j = 0; j < D; j++) {
      m->wo[k * D + j] += delta * dropped[j];
      dh[j] += w->wo[k * D + j] * delta;
    }
  }
  for (int j = 0; j < D; j++) dh[j] *= keep[j];

  vec dbase[U];
  for (int j = 0; j < U; j++) dbase[j] = splat(0.0f);
  float kept_scale = p->drop_lifted > 0.0 ? (float)(1.0 / (1.0 - p->drop_lifted)) : 1.0f;
  for (int64_t t = hours - 1; t >= 0; t--) {
    hour *at = &all[t];
    vec duh[UH];
    for (int j = 0; j < U; j++) duh[j] = splat(0.0f);
    for (int j = 0; j < D; j++) {
      vec r = at->r[j], z = at->z[j], n = at->n[j];
      vec dn = dh[j] * (1.0f - z) * (1.0f - n * n);
      vec dr = (1.0f / TANH) * dn * at->q[j] * r * (1.0f - r);
      vec dz = dh[j] * (at->uh[U + j] - n) * z * (1.0f - z);
      at->d_rz[j] = dr;
      at->d_rz[D + j] = dz;
      at->d_n[j] = dn;
      at->d_nr[j] = dn * r;
      m->sum->b_rz[j] += dr;
      m->sum->b_rz[D + j] += dz;
      m->sum->b_ni[j] += dn;
      m->sum->b_nh[j] += dn * r;
      duh[U + j] = dh[j] * z;
    }
    multiply(UH, 2 * D, w->rz_t, at->d_rz, duh);
    multiply(U, D, w->ni_t, at->d_n, duh);
    multiply(D, D, w->nh_t, at->d_nr, duh + U);
    for (int j = 0; j < D; j++) dh[j] = duh[U + j];
    vec du[U];
    for (int j = 0; j < U; j++) {
      // Zero if relu or dropout has set the channel to zero.
      du[j] = choose(at->uh[j] > 0.0f, duh[j] * kept_scale, splat(0.0f));
      m->sum->w_own[j] += du[j] * own[t];
      m->sum->w_aggregate[j] += du[j] * aggregate[t];
      dbase[j] += du[j];
    }
    if (p->calendar)
      for (int lane = 0; lane < LANES && s.first + lane < p->samples; lane++) {
        float *row = m->calendar + (int64_t)p->slot[p->start[s.at[lane]] + t] * U;
        for (int64_t j = 0; j < U; j++) row[j] += get(&du[j], lane);
      }
  }
  if (p->base_gradient)
    for (int lane = 0; lane < LANES && s.first + lane < p->samples; lane++)
      for (int64_t j = 0; j < U; j++)
        p->base_gradient[(s.first + lane) * U + j] = get(&dbase[j], lane);

  const vec *uh = all[0].uh;
  outer(hours, HOUR, 2 * D, UH, all[0].d_rz, uh, m->sum->rz);
  outer(hours, HOUR, D, U, all[0].d_n, uh, m->sum->ni);
  outer(hours, HOUR, D, D, all[0].d_nr, uh + U, m->sum->nh);
}

INLINE float total(vec v) {
  float sum = 0.0f;
  for (int lane = 0; lane < LANES; lane++) sum += v[lane];
  return sum;
}

INLINE float *write_totals(const vec *sums, int64_t count, float *out) {
  for (int64_t i = 0; i < count; i++) *out++ = total(sums[i]);
  return out;
}

// A chunk's sums in torch's order: w_own, w_aggregate, Wi, Wh, bi, bh, Wo, bo, (calendar), loss.
static void write_partial(const problem *p, const scratch *m, float *out) {
  const gradient *g = m->sum;
  out = write_totals(g->w_own, U, out);
  out = write_totals(g->w_aggregate, U, out);
  for (int row = 0; row < 2 * D; row++) out = write_totals(g->rz + row * UH, U, out);
  out = write_totals(g->ni, D * U, out);
  for (int row = 0; row < 2 * D; row++) out = write_totals(g->rz + row * UH + U, D, out);
  out = write_totals(g->nh, D * D, out);
  out = write_totals(g->b_rz, 2 * D, out);
  out = write_totals(g->b_ni, D, out);
  out = write_totals(g->b_rz, 2 * D, out);
  out = write_totals(g->b_nh, D, out);
  out = write_totals(m->wo, p->horizon * D, out);
  out = write_totals(m->bo, p->horizon, out);
  out += p->calendar ? p->slots * U : 0;
  *out = total(g->loss) * (float)p->scale;
}

static int64_t gradient_floats(const problem *p) {
  return 2 * U + 3 * D * (UH + 2) + p->horizon * (D + 1) + (p->calendar ? p->slots * U : 0);
}

// ---- functions called from Python ---------------------------------------------------------------------------------

// Forecasts of tiles first .. last - 1. Returns 0, or 1 if memory ran out.
int fused_forecast(const problem *p, int64_t first, int64_t last) {
  weights *w = arrange(p);
  if (!w) return 1;
  void *memory = aligned_alloc(64, (series_bytes((size_t)p->look_back) + 63) / 64 * 64);
  if (!memory) { release(w); return 1; }
  series m = place_series(memory, (size_t)p->look_back);
  for (int64_t index = first; index < last; index++) forecast_tile(p, w, &m, index);
  free(memory);
  release(w);
  return 0;
}

// One new hour for tiles first .. last - 1: states are advanced, forecasts are made. Here each row of an array has one
// value per sample and is padded to whole tiles: own, aggregate: [samples]; base: [U, samples];
// state: [D, samples]; calendar: [U], of this hour; forecast: [horizon, samples]. All are aligned to a vector's size.
int fused_step(const problem *p, int64_t first, int64_t last) {
  weights *w = arrange(p);
  if (!w) return 1;
  for (int64_t index = first; index < last; index++) {
    const int64_t at = index * LANES;
    vec own = *(const vec *)(p->own + at), aggregate = *(const vec *)(p->aggregate + at), next[D];
    hour now;
    for (int j = 0; j < U; j++) {
      vec sum = own * w->w_own[j] + aggregate * w->w_aggregate[j];
      if (p->base) sum += *(const vec *)(p->base + j * p->samples + at);
      if (p->calendar) sum += p->calendar[j];
      now.uh[j] = larger(sum, splat(0.0f));
    }
    for (int j = 0; j < D; j++)
      now.uh[U + j] = *(const vec *)(p->state + j * p->samples + at);
    recur(w, &now, next);
    for (int64_t j = 0; j < D; j++) *(vec *)(p->state + j * p->samples + at) = next[j];
    for (int64_t k = 0; k < p->horizon; k++) *(vec *)(p->forecast + k * p->samples + at) = read_out(w, next, k);
  }
  release(w);
  return 0;
}

// Loss and gradients of chunks first .. last - 1 into their rows of p->partial. The division into chunks depends
// only on the number of samples, so that sums do not depend on the number of threads.
int fused_learn(const problem *p, int64_t first, int64_t last) {
  weights *w = arrange(p);
  scratch m;
  if (!w) return 1;
  if (!allocate(p, &m)) { release(w); return 1; }
  int64_t tiles = (p->samples + LANES - 1) / LANES, width = gradient_floats(p) + 1;
  for (int64_t chunk = first; chunk < last; chunk++) {
    float *row = p->partial + chunk * width;
    memset(row, 0, (size_t)width * sizeof(float));
    memset(m.sum, 0, sizeof(gradient));
    memset(m.wo, 0, (size_t)p->horizon * (D + 1) * sizeof(vec));
    m.calendar = row + width - 1 - (p->calendar ? p->slots * U : 0);
    int64_t end = (chunk + 1) * p->chunk_tiles;
    for (int64_t index = chunk * p->chunk_tiles; index < (end < tiles ? end : tiles); index++)
      learn_tile(p, w, &m, index);
    write_partial(p, &m, row);
  }
  free(m.sum);
  release(w);
  return 0;
}

// Forecasts of the windows that start at p->start, the same for all samples, and at the hours after it. The input's
// contribution to the gates is computed once per hour, not once per window. forecast: [windows, samples, horizon].
int fused_forecast_consecutive(const problem *p, int64_t windows, int64_t first, int64_t last) {
  // An odd number of vectors, so that hours do not map to the same few sets of the cache.
  typedef struct { vec rz[2 * D], n[D], pad[1 + D % 2]; } on_u;
  int64_t hours = windows + p->look_back - 1;
  weights *w = arrange(p);
  on_u *given = aligned_alloc(64, ((size_t)hours * sizeof(on_u) + 63) / 64 * 64);
  void *memory = aligned_alloc(64, (series_bytes((size_t)hours) + 63) / 64 * 64);
  int failed = !w || !given || !memory;
  if (!failed) {
    series m = place_series(memory, (size_t)hours);
    for (int64_t index = first; index < last; index++) {
      tile s = begin(p, index);
      gather(p, &s, hours, m.own, m.aggregate, m.hours);
      for (int64_t t = 0; t < hours; t++) {
        vec *u = m.hours[t].uh;
        lift(p, w, &s, t, m.own[t], m.aggregate[t], u, u);
        for (int j = 0; j < 2 * D; j++) given[t].rz[j] = splat(w->b_rz[j]);
        for (int j = 0; j < D; j++) given[t].n[j] = splat(w->b_ni[j]);
        multiply(2 * D, U, w->rz_u, u, given[t].rz);
        multiply(D, U, w->ni, u, given[t].n);
      }
      for (int64_t window = 0; window < windows; window++) {
        vec h[D];
        for (int j = 0; j < D; j++) h[j] = splat(0.0f);
        for (int64_t t = 0; t < p->look_back; t++) {
          vec rz[2 * D], q_h[D], r[D], z[D], n[D];
          memcpy(rz, given[window + t].rz, sizeof(rz));
          for (int j = 0; j < D; j++) q_h[j] = splat(w->b_nh[j]);
          multiply(2 * D, D, w->rz_h, h, rz);
          multiply(D, D, w->nh, h, q_h);
          gates(rz, given[window + t].n, q_h, h, r, z, n, h);
        }
        write_forecast(p, w, &s, h, p->forecast + window * p->samples * p->horizon);
      }
    }
  }
  free(memory);
  free(given);
  if (w) release(w);
  return failed;
}
