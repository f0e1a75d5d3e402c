import Foundation
import Martlet

/// What a dataset's format finds at its place: images, what gives their masks, and how masks are to be read.
struct SampleSource: Sendable {
  let format: DatasetFormat
  /// In the order of the dataset.
  var pairs: [SamplePairing.Pair]
  /// What keeps the dataset from being used.
  var problems: [String]
  /// What was left out and may be as it should.
  var notes: [String] = []
  let masks: any MaskReader
  /// The options as far as the format settles them.
  let options: SegmentationOptions
}

/// Gives the mask of an image, whatever it is stored as.
protocol MaskReader: Sendable {
  /// The mask of an image of a known size; nothing is allocated by what a file says of itself.
  ///
  /// - Parameter asColors: Whether grey values and palettes are wanted as the colours they stand for.
  /// - Throws: ``MartletError`` naming the file and what is wrong with it.
  func raster(of pair: SamplePairing.Pair, width: Int, height: Int, asColors: Bool) throws -> MaskRaster
}

/// A file a mask.
struct MaskFiles: MaskReader {
  func raster(of pair: SamplePairing.Pair, width: Int, height: Int, asColors: Bool) throws -> MaskRaster {
    try MaskRaster(contentsOf: pair.mask, asColors: asColors)
  }
}
