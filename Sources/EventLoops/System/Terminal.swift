internal import CLinux
internal import Glibc

/// What the kernel knows about the terminal behind a descriptor.
package enum Terminal {
    /// In characters, each at least 1.
    package struct Size: Hashable, Sendable {
        package var columns: Int
        package var rows: Int

        package init(columns: Int, rows: Int) {
            self.columns = columns
            self.rows = rows
        }
    }

    package static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// nil if this is not a terminal, or if the terminal does not know its size (a serial line).
    package static func size(of descriptor: Int32) -> Size? {
        var columns: Int32 = 0
        var rows: Int32 = 0
        guard clinux_window_size(descriptor, &columns, &rows) == 0, columns > 0, rows > 0 else { return nil }
        return Size(columns: Int(columns), rows: Int(rows))
    }
}
