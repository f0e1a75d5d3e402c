import MartletKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The weight map of U-Net: see ``Loss/boundaryWeights(_:_:w0:sigma:ignoredIndex:)``.
struct BoundaryWeightsOperation: Operation {
  var scalar: ScalarType
  var w0: Double
  var sigma: Double
  var ignoredIndex: Int?

  var name: String { "boundary_weights" }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let labels = inputs[0]
    try require(
      [.uint8, .int32, .int64].contains(labels.scalar) && labels.rank == 3 && labels.layout == .rowMajor,
      name, "expected row-major class indices [N, H, W] as int64, int32 or uint8, got \(labels)")
    try require(
      scalar.isFloatingPoint, name, "expected to make floating-point numbers, not \(scalar.rawValue)")
    let area = labels.shape[1].multipliedReportingOverflow(by: labels.shape[2])
    try require(
      !area.overflow && area.partialValue <= Int(Int32.max), name,
      "expected images of at most \(Int32.max) pixels, got \(labels)")
    return [labels.with(scalar: scalar)]
  }

  func run(_ call: OperationCall) throws {
    let labels = call.inputs[0]
    let (height, width) = (labels.type.shape[1], labels.type.shape[2])
    let area = height * width
    // Objects are told apart by class, so classes must fit the labelling's bytes.
    var classes = [UInt8](repeating: 0, count: labels.type.elementCount)
    for index in classes.indices {
      let label = labels.integer(at: index)
      if label == ignoredIndex { continue }
      guard let value = UInt8(exactly: label) else {
        throw MartletError(
          name,
          "expected class indices from 0 to 255, got \(label) at \(labels.type.position(ofRowMajorIndex: index))"
        )
      }
      classes[index] = value
    }
    ThreadPool.parallelFor(area == 0 ? 0 : labels.type.shape[0]) { image in
      classes.withUnsafeBufferPointer { classes in
        let distances = ObjectDistances(
          UnsafeBufferPointer(rebasing: classes[image * area..<(image + 1) * area]), width: width,
          height: height, reach: sigma * Self.reach)
        for pixel in 0..<area {
          let sum = distances.nearest[pixel].squareRoot() + distances.second[pixel].squareRoot()
          store(w0 * exp(-sum * sum / (2 * sigma * sigma)), at: image * area + pixel, call.outputs[0])
        }
      }
    }
  }

  /// In σ: what lies farther adds less than the rounding of the weights.
  private static let reach = 8.7

  private func store(_ value: Double, at index: Int, _ output: Operand) {
    if scalar == .float64 {
      output.elements(Double.self)[index] = value
    } else {
      output.elements(Float.self)[index] = Float(value)
    }
  }

  func gradient(_ context: GradientContext) throws -> [Tensor?] { [nil] }
}

extension Loss {
  /// What the border between two objects adds to a pixel's weight: w0 · e^(−(d1 + d2)² / 2σ²), with d1 and d2 the
  /// distances to the nearest and the second nearest object, 0 inside of one. Objects are the connected components of
  /// each class but class 0; pixels are connected by their sides.
  ///
  /// Ronneberger, Fischer and Brox, "U-Net: convolutional networks for biomedical image segmentation", 2015, eq. 2.
  ///
  /// - Parameters:
  ///   - labels: [N, H, W], class indices from 0 to 255 as int64, int32 or uint8.
  ///   - scalar: The element type of the weights.
  ///   - w0: The largest addition, 0 or more.
  ///   - sigma: In pixels, above 0.
  ///   - ignoredIndex: A label that is no object.
  /// - Returns: [N, H, W], without a gradient; 0 where an image has fewer than two objects.
  /// - Throws: ``MartletError`` when the type does not fit; when it runs, for labels beyond 255.
  public static func boundaryWeights(
    _ labels: Tensor, _ scalar: ScalarType = .float32, w0: Double = 10, sigma: Double = 5,
    ignoredIndex: Int? = nil
  ) throws -> Tensor {
    let operation = BoundaryWeightsOperation(
      scalar: scalar, w0: w0, sigma: sigma, ignoredIndex: ignoredIndex)
    try require(
      w0 >= 0 && w0.isFinite, operation.name, "expected a weight w0 of 0 or more, got \(w0)")
    try require(
      sigma >= 1e-3 && sigma <= 1e6, operation.name,
      "expected a sigma from 0.001 to 1000000 pixels, got \(sigma)")
    return try Tensor.apply(operation, [labels.converted(to: .rowMajor)])[0]
  }

  /// The cross-entropy with the weight map of the U-Net paper: the mean over the pixels that count of
  /// (w_c + w0 · e^(−(d1 + d2)² / 2σ²)) · −log p; see ``boundaryWeights(_:_:w0:sigma:ignoredIndex:)``.
  ///
  /// - Parameters:
  ///   - logits: [N, C, H, W], floating point.
  ///   - labels: [N, H, W]; int64, int32 or uint8.
  ///   - classWeights: w_c, [C]; `nil` for 1 everywhere.
  ///   - ignoredIndex: A label that takes no part.
  /// - Returns: Shape []; not a number where no pixel counts.
  /// - Throws: ``MartletError`` when shapes or types do not fit; when it runs, for a label out of range.
  public static func boundaryCrossEntropy(
    _ logits: Tensor, _ labels: Tensor, classWeights: Tensor? = nil, w0: Double = 10, sigma: Double = 5,
    ignoredIndex: Int = -100
  ) throws -> Tensor {
    let (logits, labels) = try (logits.converted(to: .channelsLast), labels.converted(to: .rowMajor))
    let attributes = CrossEntropyAttributes(
      hasWeights: false, ignoredIndex: ignoredIndex, reduction: .none, labelSmoothing: 0)
    let outputs = try Tensor.apply(CrossEntropyOperation(attributes: attributes), [logits, labels])
    // Without class weights the sum of weights is the number of pixels that count.
    let (losses, counted) = try (outputs[0], outputs[2].cast(to: logits.scalar))
    let border = try boundaryWeights(
      labels, logits.scalar, w0: w0, sigma: sigma, ignoredIndex: ignoredIndex)
    let balanced = try classWeights.map {
      try crossEntropy(logits, labels, classWeights: $0, ignoredIndex: ignoredIndex, reduction: .sum)
    }
    return try ((losses * border).sum() + (balanced ?? losses.sum())) / counted
  }
}
