// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

let package = Package(
    name: "echod",
    products: [
        .executable(name: "echod", targets: ["echod"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
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

        .target(name: "EchoCore", swiftSettings: strict),
        .target(name: "EventLoops", dependencies: ["CLinux"], swiftSettings: strict),
        .target(name: "EchoServer", dependencies: ["EchoCore", "EventLoops", logging], swiftSettings: strict),
        .target(name: "MicroHTTPD", dependencies: ["CMicroHTTPD"], swiftSettings: strict),
        .target(name: "Admin", dependencies: ["CDashboard", "EchoCore", "MicroHTTPD", logging], swiftSettings: strict),
        .target(name: "AdminClient", dependencies: ["EchoCore", "EventLoops"], swiftSettings: strict),
        .executableTarget(
            name: "echod",
            dependencies: [
                "EchoCore", "EventLoops", "EchoServer", "MicroHTTPD", "Admin", "AdminClient", "Revision",
                argumentParser, logging,
            ],
            swiftSettings: strict),

        .target(name: "TestSupport", dependencies: ["CLinux"], path: "Tests/Support", swiftSettings: strict),
        .testTarget(name: "EchoCoreTests", dependencies: ["EchoCore"], swiftSettings: strict),
        .testTarget(name: "EventLoopsTests", dependencies: ["EventLoops", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "EchoServerTests", dependencies: ["EchoServer", "EchoCore", "EventLoops", "TestSupport", logging],
            swiftSettings: strict),
        .testTarget(name: "MicroHTTPDTests", dependencies: ["MicroHTTPD"], swiftSettings: strict),
        .testTarget(
            name: "AdminTests", dependencies: ["Admin", "EchoCore", "MicroHTTPD", logging], swiftSettings: strict),
        .testTarget(
            name: "AdminClientTests", dependencies: ["AdminClient", "EchoCore", "EventLoops"], swiftSettings: strict),
        .testTarget(
            name: "EchodTests", dependencies: ["echod", "Admin", "AdminClient", "EchoCore", "EventLoops", logging],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
