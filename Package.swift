// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

let package = Package(
    name: "echod",
    products: [
        .executable(name: "echod", targets: ["echod"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0")
    ],
    targets: [
        // The kernel's interfaces that `import Glibc` hides, and the C library of the admin plane.
        .systemLibrary(name: "CLinux", path: "Sources/CLinux"),
        .systemLibrary(
            name: "CMicroHTTPD", path: "CMicroHTTPD", pkgConfig: "libmicrohttpd",
            providers: [.apt(["libmicrohttpd-dev"])]),

        // The dashboard's files, which the C compiler takes into the binary as they are.
        .target(name: "CDashboard", exclude: ["web"]),
        // The commit, written down at every build by what `git` says.
        .plugin(name: "RevisionPlugin", capability: .buildTool(), path: "Sources/RevisionPlugin"),
        .target(name: "Revision", swiftSettings: strict, plugins: ["RevisionPlugin"]),

        // What every target may import: pure values, and locks and clocks.
        .target(name: "Basics", swiftSettings: strict),
        .target(name: "Threads", dependencies: ["Basics"], swiftSettings: strict),

        // The names and shapes of the admin API, which the server encodes and the client decodes.
        .target(name: "Wire", dependencies: ["Basics"], swiftSettings: strict),

        .target(name: "EchoCore", dependencies: ["Basics", "Wire"], swiftSettings: strict),
        .target(name: "EventLoops", dependencies: ["Basics", "CLinux", "Threads"], swiftSettings: strict),
        .target(
            name: "EchoServer", dependencies: ["Basics", "EchoCore", "EventLoops", "Threads", "Wire", logging],
            swiftSettings: strict),
        .target(name: "MicroHTTPD", dependencies: ["Basics", "CMicroHTTPD", "Threads"], swiftSettings: strict),
        .target(
            name: "Admin",
            dependencies: ["Basics", "CDashboard", "EchoCore", "MicroHTTPD", "Threads", "Wire", logging],
            swiftSettings: strict),
        .target(
            name: "AdminClient", dependencies: ["Basics", "EchoCore", "EventLoops", "Threads", "Wire"],
            swiftSettings: strict),
        .target(name: "Logs", dependencies: ["Basics", "Threads", logging], swiftSettings: strict),
        .target(
            name: "Options", dependencies: ["Basics", "EchoCore", "EventLoops", "Logs", "Wire", logging],
            swiftSettings: strict),
        .target(
            name: "ClientCommands",
            dependencies: ["AdminClient", "Basics", "EchoCore", "EventLoops", "Options", "Wire"],
            swiftSettings: strict),
        .executableTarget(
            name: "echod",
            dependencies: [
                "Admin", "Basics", "ClientCommands", "EchoCore", "EchoServer", "EventLoops", "Logs", "MicroHTTPD",
                "Options", "Revision", "Threads", "Wire", logging,
            ],
            swiftSettings: strict),

        .target(
            name: "TestSupport", dependencies: ["CLinux", "Logs", "Threads"], path: "Tests/Support",
            swiftSettings: strict),
        .testTarget(name: "BasicsTests", dependencies: ["Basics"], swiftSettings: strict),
        .testTarget(name: "ThreadsTests", dependencies: ["Basics", "Threads"], swiftSettings: strict),
        .testTarget(name: "WireTests", dependencies: ["Wire"], swiftSettings: strict),
        .testTarget(
            name: "EchoCoreTests", dependencies: ["Basics", "EchoCore", "TestSupport", "Wire"], swiftSettings: strict),
        .testTarget(
            name: "EventLoopsTests", dependencies: ["Basics", "EventLoops", "TestSupport", "Threads"],
            swiftSettings: strict),
        .testTarget(
            name: "EchoServerTests",
            dependencies: [
                "Basics", "CLinux", "EchoServer", "EchoCore", "EventLoops", "TestSupport", "Threads", "Wire", logging,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "MicroHTTPDTests", dependencies: ["Basics", "MicroHTTPD", "Threads"], swiftSettings: strict),
        .testTarget(
            name: "AdminTests",
            dependencies: ["Admin", "Basics", "EchoCore", "MicroHTTPD", "Threads", "Wire", logging],
            swiftSettings: strict),
        .testTarget(
            name: "AdminClientTests", dependencies: ["AdminClient", "Basics", "EchoCore", "EventLoops", "Wire"],
            swiftSettings: strict),
        .testTarget(
            name: "LogsTests", dependencies: ["Logs", "TestSupport", "Threads", logging], swiftSettings: strict),
        .testTarget(name: "OptionsTests", dependencies: ["Options"], swiftSettings: strict),
        .testTarget(
            name: "EchodTests",
            dependencies: [
                "echod", "Admin", "AdminClient", "Basics", "ClientCommands", "EchoCore", "EventLoops", "Logs",
                "Options", "TestSupport", "Threads", "Wire", logging,
            ],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
