internal import EchoCore

/// The figures that one looks at first. Rates are averages since the start until the page's script measures them.
struct DashboardTiles {
    let status: ServiceStatus
    /// `--max-connections`; nil where it is not known.
    let limit: String?

    var html: HTML {
        .element("dl", ["class": "tiles"]) {
            tile("Active connections", "active", DashboardFormat.count(status.connections.active)) {
                HTML.element("span", ["data-field": "accepted"]) {
                    "\(DashboardFormat.count(status.connections.accepted)) accepted"
                }
                if let limit { " · limit \(limit)" }
            }
            average("Lines/s", "lines", DashboardFormat.rate(perSecond(status.lines)), total: lines)
            average("Received/s", "received", rate(status.bytes.received), total: bytes(status.bytes.received))
            average("Sent/s", "sent", rate(status.bytes.sent), total: bytes(status.bytes.sent))
            refused
            lost
        }
    }

    private var lines: String { "\(DashboardFormat.count(status.lines)) in all" }

    private func bytes(_ number: UInt64) -> String { "\(DashboardFormat.bytes(number)) in all" }

    private func rate(_ bytes: UInt64) -> String { DashboardFormat.bytes(perSecond(bytes)) }

    private func perSecond(_ number: UInt64) -> Double {
        Double(number) * 1000 / Double(max(1000, status.uptime.inMilliseconds))
    }

    private var refused: HTML {
        let number = status.connections.closed[.refused] ?? 0
        return tile("Refused", "refused", DashboardFormat.count(number), isAlarm: number > 0) { "over the limit" }
    }

    private var lost: HTML {
        let drain = status.drain
        let number = drain.map { $0.lostReceived + $0.lostSent } ?? 0
        return tile("Lost", "lost", DashboardFormat.bytes(number), isAlarm: number > 0) {
            HTML.element("span", ["data-field": "lost-note"]) { drain.map { "in drain \($0.id)" } ?? "no drain yet" }
        }
    }

    private func average(_ title: String, _ name: String, _ value: String, total: String) -> HTML {
        frame(title, isAlarm: false) {
            HTML.element("span", ["data-field": name]) { value }
            HTML.element("span", ["class": "average"]) { " average" }
        } note: {
            HTML.element("span", ["data-field": "\(name)-total"]) { total }
        }
    }

    private func tile(
        _ title: String, _ name: String, _ value: String, isAlarm: Bool = false, @HTMLBuilder note: () -> HTML
    ) -> HTML {
        frame(title, isAlarm: isAlarm) {
            HTML.element("span", ["data-field": name]) { value }
        } note: {
            note()
        }
    }

    private func frame(
        _ title: String, isAlarm: Bool, @HTMLBuilder value: () -> HTML, @HTMLBuilder note: () -> HTML
    ) -> HTML {
        .element("div", ["class": isAlarm ? "tile alarm" : "tile"]) {
            HTML.element("dt") { title }
            HTML.element("dd", ["class": "value"], value)
            HTML.element("dd", ["class": "note"], note)
        }
    }
}
