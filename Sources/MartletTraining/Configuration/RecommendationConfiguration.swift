/// Everything that decides a run that trains a recommender.
public struct RecommendationConfiguration: RunConfiguration {
  // Data
  /// The log of interactions: an atomic file or CSV.
  public var interactions = ""
  /// The columns that it is read from.
  public var userColumn = "user_id"
  /// As ``userColumn``, without a type that the header has behind it: `item_id` where it says `item_id:token`.
  public var itemColumn = "item_id"
  /// Without it `timestamp`, where the file has such a column. Where it is empty, or there is none, the order of the file
  /// is the order in time.
  public var timeColumn: String?
  /// Interactions that each user and each item has at least; others are left out.
  public var minimumUserInteractions = 0
  /// As ``minimumUserInteractions``, for items. Both hold in the end: users and items go until none has too few.
  public var minimumItemInteractions = 0

  // Model
  /// `paup` or `sasrec`.
  public var model = "paup"
  /// Items of a history that the network reads: the most recent ones.
  public var maximumLength = 200
  /// Size of an item's vector.
  public var hiddenSize = 64
  /// Size between the two linear layers of a feed-forward block.
  public var innerSize = 256
  /// Layers of attention with a feed-forward block each, 1 to 64.
  public var layers = 2
  /// Heads of attention; they divide the hidden size.
  public var heads = 2
  /// `paup`: segments that keys and values are cut into.
  public var segments = 4
  /// `paup`: kernel size and stride of the first convolution that cuts.
  public var kernel1 = 10
  /// `paup`: what the hidden size is divided by between the convolutions.
  public var channelReduction = 16
  /// `paup`: what weights of attention add up to 1 over, `queries` or `keys`.
  public var softmaxAxis = "queries"
  /// Dropout probability of vectors, and of attention's weights.
  public var hiddenDropout = 0.2
  /// Of attention's weights: 0 up to, but without, 1.
  public var attentionDropout = 0.2
  /// A file of weights to start from instead of random parameters: safetensors, or what `torch.save` wrote.
  public var weights: String?

  // Training
  public var training = TrainingSettings(
    batchSize: 256, epochs: 50, schedule: .constant, warmUpEpochs: 0, earlyStopping: 10)
  /// `cross-entropy` over all items, or `bpr` against one drawn at random.
  public var loss = "cross-entropy"
  /// `beginnings`: each beginning of a user's sequence is an example by itself. `windows`: each window of it is one for
  /// every item in it, for `sasrec`, in which an item sees only what came before. A batch then holds windows, and takes
  /// memory for the scores of all items at each of their places.
  public var examples = "beginnings"
  /// The k that HIT@k, NDCG@k and MRR@k are measured for.
  public var cutoffs = [5, 10, 20]

  /// The run folder.
  public var output = ""

  public init() {}

  public static let kind = RunKind.recommendation

  public static let keys: [ConfigurationKey<Self>] =
    [
      .init("interactions", \.interactions),
      .init("user-column", \.userColumn),
      .init("item-column", \.itemColumn),
      .init("time-column", optional: \.timeColumn),
      .init("minimum-user-interactions", \.minimumUserInteractions),
      .init("minimum-item-interactions", \.minimumItemInteractions),
      .init("model", \.model),
      .init("max-length", \.maximumLength),
      .init("hidden-size", \.hiddenSize),
      .init("inner-size", \.innerSize),
      .init("layers", \.layers),
      .init("heads", \.heads),
      .init("segments", \.segments),
      .init("kernel1", \.kernel1),
      .init("channel-reduction", \.channelReduction),
      .init("softmax-axis", \.softmaxAxis),
      .init("hidden-dropout", \.hiddenDropout),
      .init("attention-dropout", \.attentionDropout),
      .init("weights", optional: \.weights),
    ] + TrainingSettings.keys.map { $0.within(\.training) } + [
      .init("loss", \.loss),
      .init("examples", \.examples),
      .init("cutoffs", \.cutoffs),
      .init("output", \.output),
    ]
}
