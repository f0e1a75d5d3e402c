import Martlet
import MartletModels

/// A network that a saved tensor can be given to.
protocol TensorModel {
  /// What the network takes, made of a tensor.
  ///
  /// - Throws: ``MartletError`` when the tensor is of a type that the network does not read.
  func arguments(_ input: InputTensor) throws -> [Tensor]
  func output(_ arguments: [Tensor]) throws -> Tensor
}

/// Images of a fitting size to what the network makes of them.
struct ImageModel: TensorModel {
  let network: any Layer

  func arguments(_ input: InputTensor) throws -> [Tensor] {
    try require(
      [.float32, .float16, .bfloat16].contains(input.stored), "run",
      "expected \(input.name) of F32, F16 or BF16, got \(input.stored.rawValue)")
    return [input.tensor]
  }

  func output(_ arguments: [Tensor]) throws -> Tensor { try network(arguments[0]) }
}

/// Histories, rows of items filled up with 0, to a score for each item.
struct HistoryModel: TensorModel {
  let network: any SequenceModel

  func arguments(_ input: InputTensor) throws -> [Tensor] {
    let shape = input.type.shape
    try require(
      !input.type.scalar.isFloatingPoint && shape.count == 2 && shape[1] == network.maximumLength, "run",
      "expected \(input.name) of whole numbers [N, \(network.maximumLength)], got \(input.type)")
    let items = try input.tensor.cast(to: .int64).scalars(Int64.self)
    let range = 1...Int64(network.itemCount)
    let lengths = try (0..<shape[0]).map { row in
      let history = items[(row * shape[1])..<((row + 1) * shape[1])]
      let length = history.firstIndex(of: 0).map { $0 - history.startIndex } ?? history.count
      try require(
        length > 0 && history.prefix(length).allSatisfy(range.contains)
          && history.dropFirst(length).allSatisfy { $0 == 0 }, "run",
        "expected items from 1 to \(network.itemCount) and then 0 in \(input.name), got row \(row) with something else"
      )
      return Int32(length)
    }
    return [try input.tensor.cast(to: .int32), try Tensor(shape: [shape[0]], scalars: lengths)]
  }

  func output(_ arguments: [Tensor]) throws -> Tensor {
    try network.scores(network.represent(items: arguments[0], lengths: arguments[1]))
  }
}
