// The load generator: one thread, epoll. It checks every answer, and it always ends.

#include "load.h"

#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <unistd.h>

enum { BY_MODE = 0xffffff };

static const char usage[] =
    "usage: echo-load --address HOST:PORT[,HOST:PORT...] | --unix PATH  [mode] [options]\n"
    "\n"
    "Modes, each printing one line of JSON; exit 0 if nothing failed, else 1 (64: bad usage, 2: no such resource)\n"
    "  (none)           connections that keep asking:  --connections 50  --depth 1  --seconds 3  --warmup 0.5\n"
    "  --short N        N short connections:           --parallel 64  --close half|full|reset  --deadline 120\n"
    "  --idle N         N silent connections:          --hold 5\n"
    "                   with --speak each sends a line first, and closes at end of file\n"
    "  --flood N        N connections that send without pause and do not look at answers:  --seconds 3\n"
    "\n"
    "Options\n"
    "  --line-bytes N   length of a line with its newline (64)\n"
    "  --check          send lines that all differ; answers compared byte for byte (short connections always compare)\n"
    "  --verbatim       the server sends back what it gets, instead of stripping and upper-casing it\n"
    "  --timeout S      for connecting and for the last answers, and for each short connection (10)\n"
    "  --sources N      source addresses 127.0.0.1... towards 127.0.0.0/8; 0: do not bind (32 with --short, else 0)\n"
    "  --pid PID        report CPU time and memory of that process over the measured time\n";

static _Noreturn void refuse(const char *option, const char *value, const char *allowed) {
    fprintf(stderr, "echo-load: --%s %s: %s\n\n%s", option, value, allowed, usage);
    exit(64);
}

static double number(const char *option, const char *value, double least, double most) {
    char *end, allowed[64];
    double result = strtod(value, &end);
    if (end != value && *end == 0 && result >= least && result <= most) return result;
    snprintf(allowed, sizeof allowed, "must be a number from %g to %g", least, most);
    refuse(option, value, allowed);
}

static Address *next_address(Options *options) {
    if (options->address_count < MAX_ADDRESSES) return &options->addresses[options->address_count++];
    refuse("address", "...", "too many addresses");
}

static void add_address(Options *options, const char *text) {
    char host[256];
    const char *colon = strrchr(text, ':');
    if (!colon || colon == text || (size_t)(colon - text) >= sizeof host) refuse("address", text, "must be HOST:PORT");
    snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    char *name = host;
    if (host[0] == '[' && host[strlen(host) - 1] == ']') {
        host[strlen(host) - 1] = 0;
        name++;
    }
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    int error = getaddrinfo(name, colon + 1, &hints, &found);
    if (error) refuse("address", text, gai_strerror(error));
    Address *address = next_address(options);
    memcpy(&address->storage, found->ai_addr, found->ai_addrlen);
    address->size = found->ai_addrlen;
    freeaddrinfo(found);
}

static void add_addresses(Options *options, char *list) {
    for (char *rest = list, *text; (text = strsep(&rest, ","));) add_address(options, text);
}

static void add_unix(Options *options, const char *path) {
    struct sockaddr_un *name = (struct sockaddr_un *)&next_address(options)->storage;
    if (strlen(path) >= sizeof name->sun_path) refuse("unix", path, "is too long");
    name->sun_family = AF_UNIX;
    strcpy(name->sun_path, path);
    options->addresses[options->address_count - 1].size = sizeof *name;
}

static CloseManner close_manner(const char *value) {
    if (strcmp(value, "half") == 0) return CLOSE_HALF;
    if (strcmp(value, "full") == 0) return CLOSE_FULL;
    if (strcmp(value, "reset") == 0) return CLOSE_RESET;
    refuse("close", value, "must be half, full or reset");
}

