// What Linux offers and `import Glibc` hides or cannot express: epoll, eventfd, signalfd, accept4, ioctl with one int.
// No _GNU_SOURCE here: it would give the structures of Glibc's own module a second, different shape.
#pragma once

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

// accept4(2): glibc declares it for _GNU_SOURCE only.
extern int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);

// pthread_setname_np(3): the same.
extern int pthread_setname_np(unsigned long thread, const char *name);

// strerrorname_np(3), glibc 2.32: declared for _GNU_SOURCE only.
extern const char *strerrorname_np(int number);

// poll(2): POLLRDHUP is declared for _GNU_SOURCE only.
enum { CLINUX_POLLRDHUP = 0x2000 };

// linux/sockios.h: bytes received and unread, bytes sent and not acknowledged.
enum { CLINUX_SIOCINQ = 0x541B, CLINUX_SIOCOUTQ = 0x5411 };

// asm-generic/socket.h, since Linux 5.1: binds a socket to an interface by its index.
enum { CLINUX_SO_BINDTOIFINDEX = 62 };

// ioctl(2) is variadic, which Swift cannot call.
static inline int clinux_ioctl_int(int fd, unsigned long request, int *value) {
    return ioctl(fd, request, value);
}

// EPOLLET is 1 << 31: as an enumerator it does not fit the type that Swift gives the others.
static const unsigned int CLINUX_EPOLLET = 1u << 31;

// ioctl(2) with a structure: the columns and rows of a terminal, 0 if the terminal does not know them.
static inline int clinux_window_size(int fd, int *columns, int *rows) {
    struct winsize size = {0};
    if (ioctl(fd, TIOCGWINSZ, &size) != 0) return -1;
    *columns = size.ws_col;
    *rows = size.ws_row;
    return 0;
}
