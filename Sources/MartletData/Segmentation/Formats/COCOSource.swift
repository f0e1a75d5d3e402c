import Foundation
import Martlet

/// COCO's annotations (Lin et al., "Microsoft COCO", ECCV 2014): a JSON file with images, categories and, for each
/// object, polygons or run lengths.
///
/// Class 0 is the background; categories follow in the order of their numbers. Several polygons of one object are
/// joined. Objects are drawn in the order of the file, later ones over earlier ones, and crowds (`iscrowd`) first, as
/// pixels that do not count. An image without annotations is all background.
struct COCOSource {
  private struct Document: Decodable {
    var images: [ImageEntry]
    var annotations: [Annotation]
    var categories: [Category]
  }

  private struct ImageEntry: Decodable {
    @WholeNumber var id: Int
    var fileName: String
    @WholeNumber var width: Int
    @WholeNumber var height: Int

    enum CodingKeys: String, CodingKey {
      case id, width, height
      case fileName = "file_name"
    }
  }

  private struct Category: Decodable {
    @WholeNumber var id: Int
    var name: String
  }

  private struct Annotation: Decodable {
    var id: Int?
    var imageID: Int
    var categoryID: Int
    var isCrowd: Bool
    var segmentation: Segmentation?

    private enum Key: String, CodingKey {
      case id, segmentation
      case imageID = "image_id"
      case categoryID = "category_id"
      case isCrowd = "iscrowd"
    }

    init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: Key.self)
      id = try values.decodeIfPresent(WholeNumber.self, forKey: .id)?.wrappedValue
      imageID = try values.decode(WholeNumber.self, forKey: .imageID).wrappedValue
      categoryID = try values.decode(WholeNumber.self, forKey: .categoryID).wrappedValue
      isCrowd = try values.decodeIfPresent(WholeNumber.self, forKey: .isCrowd)?.wrappedValue ?? 0 != 0
      segmentation = try values.decodeIfPresent(Segmentation.self, forKey: .segmentation)
    }
  }

  private let file: URL
  private var shapes = ShapeAnnotations(.coco)

  init(images folder: URL, annotations file: URL) throws {
    self.file = file
    let document = try AnnotationFile.json(file, as: Document.self)
    try require(
      !document.images.isEmpty, "dataset", "\(file.path): expected images in its list, got none")
    try require(
      !document.annotations.isEmpty, "dataset", "\(file.path): expected annotations in its list, got none")
    let categories = document.categories.sorted { $0.id < $1.id }
    shapes.classNames = categories.map(\.name)
    let names = Dictionary(categories.map { ($0.id, $0.name) }) { first, _ in first }
    if Set(shapes.classNames).count != categories.count || names.count != categories.count {
      shapes.problems.append("\(file.path): expected categories of different ids and names, got some twice")
      shapes.classNames = names.keys.sorted().compactMap { names[$0] }.uniqued
    }
    let indices = addImages(document.images, in: folder)
    addObjects(document.annotations, indices, names)
  }

  func source(_ options: SegmentationOptions) throws -> SampleSource { try shapes.source(options) }

  /// - Returns: Where each image id's image is.
  private mutating func addImages(_ entries: [ImageEntry], in folder: URL) -> [Int: Int?] {
    var indices: [Int: Int?] = [:]
    var missing: [String] = []
    var files: Set<URL> = []
    for entry in entries.sorted(by: { NaturalOrder.precedes($0.fileName, $1.fileName) }) {
      guard indices[entry.id] == nil else {
        shapes.problems.append("\(file.path): expected each image id once, got \(entry.id) again")
        continue
      }
      indices[entry.id] = .some(nil)
      guard let image = AnnotationFile.image(named: entry.fileName, in: folder) else {
        missing.append(entry.fileName)
        continue
      }
      guard files.insert(image).inserted else {
        shapes.problems.append("\(file.path): expected each image once, got \(entry.fileName) again")
        continue
      }
      indices[entry.id] = shapes.images.count
      shapes.images.append(
        .init(
          pair: .init(annotated: entry.fileName, image: image, by: file), width: entry.width,
          height: entry.height))
    }
    shapes.reportMissing(missing, from: file, in: folder)
    return indices
  }

  private mutating func addObjects(
    _ annotations: [Annotation], _ indices: [Int: Int?], _ names: [Int: String]
  ) {
    var withoutOutline: [String] = []
    // Stable: crowds before the rest, each in the order of the file.
    let ordered =
      annotations.enumerated().filter { $0.element.isCrowd }
      + annotations.enumerated().filter { !$0.element.isCrowd }
    for (position, annotation) in ordered {
      let name = "\(file.path): annotation \(annotation.id.map(String.init) ?? "at \(position)")"
      guard let known = indices[annotation.imageID] else {
        shapes.problems.append("\(name): expected the id of an image, got \(annotation.imageID)")
        continue
      }
      guard let category = names[annotation.categoryID] else {
        shapes.problems.append("\(name): expected the id of a category, got \(annotation.categoryID)")
        continue
      }
      // The image's file is missing, which was reported.
      guard let index = known else { continue }
      guard let segmentation = annotation.segmentation, !segmentation.isEmpty else {
        withoutOutline.append(annotation.id.map(String.init) ?? "at \(position)")
        continue
      }
      switch segmentation.shapes() {
      case .failure(let problem): shapes.problems.append("\(name): \(problem.text)")
      case .success(let parts):
        let label = annotation.isCrowd ? nil : category
        for part in parts { shapes.add(.init(label: label, shape: part), to: index, called: name) }
      }
    }
    if withoutOutline.isEmpty { return }
    let text =
      "\(file.path): \(counted(withoutOutline.count, "annotation")) without polygons or run lengths, "
      + "such as \(withoutOutline[0])"
    if withoutOutline.count == annotations.count {
      shapes.problems.append(text)
    } else {
      shapes.notes.append(text + ", left out")
    }
  }
}

