import Martlet

/// Parts a dataset by leaving out the ends of sequences.
///
/// A user with n interactions has n − 1 examples, each a beginning of the sequence and the item after it. The last is
/// for testing, the one before for validation and the rest for training; but one example always stays for training, so
/// that a user with two interactions has that alone, and one with three has a training and a test example. (The rule
/// is that of RecBole; Zhao et al., "RecBole: Towards a Unified, Comprehensive and Efficient Framework for
/// Recommendation Algorithms", CIKM 2021.)
public struct LeaveOneOutSplit: Sendable {
  /// The examples of each user that are not left out: at least one of everyone with two or more interactions.
  public let training: SequenceExamples
  /// The last example but one of each user with four or more interactions.
  public let validation: SequenceExamples
  /// The last example of each user with three or more interactions.
  public let test: SequenceExamples
  /// Users with fewer than two interactions, which nothing can be learned from or measured with.
  public let usersWithoutExamples: Int

  /// - Throws: ``MartletError`` when no user has two interactions.
  public init(_ dataset: SequenceDataset) throws {
    var training = SequenceExamples()
    var validation = SequenceExamples()
    var test = SequenceExamples()
    var usersWithoutExamples = 0
    for user in 0..<dataset.userCount {
      let length = dataset.length(of: user)
      let exampleCount = length - 1
      guard exampleCount > 0 else {
        usersWithoutExamples += 1
        continue
      }
      let leftOut = Swift.min(2, exampleCount - 1)
      training.append(user: user, ends: 1..<length - leftOut)
      validation.append(user: user, ends: length - leftOut..<length - Swift.min(leftOut, 1))
      test.append(user: user, ends: length - Swift.min(leftOut, 1)..<length)
    }
    try require(
      training.count > 0, "interactions",
      "expected users with two or more interactions to train on, got \(dataset.userCount) with fewer")
    self.training = training
    self.validation = validation
    self.test = test
    self.usersWithoutExamples = usersWithoutExamples
  }
}
