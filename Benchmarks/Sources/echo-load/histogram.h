#pragma once
#include <stdint.h>

// Log-linear: 64 buckets for each power of two, so a value is known to 1.6 %.
enum { HISTOGRAM_BITS = 6, HISTOGRAM_BUCKETS = (64 - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS };

typedef struct {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t total, max;
} Histogram;

static inline unsigned histogram_bucket(uint64_t value) {
    if (value >> HISTOGRAM_BITS == 0) return (unsigned)value;
    unsigned shift = 63u - (unsigned)__builtin_clzll(value) - HISTOGRAM_BITS;
    return (shift << HISTOGRAM_BITS) + (unsigned)(value >> shift);
}

static inline void histogram_add(Histogram *histogram, uint64_t value) {
    histogram->counts[histogram_bucket(value)]++;
    histogram->total++;
    if (value > histogram->max) histogram->max = value;
}

// The largest value of the bucket in which the quantile (0...1) lies; 0 if the histogram is empty.
uint64_t histogram_quantile(const Histogram *histogram, double quantile);

// Prints `"latency_us":{"p50":…,"p99":…,"p999":…,"max":…}` of values in nanoseconds.
void histogram_print(const Histogram *histogram);
