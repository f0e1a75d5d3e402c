import Martlet
import MartletKernels
import Testing

@Suite("Losses of segmentation and their input")
struct SegmentationLossInputTests {
  typealias Named = (name: String, loss: @Sendable (Tensor, Tensor, Int?) throws -> Tensor)

  static let multiclass: [Named] = [
    ("dice", { try Loss.dice($0, $1, mode: .multiclass, ignoredIndex: $2) }),
    ("log jaccard", { try Loss.jaccard($0, $1, mode: .multiclass, logarithm: true, ignoredIndex: $2) }),
    (
      "focal tversky",
      { try Loss.tversky($0, $1, mode: .multiclass, alpha: 0.3, beta: 0.7, gamma: 0.75, ignoredIndex: $2) }
    ),
    ("lovasz", { try Loss.lovasz($0, $1, mode: .multiclass, ignoredIndex: $2) }),
    ("lovasz per image", { try Loss.lovasz($0, $1, mode: .multiclass, isPerImage: true, ignoredIndex: $2) }),
    ("hausdorff", { try Loss.hausdorff($0, $1, mode: .multiclass, ignoredIndex: $2) }),
    ("soft cross-entropy", { try Loss.softCrossEntropy($0, $1, smoothing: 0.1, ignoredIndex: $2 ?? -100) }),
    (
      "soft binary cross-entropy",
      { try Loss.softBinaryCrossEntropy($0, $1, mode: .multiclass, smoothing: 0.1, ignoredIndex: $2) }
    ),
  ]

  /// What are means over the pixels that count.
  static let means: [Named] = [
    ("focal", { try Loss.focal($0, $1, mode: .multiclass, gamma: 0.5, ignoredIndex: $2) }),
    ("boundary cross-entropy", { try Loss.boundaryCrossEntropy($0, $1, ignoredIndex: $2 ?? -100) }),
  ]

