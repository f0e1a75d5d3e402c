/// One kind of computation: it checks its inputs, infers its outputs, runs on raw memory, and emits its gradient
/// as further operations.
///
/// An operation is a small value; its stored properties are its attributes (stride, axis, slope), and two equal
/// operations on equal inputs give the same bytes. To add one, write one file with a conforming type and a
/// `Tensor` method that applies it, and add a row to the table of operation tests.
public protocol Operation: Hashable, Sendable {
  /// The name used in errors and in summaries, in PyTorch's spelling: `conv2d`, `batch_norm`.
  var name: String { get }

  /// What a plan's listing says of this operation beside its name, such as the algorithm that was chosen for it.
  var detail: String { get }

  /// Checks the inputs' shapes, element types and layouts and gives the outputs' types.
  ///
  /// - Throws: ``MartletError`` naming the operation, what was expected and what came.
  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType]

  /// Computes the outputs. Types were checked by ``inferOutputs(_:)``; only values can be wrong here, such as a
  /// class index out of range.
  func run(_ call: OperationCall) throws

  /// The gradient of a scalar with respect to each input, given those with respect to the outputs.
  ///
  /// Built from tensors of the same graph, by applying further operations. `nil` where no gradient flows.
  /// The default throws: the operation is not differentiable.
  func gradient(_ context: GradientContext) throws -> [Tensor?]

  /// Scratch memory that ``run(_:)`` needs, in bytes. Planned together with the values.
  func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int

  /// Outputs that may be written over an input of the same byte count when that input is not needed afterwards.
  func inPlacePairs(inputs: [TensorType], outputs: [TensorType]) -> [InPlacePair]

  /// The input that output 0 shares its memory with, where the operation only changes the type (reshape).
  var viewedInput: Int? { get }

  /// Inputs that ``run(_:)`` changes: state such as running statistics and optimizer moments, which must be
  /// variables or views of them. Running such an operation is a step's effect and is never removed.
  var mutatedInputs: [Int] { get }

  /// How an output can be had again, to the same bytes, in little more than one pass over values that are kept anyway:
  /// for plans that would rather compute an activation twice than keep it until the backward pass. `nil` where that
  /// costs more.
  func recomputation(ofOutput output: Int, inputs: [TensorType]) -> Recomputation?

  /// Whether output 0 is input 0, whatever that is: a cast to the type that is there, padding by nothing.
  func isIdentity(inputs: [TensorType], outputs: [TensorType]) -> Bool

  /// How the part of the work that depends on one input alone is done beforehand, for inputs that stay the same from run
  /// to run: weights that are brought into the order in which a kernel reads them. `nil` where there is no such part.
  func preparation(inputs: [TensorType], outputs: [TensorType]) -> Preparation?

  /// The operation that makes this one's only input of its only output again, to the same bytes; `nil` where there is
  /// none.
  var inverse: (any Operation)? { get }

  /// Whether the result depends on the step's random state.
  var isRandom: Bool { get }

  /// Multiply-adds of one run, for summaries and for cost models. Zero where the operation only moves data.
  func multiplyAdds(inputs: [TensorType], outputs: [TensorType]) -> Int
}

extension Operation {
  public var detail: String { "" }
  public func gradient(_ context: GradientContext) throws -> [Tensor?] {
    throw MartletError(name, "is not differentiable")
  }
  public func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int { 0 }
  public func inPlacePairs(inputs: [TensorType], outputs: [TensorType]) -> [InPlacePair] { [] }
  public var viewedInput: Int? { nil }
  public var mutatedInputs: [Int] { [] }
  public func recomputation(ofOutput output: Int, inputs: [TensorType]) -> Recomputation? { nil }
  public func isIdentity(inputs: [TensorType], outputs: [TensorType]) -> Bool { false }
  public func preparation(inputs: [TensorType], outputs: [TensorType]) -> Preparation? { nil }
  public var inverse: (any Operation)? { nil }
  public var isRandom: Bool { false }
  public func multiplyAdds(inputs: [TensorType], outputs: [TensorType]) -> Int { 0 }
}

