// Connections that say nothing, or one line each. Whatever the server does to them while they are held is counted.

#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

typedef struct {
    int descriptor;
    bool is_established, is_answered;
} Idler;

static const Options *options;
static Idler *idlers;
static int poller;
static unsigned pending, opened, held, answered, ended;
static const char line[] = "hello\n";

static void end(Idler *idler, const char *phase, int error) {
    count_failure(phase, error);
    if (idler->is_established) held--;
    else pending--;
    close(idler->descriptor);
    idler->descriptor = -1;
}

static void read_unasked(Idler *idler) {
    char bytes[sizeof line];
    ssize_t count = recv(idler->descriptor, bytes, sizeof bytes, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (options->speaks && !idler->is_answered && count == sizeof line - 1) {
        idler->is_answered = true;
        answered++;
        return;
    }
    if (options->speaks && idler->is_answered && count == 0) {
        close(idler->descriptor);
        idler->descriptor = -1;
        held--;
        ended++;
        return;
    }
    end(idler, "held", count < 0 ? errno : count == 0 ? CLOSED_EARLY : UNASKED_BYTES);
}

static void serve(Idler *idler, uint32_t events) {
    if (idler->descriptor < 0) return;
    if (!idler->is_established) {
        int error = connect_error(idler->descriptor);
        if (error) return end(idler, "connect", error);
        if (!(events & EPOLLOUT)) return;
        idler->is_established = true;
        pending--;
        opened++;
        held++;
        if (options->speaks && send(idler->descriptor, line, sizeof line - 1, MSG_NOSIGNAL) < 0)
            return end(idler, "send", errno);
    }
    if (events & ~(uint32_t)EPOLLOUT) read_unasked(idler);
}

static void turn(uint64_t until) {
    struct epoll_event events[EVENTS_PER_WAIT];
    int ready = epoll_wait(poller, events, EVENTS_PER_WAIT, milliseconds_until(until, 100));
    for (int i = 0; i < ready; i++) serve(events[i].data.ptr, events[i].events);
}

static void open_all(void) {
    uint64_t deadline = after(now(), options->timeout);
    for (unsigned i = 0; i < options->connections; i++) {
        idlers[i].descriptor = begin_connect(options, i);
        if (idlers[i].descriptor < 0) {
            count_failure("connect", errno);
            continue;
        }
        pending++;
        watch(poller, idlers[i].descriptor, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, &idlers[i]);
        while (pending >= 128 && now() < deadline) turn(deadline);
    }
    while ((pending > 0 || (options->speaks && answered < held)) && now() < deadline) turn(deadline);
    for (unsigned i = 0; i < options->connections; i++)
        if (idlers[i].descriptor >= 0 && !idlers[i].is_established) end(&idlers[i], "connect", TIMED_OUT);
}

int run_idle(const Options *given) {
    options = given;
    poller = new_poller();
    idlers = allocate(options->connections, sizeof *idlers);
    for (unsigned i = 0; i < options->connections; i++) idlers[i].descriptor = -1;
    ServerUse before = server_use(options->pid);
    open_all();
    fprintf(stderr, "opened %u\n", opened); // for a script that acts while they are held
    uint64_t end_of_hold = after(now(), options->hold);
    ServerUse later = server_use(options->pid);
    while (now() < end_of_hold && (held > 0 || !options->speaks)) turn(end_of_hold);
    if (!options->speaks) later = server_use(options->pid);
    double each = opened ? ((double)later.rss_bytes - (double)before.rss_bytes) / opened : 0;
    printf("{\"mode\":\"idle\",\"asked\":%u,\"opened\":%u,\"held\":%u,\"ended\":%u,\"rss_bytes_per_connection\":%.0f,",
           options->connections, opened, held, ended, each);
    print_failures();
    printf(",");
    print_server_use(before, later);
    printf("}\n");
    return failure_count() > 0;
}
