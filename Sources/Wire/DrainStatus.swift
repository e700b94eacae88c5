extension ServiceStatus {
    /// The record of a drain: its course (the settings in force and the progress), whose members are read as the
    /// drain's own, and its counts. In JSON the two are one object.
    @dynamicMemberLookup
    package struct Drain: Hashable, Sendable, Codable {
        private var course: Course
        private var counts: Counts<DrainCounter>

        package init(
            id: Int, intent: DrainIntent, mode: DrainMode, trigger: DrainTrigger, delay: Duration, timeout: Duration,
            elapsed: Duration, deadlineIn: Duration?, result: DrainResult? = nil,
            acceptQueue: AcceptQueueGuarantee = .lossless, blockedOn: [Blocker: Int] = [:], waiters: Int = 0,
            counts: Counts<DrainCounter> = [:]
        ) {
            course = Course(
                acceptQueue: acceptQueue, blockedOn: blockedOn, deadlineIn: deadlineIn, delay: delay, elapsed: elapsed,
                id: id, intent: intent, mode: mode, result: result, timeout: timeout, trigger: trigger,
                waiters: waiters)
            self.counts = counts
        }

        package subscript<Member>(dynamicMember member: WritableKeyPath<Course, Member>) -> Member {
            get { course[keyPath: member] }
            set { course[keyPath: member] = newValue }
        }

        package subscript(counter: DrainCounter) -> UInt64 {
            get { counts[counter] }
            set { counts[counter] = newValue }
        }

        package init(from decoder: any Decoder) throws {
            course = try Course(from: decoder)
            counts = try Counts(from: decoder)
        }

        package func encode(to encoder: any Encoder) throws {
            try course.encode(to: encoder)
            try counts.encode(to: encoder)
        }
    }
}

extension ServiceStatus.Drain {
    package struct Course: Hashable, Sendable, Codable {
        package var acceptQueue: AcceptQueueGuarantee
        @WithoutZeros package var blockedOn: [Blocker: Int]
        /// nil once the drain is over.
        @NullableMilliseconds package var deadlineIn: Duration?
        @Milliseconds package var delay: Duration
        @Milliseconds package var elapsed: Duration
        /// Counts from 1.
        package var id: Int
        package var intent: DrainIntent
        package var mode: DrainMode
        @Nullable package var result: DrainResult?
        @Milliseconds package var timeout: Duration
        package var trigger: DrainTrigger
        package var waiters: Int

        private enum CodingKeys: String, CodingKey {
            case id, intent, mode, result, trigger, waiters
            case acceptQueue = "accept_queue"
            case blockedOn = "blocked_on"
            case deadlineIn = "deadline_in_ms"
            case delay = "delay_ms"
            case elapsed = "elapsed_ms"
            case timeout = "timeout_ms"
        }
    }
}
