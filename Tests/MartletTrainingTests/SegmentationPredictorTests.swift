import Foundation
import Martlet
import MartletData
import MartletModels
import Testing

@testable import MartletTraining

/// A network with first weights gives the same classes however its image comes.
@Suite struct SegmentationPredictorTests {
  private static func predictor(_ change: (inout NetworkOptions) -> Void = { _ in }) throws
    -> SegmentationPredictor
  {
    var options = NetworkOptions()
    options.baseChannels = 4
    options.depth = 2
    change(&options)
    let description = SegmentationModelDescription(
      model: "unet", network: options, inputChannels: 3, classCount: 3, options: SegmentationOptions(),
      normalization: .imageNet)
    let network = try description.makeNetwork()
    return SegmentationPredictor(network: network, description: description)
  }

  private static func image(_ width: Int, _ height: Int) -> Image {
    let samples = (0..<3 * width * height).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
    return Image(width: width, height: height, channels: 3, samples: .uint8(samples))
  }

  private static func predict(
    _ predictor: SegmentationPredictor, _ image: Image, _ options: PredictionOptions
  ) throws -> (labels: [UInt8], probabilities: [Float]) {
    let regions = ImageRegions(image)
    var (labels, probabilities): ([UInt8], [Float]) = ([], [])
    try predictor.predict(regions, predictor.plan(for: regions, options)) {
      labels += $0.labels
      probabilities += $0.probabilities
    }
    return (labels, probabilities)
  }

  @Test(arguments: [UNet.Configuration.Padding.same, .valid])
  func wholeImages(padding: UNet.Configuration.Padding) throws {
    let predictor = try Self.predictor { $0.padding = padding }
    for (width, height) in [(40, 28), (37, 53)] {
      let image = Self.image(width, height)
      let whole = try Self.predict(predictor, image, PredictionOptions())
      #expect(whole.labels == (try predictor.labels(of: image)).values)
      for pixel in 0..<width * height {
        let sum = whole.probabilities[3 * pixel..<3 * pixel + 3].reduce(0, +)
        // Three roundings of numbers up to 1, and those of the softmax.
        #expect(abs(sum - 1) <= 8 * Float.ulpOfOne)
      }
      // A window of the image's size is the image.
      var options = PredictionOptions()
      options.tile = TileSize(height: height, width: width)
      #expect(try Self.predict(predictor, image, options).labels == whole.labels)
    }
  }

  @Test func plans() throws {
    let predictor = try Self.predictor()
    let regions = ImageRegions(Self.image(200, 100))
    var options = PredictionOptions()
    let whole = try predictor.plan(for: regions, options)
    #expect(whole.isWhole && whole.layout.tile == TileSize(height: 100, width: 200))
    // What is held counts, the image itself too.
    #expect(whole.byteCount > 200 * 100 * (3 + 6 + 4 * 3 + 5) + 200 * 100 * 4 * 6)
    options.memoryLimit = whole.byteCount
    #expect(try predictor.plan(for: regions, options).isWhole)
    options.memoryLimit = whole.byteCount - 1
    // The windows that are taken instead are larger than this image.
    #expect(throws: MartletError.self) { try predictor.plan(for: regions, options) }
    options.tile = TileSize(height: 32, width: 48)
    let cut = try predictor.plan(for: regions, options)
    #expect(!cut.isWhole && cut.byteCount < whole.byteCount)
  }

  /// A claim of any size is compared with the limit, and nothing is allocated or overflows.
  @Test func hugeClaims() throws {
    final class Claim: RegionReader {
      let info = Image.Info(
        format: .tiff, width: Int(Int32.max), height: Int(Int32.max), channels: 4, bitsPerSample: 16)
      var heldByteCount: Int { 0 }
      func image(in window: PixelWindow) throws -> Image {
        throw MartletError("test", "nothing is to be read")
      }
    }
    let predictor = try Self.predictor()
    var options = PredictionOptions()
    for tile in [nil, TileSize(height: 1, width: 1), TileSize(height: 1, width: Int(Int32.max))] {
      options.tile = tile
      options.memoryLimit = 1 << 20
      let error = #expect(throws: MartletError.self) { try predictor.plan(for: Claim(), options) }
      #expect(error?.message.contains("more than the limit of 1.0 MiB") ?? false)
    }
  }
}
