import Foundation
import Martlet

/// Images with labelled shapes, as they are gathered from files of any format.
struct ShapeAnnotations {
  /// A shape and what it is labelled; `nil` for what counts in no loss.
  struct Area: Sendable {
    var label: String?
    var shape: AnnotatedShape
  }

  /// An image with the shapes in it, in the order in which they are drawn.
  struct AnnotatedImage {
    var pair: SamplePairing.Pair
    /// The size that the annotations are for, where they say it.
    var width: Int?
    var height: Int?
    var areas: [Area] = []
  }

  let format: DatasetFormat
  var images: [AnnotatedImage] = []
  var problems: [String] = []
  var notes: [String] = []
  /// Every class's name, in the order of indices after the background; those of shapes that are not among them follow
  /// in natural order.
  var classNames: [String] = []

  init(_ format: DatasetFormat) { self.format = format }

  /// Names that mean the background whatever the class table says.
  private static let backgroundNames: Set<String> = ["background", "_background_", "__background__"]

  /// Adds a shape to an image, or says what is wrong with it.
  ///
  /// - Parameter name: What messages call the shape.
  mutating func add(_ area: Area, to index: Int, called name: @autoclosure () -> String) {
    let image = images[index]
    if area.shape.isEmpty {
      notes.append("\(name()): left out, since fewer than 3 points enclose nothing")
    } else if let problem = area.shape.problem(imageWidth: image.width, imageHeight: image.height) {
      problems.append("\(name()): \(problem)")
    } else {
      images[index].areas.append(area)
    }
  }

  /// The samples with their classes numbered.
  func source(_ options: SegmentationOptions) throws -> SampleSource {
    var problems = problems
    var settled = options
    settled.classes = options.classes ?? Self.table(allNames)
    let classes = settled.classes ?? []
    if !images.isEmpty {
      try require(
        (2...LabelMap.largestClassCount).contains(classes.count), "classes",
        "expected annotations of 1 to \(LabelMap.largestClassCount - 1) classes, got \(classes.count - 1)")
    }

    var indices: [String: UInt8] = [:]
    for (index, item) in classes.enumerated().prefix(LabelMap.largestClassCount) {
      indices[item.name] = UInt8(index)
    }
    for name in Self.backgroundNames { indices[name] = 0 }
    var unknown: [String: (count: Int, file: String)] = [:]
    var drawn: [URL: ShapeMasks.Drawing] = [:]
    for image in images {
      var areas: [(label: UInt8, shape: AnnotatedShape)] = []
      for area in image.areas {
        guard let label = area.label.map({ indices[$0] }) ?? LabelMap.ignored else {
          unknown[area.label ?? "", default: (0, image.pair.fileName)].count += 1
          continue
        }
        areas.append((label, area.shape))
      }
      drawn[image.pair.image] = .init(width: image.width, height: image.height, areas: areas)
    }
    for (label, found) in unknown.sorted(by: { NaturalOrder.precedes($0.key, $1.key) }) {
      problems.append(
        "expected labels of the class table, got `\(label)` on \(counted(found.count, "shape")), "
          + "first in \(found.file)")
    }
    if let first = classes.first?.name, !Self.backgroundNames.contains(first),
      images.contains(where: { $0.areas.contains { $0.label == first } })
    {
      problems.append("expected the background as the first class, got `\(first)`, which shapes are labelled")
    }
    return SampleSource(
      format: format, pairs: images.map(\.pair), problems: problems, notes: notes,
      masks: ShapeMasks(drawings: drawn), options: settled)
  }

  private var allNames: [String] {
    var names = classNames
    var known = Set(names)
    var rest: Set<String> = []
    for image in images {
      for case let label? in image.areas.map(\.label) where known.insert(label).inserted {
        rest.insert(label)
      }
    }
    names += rest.sorted(by: NaturalOrder.precedes)
    return names.filter { !Self.backgroundNames.contains($0) }
  }

  private static func table(_ names: [String]) -> [SegmentationClass] {
    [SegmentationClass("background")] + names.map { SegmentationClass($0) }
  }
}

/// Masks that are drawn from shapes when they are asked for. Later shapes cover earlier ones.
struct ShapeMasks: MaskReader {
  struct Drawing: Sendable {
    /// The size that the shapes are for, where it is known.
    var width: Int?
    var height: Int?
    var areas: [(label: UInt8, shape: AnnotatedShape)]
  }

  let drawings: [URL: Drawing]

  func raster(of pair: SamplePairing.Pair, width: Int, height: Int, asColors: Bool) throws -> MaskRaster {
    guard let drawing = drawings[pair.image] else {
      throw MartletError("dataset", "\(pair.mask.path): expected annotations of \(pair.fileName), got none")
    }
    guard drawing.width ?? width == width, drawing.height ?? height == height else {
      throw MartletError(
        "dataset",
        "\(pair.mask.path): expected annotations for \(width)×\(height) as \(pair.fileName), "
          + "got \(drawing.width ?? width)×\(drawing.height ?? height)")
    }
    var values = [UInt8](repeating: 0, count: width * height)
    for (label, shape) in drawing.areas {
      // Where annotations do not say their size, run lengths could not be compared with it before.
      if let problem = shape.problem(imageWidth: width, imageHeight: height) {
        throw MartletError("dataset", "\(pair.mask.path): \(pair.fileName): \(problem)")
      }
      shape.paint(label, on: &values, width: width, height: height)
    }
    return MaskRaster(width: width, height: height, pixels: .labels(values))
  }
}
