import Martlet

/// An input of a model that is exported: its name, its type, and which of its axes may have other sizes.
public struct ONNXInput: Sendable {
  /// An axis whose size is whoever's who runs the model.
  public struct DynamicAxis: Hashable, Sendable {
    /// Axes of one name, of one input or several, always have the same size.
    public var name: String
    /// Sizes that the model takes differ from that of the input's type by multiples of this.
    public var step: Int

    public init(_ name: String, step: Int = 1) {
      self.name = name
      self.step = step
    }
  }

  /// What the input is called in the file.
  public var name: String
  /// The type with which the model can be run. Of dynamic axes any size that the model takes will do, such as the
  /// smallest.
  public var type: TensorType
  /// By axis; the others are fixed.
  public var dynamicAxes: [Int: DynamicAxis]

  public init(_ name: String, _ type: TensorType, dynamicAxes: [Int: DynamicAxis] = [:]) {
    self.name = name
    self.type = type
    self.dynamicAxes = dynamicAxes
  }
}

/// The sizes at which a model is recorded.
struct SizePlan {
  /// Names of the dynamic axes, in the order of the inputs and their axes.
  let names: [String]
  let inputs: [ONNXInput]
  private let axes: [String: (base: Int, step: Int)]

  /// - Throws: ``MartletError`` for an axis that does not exist, and for axes of one name with different sizes.
  init(_ inputs: [ONNXInput]) throws {
    var names: [String] = []
    var axes: [String: (base: Int, step: Int)] = [:]
    for input in inputs {
      for (axis, dynamic) in input.dynamicAxes.sorted(by: { $0.key < $1.key }) {
        try require(
          input.type.shape.indices.contains(axis) && input.type.shape[axis] > 0
            && (1...Self.largestStep).contains(dynamic.step) && !dynamic.name.isEmpty, "onnx",
          "expected dynamic axes of \(input.name) (\(input.type)) by number, with names and steps from 1 to "
            + "\(Self.largestStep), got axis \(axis), \"\(dynamic.name)\", step \(dynamic.step)")
        let size = (base: input.type.shape[axis], step: dynamic.step)
        if let known = axes[dynamic.name] {
          try require(
            known == size, "onnx",
            "expected one size and step for all axes \(dynamic.name), got \(known.base), \(known.step) and "
              + "\(size.base), \(size.step)")
        } else {
          names.append(dynamic.name)
        }
        axes[dynamic.name] = size
      }
    }
    self.inputs = inputs
    self.names = names
    self.axes = axes
  }

  private static let largestStep = 1 << 16

  /// The types of the inputs in one recording: `steps` says by how many steps each axis is larger than in the inputs'
  /// types, and 0 is the type's own size.
  func types(_ steps: [String: Int]) -> [TensorType] {
    inputs.map { input in
      var type = input.type
      for (axis, dynamic) in input.dynamicAxes {
        type.shape[axis] += (steps[dynamic.name] ?? 0) * dynamic.step
      }
      return type
    }
  }

  /// The steps of each recording when some axes are dynamic: all at a first size, each alone at two others, and all
  /// at others.
  ///
  /// A dynamic axis never has its own size, which may be 1, of which nothing can be told. Numbers of steps lie further
  /// apart than what networks reduce sizes by, and leave different remainders, so that ⌈n/32⌉ differs between them, and
  /// ⌈n/2⌉ is not taken for ⌊n/2⌋.
  func recordings(_ dynamic: [String]) -> [[String: Int]] {
    func all(_ steps: Int) -> [String: Int] { Dictionary(uniqueKeysWithValues: dynamic.map { ($0, steps) }) }
    guard !dynamic.isEmpty else { return [[:]] }
    var plans = [all(1)]
    for name in dynamic {
      for steps in [44, 91] { plans.append(all(1).merging([name: steps]) { $1 }) }
    }
    // At last, different axes by different numbers of steps.
    for start in [66, 135] {
      plans.append(
        Dictionary(uniqueKeysWithValues: dynamic.enumerated().map { ($1, start + 27 * $0) }))
    }
    return plans
  }
}
