import Foundation
import Martlet
import MartletInterchange
import Testing

@testable import MartletModels

/// Every architecture and encoder against PyTorch: names and shapes of the state, the number of parameters, and the
/// logits, loss and gradients for weights that a formula makes on both sides (Tests/Fixtures/make_segmentation.py).
@Suite("Segmentation networks", .serialized)
struct SegmentationNetworkTests {
  struct Case: Decodable, CustomTestStringConvertible, Sendable {
    let name: String
    let architecture: String
    let options: NetworkOptions
    let channels: Int
    let classes: Int
    let sizes: [[Int]]
    let parameters: Int
    let tensors: Int
    let digest: String
    let loss: Double?
    let gradientNorm: Double?
    /// How far PyTorch is from these, which are of double precision, in single precision.
    let lossError: Double?
    let gradientNormError: Double?

    var testDescription: String { name }

    func make() throws -> any SegmentationModel {
      try Architecture.named(architecture, options).make(channels: channels, classes: classes, options)
    }
  }

  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures")

  static let cases: [Case] = {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    do {
      return try decoder.decode(
        [Case].self, from: Data(contentsOf: folder.appending(path: "segmentation_models.json")))
    } catch {
      Issue.record("segmentation_models.json: \(error)")
      return []
    }
  }()

  @Test("have PyTorch's names, shapes and numbers of parameters", arguments: cases)
  func names(_ item: Case) throws {
    let network = try item.make()
    #expect(network.parameterCount == item.parameters)
    let state = network.stateDict
    #expect(state.count == item.tensors)
    let lines = state.map { "\($0.key) [\($0.value.shape.map(String.init).joined(separator: ", "))]" }
    #expect(digest(lines.sorted().joined(separator: "\n")) == item.digest)
    for pattern in network.headNames {
      let prefix = pattern.prefix { $0 != "*" }
      #expect(state.keys.contains { $0.hasPrefix(prefix) }, "\(pattern)")
    }
  }

  @Test("give PyTorch's logits, at sizes that fit and at others", arguments: cases)
  func logits(_ item: Case) throws {
    let network = try item.make()
    try fill(network)
    let expected = try loadSafetensors(Self.folder.appending(path: "segmentation_models.safetensors"))
    for size in item.sizes {
      let input = try image(item.channels, size)
      let predict = try Function([input.type], numerics: .direct) { [try network.logits($0[0])] }
      let output = try predict([input])[0]
      #expect(output.shape == [2, item.classes] + size)
      let last = output.rank - 1
      let sample = try output.sliced(axis: last - 1, step: 5).sliced(axis: last, step: 5)
      let wanted = try #require(expected["\(item.name)/\(size.map(String.init).joined(separator: "x"))"])
      let error = try apart(sample, wanted)
      #expect(error <= 1e-4, "\(size): off by \(error) of the largest logit")
    }
  }

  @Test("give PyTorch's loss and gradients in training", arguments: cases.filter { $0.loss != nil })
  func training(_ item: Case) throws {
    let network = try item.make()
    try fill(network)
    let input = try image(item.channels, item.sizes[0])
    let labels = try Tensor(
      shape: [2] + item.sizes[0],
      scalars: input.sliced(axis: 1, to: 1).scalars(Float.self).map { UInt8($0 > 0 ? 1 : 0) })
    let parameters = network.parameters.map(\.parameter)
    let step = try Function([input.type, labels.type], mode: .training, numerics: .direct) { arguments in
      // The fixture's loss is of the main output.
      let loss = try Loss.crossEntropy(network(arguments[0]), arguments[1])
      let gradients = try gradients(of: loss, withRespectTo: parameters.map(\.value))
      let squares = try gradients.map { try $0.square().sum().cast(to: .float64) }
      return [loss, try squares.dropFirst().reduce(squares[0]) { try $0 + $1 }]
    }
    let results = try step([input, labels], random: RandomState(seed: 0, step: 0))
    let loss = try Double(results[0].item(Float.self))
    let norm = try results[1].item(Double.self).squareRoot()
    let (wantedLoss, wantedNorm) = (try #require(item.loss), try #require(item.gradientNorm))
    let (lossError, normError) = (try #require(item.lossError), try #require(item.gradientNormError))
    // Training's batch normalisation amplifies rounding, in some networks more than in others. An activation that rounding
    // moves over 0 passes its whole gradient or none, so the gradients jump where the loss does not: what is looked for
    // here is a gradient that is missing or wrong, and operations are held to more by their own tests.
    #expect(abs(loss - wantedLoss) <= 1e-6 * wantedLoss + 8 * lossError, "\(loss), \(wantedLoss)")
    #expect(abs(norm - wantedNorm) <= 2e-3 * wantedNorm + 8 * normError, "\(norm), \(wantedNorm)")
  }

  // MARK: The formula

  func fill(_ network: any SegmentationModel) throws {
    for (name, variable) in network.variables {
      let type = variable.type
      guard type.scalar == .float32 else { continue }
      var values = numbers(name, type.elementCount)
      if type.rank > 1 {
        let scale = Float((16 / Double(type.elementCount / type.shape[0])).squareRoot())
        for index in values.indices { values[index] *= scale }
      } else if name.hasSuffix("running_var") || name.hasSuffix("weight") {
        for index in values.indices { values[index] += 1 }
      } else {
        for index in values.indices { values[index] *= 0.5 }
      }
      try variable.assign(Tensor(shape: type.shape, scalars: values))
    }
  }

  func image(_ channels: Int, _ size: [Int]) throws -> Tensor {
    let shape = [2, channels] + size
    return try Tensor(shape: shape, scalars: numbers("image", shape.reduce(1, *)).map { $0 * 5 })
  }

  /// Evenly distributed in [-0.5, 0.5): a hash of each index, keyed by the name's bytes.
  private func numbers(_ name: String, _ count: Int) -> [Float] {
    var key: UInt32 = 0
    for (index, byte) in name.utf8.enumerated() { key &+= UInt32(index + 1) &* UInt32(byte) }
    return (0..<count).map { index in
      var x = UInt32(truncatingIfNeeded: index) &* 2_654_435_761 &+ key
      x ^= x >> 15
      x = x &* 2_246_822_519
      x ^= x >> 13
      return Float(Double(x) / 4_294_967_296 - 0.5)
    }
  }

  /// FNV-1a of 64 bits, in hexadecimal.
  private func digest(_ text: String) -> String {
    var x: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in text.utf8 { x = (x ^ UInt64(byte)) &* 0x100_0000_01B3 }
    let digits = String(x, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
