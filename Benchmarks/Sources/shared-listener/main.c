// How a listener that two epoll threads share (EPOLLEXCLUSIVE) spreads connections: the alternative to one acceptor
// (docs/decisions/0002). Opens N connections to itself and prints how many each thread accepted.
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { THREADS = 2, MAXIMUM = 16000 };
static int listener;
static atomic_int accepted[THREADS];

// Accepts everything there is at each wake-up, as a loop would, and answers what its clients send.
static void *loop(void *argument) {
    atomic_int *count = argument;
    int queue = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.fd = listener};
    epoll_ctl(queue, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        struct epoll_event events[64];
        int ready = epoll_wait(queue, events, 64, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            char bytes[512];
            if (fd != listener) {
                ssize_t got = read(fd, bytes, sizeof bytes);
                if (got <= 0 || write(fd, bytes, (size_t)got) != got) close(fd);
                continue;
            }
            int client;
            while ((client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
                struct epoll_event added = {.events = EPOLLIN, .data.fd = client};
                epoll_ctl(queue, EPOLL_CTL_ADD, client, &added);
                atomic_fetch_add(count, 1);
            }
        }
    }
    return NULL;
}

int main(int argc, char **argv) {
    int connections = argc > 1 ? atoi(argv[1]) : 1000;
    if (connections < 1 || connections > MAXIMUM) {
        fprintf(stderr, "usage: shared-listener [CONNECTIONS], 1 to %d\n", MAXIMUM);
        return 64;
    }
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 4096) != 0) return 1;
    getsockname(listener, (struct sockaddr *)&address, &length);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, loop, &accepted[i]);
    static int clients[MAXIMUM];
    for (int i = 0; i < connections; i++) {
        clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        char line[] = "hello\n", answer[16];
        if (connect(clients[i], (struct sockaddr *)&address, length) != 0) return 1;
        if (write(clients[i], line, 6) != 6 || read(clients[i], answer, sizeof answer) <= 0) return 1;
    }
    printf("connections %d, thread 0: %d, thread 1: %d\n", connections, accepted[0], accepted[1]);
    return 0;
}
