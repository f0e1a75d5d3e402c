import Martlet
import MartletData

/// Takes the rows of a prediction as they are made.
protocol PredictionSink: AnyObject {
  func take(_ rows: PredictedRows) throws
}

/// Writes classes to a file.
final class MaskSink: PredictionSink {
  let writer: any RegionWriter

  init(_ writer: any RegionWriter) { self.writer = writer }

  func take(_ rows: PredictedRows) throws { try writer.append(rows.labels) }
}

/// Keeps classes, a byte a pixel.
final class MapSink: PredictionSink {
  private let width: Int
  private let height: Int
  private var values: [UInt8] = []

  init(width: Int, height: Int) {
    self.width = width
    self.height = height
    values.reserveCapacity(width * height)
  }

  func take(_ rows: PredictedRows) { values += rows.labels }

  /// The map, which is then no longer here.
  func finish() -> LabelMap {
    defer { values = [] }
    return LabelMap(width: width, height: height, values: values)
  }
}

/// Writes probabilities to a file, classes side by side.
final class ProbabilitySink: PredictionSink {
  let writer: TIFFRegionWriter

  init(_ path: String, _ info: Image.Info, classCount: Int, sample: RowFormat.Sample) throws {
    writer = try TIFFRegionWriter(
      path, RowFormat(width: info.width, height: info.height, channels: classCount, sample: sample))
  }

  func take(_ rows: PredictedRows) throws {
    // A few rows at a time, so that what is converted stays small.
    let length = rows.width * rows.classCount
    for row in 0..<rows.height {
      let values = UnsafeBufferPointer(rebasing: rows.probabilities[row * length..<(row + 1) * length])
      switch writer.format.sample {
      case .uint8: try append(values.map { UInt8(Self.share($0) * 255 + 0.5) })
      case .uint16: try append(values.map { UInt16(Self.share($0) * 65_535 + 0.5) })
      case .uint32: try append(values.map { UInt32(Double(Self.share($0)) * 4_294_967_295 + 0.5) })
      case .float32: try writer.append(values)
      }
    }
  }

  /// What is no number, such as from a network whose weights have overflowed, counts as nothing.
  private static func share(_ value: Float) -> Float { value.isNaN ? 0 : min(max(value, 0), 1) }

  private func append<Sample>(_ values: [Sample]) throws {
    try values.withUnsafeBufferPointer { try writer.append($0) }
  }
}
