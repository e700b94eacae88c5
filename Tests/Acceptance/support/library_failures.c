/* Preloaded into echod: calls into libmicrohttpd fail as they do without memory, while the file FAILURE_SWITCH exists.
   It holds the name of the function. FAILURE_COUNT=once: only the next call, which removes the file. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fails(const char *function)
{
    const char *path = getenv("FAILURE_SWITCH");
    char name[64] = "";
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return 0;
    ssize_t size = read(file, name, sizeof name - 1);
    close(file);
    if (size <= 0 || strcmp(name, function) != 0) return 0;
    return getenv("FAILURE_COUNT") ? unlink(path) == 0 : 1;
}

#define REAL(function) ((__typeof__(&function)) dlsym(RTLD_NEXT, #function))

void *MHD_create_response_from_buffer(size_t size, void *buffer, int mode)
{
    return fails(__func__) ? NULL : REAL(MHD_create_response_from_buffer)(size, buffer, mode);
}

void *MHD_create_response_from_callback(uint64_t size, size_t block, void *reader, void *context, void *freed)
{
    return fails(__func__) ? NULL : REAL(MHD_create_response_from_callback)(size, block, reader, context, freed);
}

int MHD_add_response_header(void *response, const char *name, const char *value)
{
    return fails(__func__) ? 0 : REAL(MHD_add_response_header)(response, name, value);
}

int MHD_queue_response(void *connection, unsigned int status, void *response)
{
    return fails(__func__) ? 0 : REAL(MHD_queue_response)(connection, status, response);
}

/* A library that no longer accepts what keeps it from parsing the client's headers: it answers some requests twice. */
int MHD_set_connection_value(void *connection, int kind, const char *name, const char *value)
{
    return fails(__func__) ? 0 : REAL(MHD_set_connection_value)(connection, kind, name, value);
}

/* What MHD_start_daemon, the first threads and the last ones need. FAILURE_THREAD=N: the Nth fails. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument)
{
    static int number;
    const char *failing = getenv("FAILURE_THREAD");
    if (failing && __atomic_add_fetch(&number, 1, __ATOMIC_RELAXED) == atoi(failing)) return EAGAIN;
    return REAL(pthread_create)(thread, attributes, body, argument);
}
