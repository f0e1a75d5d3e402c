import Martlet
import MartletKernels

/// What a packed file says of itself.
struct PackedHeader: Codable {
  /// Of the program that wrote it.
  var version: String
  /// ``currentRevision`` of that program.
  var revision: Int
  /// That the constants are for.
  var instructionSet: String
  /// What its user needs to make the model again, without its weights.
  var description: String
  /// Which weights it was made of.
  var source: String
  var argumentTypes: [CodedType]
  /// As ``PackedConstants/arenaByteCount``; files had none at first.
  var arenaByteCount: Int?
  var constants: [Constant]

  /// What packed constants mean, between versions: raised when a network reads its variables in another order, which the
  /// constants' words do not tell, or weights are prepared otherwise under the same words.
  static let currentRevision = 2

  struct Constant: Codable {
    var meaning: String
    var type: CodedType
    /// From the start of the file's constants, which is a multiple of 64 bytes.
    var offset: Int
    /// CRC-32C of its bytes.
    var checksum: UInt32
  }

  struct CodedType: Codable {
    var shape: [Int]
    var scalar: String
    var layout: String

    init(_ type: TensorType) {
      shape = type.shape
      scalar = type.scalar.rawValue
      layout = type.layout.rawValue
    }

    /// - Throws: ``MartletError`` for a type that cannot be, such as one of more bytes than memory can hold.
    func type() throws -> TensorType {
      guard let scalar = ScalarType(rawValue: scalar), let layout = Layout(rawValue: layout) else {
        throw MartletError(
          "packed", "expected a tensor's type, got \(printable(self.scalar)) \(printable(self.layout))")
      }
      try require(
        shape.allSatisfy { $0 >= 0 } && TensorType.isCountable(shape, elementSize: scalar.byteCount),
        "packed",
        "expected a shape, got \(shape)")
      return TensorType(shape, scalar, layout)
    }
  }
}
