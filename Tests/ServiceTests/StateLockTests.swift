import Foundation
import Glibc
import Testing

@testable import Service

@Suite struct StateLockTests {
    @Test func `the first holds it and the second learns by whom`() throws {
        let scratch = try ControlScratch()
        let lock = try StateLock.acquire(directory: scratch.path)
        #expect(throws: StateLockError.held(path: scratch.path + "/lock", byPID: getpid())) {
            try StateLock.acquire(directory: scratch.path)
        }
        let error = StateLockError.held(path: "/s/lock", byPID: 7)
        #expect(error.message == "/s/lock is locked by pid 7")
        #expect(error.exitCode == 75)
        withExtendedLifetime(lock) {}
    }

    @Test func `it ends with its holder`() throws {
        let scratch = try ControlScratch()
        do { _ = try StateLock.acquire(directory: scratch.path) }
        withExtendedLifetime(try StateLock.acquire(directory: scratch.path)) {}
    }

    @Test func `what an earlier process wrote does not matter`() throws {
        let scratch = try ControlScratch()
        try Data("999999 and more than that\n".utf8)
            .write(to: URL(fileURLWithPath: scratch.path + "/lock"))
        let lock = try StateLock.acquire(directory: scratch.path)
        let text = try String(contentsOfFile: scratch.path + "/lock", encoding: .utf8)
        #expect(text == "\(getpid())\n")
        withExtendedLifetime(lock) {}
    }

    @Test func `a missing directory is made so that readers can pass through it`() throws {
        let scratch = try ControlScratch()
        let path = scratch.path + "/state"
        let lock = try StateLock.acquire(directory: path)
        #expect(try mode(of: path) == 0o711)
        #expect(try mode(of: path + "/lock") == 0o600)
        withExtendedLifetime(lock) {}
    }

    @Test(arguments: [0o777, 0o775, 0o1777, 0o733])
    func `a directory that others can write to is refused`(bits: Int) throws {
        let scratch = try ControlScratch()
        unsafe _ = chmod(scratch.path, mode_t(bits))
        let error = StateLockError.writableByOthers(path: scratch.path, mode: UInt32(bits))
        #expect(throws: error) { try StateLock.acquire(directory: scratch.path) }
        #expect(error.exitCode == 77)
        #expect(error.remedy == "chmod go-w \(scratch.path)")
    }

    @Test func `a link in the place of the lock is not followed`() throws {
        let scratch = try ControlScratch()
        let victim = scratch.path + "/victim"
        try Data("precious".utf8).write(to: URL(fileURLWithPath: victim))
        unsafe _ = symlink(victim, scratch.path + "/lock")
        #expect(throws: StateLockError.self) { try StateLock.acquire(directory: scratch.path) }
        #expect(try String(contentsOfFile: victim, encoding: .utf8) == "precious")
    }

    @Test func `a file in the place of the directory is an error`() throws {
        let scratch = try ControlScratch()
        let path = scratch.path + "/file"
        try Data().write(to: URL(fileURLWithPath: path))
        #expect(throws: StateLockError.io(call: "open", path: path, errno: ENOTDIR)) {
            try StateLock.acquire(directory: path)
        }
    }

    @Test func `a directory whose parent is missing names what to do`() {
        let error = #expect(throws: StateLockError.self) {
            try StateLock.acquire(directory: "/nowhere/at/all")
        }
        #expect(error?.message == "mkdir /nowhere/at/all: No such file or directory")
        #expect(error?.remedy == "create the directory above it")
    }

    @Test(.enabled(if: geteuid() == 0))
    func `what root locks in the service's directory stays the service's`() throws {
        let scratch = try ControlScratch()
        unsafe _ = chown(scratch.path, 65_534, 65_534)
        let lock = try StateLock.acquire(directory: scratch.path)
        let attributes = try FileManager.default.attributesOfItem(atPath: scratch.path + "/lock")
        #expect((attributes[.ownerAccountID] as? NSNumber)?.intValue == 65_534)
        withExtendedLifetime(lock) {}
    }

    private func mode(of path: String) throws -> Int? {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return (attributes[.posixPermissions] as? NSNumber)?.intValue
    }
}
