import MartletKernels
import Synchronization

/// A model made ready to be used, and nothing else: its weights are frozen, prepared for the kernels that read them, and
/// shared by all calls.
///
/// ```swift
/// let predictor = try Predictor(model)
/// let logits = try predictor(image)
/// ```
///
/// A plan is made for each combination of argument types that comes up, and kept; with `only`, for one. A call asks the
/// system for no memory, and any number of tasks can call at once. Results are those of the model, up to the rounding of batch normalisation that is
/// done within convolutions, and depend neither on threads nor on what was predicted before.
public final class Predictor: Sendable {
  /// Names of the passes that make plans, in order.
  public let passNames: [String]
  private let plans = Mutex(PlanCollection())
  private let recorder: Mutex<Recorder>
  /// What arguments are of; anything if nil.
  private let only: [TensorType]?

  /// Freezes a model, which from now on is the predictor's: its parameters' memory is let go of where the predictor holds
  /// it in another order.
  ///
  /// - Parameters:
  ///   - argumentTypes: The one combination of arguments that there will be; others are refused. In bfloat16 and int8 the
  ///     predictor then holds no weights but the rounded ones, where it would also hold the exact ones for sizes of images
  ///     that are better served by them.
  ///   - numerics: How much rounding error convolutions may trade for speed.
  ///   - tuning: How convolutions get their algorithms.
  ///   - passes: Rewritings of the graph; those of the task's ``Precision`` unless told otherwise.
  public convenience init(
    _ model: sending any Layer, only argumentTypes: [TensorType]? = nil, numerics: Numerics = .current,
    tuning: Tuning = .modelled, passes: [any GraphPass] = Precision.current.inferencePasses
  ) {
    self.init(only: argumentTypes, numerics: numerics, tuning: tuning, passes: passes) { [try model($0[0])] }
  }

  /// Freezes a computation of several arguments and results, and the models in it, which from now on are the predictor's.
  ///
  /// - Parameter body: Called with symbolic arguments, once for each combination of their types, in inference mode.
  public init(
    only argumentTypes: [TensorType]? = nil, numerics: Numerics = .current, tuning: Tuning = .modelled,
    passes: [any GraphPass] = Precision.current.inferencePasses,
    _ body: sending @escaping ([Tensor]) throws -> [Tensor]
  ) {
    passNames = passes.map(\.name)
    only = argumentTypes
    // What weights were rounded from is wanted again where another size of image is better served without rounding.
    let keepsVariables = argumentTypes == nil && passes.contains { $0 is RoundConvolutions }
    recorder = Mutex(
      Recorder(body, numerics, passes.choosing(by: tuning.tuner), releasesVariables: !keepsVariables))
  }

  /// Starts from constants that were packed before, of the same computation: its models' parameters may hold anything.
  /// The plan for their arguments is made, since a call with such arguments is what is likely to follow.
  ///
  /// - Throws: ``MartletError`` when the constants are not those that this program would make of such models.
  public convenience init(
    packed: PackedConstants, numerics: Numerics = .current, tuning: Tuning = .modelled,
    passes: [any GraphPass] = Precision.current.inferencePasses,
    _ body: sending @escaping ([Tensor]) throws -> [Tensor]
  ) throws {
    self.init(numerics: numerics, tuning: tuning, passes: passes, body)
    let key = PlanCollection.Key(types: packed.argumentTypes, instructionSet: .current)
    let plan = try withRecorder { try $0.adopt(packed, for: key) }
    _ = plans.withLock { $0.add(plan, for: key) }
  }

  private init(_ recorder: sending Recorder, _ passes: [any GraphPass]) {
    passNames = passes.map(\.name)
    only = nil
    self.recorder = Mutex(recorder)
  }

  /// Freezes a computation of models that somebody else goes on using: their memory stays theirs, besides the predictor's.
  ///
  /// Whoever makes it sees to it that nobody changes or records the models while the predictor is used.
  package static func borrowing(
    numerics: Numerics = .current, passes: [any GraphPass] = Precision.current.inferencePasses,
    _ body: @escaping ([Tensor]) throws -> [Tensor]
  ) -> Predictor {
    nonisolated(unsafe) let recorder = Recorder(body, numerics, passes, releasesVariables: false)
    return Predictor(recorder, passes)
  }

  /// The model's result for one argument.
  ///
  /// - Throws: ``MartletError`` when the argument does not fit.
  public func callAsFunction(_ input: Tensor) throws -> Tensor {
    let results = try self([input])
    try require(results.count == 1, "predictor", "expected a computation of one result, got \(results.count)")
    return results[0]
  }

  /// The results for some arguments.
  ///
  /// - Throws: ``MartletError`` when the arguments do not fit; whatever the body throws.
  public func callAsFunction(_ arguments: [Tensor]) throws -> [Tensor] {
    try prepared(for: arguments.map(\.type)).run(arguments)
  }

  /// Makes the plan for arguments of some types, so that the first call with them takes no longer than others.
  @discardableResult
  public func prepare(for argumentTypes: [TensorType]) throws -> Plan {
    try prepared(for: argumentTypes).plan
  }

  /// Makes the plan for arguments of some types, and the memory that a run of it takes, whose pages the system clears in
  /// the background: for a first call that follows soon, after other work.
  package func prepareMemory(for argumentTypes: [TensorType]) throws {
    try ArenaPool.shared.prepare(byteCount: prepare(for: argumentTypes).arenaByteCount)
  }

  /// Bytes of the constants that all plans so far share.
  public var constantByteCount: Int { recorder.withLock { $0.constants.byteCount } }

  func withRecorder<Result: Sendable>(_ body: (inout Recorder) throws -> Result) rethrows -> Result {
    try recorder.withLock { try body(&$0) }
  }

  /// Checks that arguments of some types may be asked for.
  func check(_ types: [TensorType]) throws {
    guard let only, types != only else { return }
    func text(_ types: [TensorType]) -> String {
      types.map { "\($0) in \($0.layout) order" }.joined(separator: ", ")
    }
    throw MartletError("predictor", "expected \(text(only)), which it was made for alone, got \(text(types))")
  }

  private func prepared(for types: [TensorType]) throws -> PreparedPlan {
    try check(types)
    let key = PlanCollection.Key(types: types, instructionSet: .current)
    if let known = plans.withLock({ $0.plan(for: key) }) { return known }
    return try recorder.withLock { recorder in
      // Somebody else may have made it meanwhile.
      if let known = plans.withLock({ $0.plan(for: key) }) { return known }
      let made = try recorder.plan(for: key)
      if let oldest = plans.withLock({ $0.add(made, for: key) }) { recorder.forget(oldest) }
      return made
    }
  }

  /// What runs for arguments of some types.
  ///
  /// - Parameter names: Names of modules, as ``Module/namesByIdentity`` gives them.
  public func listing(
    for argumentTypes: [TensorType], names: [ObjectIdentifier: String] = [:]
  ) throws -> PlanListing {
    let prepared = try prepared(for: argumentTypes)
    return PlanListing(prepared.plan, passes: passNames) { node in
      prepared.scopes[node.scope].compactMap { names[$0] }.last ?? ""
    }
  }

  /// How long each node of the plan took in one run, in the order of ``listing(for:names:)``.
  package func nodeTimes(_ arguments: [Tensor]) throws -> [Duration] {
    let clock = ContinuousClock()
    var times: [Duration] = []
    var last = clock.now
    _ = try prepared(for: arguments.map(\.type)).run(arguments) { _, _ in
      let now = clock.now
      times.append(now - last)
      last = now
    }
    return times
  }
}
