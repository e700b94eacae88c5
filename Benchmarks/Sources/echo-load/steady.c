// A fixed number of connections, each with `depth` lines in flight, for a fixed time.
// A closed loop: a slow server is asked less, so its latencies are those of a server as busy as it can be.

#include "histogram.h"
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { READ_BYTES = 256 * 1024, WATCHED = (int)(EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET) };

typedef struct {
    int descriptor; // -1 once it failed or ended
    bool is_established, is_half_closed;
    uint64_t number;
    uint64_t asked, answered; // lines
    size_t answer_bytes;      // of the answer that is being received
    uint64_t *asked_at;       // ring of `depth`
    char *unsent;
    size_t unsent_start, unsent_end;
} Asker;

static const Options *options;
static Asker *askers;
static unsigned open_askers, established;
static int poller;
static char received[READ_BYTES];
static char *constant_line, *expected;
static Histogram latency;
static uint64_t answers;
static bool measures, asks, finishes;

static void end(Asker *asker, const char *phase, int error) {
    if (error) count_failure(phase, error);
    close(asker->descriptor);
    asker->descriptor = -1;
    open_askers--;
}

// MARK: Asking

// Returns false if the connection failed.
static bool send_unsent(Asker *asker) {
    while (asker->unsent_start < asker->unsent_end) {
        ssize_t sent = send(asker->descriptor, asker->unsent + asker->unsent_start,
                            asker->unsent_end - asker->unsent_start, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) return true;
        if (sent < 0) {
            end(asker, "write", errno);
            return false;
        }
        asker->unsent_start += (size_t)sent;
    }
    asker->unsent_start = asker->unsent_end = 0;
    return true;
}

static void add_line(Asker *asker) {
    char *line = asker->unsent + asker->unsent_end;
    if (options->checks) make_line(options, asker->number, asker->asked, line);
    else memcpy(line, constant_line, options->line_bytes);
    asker->unsent_end += options->line_bytes;
}

// Sends as many lines as were answered, so that `depth` are in flight again.
static void ask(Asker *asker, uint64_t time) {
    size_t waiting = asker->unsent_end - asker->unsent_start;
    if (asker->unsent_start > 0) memmove(asker->unsent, asker->unsent + asker->unsent_start, waiting);
    asker->unsent_start = 0;
    asker->unsent_end = waiting;
    for (; asker->asked < asker->answered + options->depth; asker->asked++) {
        asker->asked_at[asker->asked % options->depth] = time;
        add_line(asker);
    }
    send_unsent(asker);
}

// MARK: Answers

static void answered(Asker *asker, uint64_t time) {
    if (measures) {
        answers++;
        histogram_add(&latency, time - asker->asked_at[asker->answered % options->depth]);
    }
    asker->answered++;
    asker->answer_bytes = 0;
}

// Without --check an answer is known by its length, which is that of the line, and its newline.
static int take_by_length(Asker *asker, const char *bytes, size_t count, uint64_t time) {
    while (asker->answer_bytes + count >= options->line_bytes) {
        size_t rest = options->line_bytes - asker->answer_bytes;
        if (asker->answered == asker->asked) return UNASKED_BYTES;
        if (bytes[rest - 1] != '\n') return WRONG_ANSWER;
        bytes += rest;
        count -= rest;
        answered(asker, time);
    }
    asker->answer_bytes += count;
    return 0;
}

static int take_by_bytes(Asker *asker, const char *bytes, size_t count, uint64_t time) {
    while (count > 0) {
        if (asker->answered == asker->asked) return UNASKED_BYTES;
        size_t size = make_answer(options, asker->number, asker->answered, expected);
        size_t rest = size - asker->answer_bytes, here = rest < count ? rest : count;
        if (memcmp(expected + asker->answer_bytes, bytes, here) != 0) return WRONG_ANSWER;
        asker->answer_bytes += here;
        bytes += here;
        count -= here;
        if (here == rest) answered(asker, time);
    }
    return 0;
}

// One read per turn, so that a connection with much in flight does not starve the others and the clock.
static void receive(Asker *asker, uint32_t events) {
    ssize_t count = recv(asker->descriptor, received, sizeof received, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0) return end(asker, "read", errno);
    if (count == 0) return end(asker, "read", !finishes || asker->answered < asker->asked ? CLOSED_EARLY : 0);
    uint64_t time = now();
    int error = options->checks ? take_by_bytes(asker, received, (size_t)count, time)
                                : take_by_length(asker, received, (size_t)count, time);
    if (error) return end(asker, "read", error);
    if (asks) ask(asker, time);
    // After a short read nothing is left, and what comes next makes a new edge. Otherwise the edge must be made again.
    bool may_hold_more = count == READ_BYTES || events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
    if (may_hold_more && asker->descriptor >= 0) watch_again(poller, asker->descriptor, WATCHED, asker);
}

