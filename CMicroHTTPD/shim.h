#pragma once
#include <microhttpd.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

/* accept4(2): glibc declares it for _GNU_SOURCE only. */
extern int accept4(int fd, struct sockaddr *_Nullable address, socklen_t *_Nullable length, int flags);

/* Swift cannot call C's variadic functions. Each wrapper fixes the type of the one answer that it asks for. */

/** What the library is started with. */
struct echod_mhd_start {
    unsigned int connection_limit;
    unsigned int inactivity_seconds;
    size_t memory_limit;
    void *context; /* the first argument of every callback */
    MHD_LogCallback log;
    MHD_AccessHandlerCallback handle;
    MHD_RequestCompletedCallback completed;
    MHD_NotifyConnectionCallback connection;
    void *(*target)(void *context, const char *uri, struct MHD_Connection *connection);
    size_t (*unescape)(void *context, struct MHD_Connection *connection, char *text);
};

/**
 * Starts one polling thread, which gets its clients from MHD_add_connection. MHD_start_daemon is variadic; in this
 * wrapper the compiler also checks the callbacks' types, which an option array would take as integers. The logger comes
 * first, so that the library can report problems with the other options.
 */
static inline struct MHD_Daemon *_Nullable
echod_mhd_start_daemon(const struct echod_mhd_start *_Nonnull start)
{
    return MHD_start_daemon(
        MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME
            | MHD_USE_ERROR_LOG,
        0, NULL, NULL, start->handle, start->context,
        MHD_OPTION_EXTERNAL_LOGGER, start->log, start->context,
        MHD_OPTION_CONNECTION_LIMIT, start->connection_limit,
        MHD_OPTION_CONNECTION_TIMEOUT, start->inactivity_seconds,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, start->memory_limit,
        MHD_OPTION_URI_LOG_CALLBACK, start->target, start->context,
        MHD_OPTION_UNESCAPE_CALLBACK, start->unescape, start->context,
        MHD_OPTION_NOTIFY_COMPLETED, start->completed, start->context,
        MHD_OPTION_NOTIFY_CONNECTION, start->connection, start->context,
        MHD_OPTION_END);
}

/** The connection's descriptor, or -1. MHD_get_connection_info is variadic. */
static inline int
echod_mhd_descriptor(struct MHD_Connection *_Nonnull connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

/** What NOTIFY_CONNECTION stored with the connection. MHD_get_connection_info is variadic. */
static inline void *_Nullable
echod_mhd_socket_context(struct MHD_Connection *_Nonnull connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

/** Bytes from the method to the end of the empty line, 0 before that is known. MHD_get_connection_info is variadic. */
static inline size_t
echod_mhd_header_size(struct MHD_Connection *_Nonnull connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return info ? info->header_size : 0;
}
