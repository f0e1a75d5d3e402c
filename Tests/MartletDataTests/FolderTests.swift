import Martlet
import MartletFiles
import Testing

@testable import MartletData

@Suite struct FolderTests {
  @Test func missingFoldersAreMade() throws {
    let folder = try TemporaryFolder()
    try Folder.create(folder.file("a/b/c"))
    try Folder.create(folder.file("a/b/c"))
    try Folder.create(folder.file("a/b//d/"))
    #expect(try Folder.names(in: folder.file("a/b")) == ["c", "d"])
    #expect(try Folder.names(in: folder.file("none")) == nil)
  }

  @Test func whatIsInTheWayIsNamed() throws {
    let folder = try TemporaryFolder()
    try AtomicFile.write("", to: folder.file("file"))
    let error = #expect(throws: MartletError.self) { try Folder.create(folder.file("file")) }
    #expect(
      error?.description
        == "[folder] \(folder.file("file")): cannot be made: a file of that name is in the way")
    #expect(throws: MartletError.self) { try Folder.create(folder.file("file/below")) }
    #expect(throws: MartletError.self) { try Folder.names(in: folder.file("file")) }
    #expect(throws: MartletError.self) { try Folder.create("") }
  }
}
