// Forward and backward of one recurrent forecaster over (node, window) pairs, in one sweep per tile of samples.
//
// A tile is LANES samples, one per vector lane; all that a tile needs stays in the core's cache, and only weight
// gradients leave it. Compiler vector types only: the same source serves AVX-512, AVX2, SSE and NEON. The caller
// gives LANES, ROWS and COLS (register blocking of its target) and D, the hidden size rounded up to a multiple of 8:
// the units that are added have zero weights, stay zero, and their gradients are dropped.
//
//   u_t = dropout(relu(w_own x_t + w_agg a_t + base + calendar[slot_t]))
//   r, z = sigmoid(Wi u_t + bi + Wh h + bh); n = tanh(Wi u_t + bi + r (Wh h + bh)); h = n + z (h - n)
//   y = dropout(Wo dropout(h) + bo)
//
// Compiled and called by compiled.py and fused_cpu.py; its plain twin is the torch network in forecast/networks.py.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef float vec __attribute__((vector_size(LANES * 4)));
typedef int32_t ivec __attribute__((vector_size(LANES * 4)));
typedef uint32_t uvec __attribute__((vector_size(LANES * 4)));
#define INLINE static inline __attribute__((always_inline))

enum { SQUARED = 0, HUBER = 1 };

// Everything of one call; mirrored field by field in fused_cpu.py. All arrays are contiguous, row-major.
typedef struct {
  const float *own, *aggregate;             // [nodes, hours]
  const float *base;                        // [samples, hidden], or null
  const float *calendar;                    // [slots, hidden], or null
  const int32_t *slot;                      // [hours]: row of the calendar of each hour
  const int32_t *node, *start;              // [samples]: row of the series, first hour of the window
  const float *state;                       // [samples, hidden] before the first hour, or null for zeros
  const float *target, *weight;             // [samples, horizon]; weight is 0 where nothing was observed
  const float *w_own, *w_aggregate;         // [hidden]
  const float *wi, *wh, *bi, *bh;           // [3 hidden, hidden], [3 hidden]: gates r, z, n as in torch
  const float *wo, *bo;                     // [horizon, hidden], [horizon]
  float *forecast;                          // [samples, horizon]
  float *last_state;                        // [samples, hidden], or null
  float *base_gradient;                     // [samples, hidden], or null
  float *partial;                           // [chunks, gradient floats + 1]: one row per chunk, its loss at the end
  int64_t hours, samples, look_back, horizon, hidden, slots, chunk_tiles, loss, seed;
  double scale;                             // of each cell's loss: 1 / observed cells
  double drop_lifted, drop_state, drop_forecast;
} problem;

// ---- elementary functions -------------------------------------------------------------------------------------

INLINE vec splat(float value) { return value - (vec){0}; }
INLINE vec choose(ivec yes, vec a, vec b) { return (vec)((yes & (ivec)a) | (~yes & (ivec)b)); }
INLINE vec smaller(vec a, vec b) { return choose(a < b, a, b); }
INLINE vec larger(vec a, vec b) { return choose(a > b, a, b); }

// exp by x = k ln 2 + f and a polynomial in f; the sum with 1.5 * 2^23 rounds to the nearest integer.
INLINE vec exponential(vec x) {
  x = smaller(larger(x, splat(-87.0f)), splat(87.0f));
  vec rounded = x * 1.44269504f + 12582912.0f;
  ivec k = (ivec)rounded - 0x4B400000;
  vec whole = rounded - 12582912.0f;
  vec f = x - whole * 0.693359375f;
  f = f + whole * 2.12194440e-4f;
  vec p = splat(1.9875691500e-4f);
  p = p * f + 1.3981999507e-3f;
  p = p * f + 8.3334519073e-3f;
  p = p * f + 4.1665795894e-2f;
  p = p * f + 1.6666665459e-1f;
  p = p * f + 5.0000001201e-1f;
  p = p * f * f + f + 1.0f;
  return p * (vec)((k + 127) << 23);
}
INLINE vec sigmoid(vec x) { return 1.0f / (1.0f + exponential(-x)); }
INLINE vec hyperbolic_tangent(vec x) { return 1.0f - 2.0f / (1.0f + exponential(x + x)); }

