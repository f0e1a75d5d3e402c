import Foundation
import Martlet
import MartletFiles

/// A kind of file that samples are read from.
package struct SampleFileKind: Sendable {
  /// In lower case, the longest first where one ends as another does.
  let extensions: [String]
  /// What they are called in a sentence.
  let name: String
  /// What the name of an image may end in behind its mask's name.
  var imageSuffixes = ["image", "img", "sat"]

  package static let image = SampleFileKind(
    extensions: ["png", "jpg", "jpeg", "tif", "tiff"], name: "PNG, JPEG or TIFF")
  /// `_0000` is the first channel's number in nnU-Net's folders.
  package static let volume = SampleFileKind(
    extensions: ["nii.gz", "nii", "hdr.gz", "hdr"], name: "NIfTI",
    imageSuffixes: ["image", "img", "0000"])

  /// Whether a name is a file's of the kind, and not an extension alone.
  func matches(_ name: [UInt8]) -> Bool {
    let text = String(decoding: name, as: UTF8.self).lowercased()
    return extensions.contains { text.hasSuffix("." + $0) }
  }

  /// Files, and those of folders among them: the files of the kind that lie directly in one, in natural order.
  ///
  /// - Throws: ``MartletError`` for a folder that holds none, or some that cannot be read.
  package func files(at paths: [String]) throws -> [String] {
    try paths.flatMap { path in
      guard Folder.target(of: path) == .folder else { return [path] }
      let listing = try ImageFolder.files(in: URL(filePath: path), for: "files to predict", kind: self)
      if let problem = listing.problems.first { throw MartletError("predict", problem) }
      // As it was written, so that paths stay short where they were.
      let folder = path.hasSuffix("/") ? path : path + "/"
      return listing.files.map { folder + $0.lastPathComponent }
    }
  }
}

/// Finds the image files of a folder.
enum ImageFolder {

  /// The image files of a folder, and those that cannot be used.
  struct Listing {
    var files: [URL] = []
    var problems: [String] = []
  }

  /// The files of a kind that lie directly in a folder, by extension in any case, in natural order.
  /// Hidden files and subfolders are left out. Names that are not UTF-8 and links that lead nowhere are problems.
  ///
  /// - Throws: ``MartletError`` where the folder is missing, unreadable or holds no image.
  static func files(
    in folder: URL, for purpose: String, kind: SampleFileKind = .image
  ) throws -> Listing {
    let path = folder.path
    switch Folder.target(of: path) {
    case .folder: break
    case .other: throw MartletError("dataset", "expected a folder of \(purpose) at \(path), got a file")
    case .nothing(let reason):
      throw MartletError(
        "dataset", "expected a folder of \(purpose) at \(path), got nothing there: \(reason)")
    }
    let dot = UInt8(ascii: ".")
    let names = (try Folder.rawNames(in: path) ?? []).filter { $0.first != dot }
    var listing = Listing()
    var found: [String] = []
    for bytes in names where kind.matches(bytes) {
      guard let name = String(validating: bytes, as: UTF8.self) else {
        let shown = String(decoding: bytes, as: UTF8.self)
        listing.problems.append("\(path)/\(shown): expected a file name in UTF-8, got other bytes in it")
        continue
      }
      switch Folder.target(of: "\(path)/\(name)") {
      case .folder: continue
      case .other: found.append(name)
      case .nothing(let reason): listing.problems.append("\(path)/\(name): cannot be read: \(reason)")
      }
    }
    if found.isEmpty && listing.problems.isEmpty {
      let others =
        names.first.map {
          "\(counted(names.count, "other entry", "other entries")) such as \(String(decoding: $0, as: UTF8.self))"
        } ?? "an empty folder"
      let hint = names.contains(where: SampleFileKind.volume.matches) ? "; volumes take axes 3" : ""
      throw MartletError("dataset", "expected \(kind.name) \(purpose) in \(path), got \(others)\(hint)")
    }
    listing.files = found.sorted(by: NaturalOrder.precedes).map {
      folder.appendingPathComponent($0, isDirectory: false)
    }
    return listing
  }
}

/// The order in which a person sorts names: runs of digits by their number, so that `cell2` is before
/// `cell10`.
enum NaturalOrder {
  static func precedes(_ left: String, _ right: String) -> Bool {
    var a = Array(left.utf8)[...]
    var b = Array(right.utf8)[...]
    while let x = a.first, let y = b.first {
      if isDigit(x), isDigit(y) {
        let p = number(&a)
        let q = number(&b)
        if p.count != q.count { return p.count < q.count }
        if p != q { return p.lexicographicallyPrecedes(q) }
      } else {
        if x != y { return x < y }
        a.removeFirst()
        b.removeFirst()
      }
    }
    if a.isEmpty != b.isEmpty { return a.isEmpty }
    // Equal up to leading zeros.
    return left < right
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

  /// Takes a run of digits and gives it without leading zeros.
  private static func number(_ text: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let digits = text.prefix(while: isDigit)
    text = text.dropFirst(digits.count)
    return digits.drop { $0 == 0x30 }
  }
}

/// `1 image`, `2 images`.
package func counted(_ count: Int, _ singular: String, _ plural: String? = nil) -> String {
  count == 1 ? "1 \(singular)" : "\(count) \(plural ?? singular + "s")"
}

extension URL {
  /// The file's name without its extension, which may have two parts: `a` of `a.png` and `a.nii.gz`.
  package var stem: String {
    let isPacked = pathExtension.lowercased() == "gz"
    return (isPacked ? deletingPathExtension() : self).deletingPathExtension().lastPathComponent
  }
}
