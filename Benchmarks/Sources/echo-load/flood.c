// Connections that send lines as fast as the server takes them, and throw the answers away unseen: a burden for the
// server, with little work here. For clients that are measured beside it.

#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { BLOCK = 256 * 1024 };

static const Options *options;
static char block[BLOCK];
static uint64_t sent, received;

// Level-triggered, one send and one receive an event: the connections have equal shares.
static void serve(int descriptor, uint32_t events) {
    if (events & EPOLLIN) {
        ssize_t count = recv(descriptor, NULL, 1 << 20, MSG_TRUNC | MSG_DONTWAIT);
        if (count > 0) received += (uint64_t)count;
        else if (count == 0 || errno != EAGAIN) fail("the server ended a connection");
    }
    if (events & EPOLLOUT) {
        // At the start of a line, unless the block before was sent in part: then the line is a longer one.
        ssize_t count = send(descriptor, block, sizeof block, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count > 0) sent += (uint64_t)count;
        else if (errno != EAGAIN) fail("send");
    }
}

int run_flood(const Options *given) {
    options = given;
    int poller = new_poller();
    for (size_t i = 0; i < sizeof block; i++) block[i] = i % options->line_bytes == options->line_bytes - 1 ? '\n' : 'x';
    for (unsigned i = 0; i < options->connections; i++) {
        int descriptor = begin_connect(options, i);
        if (descriptor < 0) fail("connect");
        watch(poller, descriptor, EPOLLIN | EPOLLOUT, (void *)(intptr_t)descriptor);
    }
    fprintf(stderr, "measuring\n");
    uint64_t end = after(now(), options->seconds);
    while (now() < end) {
        struct epoll_event events[EVENTS_PER_WAIT];
        int ready = epoll_wait(poller, events, EVENTS_PER_WAIT, milliseconds_until(end, 100));
        for (int i = 0; i < ready; i++) serve((int)(intptr_t)events[i].data.ptr, events[i].events);
    }
    printf("{\"mode\":\"flood\",\"connections\":%u,\"sent_bytes\":%ju,\"received_bytes\":%ju}\n", options->connections,
           (uintmax_t)sent, (uintmax_t)received);
    return 0;
}
