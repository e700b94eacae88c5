import Foundation
import PackagePlugin

/// Runs write-revision.sh whenever a source file or the commit has changed.
@main struct RevisionPlugin: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let package = context.package.directoryURL
        let script = package.appending(path: "Sources/RevisionPlugin/write-revision.sh")
        let output = context.pluginWorkDirectoryURL.appending(path: "WrittenRevision.swift")
        return [
            .buildCommand(
                displayName: "Writing the revision", executable: URL(filePath: "/bin/sh"),
                arguments: [script.path, package.path, output.path],
                inputFiles: [package.appending(path: "Package.swift")] + Self.sources(package) + Self.gitFiles(package),
                outputFiles: [output])
        ]
    }

    /// Whatever makes the tree dirty, headers and this plugin's own files included.
    private static func sources(_ package: URL) -> [URL] {
        ["Sources", "CMicroHTTPD"].flatMap { folder -> [URL] in
            let files = FileManager.default.enumerator(
                at: package.appending(path: folder), includingPropertiesForKeys: nil)
            return (files?.allObjects ?? []).compactMap { $0 as? URL }.filter { !$0.hasDirectoryPath }
        }
    }

    /// What a commit, a checkout or a `git add` writes to.
    private static func gitFiles(_ package: URL) -> [URL] {
        var directory = package.appending(path: ".git")
        // In a work tree of `git worktree` it is a file that names the directory.
        if let text = try? String(contentsOf: directory, encoding: .utf8), text.hasPrefix("gitdir: ") {
            directory = URL(filePath: text.dropFirst(8).trimmingCharacters(in: .newlines), relativeTo: package)
        }
        return ["HEAD", "index", "logs/HEAD"].map { directory.appending(path: $0) }
            .filter { FileManager.default.fileExists(atPath: $0.path) }
    }
}