/// An operation in two steps: one that depends on a single input, and one that does the rest with what came of it.
public struct Preparation: Sendable {
  /// Which input.
  public var input: Int
  /// From that input to one value in its place.
  public var prepare: any Operation
  /// From all inputs, that one prepared, to the operation's outputs.
  public var run: any Operation

  public init(input: Int, prepare: any Operation, run: any Operation) {
    self.input = input
    self.prepare = prepare
    self.run = run
  }
}

/// What passes make of weights, whatever the arguments of a recording are: a predictor that holds the result can let go of
/// the weights.
protocol WeightPreparation: Operation {}

/// An operation with one output that gives an output of another operation again.
public struct Recomputation: Sendable {
  /// A value of the original operation, by its index among the inputs or the outputs.
  public enum Argument: Hashable, Sendable {
    case input(Int)
    case output(Int)
  }

  /// What is run in place of the original operation, to the same bytes.
  public var operation: any Operation
  /// Which inputs and outputs of the original operation the recomputing one reads.
  public var arguments: [Argument]

  public init(_ operation: any Operation, _ arguments: [Argument]) {
    self.operation = operation
    self.arguments = arguments
  }
}

/// An output that may take over the memory of an input.
public struct InPlacePair: Hashable, Sendable {
  /// An index among the operation's outputs.
  public var output: Int
  /// An index among its inputs.
  public var input: Int
  public init(output: Int, input: Int) {
    self.output = output
    self.input = input
  }
}

/// A value's type and where its elements are.
public struct Operand {
  /// How many elements there are, of which type and in which order.
  public let type: TensorType
  /// Where the first element is. The others follow without gaps.
  public let address: UnsafeMutableRawPointer

  public init(type: TensorType, address: UnsafeMutableRawPointer) {
    self.type = type
    self.address = address
  }

  /// The elements, in memory order. `Scalar` must be the operand's element type.
  public func elements<Scalar: TensorScalar>(_: Scalar.Type = Scalar.self) -> UnsafeMutablePointer<Scalar> {
    precondition(Scalar.scalarType == type.scalar, "\(Scalar.self) does not hold \(type)")
    return address.assumingMemoryBound(to: Scalar.self)
  }
}

/// What an operation is given to run: memory for its inputs, outputs and scratch, and the step's random state.
public struct OperationCall {
  /// In the operation's order; to be read only, but for those of ``Operation/mutatedInputs``.
  public let inputs: [Operand]
  /// In the operation's order, of unspecified content; one of ``Operation/inPlacePairs(inputs:outputs:)`` may lie on its
  /// input.
  public let outputs: [Operand]
  /// As many bytes as ``Operation/workspaceByteCount(inputs:outputs:)`` asked for, aligned to 64.
  public let workspace: UnsafeMutableRawPointer
  /// What random operations draw from, the same for all operations of a run.
  public let random: RandomState

  public init(
    inputs: [Operand], outputs: [Operand], workspace: UnsafeMutableRawPointer, random: RandomState
  ) {
    self.inputs = inputs
    self.outputs = outputs
    self.workspace = workspace
    self.random = random
  }
}

/// What keys the counter-based random numbers of one run of a graph: the same seed and step give the same
/// numbers, whatever ran before and on however many threads.
public struct RandomState: Hashable, Sendable {
  /// What stays the same over the steps of a training.
  public var seed: UInt64
  /// What tells those steps apart.
  public var step: UInt64
  public init(seed: UInt64 = 0, step: UInt64 = 0) {
    self.seed = seed
    self.step = step
  }
}

/// What an operation knows when it emits its gradient.
public struct GradientContext {
  /// The operation's inputs and outputs, as values of the graph being differentiated.
  public let inputs: [Tensor]
  /// As values of the same graph.
  public let outputs: [Tensor]
  /// The gradient with respect to each output; `nil` where none flows. At least one is present.
  public let outputGradients: [Tensor?]
  /// For each input, whether its gradient is wanted. Operations skip work for those that are not.
  public let wanted: [Bool]

  /// The gradient with respect to the only differentiable output.
  public var outputGradient: Tensor {
    guard let gradient = outputGradients.first ?? nil else {
      preconditionFailure("asked for the gradient of output 0, which has none")
    }
    return gradient
  }
}