// A counter-based random keep: the same cell is kept in every back end (masks.py).
INLINE vec kept(uint32_t seed, uint32_t place, uvec counter, double drop) {
  uvec x = counter * 0x85EBCA6Bu ^ (seed ^ (place * 0x9E3779B9u));
  x ^= x >> 16; x *= 0x7FEB352Du;
  x ^= x >> 15; x *= 0x846CA68Bu;
  x ^= x >> 16;
  uint32_t threshold = (uint32_t)(drop * 4294967296.0);
  return choose((ivec)(x >= threshold), splat((float)(1.0 / (1.0 - drop))), splat(0.0f));
}

// ---- small dense algebra, registers blocked ---------------------------------------------------------------------

// out[row] += sum over k of w[row, k] x[k]
INLINE void multiply(int rows, int depth, const float *w, const vec *x, vec *out) {
  for (int row = 0; row < rows; row += ROWS) {
    vec sum[ROWS];
    for (int i = 0; i < ROWS; i++) sum[i] = out[row + i];
#pragma GCC unroll 8
    for (int k = 0; k < depth; k++) {
#pragma GCC unroll 8
      for (int i = 0; i < ROWS; i++) sum[i] += w[(row + i) * depth + k] * x[k];
    }
    for (int i = 0; i < ROWS; i++) out[row + i] = sum[i];
  }
}

// sum[row, col] += over all hours left[t][row] right[t][col]; strides in vectors
INLINE void outer(int64_t hours, int rows, int cols, const vec *left, int left_stride, const vec *right,
                  int right_stride, vec *sum) {
  for (int row = 0; row < rows; row += 4)
    for (int col = 0; col < cols; col += COLS) {
      vec part[4][COLS];
      for (int i = 0; i < 4; i++)
        for (int j = 0; j < COLS; j++) part[i][j] = sum[(row + i) * cols + col + j];
      for (int64_t t = 0; t < hours; t++) {
        const vec *a = left + t * left_stride + row, *b = right + t * right_stride + col;
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) {
#pragma GCC unroll 4
          for (int j = 0; j < COLS; j++) part[i][j] += a[i] * b[j];
        }
      }
      for (int i = 0; i < 4; i++)
        for (int j = 0; j < COLS; j++) sum[(row + i) * cols + col + j] = part[i][j];
    }
}

// ---- weights, padded and arranged for the two sweeps --------------------------------------------------------------

typedef struct {
  float w_own[D], w_aggregate[D];
  float rz[2 * D * 2 * D];    // gates r and z on (u, h) at once
  float ni[D * D], nh[D * D]; // gate n on u, and on h
  float rz_t[2 * D * 2 * D], ni_t[D * D], nh_t[D * D];
  float b_rz[2 * D], b_ni[D], b_nh[D];
  float *wo, *bo;             // [horizon, D], [horizon]
} weights;