  private static func gradient(
    _ named: Named, _ logits: Tensor, _ labels: Tensor, _ ignored: Int?
  ) throws -> (loss: Float, slopes: [Float]) {
    let function = try Function([logits.type, labels.type]) { arguments in
      let loss = try named.loss(arguments[0], arguments[1], ignored)
      return [loss] + (try gradients(of: loss, withRespectTo: [arguments[0]]))
    }
    let results = try function([logits, labels])
    return (try results[0].item(), try results[1].scalars())
  }

  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "nothing thrown"
    } catch {
      return "\(error)"
    }
  }

  @Test("are 0 with a gradient of 0 where everything is ignored", arguments: multiclass.indices)
  func everythingIgnored(_ index: Int) throws {
    let logits = try Tensor.normal(
      TensorType([2, 3, 4, 5], .float32, .channelsLast), standardDeviation: 1, seed: 1, stream: 0)
    let labels = try Tensor.full(255, TensorType([2, 4, 5], .uint8))
    let (loss, slopes) = try Self.gradient(Self.multiclass[index], logits, labels, 255)
    #expect(abs(loss) < 1e-6 && slopes.allSatisfy { $0 == 0 }, "\(Self.multiclass[index].name)")
  }

  @Test("are no number where they are a mean over nothing")
  func meansOverNothing() throws {
    let labels = try Tensor.full(255, TensorType([2, 4, 5], .uint8))
    for named in Self.means {
      #expect(
        try named.loss(Tensor.zeros([2, 3, 4, 5]), labels, 255).item(Float.self).isNaN, "\(named.name)")
    }
  }

  @Test("are finite, as their gradients, for logits of ±10,000", arguments: [false, true])
  func sureLogits(isRight: Bool) throws {
    let labels = try Tensor(shape: [2, 4, 5], scalars: (0..<40).map { UInt8($0 / 3 % 3) })
    let truth = try labels.oneHot(classes: 3)
    let logits = try (truth * 2 - 1) * (isRight ? 1e4 : -1e4)
    for named in Self.multiclass + Self.means {
      let (loss, slopes) = try Self.gradient(named, logits, labels, nil)
      #expect(loss.isFinite && slopes.allSatisfy(\.isFinite), "\(named.name)")
      let smooths = named.name.hasPrefix("soft ")
      #expect(smooths || isRight == (loss < 1e-3), "\(named.name): \(loss)")
    }
  }

  @Test("are a number over one class and over one pixel")
  func smallest() throws {
    for shape in [[1, 1, 1, 1], [2, 1, 3, 4], [1, 2, 1, 1]] {
      let labels = try Tensor.zeros([shape[0], shape[2], shape[3]], .int64)
      for named in Self.multiclass + Self.means {
        let (loss, slopes) = try Self.gradient(
          named, Tensor.zeros(shape).converted(to: .channelsLast), labels, nil)
        #expect(loss.isFinite && slopes.allSatisfy(\.isFinite), "\(named.name), \(shape)")
      }
    }
  }

  @Test("take samples without space")
  func withoutSpace() throws {
    let logits = try Tensor(shape: [3, 2], scalars: [2, 0, 0, 1, 3, 0] as [Float])
    let labels = try Tensor(shape: [3], scalars: [0, 1, 0] as [Int64])
    for named in Self.multiclass + Self.means
    where !["hausdorff", "boundary cross-entropy"].contains(named.name) {
      let flat = try named.loss(logits, labels, nil).item(Float.self)
      let image = try named.loss(
        logits.reshaped(to: [3, 2, 1, 1]), labels.reshaped(to: [3, 1, 1]), nil
      ).item(Float.self)
      #expect(abs(flat - image) < 1e-6 && flat > 0, "\(named.name)")
    }
    #expect(message { _ = try Loss.hausdorff(logits, labels, mode: .multiclass) }.contains("space"))
  }

  @Test("take an empty batch")
  func emptyBatch() throws {
    let (logits, labels) = (try Tensor.zeros([0, 3, 4, 5]), try Tensor.zeros([0, 4, 5], .uint8))
    for named in Self.multiclass + Self.means {
      let loss = try named.loss(logits, labels, nil).item(Float.self)
      #expect(loss.isNaN || abs(loss) < 1e-6, "\(named.name): \(loss)")
    }
    #expect(try Loss.dice(logits, labels, mode: .multiclass).item(Float.self) == 0)
    #expect(try Loss.lovasz(logits, labels, mode: .multiclass).item(Float.self) == 0)
  }

  @Test("refuse masks of 0 and 255, and other targets that are no yes or no")
  func masksOf255() throws {
    let logits = try Tensor.zeros([1, 1, 1, 3])
    let mask = try Tensor(shape: [1, 1, 1, 3], scalars: [0, 255, 0] as [UInt8])
    let losses: [@Sendable (Tensor, Int?) throws -> Tensor] = [
      { try Loss.dice(logits, $0, mode: .binary, ignoredIndex: $1) },
      { try Loss.focal(logits, $0, mode: .binary, ignoredIndex: $1) },
      { try Loss.lovasz(logits, $0, mode: .multilabel, ignoredIndex: $1) },
      { try Loss.softBinaryCrossEntropy(logits, $0, mode: .binary, ignoredIndex: $1) },
      { try Loss.hausdorff(logits, $0, mode: .binary, ignoredIndex: $1) },
    ]
    for loss in losses {
      #expect(
        message { _ = try loss(mask, nil) } == "[binary_targets] expected targets of 0 and 1, got 255.0")
      #expect(
        message { _ = try loss(mask, 2) }
          == "[binary_targets] expected targets of 0 and 1, or 2 to ignore, got 255.0"
      )
      #expect(message { _ = try loss(mask, 255) } == "nothing thrown")
    }
    for wrong: Float in [-0.1, 1.5, .nan] {
      let soft = try Tensor(shape: [1, 1, 1, 3], scalars: [0, wrong, 1])
      #expect(message { _ = try losses[0](soft, nil) }.contains("from 0 to 1"))
    }
    let soft = try Tensor(shape: [1, 1, 1, 3], scalars: [0, 0.5, 1] as [Float])
    #expect(message { _ = try losses[0](soft, nil) } == "nothing thrown")
    #expect(message { _ = try losses[1](soft, nil) }.contains("integer or bool targets"))
    #expect(message { _ = try losses[2](soft, nil) }.contains("integer or bool targets"))
  }

  @Test("refuse shapes that do not fit and classes that are not there")
  func misfits() throws {
    let (logits, labels) = (try Tensor.zeros([2, 3, 4, 5]), try Tensor.zeros([2, 4, 5], .uint8))
    let beyond = try Tensor.full(3, TensorType([2, 4, 5], .uint8))
    for named in Self.multiclass + Self.means {
      #expect(throws: MartletError.self, "\(named.name)") {
        try named.loss(logits, Tensor.zeros([2, 5, 4], .uint8), nil)
      }
      #expect(throws: MartletError.self, "\(named.name)") { try named.loss(logits, beyond, nil) }
      #expect(throws: MartletError.self, "\(named.name)") {
        try named.loss(logits, Tensor.zeros([2, 4, 5]), nil)
      }
    }
    func dice(_ classes: [Int]?, _ weights: [Double]?, _ mode: Loss.Mode = .multiclass) -> String {
      message { _ = try Loss.dice(logits, labels, mode: mode, classes: classes, classWeights: weights) }
    }
    #expect(dice([0, 3], nil).contains("expected different classes from 0 to 2, got [0, 3]"))
    #expect(dice([1, 1], nil).contains("different classes"))
    #expect(dice([], nil).contains("different classes"))
    #expect(dice(nil, [1, 2]).contains("expected 3 class weights of 0 or more, got [1.0, 2.0]"))
    #expect(dice(nil, [1, 2, -1]).contains("3 class weights"))
    #expect(dice([0], [0, 1, 1]).contains("a class weight above 0"))
    #expect(
      message {
        _ = try Loss.dice(logits, Tensor.zeros([2, 3, 4, 5], .uint8), mode: .binary, classes: [0])
      }.contains("no classes or class weights for binary"))
    #expect(message { _ = try Loss.tversky(logits, labels, mode: .multiclass, alpha: -1) }.contains("alpha"))
    #expect(
      message { _ = try Loss.tversky(logits, labels, mode: .multiclass, gamma: 0) }.contains("exponent"))
    #expect(
      message { _ = try Loss.focal(logits, labels, mode: .multiclass, gamma: .nan) }.contains("exponent"))
    #expect(message { _ = try Loss.focal(logits, labels, mode: .multiclass, alpha: 2) }.contains("alpha"))
    #expect(
      message { _ = try Loss.hausdorff(logits, labels, mode: .multiclass, alpha: 0) }.contains("exponent"))
    #expect(message { _ = try Loss.boundaryWeights(labels, sigma: 0) }.contains("sigma"))
    #expect(message { _ = try Loss.boundaryWeights(labels, sigma: .nan) }.contains("sigma"))
    #expect(message { _ = try Loss.boundaryWeights(labels, w0: .infinity) }.contains("w0"))
    #expect(
      message { _ = try Loss.boundaryWeights(Tensor.full(256, TensorType([1, 2, 2], .int32))) }
        == "[boundary_weights] expected class indices from 0 to 255, got 256 at [0, 0, 0]")
    #expect(message { _ = try Loss.boundaryWeights(Tensor.zeros([2, 2], .uint8)) }.contains("[N, H, W]"))
  }

  @Test("of several outputs need a weight each and outputs of the targets' axes")
  func supervision() throws {
    let (output, labels) = (try Tensor.zeros([1, 2, 4, 4]), try Tensor.zeros([1, 4, 4], .uint8))
    func supervise(_ outputs: [Tensor], _ labels: Tensor, _ weights: [Double]) -> String {
      message {
        _ = try Loss.deeplySupervised(outputs, labels, weights: weights) { try Loss.crossEntropy($0, $1) }
      }
    }
    #expect(supervise([output], labels, [1]) == "nothing thrown")
    #expect(
      supervise([output], labels, [1, 2]).contains("one weight an output, got 1 outputs and 2 weights"))
    #expect(supervise([], labels, []).contains("one weight an output"))
    #expect(supervise([output], labels, [-1]).contains("weights of 0 or more"))
    #expect(try supervise([output], Tensor.zeros([4], .uint8), [1]).contains("for targets"))
    #expect(try supervise([output], Tensor.zeros([1, 0, 4], .uint8), [1]).contains("not empty"))
    #expect(try supervise([Tensor.zeros([2])], labels, [1]).contains("for targets"))
  }

  @Test("are the same bytes on any number of threads over many pieces")
  func manyPieces() throws {
    let logits = try Tensor.normal(
      TensorType([3, 4, 90, 110], .float32, .channelsLast), standardDeviation: 2, seed: 5, stream: 0)
    let labels = try Tensor(
      shape: [3, 90, 110], scalars: (0..<3 * 9900).map { UInt8($0 / 7 * 5 % 4) })
    for named in Self.multiclass + Self.means {
      let found = try [1, 2, 3].map { threads in
        try ThreadPool.withThreadCount(threads) { try Self.gradient(named, logits, labels, 3) }
      }
      for other in found.dropFirst() {
        #expect(other.loss == found[0].loss && other.slopes == found[0].slopes, "\(named.name)")
      }
    }
  }
}
