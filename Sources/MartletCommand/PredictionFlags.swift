import ArgumentParser
import Martlet
import MartletData
import MartletTraining

/// What `predict` is told about images.
struct PredictionFlags: ParsableArguments {
  @Flag(help: "Also write each image with its mask drawn over it, as NAME_overlay.png.") var overlay = false
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Predict in windows: a side, or a height and a width such as 384x512. (default: the whole image where memory "
        + "allows, else 512)",
      valueName: "size"))
  var tile: TileSize?
  @Option(
    parsing: .unconditional, help: "The share of a window that the next one has too. (default: 0.25)")
  var overlap: Double?
  @Option(help: "How windows are joined where they overlap. (default: gaussian)") var blend: WindowBlend?
  @Option(parsing: .unconditional, help: "Windows that the network is given at once. (default: 1)")
  var batchSize: Int?
  @Option(help: "Take the mean over a window's flips, or flips and quarter turns. (default: none)")
  var tta: TestTimeAugmentation?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The most memory that an image may take. (default: 2)", valueName: "GiB"))
  var memory: Double?
  @Option(
    help: ArgumentHelp(
      "Also write each class's probabilities, as NAME_probabilities.tif: uint8, uint16 or float32.",
      valueName: "type"))
  var probabilities: ProbabilityType?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "unet++ with deep supervision: the depth whose head gives the mask. (default: the network's own)",
      valueName: "depth"))
  var inferenceDepth: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Turn objects of fewer pixels into background, and leave out smaller parts that --split makes.",
      valueName: "pixels"))
  var minSize: Int?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Fill holes of up to this number of pixels.", valueName: "pixels"))
  var fillHoles: Int?
  @Flag(help: "Also write which object each pixel belongs to, as NAME_instances.png.") var instances = false
  @Flag(help: "Also write objects' outlines, as NAME.geojson.") var geojson = false
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Tell touching objects apart whose centres are at least this far from each other.", valueName: "pixels")
  )
  var split: Int?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Leave out corners of outlines that are no further from a line.", valueName: "pixels"))
  var simplify: Double?

  @Option(
    help: ArgumentHelp(
      "Start from a file with the network's weights as this machine reads them: it is made if it is missing, or does not "
        + "fit the run, the machine or the program.", valueName: "file"))
  var packed: String?
  @Option(
    help: ArgumentHelp(
      "Time every convolution with every algorithm instead of choosing by a model of costs, and keep what was fastest in "
        + "a file.", valueName: "file"))
  var tune: String?

  /// Which flags are given, by name.
  var given: KeyValuePairs<String, Bool> {
    [
      "overlay": overlay, "tile": tile != nil, "overlap": overlap != nil, "blend": blend != nil,
      "batch-size": batchSize != nil, "tta": tta != nil, "memory": memory != nil,
      "inference-depth": inferenceDepth != nil, "probabilities": probabilities != nil,
      "min-size": minSize != nil, "fill-holes": fillHoles != nil,
      "instances": instances, "geojson": geojson, "split": split != nil, "simplify": simplify != nil,
      "packed": packed != nil, "tune": tune != nil,
    ]
  }

  func request() throws -> SegmentationRequest {
    var request = SegmentationRequest()
    request.options.tile = tile
    request.options.overlap = overlap ?? request.options.overlap
    request.options.blend = blend ?? request.options.blend
    request.options.batchSize = batchSize ?? request.options.batchSize
    request.options.augmentation = tta ?? request.options.augmentation
    if let memory {
      try require(
        memory > 0 && memory <= 1_048_576, "memory",
        "expected more than 0 and at most 1048576 GiB, got \(memory)")
      request.options.memoryLimit = Int(memory * Double(1 << 30))
    }
    request.inferenceDepth = inferenceDepth
    request.drawsOverlay = overlay
    request.probabilities = probabilities?.sample
    request.postProcessing.minimumSize = minSize ?? 0
    request.postProcessing.largestHole = fillHoles ?? 0
    request.postProcessing.splitting = split.map { ObjectSplitting(distance: $0) }
    request.writesInstances = instances
    request.writesOutlines = geojson
    request.simplification = simplify ?? 0
    return request
  }
}

/// How probabilities can be written.
enum ProbabilityType: String, ExpressibleByArgument, CaseIterable {
  case uint8, uint16, float32

  var sample: RowFormat.Sample {
    switch self {
    case .uint8: .uint8
    case .uint16: .uint16
    case .float32: .float32
    }
  }
}

extension TileSize: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}
extension WindowBlend: ExpressibleByArgument {}
extension TestTimeAugmentation: ExpressibleByArgument {}
