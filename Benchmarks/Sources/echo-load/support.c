#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

_Noreturn void fail(const char *what) {
    fprintf(stderr, "echo-load: %s: %s\n", what, strerror(errno));
    exit(2);
}

void *allocate(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (!memory) fail("calloc");
    return memory;
}

// MARK: Time

uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * NANOSECONDS + (uint64_t)time.tv_nsec;
}

int milliseconds_until(uint64_t instant, int most) {
    uint64_t current = now();
    if (instant <= current) return 0;
    uint64_t milliseconds = (instant - current + 999999) / 1000000;
    return milliseconds < (uint64_t)most ? (int)milliseconds : most;
}

// MARK: Sockets

static bool is_loopback_v4(const Address *address) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address->storage;
    return v4->sin_family == AF_INET && ntohl(v4->sin_addr.s_addr) >> 24 == 127;
}

// A client that closes first keeps its port in TIME_WAIT for a minute, and there are some 28,000 ports for one pair of
// addresses. Each further source address brings as many again. The port is chosen by connect(), which looks at all
// four parts of the address, not by bind(), which would look at two.
static int bind_source(int descriptor, const Options *options, uint64_t number) {
    int on = 1;
    struct sockaddr_in source = {.sin_family = AF_INET};
    source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)(number % options->sources));
    if (setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) < 0) return -1;
    return bind(descriptor, (struct sockaddr *)&source, sizeof source);
}

// A full accept queue makes connect() fail with EAGAIN on a non-blocking Unix socket, and nothing says when to try
// again. So connect() blocks, for a second at most; the server empties the queue meanwhile.
static int connect_unix(int descriptor, const Address *address) {
    struct timeval second = {.tv_sec = 1};
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof second);
    fcntl(descriptor, F_SETFL, 0);
    int result = connect(descriptor, (const struct sockaddr *)&address->storage, address->size);
    int error = errno;
    fcntl(descriptor, F_SETFL, O_NONBLOCK);
    errno = error;
    return result;
}

static int start_connect(int descriptor, const Address *address) {
    if (address->storage.ss_family == AF_UNIX) return connect_unix(descriptor, address);
    int result = connect(descriptor, (const struct sockaddr *)&address->storage, address->size);
    return result < 0 && errno == EINPROGRESS ? 0 : result;
}

static int connect_from(const Options *options, const Address *address, uint64_t source) {
    int on = 1, family = address->storage.ss_family;
    int descriptor = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    if (family != AF_UNIX) setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    bool binds = options->sources > 0 && is_loopback_v4(address);
    bool is_begun = (!binds || bind_source(descriptor, options, source) == 0) &&
                    start_connect(descriptor, address) == 0;
    if (is_begun) return descriptor;
    int error = errno;
    close(descriptor);
    errno = error;
    return -1;
}

int begin_connect(const Options *options, uint64_t number) {
    const Address *address = &options->addresses[number % options->address_count];
    uint64_t source = number / options->address_count;
    int descriptor = connect_from(options, address, source);
    // The ports of one source are used up: the next one may have some.
    for (unsigned tries = 1; descriptor < 0 && errno == EADDRNOTAVAIL && tries < options->sources; tries++)
        descriptor = connect_from(options, address, source + tries);
    return descriptor;
}

int connect_error(int descriptor) {
    int error = 0;
    socklen_t size = sizeof error;
    return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? errno : error;
}

int new_poller(void) {
    int poller = epoll_create1(EPOLL_CLOEXEC);
    if (poller < 0) fail("epoll_create1");
    return poller;
}

void watch(int poller, int descriptor, uint32_t events, void *context) {
    struct epoll_event event = {.events = events, .data.ptr = context};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event) < 0) fail("epoll_ctl");
}

void watch_again(int poller, int descriptor, uint32_t events, void *context) {
    struct epoll_event event = {.events = events, .data.ptr = context};
    if (epoll_ctl(poller, EPOLL_CTL_MOD, descriptor, &event) < 0) fail("epoll_ctl");
}

void close_with_reset(int descriptor) {
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(descriptor);
}

// MARK: Lines

static const char filler[] = "The quick Brown fox JUMPS over a lazy dog; 0123456789 ";

static char upper(char byte) {
    return byte >= 'a' && byte <= 'z' ? (char)(byte - 32) : byte;
}

