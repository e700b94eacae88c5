#ifndef CDASHBOARD_H
#define CDASHBOARD_H

#include <stddef.h>
#include <stdint.h>

// A file of the dashboard, as it is in web/. The bytes live as long as the process and never change.
struct dashboard_file {
    const char *name;
    const uint8_t *bytes;
    size_t size;
};

size_t dashboard_file_count(void);

// `index` is below the count.
struct dashboard_file dashboard_file_at(size_t index);

#endif
