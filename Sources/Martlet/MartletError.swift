/// What went wrong with an input: the operation that refused it, what it expected and what came.
///
/// Everything in Martlet that can fail on its input throws this type. Its text reads
/// `[conv2d] expected 64 input channels, got 3 (weight [128, 64, 3, 3], input [4, 3, 256, 256])`.
public struct MartletError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The operation, file format or command that refused its input, such as `conv2d` or `safetensors`.
  public let operation: String

  /// What was expected and what came, in one sentence with the shapes or values.
  public let message: String

  public init(_ operation: String, _ message: String) {
    self.operation = operation
    self.message = message
  }

  public var description: String { "[\(operation)] \(message)" }

  /// The same about a file.
  package func naming(_ path: String) -> MartletError {
    message.hasPrefix(path + ": ") ? self : MartletError(operation, "\(path): \(message)")
  }
}

/// Throws a ``MartletError`` unless `condition` holds. The message is only built when it is needed.
@inlinable
public func require(_ condition: Bool, _ operation: String, _ message: @autoclosure () -> String) throws {
  if !condition { throw MartletError(operation, message()) }
}