static weights *arrange(const problem *p) {
  weights *w = aligned_alloc(64, (sizeof(weights) + 63) / 64 * 64);
  if (!w) return NULL;
  memset(w, 0, sizeof(*w));
  w->wo = calloc((size_t)p->horizon * (D + 1), sizeof(float));
  if (!w->wo) { free(w); return NULL; }
  w->bo = w->wo + p->horizon * D;
  int64_t n = p->hidden;
  for (int64_t i = 0; i < n; i++) {
    w->w_own[i] = p->w_own[i];
    w->w_aggregate[i] = p->w_aggregate[i];
    w->b_ni[i] = p->bi[2 * n + i];
    w->b_nh[i] = p->bh[2 * n + i];
    for (int64_t gate = 0; gate < 2; gate++) w->b_rz[gate * D + i] = p->bi[gate * n + i] + p->bh[gate * n + i];
    for (int64_t k = 0; k < n; k++) {
      for (int64_t gate = 0; gate < 2; gate++) {
        w->rz[(gate * D + i) * 2 * D + k] = p->wi[(gate * n + i) * n + k];
        w->rz[(gate * D + i) * 2 * D + D + k] = p->wh[(gate * n + i) * n + k];
      }
      w->ni[i * D + k] = p->wi[(2 * n + i) * n + k];
      w->nh[i * D + k] = p->wh[(2 * n + i) * n + k];
    }
  }
  for (int i = 0; i < 2 * D; i++)
    for (int k = 0; k < 2 * D; k++) w->rz_t[k * 2 * D + i] = w->rz[i * 2 * D + k];
  for (int i = 0; i < D; i++)
    for (int k = 0; k < D; k++) {
      w->ni_t[k * D + i] = w->ni[i * D + k];
      w->nh_t[k * D + i] = w->nh[i * D + k];
    }
  for (int64_t k = 0; k < p->horizon; k++) {
    w->bo[k] = p->bo[k];
    for (int64_t i = 0; i < n; i++) w->wo[k * D + i] = p->wo[k * n + i];
  }
  return w;
}

static void release(weights *w) {
  free(w->wo);
  free(w);
}

// ---- one tile -----------------------------------------------------------------------------------------------------

typedef struct {
  vec uh[2 * D];           // lifted input and state before the hour
  vec r[D], z[D], n[D];
  vec q[D];                // Wh h + bh of gate n
} hour;
typedef struct { vec rz[2 * D], n[D], nr[D]; } hour_gradient; // before the gates' nonlinearities; nr = n * r

typedef struct {
  int64_t first;           // sample of lane 0
  int64_t at[LANES];       // sample of each lane; the last tile repeats the last sample
  vec live;                // 0 in lanes that only repeat
  vec base[D];
} tile;

INLINE void set(vec *v, int lane, float value) { ((float *)v)[lane] = value; }
INLINE float get(const vec *v, int lane) { return ((const float *)v)[lane]; }

INLINE tile begin(const problem *p, int64_t index) {
  tile s;
  s.first = index * LANES;
  for (int j = 0; j < D; j++) s.base[j] = splat(0.0f);
  for (int lane = 0; lane < LANES; lane++) {
    int64_t sample = s.first + lane;
    set(&s.live, lane, sample < p->samples ? 1.0f : 0.0f);
    s.at[lane] = sample < p->samples ? sample : p->samples - 1;
    if (p->base)
      for (int64_t j = 0; j < p->hidden; j++) set(&s.base[j], lane, p->base[s.at[lane] * p->hidden + j]);
  }
  return s;
}

INLINE uvec counters(const tile *s, uint32_t stride) {
  uvec c;
  for (int lane = 0; lane < LANES; lane++) c[lane] = (uint32_t)s->at[lane] * stride;
  return c;
}

INLINE void read_hour(const problem *p, const tile *s, int64_t t, vec *own, vec *aggregate) {
  for (int lane = 0; lane < LANES; lane++) {
    int64_t i = s->at[lane], cell = (int64_t)p->node[i] * p->hours + p->start[i] + t;
    set(own, lane, p->own[cell]);
    set(aggregate, lane, p->aggregate[cell]);
  }
}

