import Martlet

/// What follows a normalisation in the networks of this library.
enum Activation: Hashable, Sendable {
  case none, relu, relu6, silu, hardSwish

  func callAsFunction(_ x: Tensor) throws -> Tensor {
    switch self {
    case .none: x
    case .relu: try x.relu()
    case .relu6: try x.relu6()
    case .silu: try x.silu()
    case .hardSwish: try x.hardSwish()
    }
  }
}
