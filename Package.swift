// swift-tools-version: 6.2
import PackageDescription

// Imports go one way; Tests/CoreTests/LayeringTests.swift holds the sources to it:
//
//     leadscored, leadscore  ->  Service  ->  { Ingest, Store }  ->  Core
//
// Ingest and Store never import each other.

/// One list of settings for every target of this package.
let settings: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// A release of what is installed has Swift's libraries in it: nothing has to be installed beside it,
/// and it needs less memory. The first flag does not name those that Foundation rests on.
let selfContained: [LinkerSetting] = [
    .unsafeFlags(
        ["-static-stdlib"]
            + ["CoreFoundation", "_FoundationICU", "_FoundationCShims", "_FoundationCollections"]
            .map { "-l\($0)" },
        .when(configuration: .release))
]

let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "leadscored",
    products: [
        .executable(name: "leadscored", targets: ["leadscored"]),
        .executable(name: "leadscore", targets: ["leadscore"]),
    ],
    dependencies: [
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // The system's own libraries, and the C that Swift cannot say.
        .systemLibrary(
            name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .systemLibrary(
            name: "CIDN", pkgConfig: "libidn2",
            providers: [.apt(["libidn2-dev", "libunistring-dev"])]),
        .systemLibrary(
            name: "CHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"])]),
        .systemLibrary(
            name: "CNettle", pkgConfig: "nettle", providers: [.apt(["nettle-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CLzma", pkgConfig: "liblzma", providers: [.apt(["liblzma-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .target(name: "CLinux", linkerSettings: [.linkedLibrary("sqlite3")]),
        .target(
            name: "CSimdjson", cxxSettings: [.unsafeFlags(["-std=c++17", "-O3"])],
            linkerSettings: [.linkedLibrary("simdjson")]),

        .target(name: "Core", dependencies: ["CHash", "CIDN"], swiftSettings: settings),
        .target(
            name: "Ingest",
            dependencies: [
                "Core", "CSimdjson", "CLinux", "CNettle", "CZlib", "CLzma", "CZstd",
            ],
            swiftSettings: settings),
        .target(
            name: "Store", dependencies: ["Core", "CLinux", grdb, sqlite], swiftSettings: settings),
        .target(
            name: "Service",
            dependencies: ["Core", "Ingest", "Store", "CSystemd", "CLinux", "Yams", logging],
            swiftSettings: settings),
        .executableTarget(
            name: "leadscored", dependencies: ["Service", arguments], swiftSettings: settings,
            linkerSettings: selfContained),
        .executableTarget(
            name: "leadscore", dependencies: ["Service", arguments], swiftSettings: settings,
            linkerSettings: selfContained),

        // Writes plausible logs for the demo and the benchmarks; never installed.
        .executableTarget(
            name: "loggen", dependencies: ["Core", arguments], path: "Benchmarks/loggen",
            swiftSettings: settings),
        // Measures the decoders alone: swift run -c release decodebench.
        .executableTarget(
            name: "decodebench", dependencies: ["Core", "Ingest"], path: "Benchmarks/decode",
            swiftSettings: settings),

        .target(
            name: "TestKit",
            dependencies: ["Core", "Store", "CZlib", "CLzma", "CZstd", grdb, sqlite],
            path: "Tests/TestKit", swiftSettings: settings),
        // A source and a corpus for each format, for tests and for scripts/fuzz.
        .target(
            name: "FormatFixtures", dependencies: ["Core", "Ingest"],
            path: "Tests/FormatFixtures", swiftSettings: settings),
        .testTarget(
            name: "CoreTests", dependencies: ["Core", "TestKit"], swiftSettings: settings),
        .testTarget(
            name: "IngestTests", dependencies: ["Ingest", "TestKit", "FormatFixtures"],
            swiftSettings: settings),
        // Failures of storage that Swift cannot bring about: of SQLite's files, and of power.
        .target(
            name: "CFailures", path: "Tests/CFailures",
            linkerSettings: [.linkedLibrary("sqlite3")]),
        // Files, writers, crashes and a daemon in memory, by seeds; and the program that tries many.
        .target(
            name: "Simulation",
            dependencies: ["Core", "Ingest", "Store", "TestKit", "CFailures"],
            path: "Tests/Simulation", swiftSettings: settings),
        .executableTarget(
            name: "simulate", dependencies: ["Simulation", arguments], path: "Tests/Simulate",
            swiftSettings: settings),
        .testTarget(
            name: "SimulationTests", dependencies: ["Simulation"], swiftSettings: settings),
        .testTarget(
            name: "StoreTests", dependencies: ["Store", "TestKit", grdb], swiftSettings: settings),
        .testTarget(
            name: "ServiceTests",
            dependencies: ["Core", "Store", "Service", "TestKit", "CLinux", grdb, logging],
            swiftSettings: settings),
        .testTarget(
            name: "SystemTests", dependencies: ["TestKit", "Service", "leadscore", "CFailures"],
            swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)

// Only scripts/fuzz asks for this, and brings libFuzzer.
if Context.environment["LEADSCORED_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "fuzz", dependencies: ["Core", "Ingest", "FormatFixtures"], path: "Tests/Fuzz",
            swiftSettings: settings))
}
