/// Neighbouring channels of a convolution's input that lie in a tensor of their own, [batch, space…, channels]: what
/// would otherwise be joined first.
public struct ConvolutionInputPart {
  /// Where the part's first pixel lies; pixels are ``channels`` elements apart.
  public var elements: UnsafePointer<Float>
  /// A multiple of ``convolutionPartAlignment`` in all parts but the last.
  public var channels: Int
  /// What is done to pixels as they are read.
  public var normalization: InputNormalization?

  public init(
    _ elements: UnsafePointer<Float>, channels: Int, normalization: InputNormalization? = nil
  ) {
    self.elements = elements
    self.channels = channels
    self.normalization = normalization
  }
}

/// A normalisation that pixels go through as a convolution reads them: (x − mean) · scale + shift, and where
/// `rectified` zero in place of what is negative. The zeros of padding stay zeros.
///
/// With the batch normalisation and ReLU before a convolution given like this, their result is never written. Each
/// pixel gets the bytes that ``BatchNormalization/apply(_:mean:inverseDeviation:weight:bias:relu:output:workspace:)``
/// would have written.
public struct InputNormalization {
  /// One number for each of the part's channels.
  public var mean: UnsafePointer<Float>
  /// For each channel; of a batch normalisation the inverse deviation times the weight.
  public var scale: UnsafePointer<Float>
  /// For each channel; of a batch normalisation the bias.
  public var shift: UnsafePointer<Float>
  /// Whether a ReLU follows.
  public var rectified: Bool

  public init(
    mean: UnsafePointer<Float>, scale: UnsafePointer<Float>, shift: UnsafePointer<Float>, rectified: Bool
  ) {
    self.mean = mean
    self.scale = scale
    self.shift = shift
    self.rectified = rectified
  }
}

/// Neighbouring channels of a convolution's result that go into a tensor of their own, [batch, space…, channels].
public struct ConvolutionOutputPart {
  /// Where the part's first pixel goes; pixels are ``channels`` elements apart.
  public var elements: UnsafeMutablePointer<Float>
  /// A multiple of ``convolutionPartAlignment`` in all parts but the last.
  public var channels: Int

  public init(_ elements: UnsafeMutablePointer<Float>, channels: Int) {
    self.elements = elements
    self.channels = channels
  }
}

/// Channels that a kernel takes at once: all parts but the last must be whole numbers of these.
public let convolutionPartAlignment = 16
