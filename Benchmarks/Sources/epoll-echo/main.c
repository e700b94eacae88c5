// The limit the other servers are compared with: echod's `upper` mode for ASCII, as directly as C and epoll allow, or
// `verbatim`.
//
// One thread, edge-triggered epoll, one scratch buffer. A connection owns memory only while its bytes wait, either for
// the rest of their line or for room in the socket. UTF-8 is passed through unchecked and only ASCII white space is
// stripped, so it does a little less than echod: a limit should.

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_LINE = 65536, READ_BYTES = 65536, EVENTS_PER_WAIT = 512 };

typedef struct {
    unsigned char *bytes;
    size_t start, end;
} Waiting;

typedef struct Connection {
    struct Connection *next_ready;
    Waiting partial_line;
    Waiting output;
    int descriptor;
    bool is_queued;       // in the ready list; must not be freed while it is there
    bool may_be_readable; // an edge arrived that has not been read to its end
    bool saw_hangup;      // the peer's FIN is here: a short read does not mean that nothing more comes
    bool ends_after_output;
    bool discards; // a line was too long: input is thrown away until the peer ends
} Connection;

static int poller;
static int listener;
// No room for a line longer than MAX_LINE; one byte more for the newline added to a partial line at end of file.
static unsigned char scratch[MAX_LINE + READ_BYTES + 1];
static Connection *first_ready, *last_ready;
static bool accept_is_paused;
static bool is_verbatim;

static void accept_all(void);

static _Noreturn void fail(const char *what) {
    perror(what);
    exit(1);
}

static void *allocate(size_t size) {
    void *memory = malloc(size);
    if (!memory) fail("malloc");
    return memory;
}

// MARK: Bytes waiting

static void keep(Waiting *waiting, const unsigned char *bytes, size_t count) {
    if (count == 0) return;
    waiting->bytes = allocate(count);
    memcpy(waiting->bytes, bytes, count);
    waiting->start = 0;
    waiting->end = count;
}

static void forget(Waiting *waiting) {
    free(waiting->bytes);
    *waiting = (Waiting){0};
}

// MARK: Lines

// The ASCII part of what Python's str.strip removes: 09-0D and 1C-20.
static inline bool is_space(unsigned char byte) {
    return (unsigned char)(byte - 0x09) < 5 || (unsigned char)(byte - 0x1c) < 5;
}

// Without a branch, so that the compiler vectorises it.
static void uppercase(unsigned char *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        unsigned char byte = bytes[i];
        bytes[i] = byte - (unsigned char)(((unsigned char)(byte - 'a') < 26) << 5);
    }
}

// Moves the stripped line scratch[start..<end] to `out`, with its newline; returns the end of the output.
// The output is never longer than the input before it, so it can be built in place.
static inline size_t emit_line(size_t out, size_t start, size_t end) {
    while (start < end && is_space(scratch[start])) start++;
    while (start < end && is_space(scratch[end - 1])) end--;
    if (out != start) memmove(scratch + out, scratch + start, end - start);
    out += end - start;
    scratch[out] = '\n';
    return out + 1;
}

// Answers the complete lines of scratch[0..<length] in place. Bytes before `known` were looked at by an earlier read.
static size_t answer_lines(size_t known, size_t length, size_t *consumed) {
    uppercase(scratch + known, length - known);
    size_t out = 0, start = 0, search = known;
    unsigned char *newline;
    while ((newline = memchr(scratch + search, '\n', length - search))) {
        size_t end = (size_t)(newline - scratch);
        out = emit_line(out, start, end);
        start = search = end + 1;
    }
    *consumed = start;
    return out;
}

// MARK: Connections

static void close_connection(Connection *connection) {
    close(connection->descriptor);
    connection->descriptor = -1;
    forget(&connection->partial_line);
    forget(&connection->output);
    if (!connection->is_queued) free(connection);
    if (accept_is_paused) accept_all();
}

static void queue_ready(Connection *connection) {
    if (connection->is_queued) return;
    connection->is_queued = true;
    connection->next_ready = NULL;
    if (last_ready) last_ready->next_ready = connection;
    else first_ready = connection;
    last_ready = connection;
}

// Sends, and keeps what the socket does not take. Returns false if the connection is lost.
static bool send_or_keep(Connection *connection, const unsigned char *bytes, size_t count) {
    while (count > 0) {
        ssize_t sent = send(connection->descriptor, bytes, count, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && errno != EAGAIN) return false;
        if (sent < 0) {
            keep(&connection->output, bytes, count);
            return true;
        }
        bytes += sent;
        count -= (size_t)sent;
    }
    return true;
}

