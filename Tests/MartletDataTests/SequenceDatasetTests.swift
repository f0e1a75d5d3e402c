import Martlet
import Testing

@testable import MartletData

@Suite struct SequenceDatasetTests {
  private func dataset(_ text: String) throws -> SequenceDataset {
    try SequenceDataset(InteractionFiles().log(text))
  }

  @Test func sequencesAreInTheOrderOfTime() throws {
    let data = try dataset(
      "user_id,item_id,timestamp\na,p,5\nb,q,1\na,r,-1\na,q,5\nb,p,0.5\na,s,5\na,p,4.5\nb,p,1\n")
    #expect(data.itemNames == ["[PAD]", "p", "q", "r", "s"])
    #expect(data.userNames == ["a", "b"])
    #expect(data.itemCount == 4)
    #expect(data.userCount == 2)
    #expect(data.interactionCount == 8)
    // Equal times keep the order of the file: p, q, s at 5 and q, p at 1.
    #expect(Array(data.sequence(of: 0)) == [3, 1, 1, 2, 4])
    #expect(Array(data.sequence(of: 1)) == [1, 2, 1])
    #expect(data.length(of: 0) == 5)
  }

  @Test func manyEqualTimesStayInTheOrderOfTheFile() throws {
    // Long enough for any sorting method to show whether it is stable.
    let count = 3000
    let times = (0..<count).map { $0 * 7919 % 5 }
    let interactions = times.enumerated().map { position, time in
      InteractionLog.Interaction(user: UInt32(position % 2), item: UInt32(position), time: Double(time))
    }
    let log = try InteractionLog(
      users: ["a", "b"], items: times.indices.map { "i\($0)" }, interactions: interactions)
    let data = try SequenceDataset(log)
    for user in 0..<2 {
      let own = times.indices.filter { $0 % 2 == user }
      let ordered = own.sorted { (times[$0], $0) < (times[$1], $1) }
      #expect(data.sequence(of: user).map { Int($0) - 1 } == ordered)
    }
  }

  @Test func namesLeadToNumbers() throws {
    let data = try dataset("user_id,item_id\na,p\na,q\na,[PAD]\na,e\u{301}\n")
    #expect(try data.sequence(ofItems: ["q", "p", "[PAD]", "q", "e\u{301}"]) == [2, 1, 3, 2, 4])
    #expect(try data.sequence(ofItems: []) == [])
    #expect(data.item(named: "q") == 2)
    #expect(data.item(named: "\u{E9}") == nil)
    #expect(
      datasetErrorText { try data.sequence(ofItems: ["q", "x", "p", "y"]) }
        == "[interactions] expected items of the data that the model was trained on, got \"x\", \"y\"")
    #expect(
      datasetErrorText { try data.sequence(ofItems: (0..<7).map { "n\($0)" }) }
        .hasSuffix("\"n3\", \"n4\" and 2 more"))
  }

  @Test func theFingerprintTellsDataApart() throws {
    let text = "user_id,item_id,timestamp\na,p,1\na,q,2\nb,q,3\n"
    let first = try dataset(text).fingerprint
    #expect(first == (try dataset(text).fingerprint))
    #expect(first.hasPrefix("2 users, 2 items, 3 interactions, CRC-32C "))
    #expect(first.count == "2 users, 2 items, 3 interactions, CRC-32C ".count + 8)
    // Names, order and who did it; not the times themselves.
    let others = [
      "user_id,item_id,timestamp\na,p,3\na,q,2\nb,q,3\n", "user_id,item_id,timestamp\na,p,1\na,q,2\nb,p,3\n",
      "user_id,item_id,timestamp\na,p,1\na,r,2\nb,r,3\n", "user_id,item_id,timestamp\na,p,1\nb,q,2\nb,q,3\n",
      "user_id,item_id,timestamp\nc,p,1\nc,q,2\nb,q,3\n", "user_id,item_id\na,p\na,q\nb,q\nb,q\n",
    ]
    #expect(Set(try others.map { try dataset($0).fingerprint }).union([first]).count == others.count + 1)
    #expect(try dataset("user_id,item_id,timestamp\na,p,10\na,q,20\nb,q,30\n").fingerprint == first)
  }
}

@Suite struct SequenceSplitTests {
  private func examples(_ examples: SequenceExamples) -> [[Int]] { examples.map { [$0.user, $0.end] } }

  /// Where the targets are for a user with so many interactions.
  @Test(arguments: [
    (2, [1], [], []),
    (3, [1], [], [2]),
    (4, [1], [2], [3]),
    (5, [1, 2], [3], [4]),
    (6, [1, 2, 3], [4], [5]),
  ])
  func theEndsAreLeftOut(length: Int, training: [Int], validation: [Int], test: [Int]) throws {
    let split = try LeaveOneOutSplit(SequenceDataset(.ofLengths([length])))
    #expect(split.training.map(\.end) == training)
    #expect(split.validation.map(\.end) == validation)
    #expect(split.test.map(\.end) == test)
    #expect(split.usersWithoutExamples == 0)
  }

  @Test func usersComeOneAfterTheOther() throws {
    let split = try LeaveOneOutSplit(SequenceDataset(.ofLengths([1, 5, 1, 2, 3, 6, 1])))
    #expect(examples(split.training) == [[1, 1], [1, 2], [3, 1], [4, 1], [5, 1], [5, 2], [5, 3]])
    #expect(examples(split.validation) == [[1, 3], [5, 4]])
    #expect(examples(split.test) == [[1, 4], [4, 2], [5, 5]])
    #expect(split.usersWithoutExamples == 3)
    #expect(split.training.userCount == 4)
    #expect(split.training.last == SequenceExample(user: 5, end: 3))
  }

  @Test func usersWithOneInteractionAloneAreAnError() throws {
    let data = try SequenceDataset(.ofLengths([1, 1]))
    #expect(
      datasetErrorText { try LeaveOneOutSplit(data) }
        == "[interactions] expected users with two or more interactions to train on, got 2 with fewer")
  }
}