INLINE void lift(const problem *p, const weights *w, const tile *s, int64_t t, vec own, vec aggregate, vec *u) {
  vec season[D];
  if (p->calendar) {
    for (int j = 0; j < D; j++) season[j] = splat(0.0f);
    for (int lane = 0; lane < LANES; lane++) {
      const float *row = p->calendar + (int64_t)p->slot[p->start[s->at[lane]] + t] * p->hidden;
      for (int64_t j = 0; j < p->hidden; j++) set(&season[j], lane, row[j]);
    }
  }
  for (int j = 0; j < D; j++) {
    vec sum = own * w->w_own[j] + aggregate * w->w_aggregate[j] + s->base[j];
    if (p->calendar) sum += season[j];
    u[j] = larger(sum, splat(0.0f));
  }
  if (p->drop_lifted > 0.0) {
    uvec count = counters(s, (uint32_t)(p->look_back * p->hidden)) + (uint32_t)(t * p->hidden);
    for (int64_t j = 0; j < p->hidden; j++) u[j] *= kept((uint32_t)p->seed, 1, count + (uint32_t)j, p->drop_lifted);
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
  multiply(2 * D, 2 * D, w->rz, at->uh, rz);
  multiply(D, D, w->ni, at->uh, n);
  multiply(D, D, w->nh, at->uh + D, at->q);
  for (int j = 0; j < D; j++) {
    at->r[j] = sigmoid(rz[j]);
    at->z[j] = sigmoid(rz[D + j]);
    at->n[j] = hyperbolic_tangent(n[j] + at->r[j] * at->q[j]);
    next_state[j] = at->n[j] + at->z[j] * (at->uh[D + j] - at->n[j]);
  }
}

// The study's dropouts of the last state and of the forecast; without them all factors are one.
INLINE void keep_state(const problem *p, const tile *s, vec *keep) {
  for (int j = 0; j < D; j++) keep[j] = splat(1.0f);
  if (p->drop_state > 0.0) {
    uvec count = counters(s, (uint32_t)p->hidden);
    for (int64_t j = 0; j < p->hidden; j++) keep[j] = kept((uint32_t)p->seed, 2, count + (uint32_t)j, p->drop_state);
  }
}
INLINE vec keep_forecast(const problem *p, const tile *s, int64_t k) {
  if (p->drop_forecast <= 0.0) return splat(1.0f);
  return kept((uint32_t)p->seed, 3, counters(s, (uint32_t)p->horizon) + (uint32_t)k, p->drop_forecast);
}

INLINE void first_state(const problem *p, const tile *s, vec *h) {
  for (int j = 0; j < D; j++) h[j] = splat(0.0f);
  if (p->state)
    for (int lane = 0; lane < LANES; lane++)
      for (int64_t j = 0; j < p->hidden; j++) set(&h[j], lane, p->state[s->at[lane] * p->hidden + j]);
}

static void forecast_tile(const problem *p, const weights *w, int64_t index) {
  tile s = begin(p, index);
  hour at;
  first_state(p, &s, at.uh + D);
  for (int64_t t = 0; t < p->look_back; t++) {
    vec own, aggregate;
    read_hour(p, &s, t, &own, &aggregate);
    lift(p, w, &s, t, own, aggregate, at.uh);
    recur(w, &at, at.uh + D);
  }
  vec keep[D];
  keep_state(p, &s, keep);
  for (int64_t k = 0; k < p->horizon; k++) {
    vec y = splat(w->bo[k]);
    for (int j = 0; j < D; j++) y += w->wo[k * D + j] * (keep[j] * at.uh[D + j]);
    y *= keep_forecast(p, &s, k);
    for (int lane = 0; lane < LANES && s.first + lane < p->samples; lane++)
      p->forecast[(s.first + lane) * p->horizon + k] = get(&y, lane);
  }
  if (p->last_state)
    for (int lane = 0; lane < LANES && s.first + lane < p->samples; lane++)
      for (int64_t j = 0; j < p->hidden; j++)
        p->last_state[(s.first + lane) * p->hidden + j] = get(&at.uh[D + j], lane);
}

// ---- gradients ------------------------------------------------------------------------------------------------------

typedef struct {
  vec rz[2 * D * 2 * D], ni[D * D], nh[D * D];
  vec b_rz[2 * D], b_ni[D], b_nh[D], w_own[D], w_aggregate[D];
  vec loss;
} gradient;

typedef struct {
  gradient *sum;
  vec *wo, *bo;            // [horizon, D], [horizon]
  float *calendar;         // [slots, hidden], inside the chunk's row of the partial sums
  hour *hours;
  hour_gradient *deltas;
  vec *own, *aggregate;
} scratch;

static int allocate(const problem *p, scratch *s) {
  size_t hours = (size_t)p->look_back;
  size_t bytes = sizeof(gradient) + (size_t)p->horizon * (D + 1) * sizeof(vec) +
                 (hours + 1) * sizeof(hour) + hours * (sizeof(hour_gradient) + 2 * sizeof(vec));
  char *all = aligned_alloc(64, (bytes + 63) / 64 * 64);
  if (!all) return 0;
  s->sum = (gradient *)all;
  s->hours = (hour *)(s->sum + 1);
  s->deltas = (hour_gradient *)(s->hours + hours + 1);
  s->wo = (vec *)(s->deltas + hours);
  s->bo = s->wo + p->horizon * D;
  s->own = s->bo + p->horizon;
  s->aggregate = s->own + hours;
  return 1;
}

static void learn_tile(const problem *p, const weights *w, scratch *m, int64_t index) {
  tile s = begin(p, index);
  int64_t hours = p->look_back;
  first_state(p, &s, m->hours[0].uh + D);
  for (int64_t t = 0; t < hours; t++) {
    read_hour(p, &s, t, &m->own[t], &m->aggregate[t]);
    lift(p, w, &s, t, m->own[t], m->aggregate[t], m->hours[t].uh);
    recur(w, &m->hours[t], m->hours[t + 1].uh + D);
  }

  const vec *last = m->hours[hours].uh + D;
  vec keep[D], dropped[D], dh[D];
  keep_state(p, &s, keep);
  for (int j = 0; j < D; j++) {
    dropped[j] = keep[j] * last[j];
    dh[j] = splat(0.0f);
  }
  for (int64_t k = 0; k < p->horizon; k++) {
    vec y = splat(w->bo[k]), target, weight;
    for (int j = 0; j < D; j++) y += w->wo[k * D + j] * dropped[j];
    vec keep_y = keep_forecast(p, &s, k);
    y *= keep_y;
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
    // Where nothing was observed the target may be NaN: chosen away, not multiplied by zero.
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

  vec dbase[D];
  for (int j = 0; j < D; j++) dbase[j] = splat(0.0f);
  float kept_scale = p->drop_lifted > 0.0 ? (float)(1.0 / (1.0 - p->drop_lifted)) : 1.0f;
  for (int64_t t = hours - 1; t >= 0; t--) {
    hour *at = &m->hours[t];
    hour_gradient *d = &m->deltas[t];
    vec duh[2 * D];
    for (int j = 0; j < D; j++) {
      vec r = at->r[j], z = at->z[j], n = at->n[j];
      vec dn = dh[j] * (1.0f - z) * (1.0f - n * n);
      d->n[j] = dn;
      d->nr[j] = dn * r;
      d->rz[j] = dn * at->q[j] * r * (1.0f - r);
      d->rz[D + j] = dh[j] * (at->uh[D + j] - n) * z * (1.0f - z);
      duh[j] = splat(0.0f);
      duh[D + j] = dh[j] * z;
    }
    multiply(2 * D, 2 * D, w->rz_t, d->rz, duh);
    multiply(D, D, w->ni_t, d->n, duh);
    multiply(D, D, w->nh_t, d->nr, duh + D);
    vec du[D];
    for (int j = 0; j < D; j++) {
      dh[j] = duh[D + j];
      // Zero where relu or dropout has cut the unit: both leave a zero behind.
      du[j] = choose(at->uh[j] > 0.0f, duh[j] * kept_scale, splat(0.0f));
      m->sum->w_own[j] += du[j] * m->own[t];
      m->sum->w_aggregate[j] += du[j] * m->aggregate[t];
      dbase[j] += du[j];
    }
    if (p->calendar)
      for (int lane = 0; lane < LANES && s.first + lane < p->samples; lane++) {
        float *row = m->calendar + (int64_t)p->slot[p->start[s.at[lane]] + t] * p->hidden;
        for (int64_t j = 0; j < p->hidden; j++) row[j] += get(&du[j], lane);
      }
  }
  if (p->base_gradient)
    for (int lane = 0; lane < LANES && s.first + lane < p->samples; lane++)
      for (int64_t j = 0; j < p->hidden; j++)
        p->base_gradient[(s.first + lane) * p->hidden + j] = get(&dbase[j], lane);

  const int hour_stride = sizeof(hour) / sizeof(vec), delta_stride = sizeof(hour_gradient) / sizeof(vec);
  const vec *uh = m->hours[0].uh;
  outer(hours, 2 * D, 2 * D, m->deltas[0].rz, delta_stride, uh, hour_stride, m->sum->rz);
  outer(hours, D, D, m->deltas[0].n, delta_stride, uh, hour_stride, m->sum->ni);
  outer(hours, D, D, m->deltas[0].nr, delta_stride, uh + D, hour_stride, m->sum->nh);
  for (int64_t t = 0; t < hours; t++)
    for (int j = 0; j < D; j++) {
      m->sum->b_rz[j] += m->deltas[t].rz[j];
      m->sum->b_rz[D + j] += m->deltas[t].rz[D + j];
      m->sum->b_ni[j] += m->deltas[t].n[j];
      m->sum->b_nh[j] += m->deltas[t].nr[j];
    }
}

INLINE float total(vec v) {
  float sum = 0.0f;
  for (int lane = 0; lane < LANES; lane++) sum += v[lane];
  return sum;
}

// A chunk's sums without padding, in torch's order: w_own, w_aggregate, Wi, Wh, bi, bh, Wo, bo, (calendar), loss.
static void write_partial(const problem *p, const scratch *m, float *out) {
  const gradient *g = m->sum;
  int64_t n = p->hidden;
  for (int64_t j = 0; j < n; j++) *out++ = total(g->w_own[j]);
  for (int64_t j = 0; j < n; j++) *out++ = total(g->w_aggregate[j]);
  for (int part = 0; part < 2; part++) {
    for (int64_t i = 0; i < 2 * n; i++)
      for (int64_t k = 0; k < n; k++)
        *out++ = total(g->rz[((i / n) * D + i % n) * 2 * D + part * D + k]);
    for (int64_t i = 0; i < n; i++)
      for (int64_t k = 0; k < n; k++) *out++ = total((part ? g->nh : g->ni)[i * D + k]);
  }
  for (int part = 0; part < 2; part++) {
    for (int64_t i = 0; i < 2 * n; i++) *out++ = total(g->b_rz[(i / n) * D + i % n]);
    for (int64_t i = 0; i < n; i++) *out++ = total((part ? g->b_nh : g->b_ni)[i]);
  }
  for (int64_t k = 0; k < p->horizon; k++)
    for (int64_t j = 0; j < n; j++) *out++ = total(m->wo[k * D + j]);
  for (int64_t k = 0; k < p->horizon; k++) *out++ = total(m->bo[k]);
  out += p->calendar ? p->slots * n : 0;
  *out = total(g->loss) * (float)p->scale;
}

static int64_t gradient_floats(const problem *p) {
  int64_t n = p->hidden;
  return 2 * n + 6 * n * n + 6 * n + p->horizon * (n + 1) + (p->calendar ? p->slots * n : 0);
}

// ---- what is called from outside ------------------------------------------------------------------------------------

// Forecasts of tiles first .. last - 1. Returns 0, or 1 where memory ran out.
int fused_forecast(const problem *p, int64_t first, int64_t last) {
  weights *w = arrange(p);
  if (!w) return 1;
  for (int64_t index = first; index < last; index++) forecast_tile(p, w, index);
  release(w);
  return 0;
}

// Loss and gradients of chunks first .. last - 1 into their rows of p->partial. The cut into chunks depends on the
// number of samples alone, so that sums do not depend on the number of threads.
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
    m.calendar = row + width - 1 - (p->calendar ? p->slots * p->hidden : 0);
    int64_t end = (chunk + 1) * p->chunk_tiles;
    for (int64_t index = chunk * p->chunk_tiles; index < (end < tiles ? end : tiles); index++)
      learn_tile(p, w, &m, index);
    write_partial(p, &m, row);
  }
  free(m.sum);
  release(w);
  return 0;
}

