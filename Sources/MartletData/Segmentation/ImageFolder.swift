import Foundation
import Martlet

/// Finds the image files of a folder.
enum ImageFolder {
  static let extensions: Set<String> = ["png", "jpg", "jpeg", "tif", "tiff"]

  /// The PNG, JPEG and TIFF files that lie directly in a folder, by extension in any case, in natural order.
  /// Hidden files and subfolders are left out.
  ///
  /// - Throws: ``MartletError`` where the folder is missing, unreadable or holds no image.
  static func files(in folder: URL, for purpose: String) throws -> [URL] {
    let path = folder.path
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw MartletError("dataset", "expected a folder of \(purpose) at \(path), got nothing there")
    }
    guard isFolder.boolValue else {
      throw MartletError("dataset", "expected a folder of \(purpose) at \(path), got a file")
    }
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: path).filter { !$0.hasPrefix(".") }
    } catch {
      throw MartletError(
        "dataset", "expected a readable folder of \(purpose) at \(path), got: \(error.localizedDescription)")
    }
    let found = names.filter { name in
      guard extensions.contains((name as NSString).pathExtension.lowercased()) else { return false }
      var isFolder: ObjCBool = false
      let exists = FileManager.default.fileExists(atPath: path + "/" + name, isDirectory: &isFolder)
      return exists && !isFolder.boolValue
    }
    if found.isEmpty {
      let others =
        names.isEmpty
        ? "an empty folder"
        : "\(counted(names.count, "other entry", "other entries")) such as \(names.min() ?? "")"
      throw MartletError("dataset", "expected PNG, JPEG or TIFF \(purpose) in \(path), got \(others)")
    }
    return found.sorted(by: NaturalOrder.precedes).map {
      folder.appendingPathComponent($0, isDirectory: false)
    }
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
func counted(_ count: Int, _ singular: String, _ plural: String? = nil) -> String {
  count == 1 ? "1 \(singular)" : "\(count) \(plural ?? singular + "s")"
}

extension URL {
  /// The file's name without its extension.
  var stem: String { deletingPathExtension().lastPathComponent }
}
