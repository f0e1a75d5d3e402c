import CImageShims
import Martlet

/// The kinds of image file that are read and written.
public enum ImageFormat: String, Hashable, Sendable, CaseIterable {
  case png, jpeg, tiff

  /// The format that a file's name asks for, by its extension in any case; nil for other names.
  public init?(fileName: String) {
    guard let dot = fileName.lastIndex(of: ".") else { return nil }
    switch fileName[fileName.index(after: dot)...].lowercased() {
    case "png": self = .png
    case "jpg", "jpeg": self = .jpeg
    case "tif", "tiff": self = .tiff
    default: return nil
    }
  }

  /// The format that a file's first bytes show; nil when it is none of these.
  init?(signature bytes: [UInt8]) {
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      self = .png
    } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if bytes.starts(with: [0x49, 0x49, 0x2A, 0]) || bytes.starts(with: [0x4D, 0x4D, 0, 0x2A])
      || bytes.starts(with: [0x49, 0x49, 0x2B, 0]) || bytes.starts(with: [0x4D, 0x4D, 0, 0x2B])
    {
      self = .tiff
    } else {
      return nil
    }
  }
}

/// The bytes of an image file with the name that its errors carry.
struct EncodedImage {
  let name: String
  let bytes: [UInt8]
  let limits: Image.Limits

  func failure(_ reason: String) -> MartletError { MartletError("image", "\(name): \(reason)") }

  func format() throws -> ImageFormat {
    if let format = ImageFormat(signature: bytes) { return format }
    if bytes.isEmpty { throw failure("is empty") }
    // Not a signature, or only the start of one.
    throw failure("is not a PNG, JPEG or TIFF file (\(describedStart))")
  }

  /// Checks a claimed size before anything is allocated for it.
  func checkSize(width: Int, height: Int) throws {
    guard width > 0, height > 0 else { throw failure("claims \(width)×\(height) pixels") }
    let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
    if overflow || pixels > limits.maximumPixels {
      throw failure(
        "claims \(width)×\(height) pixels, more than the limit of \(limits.maximumPixels)")
    }
  }

  /// Calls a shim that leaves its complaint in a buffer and returns nil or false on failure.
  func calling(_ what: String, _ body: (UnsafeMutablePointer<CChar>) -> Bool) throws {
    try withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(MARTLET_IMAGE_ERROR_LENGTH)) { error in
      error.initialize(repeating: 0)
      guard let text = error.baseAddress else { return }
      if !body(text) { throw failure("\(what): \(String(cString: text))") }
    }
  }

  /// The file's beginning, for someone who wonders what it is instead.
  private var describedStart: String {
    let start = bytes.prefix(16)
    if start.allSatisfy({ (0x20..<0x7F).contains($0) || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }) {
      let text = String(decoding: start, as: UTF8.self)
      return "it is text that begins \(text.debugDescription)"
    }
    let digits = start.prefix(8).map { byte in
      let text = String(byte, radix: 16, uppercase: true)
      return text.count == 1 ? "0\(text)" : text
    }
    return "it begins with the bytes \(digits.joined(separator: " "))"
  }
}
