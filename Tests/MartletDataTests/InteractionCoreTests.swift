import Martlet
import MartletKernels
import Testing

@testable import MartletData

@Suite struct InteractionCoreTests {
  /// Removes one user or item with too few interactions at a time, for as long as there is one.
  private func naive(_ lines: [[String]], _ minimumUser: Int, _ minimumItem: Int) -> [[String]] {
    var lines = lines
    while true {
      let tooFew = [(0, minimumUser), (1, minimumItem)].lazy.compactMap { column, minimum in
        lines.map { $0[column] }.first { name in
          lines.count { $0[column] == name } < minimum
        }.map { (column, $0) }
      }.first
      guard let (column, name) = tooFew else { return lines }
      lines.removeAll { $0[column] == name }
    }
  }

  @Test(arguments: 0..<60)
  func theCoreIsTheNaiveOne(round: Int) throws {
    var generator = PhiloxGenerator(seed: 11, stream: UInt64(round))
    let lines = (0..<Int.random(in: 1...160, using: &generator)).map { time in
      // Products of two draws give few names many interactions and many names few.
      let user = Int.random(in: 1...6, using: &generator) * Int.random(in: 1...6, using: &generator)
      let item = Int.random(in: 1...5, using: &generator) * Int.random(in: 1...5, using: &generator)
      return ["u\(user)", "i\(item)", "\(Double(time))"]
    }
    let (minimumUser, minimumItem) = (
      Int.random(in: 0...6, using: &generator), Int.random(in: 0...6, using: &generator)
    )
    let files = try InteractionFiles()
    func log(_ lines: [[String]]) throws -> InteractionLog {
      try files.log(
        (["user_id,item_id,timestamp"] + lines.map { $0.joined(separator: ",") }).joined(separator: "\n"))
    }
    let whole = try log(lines)
    let expected = naive(lines, minimumUser, minimumItem)
    if expected.isEmpty {
      #expect(
        datasetErrorText { try whole.keepingCore(minimumUser: minimumUser, minimumItem: minimumItem) }
          .contains("remains"))
    } else {
      // As if only what remains had been in the file: names are numbered as they come.
      let core = try whole.keepingCore(minimumUser: minimumUser, minimumItem: minimumItem)
      #expect(try core == log(expected))
      #expect(try core.keepingCore(minimumUser: minimumUser, minimumItem: minimumItem) == core)
    }
  }

  @Test func oneRemovalLeadsToAnother() throws {
    // u2 goes with its single interaction, then z with one left, then u1 with one left.
    let files = try InteractionFiles()
    let log = try files.log("user_id,item_id\nu2,z\nu1,z\nu1,x\nu0,x\nu0,x\nu0,y\nu0,y\n")
    let core = try log.keepingCore(minimumUser: 2, minimumItem: 2)
    #expect(core.users == ["u0"])
    #expect(core.items == ["x", "y"])
    #expect(core.itemIndices == [0, 0, 1, 1])
    #expect(core.times.isEmpty)
    #expect(try log.keepingCore(minimumUser: 1, minimumItem: 0) == log)
  }

  @Test func anEmptyCoreIsAnError() throws {
    let log = try InteractionLog.ofLengths([3, 2])
    #expect(
      datasetErrorText { try log.keepingCore(minimumUser: 4, minimumItem: 1) }
        == "[interactions] expected users with at least 4 and items with at least 1 interactions; none of 2 users, "
        + "3 items and 5 interactions remains")
    #expect(
      datasetErrorText { try log.keepingCore(minimumUser: -1, minimumItem: 1) }.contains("a user, got -1"))
    #expect(
      datasetErrorText { try log.keepingCore(minimumUser: 1, minimumItem: -2) }.contains("an item, got -2"))
  }
}
