extension Tensor {
  /// A convolution's weight made for another number of input channels, so that images of the new kind excite the filters
  /// about as much as those that they were learnt on.
  ///
  /// For one channel the weights of all channels are added up, as if a grey image were given to each. For n channels those
  /// of the old ones are repeated in order and scaled by old/n. This is what `segmentation_models_pytorch` does
  /// (`encoders/_utils.py`, `patch_first_conv`).
  ///
  /// - Parameter channels: The new number, 1 or more.
  /// - Returns: [outputs, channels, kernel…] for a float32 or float64 [outputs, inputs, kernel…].
  /// - Throws: ``MartletError`` when this is no such weight, or the number is none.
  public func adaptedInputChannels(_ channels: Int) throws -> Tensor {
    try require(
      rank >= 2 && scalar.isFloatingPoint && shape[1] > 0 && channels > 0, "adapt",
      "expected a weight [outputs, inputs, kernel…] and 1 or more channels, got \(type) and \(channels)")
    let inputs = shape[1]
    if channels == 1 { return try sum(axes: [1], keepDimensions: true) }
    let repeated = try (0..<channels).map { try sliced(axis: 1, from: $0 % inputs, to: $0 % inputs + 1) }
    return try concatenated(repeated, axis: 1) * (Double(inputs) / Double(channels))
  }
}
