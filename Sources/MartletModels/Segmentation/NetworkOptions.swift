/// What there is to choose in a segmentation network, whichever it is. What is `nil` is left to the network's default.
///
/// Each architecture has a configuration type of its own, with documented defaults; this is what command lines, files
/// and weights describe one by.
public struct NetworkOptions: Hashable, Sendable, Codable {
  public var axes: Int?
  public var encoder: EncoderName?
  public var encoderDepth: Int?
  public var outputStride: Int?
  public var baseChannels: Int?
  public var depth: Int?
  public var padding: UNet.Configuration.Padding?
  public var batchNorm: Bool?
  public var upsampling: UNet.Configuration.Upsampling?
  public var dropout: Double?
  public var decoderChannels: [Int]?
  public var pyramidChannels: Int?
  public var segmentationChannels: Int?
  public var atrousRates: [Int]?
  public var auxiliaryHead: Bool?
  public var deepSupervision: Bool?
  public var inferenceDepth: Int?

  public init() {}

  /// The names, in kebab case, of what is chosen.
  public var chosenNames: [String] {
    Mirror(reflecting: self).children.compactMap { child in
      guard let label = child.label, !Mirror(reflecting: child.value).children.isEmpty else { return nil }
      return label.reduce(into: "") { $0 += $1.isUppercase ? "-" + $1.lowercased() : String($1) }
    }
  }
}

/// One thing to choose in a network: its name, and where it is among all options and in the network's configuration.
public struct NetworkOption<Configuration>: Sendable {
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
