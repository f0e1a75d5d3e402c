extension AugmentationPipeline: Codable {
  /// The steps by their names in files.
  static let entries: [Entry] = [
    Entry("horizontalFlip", \.horizontalFlip),
    Entry("verticalFlip", \.verticalFlip),
    Entry("quarterTurns", \.quarterTurns),
    Entry("rotation", \.rotation),
    Entry("shear", \.shear),
    Entry("scale", \.scale),
    Entry("perspective", \.perspective),
    Entry("opticalDistortion", \.opticalDistortion),
    Entry("gridDistortion", \.gridDistortion),
    Entry("elastic", \.elastic),
    Entry("translation", \.translation),
    Entry("cropClass", \.cropClass),
    Entry("clahe", \.clahe),
    Entry("brightness", \.brightness, strengths: 0...1),
    Entry("contrast", \.contrast, strengths: 0...1),
    Entry("saturation", \.saturation, strengths: 0...1),
    Entry("hue", \.hue, strengths: 0...0.5),
    Entry("gamma", \.gamma, strengths: 0...10),
    Entry("toGrey", \.toGrey),
    Entry("channelShuffle", \.channelShuffle),
    Entry("sharpening", \.sharpening, strengths: 0...10),
    Entry("blur", \.blur, strengths: 0...20),
    Entry("motionBlur", \.motionBlur),
    Entry("shotNoise", \.shotNoise, strengths: 0...1),
    Entry("noise", \.noise, strengths: 0...1),
    Entry("mosaic", \.mosaic),
    Entry("cutMix", \.cutMix),
    Entry("cutOut", \.cutOut),
  ]

  private static let fillParameter = AugmentationParameter<Self>("fill", choice: \.fill)

  /// Reads the steps by the names of their properties. What a file leaves out is left out of the pipeline, other names
  /// are passed over, and what values can be is left to ``check()``.
  ///
  /// - Throws: `DecodingError` for a value of another type, or a choice that there is not.
  public init(from decoder: any Decoder) throws {
    self.init()
    let values = try decoder.container(keyedBy: AugmentationKey.self)
    for entry in Self.entries { try entry.read(values, &self) }
    try Self.fillParameter.read(values, &self)
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: AugmentationKey.self)
    for entry in Self.entries { try entry.write(self, &values) }
    try Self.fillParameter.write(self, &values)
  }

  /// The steps that can be named, one a line, with their parameters, the defaults and what each can be.
  public static var help: String { entries.map(\.signature).joined(separator: "\n") }

  /// A step of the pipeline: its name, and what is to be known of its property.
  struct Entry: Sendable {
    typealias Pipeline = AugmentationPipeline

    let name: String
    let read: @Sendable (KeyedDecodingContainer<AugmentationKey>, inout Pipeline) throws -> Void
    let write: @Sendable (Pipeline, inout KeyedEncodingContainer<AugmentationKey>) throws -> Void
    let problem: @Sendable (Pipeline) -> String?
    let addDefaults: @Sendable (inout Pipeline) -> Void
    /// The name with the parameters, their defaults and what they can be.
    let signature: String

    private init<Step: AugmentationStep>(
      _ name: String, property: WritableKeyPath<Pipeline, Step?> & Sendable,
      parameters: [AugmentationParameter<Step>] = Step.parameters,
      problem: @escaping @Sendable (Step) -> String?
    ) {
      let key = AugmentationKey(name)
      self.name = name
      let list = parameters.map { "\($0.name)=\($0.text(Step.defaults)) [\($0.expected)]" }
      signature = "\(name)(\(list.joined(separator: ", ")))"
      read = { $1[keyPath: property] = try $0.decodeIfPresent(Step.self, forKey: key) }
      write = { try $1.encodeIfPresent($0[keyPath: property], forKey: key) }
      addDefaults = { $0[keyPath: property] = Step.defaults }
      self.problem = { $0[keyPath: property].flatMap(problem) }
    }

    init<Step: AugmentationStep>(
      _ name: String, _ property: WritableKeyPath<Pipeline, Step?> & Sendable
    ) {
      self.init(name, property: property) { $0.problem }
    }

    /// - Parameter strengths: What the strength can be, which depends on what it is a strength of.
    init(
      _ name: String, _ property: WritableKeyPath<Pipeline, AugmentationStrength?> & Sendable,
      strengths: ClosedRange<Double>
    ) {
      let strength = AugmentationParameter<AugmentationStrength>("strength", \.strength, strengths)
      self.init(name, property: property, parameters: [.probability, strength]) { step in
        strength.problem(step).map { ".strength: \($0)" } ?? step.problem
      }
    }
  }
}