// MARK: The run

static void half_close(Asker *asker) {
    if (asker->descriptor < 0 || asker->is_half_closed || asker->unsent_end > 0) return;
    asker->is_half_closed = true;
    shutdown(asker->descriptor, SHUT_WR);
}

static void serve(Asker *asker, uint32_t events) {
    if (asker->descriptor < 0) return;
    if (!asker->is_established) {
        int error = connect_error(asker->descriptor);
        if (error) return end(asker, "connect", error);
        if (!(events & EPOLLOUT)) return;
        asker->is_established = true;
        established++;
    }
    if (events & EPOLLOUT && asker->unsent_end > 0 && !send_unsent(asker)) return;
    if (finishes) half_close(asker);
    if (events & ~(uint32_t)EPOLLOUT) receive(asker, events);
}

static void turn(uint64_t until) {
    struct epoll_event events[EVENTS_PER_WAIT];
    int ready = epoll_wait(poller, events, EVENTS_PER_WAIT, milliseconds_until(until, 100));
    for (int i = 0; i < ready; i++) serve(events[i].data.ptr, events[i].events);
}

static void run_until(uint64_t instant) {
    while (now() < instant && open_askers > 0) turn(instant);
}

static void connect_one(unsigned number) {
    Asker *asker = &askers[number];
    asker->number = number;
    asker->asked_at = allocate(options->depth, sizeof *asker->asked_at);
    asker->unsent = allocate(options->depth, options->line_bytes);
    asker->descriptor = begin_connect(options, number);
    if (asker->descriptor < 0) return count_failure("connect", errno);
    open_askers++;
    watch(poller, asker->descriptor, WATCHED, asker);
}

// A batch at a time, so that the accept queue does not overflow and no SYN is sent again a second later.
static void connect_all(void) {
    uint64_t deadline = after(now(), options->timeout);
    for (unsigned i = 0; i < options->connections; i++) {
        connect_one(i);
        if (i % 64 == 63 || i + 1 == options->connections)
            while (established < open_askers && now() < deadline) turn(deadline);
    }
    for (unsigned i = 0; i < options->connections; i++)
        if (askers[i].descriptor >= 0 && !askers[i].is_established) end(&askers[i], "connect", TIMED_OUT);
}

static void ask_all(void) {
    asks = true;
    for (unsigned i = 0; i < options->connections; i++)
        if (askers[i].descriptor >= 0) ask(&askers[i], now());
}

// No new lines: every line in flight must still be answered, and the server's FIN must follow ours.
static void finish(void) {
    uint64_t deadline = after(now(), options->timeout);
    asks = false;
    finishes = true;
    for (unsigned i = 0; i < options->connections; i++) half_close(&askers[i]);
    run_until(deadline);
    for (unsigned i = 0; i < options->connections; i++)
        if (askers[i].descriptor >= 0) end(&askers[i], "finish", TIMED_OUT);
}

static uint64_t unanswered(void) {
    uint64_t lines = 0;
    for (unsigned i = 0; i < options->connections; i++) lines += askers[i].asked - askers[i].answered;
    return lines;
}

static void print_result(double elapsed, ServerUse before, ServerUse later) {
    printf("{\"mode\":\"steady\",\"connections\":%u,\"depth\":%u,\"line_bytes\":%zu,\"checked\":%s,\"seconds\":%.4f,",
           options->connections, options->depth, options->line_bytes, options->checks ? "true" : "false", elapsed);
    printf("\"answers\":%llu,\"answers_per_second\":%.0f,", (unsigned long long)answers, (double)answers / elapsed);
    histogram_print(&latency);
    printf(",\"unanswered\":%llu,\"errors\":%llu,", (unsigned long long)unanswered(),
           (unsigned long long)failure_count());
    print_failures();
    printf(",");
    print_server_use(before, later);
    printf("}\n");
}

int run_steady(const Options *given) {
    options = given;
    poller = new_poller();
    askers = allocate(options->connections, sizeof *askers);
    constant_line = allocate(1, options->line_bytes);
    expected = allocate(1, options->line_bytes);
    make_line(options, 0, 0, constant_line);
    connect_all();
    ask_all();
    run_until(after(now(), options->warmup));
    ServerUse before = server_use(options->pid);
    fprintf(stderr, "measuring\n"); // for a script that looks at the server meanwhile
    uint64_t start = now();
    measures = true;
    run_until(after(start, options->seconds));
    measures = false;
    double elapsed = (double)(now() - start) / (double)NANOSECONDS;
    ServerUse later = server_use(options->pid);
    finish();
    print_result(elapsed, before, later);
    return failure_count() > 0 || unanswered() > 0;
}
