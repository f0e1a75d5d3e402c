import Foundation
import Martlet
import MartletFiles

/// LabelMe's annotations: beside each image, or in a folder of their own, a JSON file of its name with polygons,
/// rectangles and circles.
///
/// Class 0 is the background (also shapes labelled `_background_`); labels follow in natural order unless a class
/// table says otherwise. `__ignore__` marks what does not count. Later shapes cover earlier ones.
enum LabelMeSource {
  private struct Document: Decodable {
    var shapes: [Shape]
    var imageHeight: Int?
    var imageWidth: Int?
  }

  private struct Shape: Decodable {
    var label: String
    var points: [[Double]]
    var kind: String?

    enum CodingKeys: String, CodingKey {
      case label, points
      case kind = "shape_type"
    }
  }

  private static func isAnnotation(_ name: String) -> Bool {
    !name.hasPrefix(".") && name.lowercased().hasSuffix(".json")
  }

  /// Whether a folder holds JSON files of the names of images, and is not one of masks.
  static func looksLike(images: URL, annotations: URL) -> Bool {
    func names(_ folder: URL) -> [URL] {
      ((try? Folder.names(in: folder.path)) ?? []).map { folder.appending(path: $0) }
    }
    func pictures(_ files: [URL]) -> [URL] {
      files.filter { SampleFileKind.image.matches(Array($0.lastPathComponent.utf8)) }
    }
    let files = names(annotations)
    if images.standardizedFileURL != annotations.standardizedFileURL, !pictures(files).isEmpty {
      return false
    }
    let stems = Set(pictures(names(images)).map(\.stem))
    return files.contains { isAnnotation($0.lastPathComponent) && stems.contains($0.stem) }
  }

  static func source(images: URL, annotations: URL, _ options: SegmentationOptions) throws -> SampleSource {
    var shapes = ShapeAnnotations(.labelme)
    let listing = try ImageFolder.files(in: images, for: "images")
    shapes.problems = listing.problems
    guard let names = try Folder.names(in: annotations.path)?.filter(isAnnotation), !names.isEmpty else {
      throw MartletError("dataset", "expected LabelMe's JSON files in \(annotations.path), got none")
    }
    let fileOfImage = Dictionary(
      names.map { annotations.appending(path: $0) }.map { ($0.stem, $0) }
    ) { first, _ in first }
    for image in listing.files {
      guard let file = fileOfImage[image.stem] else {
        shapes.problems.append("\(image.path): expected \(image.stem).json in \(annotations.path), got none")
        continue
      }
      do {
        let document = try AnnotationFile.json(file, as: Document.self)
        add(document, image, file, to: &shapes)
      } catch let error as MartletError {
        shapes.problems.append(error.message)
      }
    }
    let stems = Set(listing.files.map(\.stem))
    for stem in fileOfImage.keys.sorted(by: NaturalOrder.precedes) where !stems.contains(stem) {
      shapes.problems.append("\(annotations.path)/\(stem).json: expected an image \(stem), got none")
    }
    return try shapes.source(options)
  }

  private static func add(_ document: Document, _ image: URL, _ file: URL, to shapes: inout ShapeAnnotations)
  {
    let index = shapes.images.count
    shapes.images.append(
      .init(
        pair: .init(name: image.stem, image: image, mask: file), width: document.imageWidth,
        height: document.imageHeight))
    for (position, shape) in document.shapes.enumerated() {
      let name = "\(file.path): shape \(position + 1) (\(shape.label))"
      let points = shape.points.filter { $0.count == 2 }.map { SIMD2($0[0], $0[1]) }
      guard points.count == shape.points.count else {
        shapes.problems.append("\(name): expected points of two numbers")
        continue
      }
      guard let area = area(shape.kind ?? "polygon", points) else {
        shapes.problems.append(
          "\(name): expected a polygon, a rectangle or circle of 2 points, "
            + "got \(shape.kind ?? "polygon") of \(counted(points.count, "point"))")
        continue
      }
      let label = shape.label == "__ignore__" ? nil : shape.label
      shapes.add(.init(label: label, shape: area), to: index, called: name)
    }
  }

  private static func area(_ kind: String, _ points: [SIMD2<Double>]) -> AnnotatedShape? {
    switch (kind, points.count) {
    case ("polygon", _): return .polygon(points)
    case ("rectangle", 2): return .rectangle(points[0], points[1])
    case ("circle", 2):
      // The centre and a point on the circle.
      let way = points[1] - points[0]
      let radius = (way * way).sum().squareRoot()
      return .ellipse(center: points[0], radii: SIMD2(radius, radius))
    default: return nil
    }
  }
}
