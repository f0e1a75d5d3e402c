import Foundation
import Martlet

/// What kind of thing a run trains: the first word after `martlet train`, and `task` in a YAML file.
public enum RunKind: String, Codable, CaseIterable, Sendable {
  /// Configured by ``SegmentationConfiguration``.
  case segmentation
  /// Configured by ``RecommendationConfiguration``.
  case recommendation
}

/// Everything that decides a run: what `martlet train KIND` takes as flags and a YAML file as keys.
///
/// A key in the file is a flag's name without the dashes in front: `batch-size: 32` is `--batch-size 32`. The file kept in
/// a run folder is this, complete, so that a run can be repeated and resumed from it. The properties of
/// ``TrainingSettings`` can be used as a configuration's own.
@dynamicMemberLookup
public protocol RunConfiguration: Codable, Hashable, Sendable {
  /// What ``makeTask(isNew:)`` makes.
  associatedtype Task: RunTask

  /// The value of `task` in files.
  static var kind: RunKind { get }
  /// All keys but `task`, in the order in which they are written.
  static var keys: [ConfigurationKey<Self>] { get }
  /// A configuration in which what can be a name or a mapping is a mapping with all its keys, for telling known keys
  /// from unknown ones.
  static var complete: Self { get }

  /// The network's name.
  var model: String { get set }
  /// A file of weights to start from instead of random parameters: safetensors, or what `torch.save` wrote.
  var weights: String? { get set }
  /// The loss's name, or a sum of several for segmentation.
  var loss: String { get set }
  /// How the network is trained, whatever it is.
  var training: TrainingSettings { get set }
  /// The run folder.
  var output: String { get set }

  /// The defaults.
  init()

  /// Checks what can be checked without data.
  ///
  /// - Throws: ``MartletError`` naming the key, what it can be and what it is.
  func check() throws

  /// Checks of a new run that no value changes nothing, such as the momentum of an optimizer that has none.
  ///
  /// - Throws: ``MartletError`` naming the key, and what it wants.
  func checkUse() throws

  /// Changes every path that is given.
  mutating func changePaths(_ change: (String) -> String)

  /// The files and folders that the run reads.
  var inputPaths: [String] { get }

  /// Reads and checks the data, and makes the network.
  ///
  /// - Parameter isNew: Whether the network gets its first parameters: from ``weights`` if there are any. Otherwise a
  ///   checkpoint's are to come.
  func makeTask(isNew: Bool) throws -> Task

  /// Writes the page of a run from what its folder holds.
  func writeReport(_ files: RunFolder, task: Task) throws
}

extension RunConfiguration {
  /// The defaults: enough where no value can be a name or a mapping.
  public static var complete: Self { Self() }

  /// A setting of ``training``, as if it were the configuration's own.
  public subscript<Value>(dynamicMember setting: WritableKeyPath<TrainingSettings, Value>) -> Value {
    get { training[keyPath: setting] }
    set { training[keyPath: setting] = newValue }
  }

  /// Keys that are absent keep their defaults.
  public init(from decoder: any Decoder) throws {
    self.init()
    try read(from: decoder)
  }

  /// Takes the values of the keys that there are.
  mutating func read(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: ConfigurationName.self)
    let task = ConfigurationName(taskKey)
    // Files of earlier versions do not say it.
    if let kind = try values.decodeIfPresent(String.self, forKey: task), kind != Self.kind.rawValue {
      throw DecodingError.dataCorruptedError(
        forKey: task, in: values, debugDescription: "expected \(Self.kind.rawValue)")
    }
    for key in Self.keys { try key.read(values, &self) }
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: ConfigurationName.self)
    try values.encode(Self.kind, forKey: ConfigurationName(taskKey))
    for key in Self.keys { try key.write(self, &values) }
  }

  /// Checks ``training`` alone.
  public func checkUse() throws { try training.checkUse() }

  /// Names of the keys whose values are others than in another configuration.
  public func differences(from other: Self) -> [String] {
    Self.keys.filter { !$0.isEqual(self, other) }.map(\.name)
  }

  /// Makes paths independent of the working directory, so that a run can be resumed from anywhere.
  mutating func makePathsAbsolute() { changePaths { URL(filePath: $0).standardizedFileURL.path } }
}

/// The key that says what kind of run a file is for.
let taskKey = "task"

/// Checks the value of a key.
func checkValue(_ condition: Bool, _ key: String, _ expected: String, _ value: some Any) throws {
  try require(condition, "configuration", "\(key): expected \(expected), got \(value)")
}

/// Checks that the value of a key is one of a few.
func checkChoice(_ value: String, _ key: String, _ choices: [String]) throws {
  try checkValue(choices.contains(value), key, choices.joined(separator: ", "), value)
}
