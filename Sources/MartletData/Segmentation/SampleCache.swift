import Foundation
import Synchronization

/// What a ``SampleCache`` can keep.
protocol CachedSample: Sendable {
  /// Bytes that it holds.
  var byteCount: Int { get }
}

extension LabeledImage: CachedSample {}
extension LabeledVolume: CachedSample {}

/// Decoded samples that stay in memory up to a number of bytes.
///
/// What came first stays: every epoch reads every sample once, in another order, and there a cache that
/// throws out the oldest would keep little that is asked for again.
final class SampleCache<Sample: CachedSample>: Sendable {
  private struct Contents {
    var samples: [URL: Sample] = [:]
    var byteCount = 0
  }

  private let byteLimit: Int
  private let contents = Mutex(Contents())

  init(byteLimit: Int) { self.byteLimit = byteLimit }

  /// The sample of an image file, decoded by `load` unless it is kept.
  func sample(_ key: URL, _ load: () throws -> Sample) rethrows -> Sample {
    if let kept = contents.withLock({ $0.samples[key] }) { return kept }
    let loaded = try load()
    contents.withLock { contents in
      if contents.samples[key] == nil, contents.byteCount + loaded.byteCount <= byteLimit {
        contents.samples[key] = loaded
        contents.byteCount += loaded.byteCount
      }
    }
    return loaded
  }

  /// Bytes that are kept.
  var byteCount: Int { contents.withLock { $0.byteCount } }
}