/// An object's outline: polygons, or run lengths as numbers or as text.
private enum Segmentation: Decodable {
  case polygons([[Double]])
  case runs(counts: [Int], size: [Int])
  case text(counts: String, size: [Int])

  private enum Key: String, CodingKey { case counts, size }

  struct Problem: Error { var text: String }

  init(from decoder: any Decoder) throws {
    if let values = try? decoder.container(keyedBy: Key.self) {
      let size = try values.decode([WholeNumber].self, forKey: .size).map(\.wrappedValue)
      if let text = try? values.decode(String.self, forKey: .counts) {
        self = .text(counts: text, size: size)
      } else {
        // There can be many, and few files have others.
        let counts =
          try (try? values.decode([Int].self, forKey: .counts))
          ?? values.decode([WholeNumber].self, forKey: .counts).map(\.wrappedValue)
        self = .runs(counts: counts, size: size)
      }
      return
    }
    let values = try decoder.singleValueContainer()
    // Some programs leave the outer list out.
    if let flat = try? values.decode([Double].self), !flat.isEmpty {
      self = .polygons([flat])
    } else {
      self = .polygons(try values.decode([[Double]].self))
    }
  }

  var isEmpty: Bool {
    if case .polygons(let polygons) = self { return polygons.isEmpty }
    return false
  }

  func shapes() -> Result<[AnnotatedShape], Problem> {
    switch self {
    case .polygons(let polygons):
      guard let odd = polygons.first(where: { $0.count % 2 == 1 }) else {
        return .success(
          polygons.map { numbers in
            .polygon(
              stride(from: 0, to: numbers.count, by: 2).map { SIMD2(numbers[$0], numbers[$0 + 1]) })
          })
      }
      return .failure(.init(text: "expected x and y in turn in a polygon, got \(odd.count) numbers"))
    case .runs(let counts, let size): return Self.shape(counts, size)
    case .text(let text, let size):
      guard let counts = RunLengths.counts(compressed: text) else {
        return .failure(.init(text: "expected run lengths in COCO's text, got other text"))
      }
      return Self.shape(counts, size)
    }
  }

  private static func shape(_ counts: [Int], _ size: [Int]) -> Result<[AnnotatedShape], Problem> {
    guard size.count == 2 else {
      return .failure(.init(text: "expected height and width as the size of run lengths, got \(size)"))
    }
    return .success([
      .runs(RunLengths(width: size[1], height: size[0], isColumnMajor: true, counts: counts))
    ])
  }
}