// How much white space is at each end of a line; it differs from line to line.
static void padding(const Options *options, uint64_t sequence, size_t *leading, size_t *trailing) {
    *leading = options->checks ? sequence % 4 : 0;
    *trailing = options->checks ? sequence / 4 % 3 : 0;
}

void make_line(const Options *options, uint64_t connection, uint64_t sequence, char *line) {
    size_t leading, trailing, length = options->line_bytes - 1;
    padding(options, sequence, &leading, &trailing);
    for (size_t i = 0; i < length; i++) line[i] = filler[i % (sizeof filler - 1)];
    if (options->checks) {
        char mark[32];
        int size = snprintf(mark, sizeof mark, "%06x:%010llx", (unsigned)connection, (unsigned long long)sequence);
        memcpy(line + leading, mark, (size_t)size);
    }
    // The ends must not be white space by accident: the length of the answer is known beforehand.
    line[length - 1 - trailing] = 'z';
    memset(line, ' ', leading);
    memset(line + length - trailing, '\t', trailing);
    line[length] = '\n';
}

size_t make_answer(const Options *options, uint64_t connection, uint64_t sequence, char *answer) {
    make_line(options, connection, sequence, answer);
    if (options->verbatim) return options->line_bytes;
    size_t leading, trailing;
    padding(options, sequence, &leading, &trailing);
    size_t length = options->line_bytes - 1 - leading - trailing;
    for (size_t i = 0; i < length; i++) answer[i] = upper(answer[leading + i]);
    answer[length] = '\n';
    return length + 1;
}

// MARK: Failures

static struct Failure {
    const char *phase;
    int error;
    uint64_t count;
} failures[64];
static unsigned failure_kinds;
static uint64_t all_failures;

void count_failure(const char *phase, int error) {
    all_failures++;
    for (unsigned i = 0; i < failure_kinds; i++) {
        if (failures[i].error != error || strcmp(failures[i].phase, phase) != 0) continue;
        failures[i].count++;
        return;
    }
    if (failure_kinds == sizeof failures / sizeof *failures) return;
    failures[failure_kinds++] = (struct Failure){phase, error, 1};
}

uint64_t failure_count(void) {
    return all_failures;
}

static const char *error_name(int error) {
    switch (error) {
    case CLOSED_EARLY: return "closed early";
    case WRONG_ANSWER: return "wrong answer";
    case TIMED_OUT: return "timed out";
    case UNASKED_BYTES: return "unasked bytes";
    }
    const char *name = strerrorname_np(error);
    return name ? name : "unknown";
}

void print_failures(void) {
    printf("\"failures\":{");
    for (unsigned i = 0; i < failure_kinds; i++)
        printf("%s\"%s %s\":%llu", i ? "," : "", failures[i].phase, error_name(failures[i].error),
               (unsigned long long)failures[i].count);
    printf("}");
}

// MARK: The server

static void read_cpu(const char *path, ServerUse *use) {
    char text[1024] = "";
    FILE *file = fopen(path, "re");
    if (!file) return;
    size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[size] = 0;
    // The command's name is in parentheses and may hold anything, so count from the last one.
    const char *fields = strrchr(text, ')');
    unsigned long long user = 0, system = 0;
    const char *format = ") %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu %llu";
    if (!fields || sscanf(fields, format, &user, &system) != 2) return;
    double ticks = (double)sysconf(_SC_CLK_TCK);
    use->user_seconds = (double)user / ticks;
    use->system_seconds = (double)system / ticks;
}

static void read_memory(const char *path, ServerUse *use) {
    unsigned long long pages = 0;
    FILE *file = fopen(path, "re");
    if (!file) return;
    if (fscanf(file, "%*s %llu", &pages) == 1) use->rss_bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE);
    fclose(file);
}

ServerUse server_use(pid_t pid) {
    ServerUse use = {0};
    char path[64];
    if (pid <= 0) return use;
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    read_cpu(path, &use);
    snprintf(path, sizeof path, "/proc/%d/statm", pid);
    read_memory(path, &use);
    return use;
}

void print_server_use(ServerUse before, ServerUse later) {
    printf("\"server\":{\"rss_before_bytes\":%llu,\"rss_bytes\":%llu,\"system_seconds\":%.2f,\"user_seconds\":%.2f}",
           (unsigned long long)before.rss_bytes, (unsigned long long)later.rss_bytes,
           later.system_seconds - before.system_seconds, later.user_seconds - before.user_seconds);
}
