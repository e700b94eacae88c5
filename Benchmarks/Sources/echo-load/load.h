#pragma once
// What the modes share: options, sockets, lines, and the counting of failures.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

enum { MAX_ADDRESSES = 64, EVENTS_PER_WAIT = 512 };

typedef enum { CLOSE_HALF, CLOSE_FULL, CLOSE_RESET } CloseManner;

typedef struct {
    struct sockaddr_storage storage;
    socklen_t size;
} Address;

typedef struct {
    Address addresses[MAX_ADDRESSES];
    unsigned address_count;
    unsigned sources;     // addresses 127.0.0.1… to connect from towards 127.0.0.0/8; 0: do not bind
    unsigned connections; // steady: how many; short: how many at once; idle: how many
    unsigned depth;
    size_t line_bytes;
    double seconds, warmup, timeout, deadline, hold;
    uint64_t short_connections;
    CloseManner close_manner;
    bool checks, verbatim, speaks;
    pid_t pid;
} Options;

// MARK: Modes. Each prints one line of JSON and returns the exit code. On stderr they say when the time they measure,
// or hold, begins: "measuring", "opened N".

int run_steady(const Options *options);
int run_short(const Options *options);
int run_idle(const Options *options);
int run_flood(const Options *options);

// MARK: Time

#define NANOSECONDS 1000000000ull
uint64_t now(void);
static inline uint64_t after(uint64_t start, double seconds) {
    return start + (uint64_t)(seconds * (double)NANOSECONDS);
}
// For epoll_wait: rounded up, never negative, at most `most`.
int milliseconds_until(uint64_t instant, int most);

// MARK: Sockets

// Starts connection number `number`: addresses and sources are taken in turn. Returns the descriptor, or -1 and errno.
int begin_connect(const Options *options, uint64_t number);
// The error of a connection that was begun, 0 if it is established.
int connect_error(int descriptor);
void watch(int poller, int descriptor, uint32_t events, void *context);
// Reports the current events once more, although their edge was already delivered.
void watch_again(int poller, int descriptor, uint32_t events, void *context);
int new_poller(void);
void close_with_reset(int descriptor);

// MARK: Lines

// Line `sequence` of connection `connection`, with its newline, and the answer it must get.
// With --check each line is different, in mixed case, and padded with white space; else all are the same.
void make_line(const Options *options, uint64_t connection, uint64_t sequence, char *line);
size_t make_answer(const Options *options, uint64_t connection, uint64_t sequence, char *answer);

// MARK: Failures

// What went wrong where, e.g. ("connect", ECONNREFUSED). Negative errors are echo-load's own:
enum { CLOSED_EARLY = -1, WRONG_ANSWER = -2, TIMED_OUT = -3, UNASKED_BYTES = -4 };
void count_failure(const char *phase, int error);
uint64_t failure_count(void);
// Prints `"failures":{"connect ECONNREFUSED":3}`.
void print_failures(void);

// MARK: The server's side of the measurement

typedef struct {
    double user_seconds, system_seconds;
    uint64_t rss_bytes;
} ServerUse;
// From /proc/PID; zeros without --pid or when it is gone.
ServerUse server_use(pid_t pid);
// Prints `"server":{…}`: CPU time between the two, and the memory of the later one.
void print_server_use(ServerUse before, ServerUse later);

_Noreturn void fail(const char *what);
void *allocate(size_t count, size_t size);
