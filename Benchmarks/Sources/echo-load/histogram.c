#include "histogram.h"

#include <stdio.h>

static uint64_t largest_in(unsigned bucket) {
    if (bucket >> HISTOGRAM_BITS == 0) return bucket;
    unsigned shift = (bucket >> HISTOGRAM_BITS) - 1;
    uint64_t mantissa = (bucket & ((1u << HISTOGRAM_BITS) - 1)) + (1u << HISTOGRAM_BITS);
    return ((mantissa + 1) << shift) - 1;
}

uint64_t histogram_quantile(const Histogram *histogram, double quantile) {
    uint64_t wanted = (uint64_t)(quantile * (double)histogram->total), seen = 0;
    if (histogram->total == 0) return 0;
    if (wanted >= histogram->total) wanted = histogram->total - 1;
    for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        seen += histogram->counts[bucket];
        if (seen <= wanted) continue;
        uint64_t value = largest_in(bucket);
        return value < histogram->max ? value : histogram->max;
    }
    return histogram->max;
}

void histogram_print(const Histogram *histogram) {
    printf("\"latency_us\":{\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}",
           (double)histogram_quantile(histogram, 0.50) / 1e3, (double)histogram_quantile(histogram, 0.99) / 1e3,
           (double)histogram_quantile(histogram, 0.999) / 1e3, (double)histogram->max / 1e3);
}
