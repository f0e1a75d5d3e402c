/// What there is to choose in a segmentation network, whichever it is. What is `nil` is left to the network's default.
///
/// Each architecture has a configuration type of its own, with documented defaults; this is what command lines, files
/// and weights describe one by.
public struct NetworkOptions: Hashable, Sendable, Codable {
  /// 2 for images, 3 for volumes: `unet` and `unet++` without an encoder.
  public var axes: Int?
  /// The classification network that leads down: `segnet`, `deeplabv3`, `deeplabv3+`, `fpn`, `linknet`. `unet` and
  /// `unet++` have one only where it is chosen.
  public var encoder: EncoderName?
  /// Halvings of the encoder that are used: `unet` and `unet++` with an encoder, `linknet`.
  public var encoderDepth: Int?
  /// How much smaller than the image the encoder's last features are, 16 or 8: `deeplabv3+`.
  public var outputStride: Int?
  /// Channels of the first level: `unet` and `unet++` without an encoder, `attention-unet`, `resunet`.
  public var baseChannels: Int?
  /// Levels below the first: `unet` and `unet++` without an encoder, `attention-unet`.
  public var depth: Int?
  /// Whether 3×3 convolutions keep sizes: `unet` without an encoder.
  public var padding: UNet.Configuration.Padding?
  /// Whether batch normalisation follows each 3×3 convolution: `unet` and `unet++` without an encoder.
  public var batchNorm: Bool?
  /// How levels are enlarged on the way up: `unet` without an encoder.
  public var upsampling: UNet.Configuration.Upsampling?
  /// Dropout probability: `unet` without an encoder at the end of the way down, `deeplabv3+` behind the pyramid,
  /// `fpn` of whole channels before the head.
  public var dropout: Double?
  /// Outputs of each step up, lowest first: `unet` and `unet++` with an encoder.
  public var decoderChannels: [Int]?
  /// Channels of the pyramid: `fpn`, and `deeplabv3+`, whose decoder has as many.
  public var pyramidChannels: Int?
  /// Channels of what is made of each level of the pyramid, a multiple of 32: `fpn`.
  public var segmentationChannels: Int?
  /// Dilations of the pyramid's 3×3 convolutions: `deeplabv3`, `deeplabv3+`.
  public var atrousRates: [Int]?
  /// Whether there is a second head, which only training looks at: `deeplabv3`.
  public var auxiliaryHead: Bool?
  /// Whether the U-Net of each depth has a head, all of which learn: `unet++` without an encoder.
  public var deepSupervision: Bool?
  /// The depth whose head gives the logits; one that is not the deepest needs deep supervision: `unet++` without an
  /// encoder.
  public var inferenceDepth: Int?

  /// Nothing is chosen.
  public init() {}

  /// The names, in kebab case, of what is chosen.
  public var chosenNames: [String] {
    Mirror(reflecting: self).children.compactMap { child in
      guard let label = child.label, let choice = child.value as? any Choice, choice.isMade else {
        return nil
      }
      return label.reduce(into: "") { $0 += $1.isUppercase ? "-" + $1.lowercased() : String($1) }
    }
  }
}

private protocol Choice {
  var isMade: Bool { get }
}

extension Optional: Choice {
  fileprivate var isMade: Bool { self != nil }
}

/// One thing to choose in a network: its name, and where it is among all options and in the network's configuration.
public struct NetworkOption<Configuration>: Sendable {
  /// In kebab case, as in ``NetworkOptions/chosenNames``.
  public let name: String
  let apply: @Sendable (NetworkOptions, inout Configuration) -> Void
  let describe: @Sendable (Configuration, inout NetworkOptions) -> Void

  init<Value: Sendable>(
    _ name: String, _ option: WritableKeyPath<NetworkOptions, Value?> & Sendable,
    _ property: WritableKeyPath<Configuration, Value> & Sendable
  ) {
    self.name = name
    apply = { if let value = $0[keyPath: option] { $1[keyPath: property] = value } }
    describe = { $1[keyPath: option] = $0[keyPath: property] }
  }

  /// For a property that may have no value.
  init<Value: Sendable>(
    _ name: String, _ option: WritableKeyPath<NetworkOptions, Value?> & Sendable,
    optional property: WritableKeyPath<Configuration, Value?> & Sendable
  ) {
    self.name = name
    apply = { if let value = $0[keyPath: option] { $1[keyPath: property] = value } }
    describe = { $1[keyPath: option] = $0[keyPath: property] }
  }
}
