import Foundation

extension SamplePairing.Pair {
  /// An image that a file of annotations names, by a path within the folder of images.
  init(annotated name: String, image: URL, by file: URL) {
    let stem = name.split(separator: "/").last?.lastIndex(of: ".").map { String(name[..<$0]) }
    self.init(name: stem ?? name, image: image, mask: file, fileName: name)
  }
}

extension ShapeAnnotations {
  /// Says which of the images that a file names are not there.
  mutating func reportMissing(_ names: [String], from file: URL, in folder: URL) {
    if names.isEmpty { return }
    let list = names.prefix(10).joined(separator: ", ")
    let rest = names.count > 10 ? " and \(names.count - 10) more" : ""
    problems.append(
      "\(file.path): expected its images in \(folder.path), "
        + "got nothing for \(counted(names.count, "name")): \(list)\(rest)")
  }
}

extension Array where Element: Hashable {
  /// Each element once, where it came first.
  package var uniqued: [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}
