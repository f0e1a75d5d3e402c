import CMartletKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The instruction sets that leaf kernels are written for.
///
/// The best one that the machine runs is chosen once, at start. The environment variable `MARTLET_ISA` forces one.
public enum InstructionSet: String, CaseIterable, Sendable {
  case portable, avx2, avx512, neon

  /// The value that C kernel tables are asked with.
  public var cValue: martlet_isa {
    switch self {
    case .portable: MARTLET_ISA_PORTABLE
    case .avx2: MARTLET_ISA_AVX2
    case .avx512: MARTLET_ISA_AVX512
    case .neon: MARTLET_ISA_NEON
    }
  }

  /// Whether this machine runs it and this build holds its code.
  public var isAvailable: Bool { martlet_isa_supported(cValue) != 0 }

  /// The sets that can be used here, the best one last.
  public static let available: [InstructionSet] = allCases.filter(\.isAvailable)

  /// The set that kernels use on the calling thread: what ``with(_:_:)`` forces, or else what was chosen at start.
  public static var current: InstructionSet {
    let forced = Int(martlet_thread().pointee.forced_isa)
    return forced == 0 ? chosen.set : allCases[forced - 1]
  }

  /// Runs `body` with kernels of `set`, on this thread and in the parallel loops that it starts.
  ///
  /// `set` must be available.
  public static func with<Result>(_ set: InstructionSet, _ body: () throws -> Result) rethrows -> Result {
    precondition(set.isAvailable, "\(set) cannot run on this machine")
    let state = martlet_thread()
    let before = state.pointee.forced_isa
    state.pointee.forced_isa = Int32(allCases.firstIndex(of: set)! + 1)
    defer { state.pointee.forced_isa = before }
    return try body()
  }

  /// What is wrong with `MARTLET_ISA`, for a program to report before it starts; `nil` where nothing is.
  ///
  /// With a wrong value the best available set is used.
  public static var environmentProblem: String? { chosen.problem }

  private static let chosen = choose(getenv("MARTLET_ISA").map { String(cString: $0) })

  /// The set that a value of `MARTLET_ISA` asks for, and what is wrong with it.
  static func choose(_ value: String?) -> (set: InstructionSet, problem: String?) {
    let best = available.last!
    guard let value, !value.isEmpty else { return (best, nil) }
    let known = "this machine offers \(available.map(\.rawValue).joined(separator: ", "))"
    guard let set = InstructionSet(rawValue: value.lowercased()) else {
      return (best, "MARTLET_ISA is not an instruction set: got \"\(value)\"; \(known)")
    }
    guard set.isAvailable else { return (best, "MARTLET_ISA=\(value) cannot run here; \(known)") }
    return (set, nil)
  }
}
