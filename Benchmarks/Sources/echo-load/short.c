// Many short connections, a number of them at once: connect, one line, its answer, the end.

#include "histogram.h"
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

typedef struct {
    int descriptor; // -1: free
    bool has_sent;
    uint64_t number, begun_at;
    size_t received;
    char *answer;
} Slot;

static const Options *options;
static Slot *slots;
static int poller;
static char *line, *expected;
static uint64_t begun, succeeded, done, stop_at;
static Histogram latency;

static void begin(Slot *slot);

// A finished slot begins again only after this returns, so that refused connections do not recurse.
static void end(Slot *slot, const char *phase, int error) {
    if (error) count_failure(phase, error);
    else succeeded++;
    if (!error) histogram_add(&latency, now() - slot->begun_at);
    done++;
    if (options->close_manner == CLOSE_RESET || error) close_with_reset(slot->descriptor);
    else close(slot->descriptor);
    slot->descriptor = -1;
}

static void begin(Slot *slot) {
    while (slot->descriptor < 0 && begun < options->short_connections && now() < stop_at) {
        uint64_t number = begun++;
        slot->begun_at = now();
        slot->descriptor = begin_connect(options, number);
        if (slot->descriptor < 0) {
            count_failure("connect", errno);
            done++;
            continue;
        }
        slot->number = number;
        slot->has_sent = false;
        slot->received = 0;
        watch(poller, slot->descriptor, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, slot);
    }
}

// One send: a line fits into the buffer of a new socket.
static void send_line(Slot *slot) {
    int error = connect_error(slot->descriptor);
    if (error) return end(slot, "connect", error);
    make_line(options, slot->number, 0, line);
    ssize_t sent = send(slot->descriptor, line, options->line_bytes, MSG_NOSIGNAL);
    if (sent < 0) return end(slot, "write", errno);
    if ((size_t)sent < options->line_bytes) return end(slot, "write", EAGAIN);
    slot->has_sent = true;
    if (options->close_manner == CLOSE_HALF) shutdown(slot->descriptor, SHUT_WR);
}

static void check_answer(Slot *slot) {
    size_t size = make_answer(options, slot->number, 0, expected);
    bool equal = slot->received == size && memcmp(expected, slot->answer, size) == 0;
    end(slot, "read", equal ? 0 : slot->received < size ? CLOSED_EARLY : WRONG_ANSWER);
}

static void receive(Slot *slot) {
    while (slot->descriptor >= 0) {
        // One byte more than the answer has, to see whether there is more.
        size_t room = options->line_bytes + 1 - slot->received;
        ssize_t count = recv(slot->descriptor, slot->answer + slot->received, room, 0);
        if (count < 0 && errno == EAGAIN) return;
        if (count < 0) return end(slot, "read", errno);
        if (count == 0) return check_answer(slot);
        slot->received += (size_t)count;
        bool is_whole = slot->received > options->line_bytes ||
                        (options->close_manner != CLOSE_HALF && slot->answer[slot->received - 1] == '\n');
        if (is_whole) return check_answer(slot);
    }
}

static void serve(Slot *slot, uint32_t events) {
    if (!slot->has_sent) {
        if (!(events & (EPOLLOUT | EPOLLHUP | EPOLLERR))) return;
        send_line(slot);
    }
    if (slot->descriptor >= 0 && events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) receive(slot);
    if (slot->descriptor < 0) begin(slot);
}

static void end_overdue(uint64_t time) {
    for (unsigned i = 0; i < options->connections; i++) {
        Slot *slot = &slots[i];
        if (slot->descriptor < 0 || time < after(slot->begun_at, options->timeout)) continue;
        end(slot, !slot->has_sent ? "connect" : slot->received == 0 ? "answer" : "end", TIMED_OUT);
        begin(slot);
    }
}

static void run(void) {
    uint64_t next_scan = after(now(), 0.1);
    for (unsigned i = 0; i < options->connections; i++) begin(&slots[i]);
    while (done < begun) {
        struct epoll_event events[EVENTS_PER_WAIT];
        int ready = epoll_wait(poller, events, EVENTS_PER_WAIT, 100);
        for (int i = 0; i < ready; i++) serve(events[i].data.ptr, events[i].events);
        uint64_t time = now();
        if (time < next_scan) continue;
        end_overdue(time);
        next_scan = after(time, 0.1);
    }
}

static void prepare(void) {
    poller = new_poller();
    line = allocate(1, options->line_bytes);
    expected = allocate(1, options->line_bytes);
    slots = allocate(options->connections, sizeof *slots);
    for (unsigned i = 0; i < options->connections; i++) {
        slots[i].descriptor = -1;
        slots[i].answer = allocate(1, options->line_bytes + 1);
    }
}

int run_short(const Options *given) {
    options = given;
    prepare();
    ServerUse before = server_use(options->pid);
    uint64_t start = now();
    stop_at = after(start, options->deadline);
    run();
    double elapsed = (double)(now() - start) / (double)NANOSECONDS;
    uint64_t not_begun = options->short_connections - begun;
    printf("{\"mode\":\"short\",\"asked\":%llu,\"parallel\":%u,\"succeeded\":%llu,\"failed\":%llu,\"not_begun\":%llu,",
           (unsigned long long)options->short_connections, options->connections, (unsigned long long)succeeded,
           (unsigned long long)failure_count(), (unsigned long long)not_begun);
    printf("\"seconds\":%.4f,\"connections_per_second\":%.0f,", elapsed, (double)done / elapsed);
    histogram_print(&latency);
    printf(",");
    print_failures();
    printf(",");
    print_server_use(before, server_use(options->pid));
    printf("}\n");
    return failure_count() > 0 || not_begun > 0;
}
