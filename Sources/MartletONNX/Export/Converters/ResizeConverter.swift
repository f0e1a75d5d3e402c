import Martlet

extension OperationConverter {
  static let resizing: [OperationConverter] = [OperationConverter(Resize.self, resize)]

  private static func resize(
    _ attributes: RecordedAttributes<Resize>, _ node: NodeContext
  ) throws -> [String] {
    let (inputs, outputs) = (node.inputShape(), attributes.sizes(\.size))
    let interpolation = try attributes.fixed(\.interpolation)
    let mode = try write(interpolation, node)
    let region = try region(interpolation, node)
    // Scales where they were asked for or every size is a whole multiple; otherwise sizes. Of a crop, scales are those
    // of what is cropped.
    let given = try attributes.fixed(\.scale)
    let ratios = wholeRatios(Array(inputs.dropFirst(2)), outputs)
    let scales = zip(given, ratios).map { $0 ?? $1 }
    if let known = scales as? [Double], !interpolation.isCrop {
      guard zip(zip(inputs.dropFirst(2), outputs), known).allSatisfy({ isScaled($0.0, to: $0.1, by: $1) })
      else {
        throw node.unsupported()
      }
      let vector = try Tensor(shape: [known.count + 2], scalars: [1, 1] + known.map { Float($0) })
      return [node.node("Resize", [node.inputs[0], region, try node.writer.constant(vector)], mode)]
    }
    guard given.allSatisfy({ $0 == nil }) else { throw node.unsupported() }
    let size = try node.vector(inputs.prefix(2) + outputs, "the size of an upsampling")
    return [node.node("Resize", [node.inputs[0], region, "", size], mode)]
  }

  private static func write(_ interpolation: Interpolation, _ node: NodeContext) throws -> [WireAttribute] {
    var attributes: [WireAttribute] = []
    switch interpolation.method {
    case .nearest(let rounding):
      let name =
        switch rounding {
        case .nearestOrDown: "round_prefer_floor"
        case .nearestOrUp: "round_prefer_ceil"
        case .down, .downInSinglePrecision: "floor"
        case .up: "ceil"
        }
      attributes = [.string("mode", "nearest"), .string("nearest_mode", name)]
    case .linear: attributes = [.string("mode", "linear")]
    case .cubic(let coefficient):
      attributes = [.string("mode", "cubic"), .float("cubic_coeff_a", coefficient)]
    }
    let isFloor = interpolation.method == .nearest(.downInSinglePrecision)
    let coordinates: String
    switch isFloor ? .asymmetric : interpolation.coordinates {
    case .halfPixel: coordinates = "half_pixel"
    case .halfPixelSymmetric where node.opset >= 19: coordinates = "half_pixel_symmetric"
    case .halfPixelOrFirst: coordinates = "pytorch_half_pixel"
    case .alignedCorners: coordinates = "align_corners"
    case .asymmetric: coordinates = "asymmetric"
    // What lies outside is 0, and another value is added by an operation of its own.
    case .crop: coordinates = "tf_crop_and_resize"
    case .halfPixelSymmetric, .halfPixelUnshifted: throw node.unsupported()
    }
    attributes.append(.string("coordinate_transformation_mode", coordinates))
    if interpolation.excludesOutside { attributes.append(.int("exclude_outside", 1)) }
    if interpolation.antialiases {
      guard node.opset >= 18 else { throw node.unsupported() }
      attributes.append(.int("antialias", 1))
    }
    return attributes
  }

  /// The part of the input that is resized, as starts and ends of all axes; no input where it is all.
  private static func region(_ interpolation: Interpolation, _ node: NodeContext) throws -> String {
    guard case .crop(let from, let to, _) = interpolation.coordinates else { return "" }
    let bounds = [0, 0] + from + [1, 1] + to
    return try node.writer.constant(Tensor(shape: [bounds.count], scalars: bounds.map { Float($0) }))
  }

  /// Whether a scale makes one size of another in every recording, in the single precision in which files have it.
  private static func isScaled(_ input: RecordedSize, to output: RecordedSize, by scale: Double) -> Bool {
    zip(input.values, output.values).allSatisfy { Int((Float($0) * Float(scale)).rounded(.down)) == $1 }
  }

  /// How many times as large an output is as its input, where that is a whole number and the same in every recording.
  private static func wholeRatios(_ inputs: [RecordedSize], _ outputs: [RecordedSize]) -> [Double?] {
    zip(inputs, outputs).map { input, output in
      let ratio = output.values[0] / max(input.values[0], 1)
      let holds = zip(input.values, output.values).allSatisfy { $1 == $0 * ratio }
      return holds ? Double(ratio) : nil
    }
  }
}

extension Interpolation {
  fileprivate var isCrop: Bool {
    if case .crop = coordinates { return true }
    return false
  }
}
