/// Deadlines by slot: at most one per slot, the earliest first. A binary heap that knows the position of each slot, so
/// that setting, moving and removing a deadline take O(log n) and no stale entry is kept.
struct TimerQueue {
    private struct Entry {
        var deadline: Int64
        var slot: Int
    }

    private var heap: [Entry] = []
    /// The index of a slot's entry in the heap; -1 without one.
    private var positions: [Int32] = []

    var earliest: Int64? { heap.first?.deadline }

    /// Sets, moves or (with nil) removes the deadline of `slot`.
    mutating func set(_ slot: Int, to deadline: Int64?) {
        while positions.count <= slot { positions.append(-1) }
        let position = Int(positions[slot])
        switch (deadline, position >= 0) {
        case (let deadline?, true):
            heap[position].deadline = deadline
            restoreOrder(at: position)
        case (let deadline?, false):
            heap.append(Entry(deadline: deadline, slot: slot))
            positions[slot] = Int32(heap.count - 1)
            siftUp(from: heap.count - 1)
        case (nil, true):
            remove(at: position)
        case (nil, false):
            break
        }
    }

    /// Removes the earliest entry if it is due at `now`.
    mutating func popDue(at now: Int64) -> Int? {
        guard let first = heap.first, first.deadline <= now else { return nil }
        remove(at: 0)
        return first.slot
    }

    private mutating func remove(at position: Int) {
        positions[heap[position].slot] = -1
        let last = heap.removeLast()
        guard position < heap.count else { return }
        heap[position] = last
        positions[last.slot] = Int32(position)
        restoreOrder(at: position)
    }

    private mutating func restoreOrder(at position: Int) {
        siftUp(from: position)
        siftDown(from: position)
    }

    private mutating func siftUp(from start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].deadline < heap[parent].deadline else { return }
            exchange(child, parent)
            child = parent
        }
    }

    private mutating func siftDown(from start: Int) {
        var parent = start
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child].deadline < heap[least].deadline {
                least = child
            }
            guard least != parent else { return }
            exchange(parent, least)
            parent = least
        }
    }

    private mutating func exchange(_ left: Int, _ right: Int) {
        heap.swapAt(left, right)
        positions[heap[left].slot] = Int32(left)
        positions[heap[right].slot] = Int32(right)
    }
}
