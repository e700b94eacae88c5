// swift-tools-version: 6.2
import PackageDescription

// Unsafe flags are allowed because this is always the root package: the product does not depend on it.
let fast: [CSetting] = [
    .define("_GNU_SOURCE"),
    .unsafeFlags(["-O3", "-Wall", "-Wextra", "-Wshadow", "-Wmissing-prototypes"]),
]

let package = Package(
    name: "Benchmarks",
    targets: [
        .executableTarget(name: "epoll-echo", cSettings: fast),
        .executableTarget(name: "echo-load", cSettings: fast),
        .executableTarget(name: "shared-listener", cSettings: fast),
    ],
    cLanguageStandard: .gnu17
)