// Forecasts of windows that start at consecutive hours first_start .. first_start + windows - 1, for tiles of nodes:
// what the input adds to the gates is computed once per hour and not once per window. forecast: [windows, samples,
// horizon]; p->node, p->base have one row per node, p->start is not used.
int fused_forecast_consecutive(const problem *p, int64_t first_start, int64_t windows, int64_t first, int64_t last) {
  weights *w = arrange(p);
  int64_t hours = windows + p->look_back - 1;
  typedef struct { vec rz[2 * D], n[D]; } gates;
  gates *g = aligned_alloc(64, ((size_t)hours * sizeof(gates) + 63) / 64 * 64);
  float *wi_rz = malloc(2 * D * D * sizeof(float)), *wh_rz = malloc(2 * D * D * sizeof(float));
  if (!w || !g || !wi_rz || !wh_rz) {
    if (w) release(w);
    free(g); free(wi_rz); free(wh_rz);
    return 1;
  }
  for (int i = 0; i < 2 * D; i++)
    for (int k = 0; k < D; k++) {
      wi_rz[i * D + k] = w->rz[i * 2 * D + k];
      wh_rz[i * D + k] = w->rz[i * 2 * D + D + k];
    }
  int32_t *starts = malloc((size_t)p->samples * sizeof(int32_t));
  if (!starts) { release(w); free(g); free(wi_rz); free(wh_rz); return 1; }
  for (int64_t i = 0; i < p->samples; i++) starts[i] = (int32_t)first_start;
  problem q = *p;
  q.start = starts;
  for (int64_t index = first; index < last; index++) {
    tile s = begin(&q, index);
    for (int64_t t = 0; t < hours; t++) {
      vec own, aggregate, u[D];
      read_hour(&q, &s, t, &own, &aggregate);
      lift(&q, w, &s, t, own, aggregate, u);
      for (int j = 0; j < 2 * D; j++) g[t].rz[j] = splat(w->b_rz[j]);
      for (int j = 0; j < D; j++) g[t].n[j] = splat(w->b_ni[j]);
      multiply(2 * D, D, wi_rz, u, g[t].rz);
      multiply(D, D, w->ni, u, g[t].n);
    }
    for (int64_t window = 0; window < windows; window++) {
      vec h[D];
      for (int j = 0; j < D; j++) h[j] = splat(0.0f);
      for (int64_t t = 0; t < p->look_back; t++) {
        vec rz[2 * D], hn[D];
        for (int j = 0; j < 2 * D; j++) rz[j] = g[window + t].rz[j];
        for (int j = 0; j < D; j++) hn[j] = splat(w->b_nh[j]);
        multiply(2 * D, D, wh_rz, h, rz);
        multiply(D, D, w->nh, h, hn);
        for (int j = 0; j < D; j++) {
          vec n = hyperbolic_tangent(g[window + t].n[j] + sigmoid(rz[j]) * hn[j]);
          h[j] = n + sigmoid(rz[D + j]) * (h[j] - n);
        }
      }
      for (int64_t k = 0; k < p->horizon; k++) {
        vec y = splat(w->bo[k]);
        for (int j = 0; j < D; j++) y += w->wo[k * D + j] * h[j];
        for (int lane = 0; lane < LANES && s.first + lane < p->samples; lane++)
          p->forecast[(window * p->samples + s.first + lane) * p->horizon + k] = get(&y, lane);
      }
    }
  }
  free(starts); free(wi_rz); free(wh_rz); free(g);
  release(w);
  return 0;
}