// Returns false if the connection is lost. Nothing is read until all is sent: the peer must read its answers.
static bool flush_output(Connection *connection) {
    Waiting *output = &connection->output;
    while (output->start < output->end) {
        ssize_t sent = send(connection->descriptor, output->bytes + output->start, output->end - output->start,
                            MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return errno == EAGAIN;
        output->start += (size_t)sent;
    }
    forget(output);
    return true;
}

// The peer's end of file: a line without its newline is answered too. Returns false if the connection is over.
static bool finish(Connection *connection, size_t partial_bytes) {
    connection->may_be_readable = false;
    connection->ends_after_output = true;
    if (partial_bytes > 0) {
        size_t out = emit_line(0, 0, partial_bytes);
        if (!send_or_keep(connection, scratch, out)) return false;
    }
    return connection->output.bytes != NULL;
}

// Sends FIN once the answers before the long line are out, and lets the peer end: close() now would reset the
// connection and lose them.
static void stop_echoing(Connection *connection) {
    connection->discards = true;
    if (!connection->output.bytes) shutdown(connection->descriptor, SHUT_WR);
}

static bool answer(Connection *connection, size_t known, size_t length) {
    if (is_verbatim) return send_or_keep(connection, scratch, length);
    size_t consumed;
    size_t out = answer_lines(known, length, &consumed);
    if (length - consumed <= MAX_LINE) keep(&connection->partial_line, scratch + consumed, length - consumed);
    if (!send_or_keep(connection, scratch, out)) return false;
    if (length - consumed > MAX_LINE) stop_echoing(connection);
    return true;
}

// One read, one write. Returns false if the connection is over.
static bool read_once(Connection *connection) {
    size_t known = connection->partial_line.end;
    if (known > 0) memcpy(scratch, connection->partial_line.bytes, known);
    ssize_t count = recv(connection->descriptor, scratch + known, READ_BYTES, 0);
    if (count < 0) {
        connection->may_be_readable = errno == EINTR;
        return errno == EINTR || errno == EAGAIN;
    }
    if (known > 0) forget(&connection->partial_line);
    if (count == 0) return finish(connection, known);
    // epoll(7): after a short read the socket is empty and the next byte makes a new edge. So no read for EAGAIN.
    connection->may_be_readable = count == READ_BYTES || connection->saw_hangup;
    return connection->discards || answer(connection, known, known + (size_t)count);
}

static void serve(Connection *connection) {
    if (connection->output.bytes) {
        if (!flush_output(connection)) return close_connection(connection);
        if (connection->output.bytes) return;
        if (connection->ends_after_output) return close_connection(connection);
        if (connection->discards) shutdown(connection->descriptor, SHUT_WR);
    }
    if (connection->may_be_readable && !read_once(connection)) return close_connection(connection);
    // One read per turn, so that a peer that never pauses does not starve the others.
    if (connection->may_be_readable && !connection->output.bytes) queue_ready(connection);
}

static void serve_ready(void) {
    Connection *last = last_ready;
    while (first_ready) {
        Connection *connection = first_ready;
        first_ready = connection->next_ready;
        if (!first_ready) last_ready = NULL;
        connection->is_queued = false;
        if (connection->descriptor < 0) free(connection);
        else serve(connection);
        if (connection == last) return; // those queued meanwhile wait for the next turn
    }
}

static void serve_event(const struct epoll_event *event) {
    Connection *connection = event->data.ptr;
    if (!connection) return accept_all();
    if (event->events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) connection->may_be_readable = true;
    if (event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) connection->saw_hangup = true;
    serve(connection);
}

// MARK: Listening

static void add_connection(int descriptor) {
    Connection *connection = allocate(sizeof *connection);
    *connection = (Connection){.descriptor = descriptor};
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = connection};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event) < 0) fail("epoll_ctl");
}

static void accept_all(void) {
    accept_is_paused = false;
    for (;;) {
        int descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor >= 0) {
            add_connection(descriptor);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            accept_is_paused = true; // until a connection closes; the edge of the waiting clients is spent
            return;
        } else if (errno == EAGAIN) {
            return;
        } else if (errno == EBADF || errno == EINVAL || errno == ENOTSOCK) {
            fail("accept4");
        } // else: an error of one peer only
    }
}

static void listen_on(uint16_t port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    int on = 1;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0) fail("socket");
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); // accepted sockets inherit it
    if (bind(listener, (struct sockaddr *)&address, size) < 0) fail("bind");
    if (listen(listener, 4096) < 0) fail("listen");
    if (getsockname(listener, (struct sockaddr *)&address, &size) < 0) fail("getsockname");
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = NULL};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event) < 0) fail("epoll_ctl");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
}

static uint16_t parse_port(int count, char **arguments) {
    char *end = NULL;
    is_verbatim = count == 3 && strcmp(arguments[2], "--verbatim") == 0;
    long port = count == 2 || is_verbatim ? strtol(arguments[1], &end, 10) : -1;
    if (port < 0 || port > 65535 || end == arguments[1] || *end) {
        fprintf(stderr, "usage: epoll-echo PORT [--verbatim] (0 takes a free port; it is printed)\n");
        exit(64);
    }
    return (uint16_t)port;
}

int main(int count, char **arguments) {
    uint16_t port = parse_port(count, arguments);
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (poller < 0) fail("epoll_create1");
    listen_on(port);
    static struct epoll_event events[EVENTS_PER_WAIT];
    for (;;) {
        int ready = epoll_wait(poller, events, EVENTS_PER_WAIT, first_ready ? 0 : -1);
        if (ready < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < ready; i++) serve_event(&events[i]);
        serve_ready();
    }
}
