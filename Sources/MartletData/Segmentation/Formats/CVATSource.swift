import Foundation
import Martlet

/// CVAT's annotations "for images", version 1.1: an XML file with polygons, boxes, ellipses and run lengths.
///
/// Class 0 is the background; labels follow in the order of the file's list of them. Shapes are drawn by their
/// `z_order`, those of one order as they come.
struct CVATSource {
  private var shapes = ShapeAnnotations(.cvat)

  init(images folder: URL, annotations file: URL) throws {
    let reader = CVATReader()
    do {
      try XMLReader.read(try AnnotationFile.text(file), reader)
    } catch let error as XMLReader.SyntaxError {
      throw MartletError("dataset", "\(file.path): expected XML, got something else in line \(error.line)")
    }
    try require(reader.isAnnotations, "dataset", "\(file.path): expected CVAT's annotations")
    try require(
      !reader.images.isEmpty || !reader.problems.isEmpty, "dataset",
      "\(file.path): expected images in it, got none")
    try require(
      reader.images.contains { !$0.areas.isEmpty } || !reader.problems.isEmpty, "dataset",
      "\(file.path): expected polygons, boxes, ellipses or masks in it, got none")
    shapes.classNames = reader.labels.uniqued
    shapes.problems = reader.problems.map { "\(file.path): \($0)" }
    var missing: [String] = []
    var files: Set<URL> = []
    for entry in reader.images.sorted(by: { NaturalOrder.precedes($0.name, $1.name) }) {
      guard let image = AnnotationFile.image(named: entry.name, in: folder) else {
        missing.append(entry.name)
        continue
      }
      guard files.insert(image).inserted else {
        shapes.problems.append("\(file.path): expected each image once, got \(entry.name) again")
        continue
      }
      let index = shapes.images.count
      shapes.images.append(
        .init(
          pair: .init(annotated: entry.name, image: image, by: file), width: entry.width, height: entry.height
        ))
      let ordered = entry.areas.enumerated().sorted {
        ($0.element.order, $0.offset) < ($1.element.order, $1.offset)
      }
      for (_, area) in ordered {
        shapes.add(
          .init(label: area.label, shape: area.shape), to: index,
          called: "\(file.path): line \(area.line) (\(area.label))")
      }
    }
    shapes.reportMissing(missing, from: file, in: folder)
  }

  func source(_ options: SegmentationOptions) throws -> SampleSource { try shapes.source(options) }
}

/// Takes from the XML what is needed.
private final class CVATReader: XMLElements {
  struct Area {
    var label: String
    var shape: AnnotatedShape
    var order: Int
    var line: Int
  }

  struct Entry {
    var name: String
    var width: Int?
    var height: Int?
    var areas: [Area] = []
  }

  private(set) var isAnnotations = false
  private(set) var labels: [String] = []
  private(set) var images: [Entry] = []
  private(set) var problems: [String] = []
  private var path: [String] = []
  private var text = ""

  func begin(_ name: String, _ attributes: [String: String], line: Int) {
    if path.isEmpty { isAnnotations = name == "annotations" }
    text = ""
    if name == "image", path == ["annotations"] {
      guard let file = attributes["name"] else {
        problems.append("line \(line): expected an image with a name")
        path.append(name)
        return
      }
      images.append(
        Entry(
          name: file, width: attributes["width"].flatMap { Int($0) },
          height: attributes["height"].flatMap { Int($0) }))
    } else if path == ["annotations", "image"], !images.isEmpty {
      add(name, attributes, line: line)
    }
    path.append(name)
  }

  func characters(_ text: String) {
    if path.last == "name" { self.text += text }
  }

  func end(_ name: String) {
    if path.suffix(3) == ["labels", "label", "name"], path.dropFirst().first == "meta" {
      labels.append(text.trimmingCharacters(in: .whitespacesAndNewlines))
    }
    path.removeLast()
  }

  private func add(_ kind: String, _ attributes: [String: String], line: Int) {
    // A label of the whole image says nothing of its pixels.
    if kind == "tag" { return }
    guard let label = attributes["label"], let shape = shape(kind, attributes) else {
      let kinds = "polygon, box, ellipse or mask with a label and numbers"
      problems.append("line \(line): expected a \(kinds), got \(kind)")
      return
    }
    let order = attributes["z_order"].flatMap { Int($0) } ?? 0
    images[images.count - 1].areas.append(Area(label: label, shape: shape, order: order, line: line))
  }

  private func shape(_ kind: String, _ attributes: [String: String]) -> AnnotatedShape? {
    func number(_ name: String) -> Double? {
      attributes[name].flatMap { Double($0) }.flatMap { $0.isFinite ? $0 : nil }
    }
    func whole(_ name: String) -> Int? { attributes[name].flatMap { Int($0) } }
    switch kind {
    case "polygon":
      guard let text = attributes["points"] else { return nil }
      let pairs = text.split(separator: ";").map { $0.split(separator: ",").map { Double($0) } }
      var points: [SIMD2<Double>] = []
      for pair in pairs {
        guard pair.count == 2, let x = pair[0], let y = pair[1], x.isFinite, y.isFinite else { return nil }
        points.append(SIMD2(x, y))
      }
      return .polygon(points)
    case "box":
      guard let left = number("xtl"), let top = number("ytl"), let right = number("xbr"),
        let bottom = number("ybr")
      else { return nil }
      // Clockwise, around the middle.
      let angle = (number("rotation") ?? 0) * .pi / 180
      let middle = SIMD2(left + right, top + bottom) / 2
      let corners = [SIMD2(left, top), SIMD2(right, top), SIMD2(right, bottom), SIMD2(left, bottom)]
      return .polygon(
        angle == 0
          ? corners
          : corners.map { corner in
            let way = corner - middle
            return middle
              + SIMD2(cos(angle) * way.x - sin(angle) * way.y, sin(angle) * way.x + cos(angle) * way.y)
          })
    case "ellipse":
      guard let x = number("cx"), let y = number("cy"), let rx = number("rx"), let ry = number("ry") else {
        return nil
      }
      return .ellipse(center: SIMD2(x, y), radii: SIMD2(rx, ry), angle: (number("rotation") ?? 0) * .pi / 180)
    case "mask":
      guard let text = attributes["rle"], let left = whole("left"), let top = whole("top"),
        let width = whole("width"), let height = whole("height")
      else { return nil }
      let fields = text.split(separator: ",").map { Int($0.trimmingCharacters(in: .whitespaces)) }
      let counts = fields.compactMap { $0 }
      guard counts.count == fields.count else { return nil }
      return .runs(
        RunLengths(
          left: left, top: top, width: width, height: height, isColumnMajor: false, counts: counts))
    default: return nil
    }
  }
}
