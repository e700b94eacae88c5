internal import CMicroHTTPD

extension HTTPResponse {
    /// Hands the answer to the library, which copies it. Returns false if the library does not accept it: a header is
    /// invalid, or the status is not final. In the handler callback only.
    func queue(on connection: OpaquePointer, closing: Bool) -> Bool {
        let response = body.withUnsafeBytes { bytes in
            MHD_create_response_from_buffer(
                bytes.count, UnsafeMutableRawPointer(mutating: bytes.baseAddress), .RESPMEM_MUST_COPY)
        }
        return queue(response, on: connection, closing: closing)
    }

    /// The same with a body that is a stream.
    func queue(_ stream: StreamReader, on connection: OpaquePointer) -> Bool {
        queue(stream.makeResponse(), on: connection, closing: false)
    }

    /// Takes over the library's response; nil means that it had no memory.
    private func queue(_ response: OpaquePointer?, on connection: OpaquePointer, closing: Bool) -> Bool {
        guard let response else { return false }
        defer { MHD_destroy_response(response) }
        guard (200...599).contains(status) else { return false }
        let isComplete = headers.allSatisfy {
            $0.isWhole && MHD_add_response_header(response, $0.name, $0.value) == .YES
        }
        guard isComplete else { return false }
        if closing { MHD_add_response_header(response, "Connection", "close") }
        return MHD_queue_response(connection, UInt32(status), response) == .YES
    }
}

extension HTTPResponse.Header {
    /// A NUL would cut the rest off silently.
    fileprivate var isWhole: Bool {
        !name.utf8.contains(0) && !value.utf8.contains(0)
    }
}