static const struct option long_options[] = {
    {"address", required_argument, NULL, 'a'},     {"unix", required_argument, NULL, 'u'},
    {"connections", required_argument, NULL, 'c'}, {"parallel", required_argument, NULL, 'c'},
    {"depth", required_argument, NULL, 'd'},       {"line-bytes", required_argument, NULL, 'b'},
    {"seconds", required_argument, NULL, 's'},     {"warmup", required_argument, NULL, 'w'},
    {"short", required_argument, NULL, 'n'},       {"close", required_argument, NULL, 'e'},
    {"idle", required_argument, NULL, 'i'},        {"hold", required_argument, NULL, 'h'},
    {"timeout", required_argument, NULL, 't'},     {"deadline", required_argument, NULL, 'D'},
    {"sources", required_argument, NULL, 'S'},     {"pid", required_argument, NULL, 'p'},
    {"check", no_argument, NULL, 'C'},             {"verbatim", no_argument, NULL, 'v'},
    {"speak", no_argument, NULL, 'k'},             {"flood", required_argument, NULL, 'f'},
    {"help", no_argument, NULL, 'H'},              {0},
};

typedef int (*Mode)(const Options *);

static Mode parse(Options *options, int count, char **arguments) {
    Mode mode = run_steady;
    int letter, index = 0;
    while ((letter = getopt_long(count, arguments, "", long_options, &index)) != -1) {
        const char *name = letter == '?' ? "" : long_options[index].name;
        switch (letter) {
        case 'a': add_addresses(options, optarg); break;
        case 'u': add_unix(options, optarg); break;
        case 'c': options->connections = (unsigned)number(name, optarg, 1, 1e6); break;
        case 'd': options->depth = (unsigned)number(name, optarg, 1, 1e5); break;
        case 'b': options->line_bytes = (size_t)number(name, optarg, 2, 65536); break;
        case 's': options->seconds = number(name, optarg, 0.01, 86400); break;
        case 'w': options->warmup = number(name, optarg, 0, 3600); break;
        case 'n': options->short_connections = (uint64_t)number(name, optarg, 1, 1e9), mode = run_short; break;
        case 'e': options->close_manner = close_manner(optarg); break;
        case 'i': options->connections = (unsigned)number(name, optarg, 1, 1e6), mode = run_idle; break;
        case 'f': options->connections = (unsigned)number(name, optarg, 1, 1e6), mode = run_flood; break;
        case 'h': options->hold = number(name, optarg, 0, 86400); break;
        case 't': options->timeout = number(name, optarg, 0.01, 3600); break;
        case 'D': options->deadline = number(name, optarg, 0.01, 86400); break;
        case 'S': options->sources = (unsigned)number(name, optarg, 0, 65536); break;
        case 'p': options->pid = (pid_t)number(name, optarg, 1, 1e9); break;
        case 'C': options->checks = true; break;
        case 'v': options->verbatim = true; break;
        case 'k': options->speaks = true; break;
        case 'H': fputs(usage, stdout); exit(0);
        default: fputs(usage, stderr); exit(64);
        }
    }
    if (optind < count || options->address_count == 0) fputs(usage, stderr), exit(64);
    return mode;
}

static void raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

// The last resort: whatever hangs, SIGALRM ends this process.
static void bound_time(const Options *options, Mode mode) {
    double most = mode == run_short  ? options->deadline + options->timeout
                  : mode == run_idle ? options->hold + options->timeout
                                     : options->warmup + options->seconds + 2 * options->timeout;
    alarm((unsigned)most + 10);
}

int main(int count, char **arguments) {
    static Options options = {.sources = BY_MODE, .depth = 1, .line_bytes = 64, .seconds = 3, .warmup = 0.5,
                              .timeout = 10, .deadline = 120, .hold = 5};
    Mode mode = parse(&options, count, arguments);
    if (options.connections == 0) options.connections = mode == run_short ? 64 : 50;
    if (options.sources == BY_MODE) options.sources = mode == run_short ? 32 : 0;
    if (mode == run_short) options.checks = true;
    // Room for the number of the connection and of the line, and the white space around them.
    if (options.checks && options.line_bytes < 32) refuse("line-bytes", "(under 32)", "lines to check need 32");
    raise_descriptor_limit();
    bound_time(&options, mode);
    return mode(&options);
}
