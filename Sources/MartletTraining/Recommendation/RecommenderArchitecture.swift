import MartletModels

/// A recommender by name: what can be chosen in it, and how it is made.
struct RecommenderArchitecture: Sendable {
  /// The name on the command line.
  let name: String
  /// The keys of ``RecommendationConfiguration`` that this network alone has.
  let ownKeys: [String]
  private let describe:
    @Sendable (RecommendationConfiguration, SequenceModelSizes, inout RecommendationModelDescription) -> Void
  private let read: @Sendable (RecommendationModelDescription) throws -> Network?
  /// A network in which nothing is chosen but its sizes.
  let makeStandard: @Sendable (SequenceModelSizes) throws -> any SequenceModel

  /// A network that can be made: its sizes go together.
  struct Network {
    let sizes: SequenceModelSizes
    let make: () throws -> any SequenceModel
  }

  /// - Parameters:
  ///   - property: Where a weights file's description has the network's configuration.
  ///   - choose: The network's configuration.
  ///   - check: Checks that configuration, and gives its sizes.
  private init<Configuration>(
    _ name: String,
    _ property: WritableKeyPath<RecommendationModelDescription, Configuration?> & Sendable,
    ownKeys: [String] = [],
    choose: @escaping @Sendable (RecommendationConfiguration, SequenceModelSizes) -> Configuration,
    check: @escaping @Sendable (Configuration) throws -> SequenceModelSizes,
    make: @escaping @Sendable (Configuration) throws -> any SequenceModel
  ) {
    self.name = name
    self.ownKeys = ownKeys
    describe = { $2[keyPath: property] = choose($0, $1) }
    read = { description in
      guard let configuration = description[keyPath: property] else { return nil }
      return Network(sizes: try check(configuration)) { try make(configuration) }
    }
    makeStandard = { try make(choose(RecommendationConfiguration(), $0)) }
  }

  /// Every recommender.
  static let all: [RecommenderArchitecture] = [
    RecommenderArchitecture(
      "paup", \.paup, ownKeys: ["segments", "kernel1", "channel-reduction", "softmax-axis"]
    ) { configuration, sizes in
      var paup = PAUP.Configuration()
      paup.sizes = sizes
      paup.segments = configuration.segments
      paup.kernel1 = configuration.kernel1
      paup.channelReduction = configuration.channelReduction
      paup.softmaxAxis = SoftmaxAxis(rawValue: configuration.softmaxAxis) ?? paup.softmaxAxis
      return paup
    } check: {
      try $0.check()
      return $0.sizes
    } make: {
      try PAUP($0)
    },
    RecommenderArchitecture("sasrec", \.sasrec) {
      $1
    } check: {
      try $0.check("sasrec")
      return $0
    } make: {
      try SASRec($0)
    },
  ]

  /// The names that there are.
  static var names: [String] { all.map(\.name) }

  /// The recommender of a name, if there is one.
  static func named(_ name: String) -> RecommenderArchitecture? { all.first { $0.name == name } }

  /// Adds to a description what a configuration chooses in the network.
  func describe(
    _ configuration: RecommendationConfiguration, _ sizes: SequenceModelSizes,
    in description: inout RecommendationModelDescription
  ) {
    describe(configuration, sizes, &description)
  }

  /// The network of a description; `nil` when that has none of this kind.
  ///
  /// - Throws: `MartletError` when sizes cannot be, or do not go together.
  func network(_ description: RecommendationModelDescription) throws -> Network? { try read(description) }
}
