import ArgumentParser
import MartletTraining

/// The flags of a run that trains a recommender, besides those of all runs.
struct RecommendationFlags: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The log: CSV with a header, or tab-separated with typed fields such as user_id:token. (required)",
      valueName: "file"))
  var interactions: String?
  @Option(help: ArgumentHelp("Column of the user. (default: user_id)", valueName: "name"))
  var userColumn: String?
  @Option(help: ArgumentHelp("Column of the item. (default: item_id)", valueName: "name"))
  var itemColumn: String?
  @Option(
    help: ArgumentHelp(
      "Column of the time, a number; an empty name for the order of the file. (default: timestamp if there is one)",
      valueName: "name"))
  var timeColumn: String?
  @Option(parsing: .unconditional, help: "Leave out users with fewer interactions. (default: 0)")
  var minimumUserInteractions: Int?
  @Option(parsing: .unconditional, help: "Leave out items with fewer interactions. (default: 0)")
  var minimumItemInteractions: Int?

  @Option(parsing: .unconditional, help: "Items of a history that are read, the most recent. (default: 200)")
  var maxLength: Int?
  @Option(parsing: .unconditional, help: "Size of an item's vector. (default: 64)") var hiddenSize: Int?
  @Option(parsing: .unconditional, help: "Size within a feed-forward block. (default: 256)")
  var innerSize: Int?
  @Option(parsing: .unconditional, help: "Layers of attention. (default: 2)") var layers: Int?
  @Option(parsing: .unconditional, help: "Heads of attention; they divide the hidden size. (default: 2)")
  var heads: Int?
  @Option(parsing: .unconditional, help: "paup: segments that a history is cut into. (default: 4)")
  var segments: Int?
  @Option(
    parsing: .unconditional, help: "paup: kernel and stride of the first convolution that cuts. (default: 10)"
  )
  var kernel1: Int?
  @Option(
    parsing: .unconditional,
    help: "paup: what the hidden size is divided by between those convolutions. (default: 16)")
  var channelReduction: Int?
  @Option(help: "paup: what weights of attention add up to 1 over, queries or keys. (default: queries)")
  var softmaxAxis: String?
  @Option(parsing: .unconditional, help: "Dropout probability of vectors. (default: 0.2)")
  var hiddenDropout: Double?
  @Option(parsing: .unconditional, help: "Dropout probability of attention's weights. (default: 0.2)")
  var attentionDropout: Double?
  @Option(
    help:
      "sasrec: beginnings, each beginning of a user's sequence by itself, or windows, in which every item is an example; a batch then holds windows, of which 16 do. (default: beginnings)"
  )
  var examples: String?
  @Option(
    parsing: .upToNextOption,
    help: "Lengths of ranking that are measured, with blanks between. (default: 5 10 20)")
  var cutoffs: [Int] = []

  func apply(to configuration: inout RecommendationConfiguration) {
    set(&configuration.interactions, interactions)
    set(&configuration.userColumn, userColumn)
    set(&configuration.itemColumn, itemColumn)
    set(&configuration.timeColumn, timeColumn)
    set(&configuration.minimumUserInteractions, minimumUserInteractions)
    set(&configuration.minimumItemInteractions, minimumItemInteractions)
    set(&configuration.maximumLength, maxLength)
    set(&configuration.hiddenSize, hiddenSize)
    set(&configuration.innerSize, innerSize)
    set(&configuration.layers, layers)
    set(&configuration.heads, heads)
    set(&configuration.segments, segments)
    set(&configuration.kernel1, kernel1)
    set(&configuration.channelReduction, channelReduction)
    set(&configuration.softmaxAxis, softmaxAxis)
    set(&configuration.hiddenDropout, hiddenDropout)
    set(&configuration.attentionDropout, attentionDropout)
    set(&configuration.examples, examples)
    if !cutoffs.isEmpty { configuration.cutoffs = cutoffs }
  }
}
