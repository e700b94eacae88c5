#include "CDashboard.h"

// The only reason for C here: its compiler embeds a file as it is, in no time. A Swift array literal of this size takes
// 24 s to compile.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t page_html[] = {
#embed "web/page.html"
};
static const uint8_t base_css[] = {
#embed "web/base.css"
};
static const uint8_t parts_css[] = {
#embed "web/parts.css"
};
static const uint8_t favicon_svg[] = {
#embed "web/favicon.svg"
};
static const uint8_t app_js[] = {
#embed "web/app.js"
};
static const uint8_t api_js[] = {
#embed "web/api.js"
};
static const uint8_t charts_js[] = {
#embed "web/charts.js"
};
static const uint8_t commands_js[] = {
#embed "web/commands.js"
};
static const uint8_t configuration_js[] = {
#embed "web/configuration.js"
};
static const uint8_t connections_js[] = {
#embed "web/connections.js"
};
static const uint8_t dialogs_js[] = {
#embed "web/dialogs.js"
};
static const uint8_t format_js[] = {
#embed "web/format.js"
};
static const uint8_t samples_js[] = {
#embed "web/samples.js"
};
static const uint8_t status_js[] = {
#embed "web/status.js"
};
static const uint8_t stream_js[] = {
#embed "web/stream.js"
};
static const uint8_t table_js[] = {
#embed "web/table.js"
};
static const uint8_t words_js[] = {
#embed "web/words.js"
};

static const struct dashboard_file files[] = {
    {"page.html", page_html, sizeof page_html},
    {"base.css", base_css, sizeof base_css},
    {"parts.css", parts_css, sizeof parts_css},
    {"favicon.svg", favicon_svg, sizeof favicon_svg},
    {"app.js", app_js, sizeof app_js},
    {"api.js", api_js, sizeof api_js},
    {"charts.js", charts_js, sizeof charts_js},
    {"commands.js", commands_js, sizeof commands_js},
    {"configuration.js", configuration_js, sizeof configuration_js},
    {"connections.js", connections_js, sizeof connections_js},
    {"dialogs.js", dialogs_js, sizeof dialogs_js},
    {"format.js", format_js, sizeof format_js},
    {"samples.js", samples_js, sizeof samples_js},
    {"status.js", status_js, sizeof status_js},
    {"stream.js", stream_js, sizeof stream_js},
    {"table.js", table_js, sizeof table_js},
    {"words.js", words_js, sizeof words_js},
};

size_t dashboard_file_count(void) { return sizeof files / sizeof files[0]; }

struct dashboard_file dashboard_file_at(size_t index) { return files[index]; }
