import Martlet
import MartletFiles

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Image {
  /// What a file's stored values are read as.
  public enum Reading: Hashable, Sendable {
    /// What the picture shows: palettes become RGB (RGBA when an entry is translucent), greys of 1, 2 and 4 bits
    /// are scaled to 8 bits, a TIFF whose zero is white is inverted. Everything else is kept as it is stored,
    /// with no change of gamma or colour profile.
    case picture
    /// The stored values: palette indices and unscaled greys, as class masks need them. Files of colours read
    /// as with `picture`.
    case indices
  }

  /// What a file may claim before anything is allocated for it.
  public struct Limits: Hashable, Sendable {
    /// The most pixels, 2²⁸ (16,384 × 16,384) unless told otherwise.
    public var maximumPixels: Int
    /// The longest file, 4 GiB unless told otherwise.
    public var maximumBytes: Int

    /// 2²⁸ pixels and 4 GiB.
    public static let standard = Limits()

    public init(maximumPixels: Int = 1 << 28, maximumBytes: Int = 1 << 32) {
      self.maximumPixels = maximumPixels
      self.maximumBytes = maximumBytes
    }
  }

  /// A colour of 8 bits a channel.
  public struct Color: Hashable, Sendable {
    public var red: UInt8
    public var green: UInt8
    public var blue: UInt8
    /// 0 transparent, 255 opaque.
    public var alpha: UInt8

    public init(red: UInt8, green: UInt8, blue: UInt8, alpha: UInt8 = 255) {
      self.red = red
      self.green = green
      self.blue = blue
      self.alpha = alpha
    }
  }

  /// What a file says about its picture before the first pixel.
  public struct Info: Hashable, Sendable {
    /// Told by the file's first bytes, whatever its name.
    public var format: ImageFormat
    /// The size in pixels, turned as reading would turn it.
    public var width: Int
    /// In pixels, turned as reading would turn it.
    public var height: Int
    /// Channels that reading as a picture gives: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA.
    public var channels: Int
    /// Bits of a stored sample: 1, 2, 4, 8 or 16. Up to 8 read as `uint8`, 16 as `uint16`.
    public var bitsPerSample: Int
    /// The colours that stored values are indices of, where the file has a palette.
    public var palette: [Color]?
    /// Pictures in the file, of which the first is read.
    public var pages: Int

    public init(
      format: ImageFormat, width: Int, height: Int, channels: Int, bitsPerSample: Int,
      palette: [Color]? = nil, pages: Int = 1
    ) {
      self.format = format
      self.width = width
      self.height = height
      self.channels = channels
      self.bitsPerSample = bitsPerSample
      self.palette = palette
      self.pages = pages
    }

    /// Channels that `reading` gives.
    public func channels(as reading: Reading) -> Int {
      reading == .indices && palette != nil ? 1 : channels
    }
  }

  /// Reads a PNG, JPEG or TIFF file. The format is told by the file's first bytes, whatever its name.
  ///
  /// - PNG: every kind. Samples come as stored; a single transparent colour (`tRNS` outside palettes) is not
  ///   turned into an alpha channel.
  /// - JPEG: grey and colour, baseline and progressive, turned upright as its Exif orientation says. CMYK is
  ///   refused. A file with a decoding warning counts as damaged.
  /// - TIFF: the first page; unsigned 1, 2, 4, 8 and 16 bits, grey and RGB with or without alpha, palettes,
  ///   strips and tiles, interleaved or in planes, turned upright as its orientation field says.
  ///
  /// - Throws: ``MartletError`` naming the file and what is wrong with it.
  public init(
    contentsOf path: String, as reading: Reading = .picture, limits: Limits = .standard
  ) throws {
    let (bytes, _) = try ReadableFile.read(path, operation: "image", limit: limits.maximumBytes)
    try self.init(decoding: bytes, name: path, as: reading, limits: limits)
  }

  /// Reads the PNG, JPEG or TIFF file at a file URL.
  public init(
    contentsOf url: URL, as reading: Reading = .picture, limits: Limits = .standard
  ) throws {
    try self.init(contentsOf: try Image.filePath(url), as: reading, limits: limits)
  }

  /// Decodes the bytes of a PNG, JPEG or TIFF file.
  ///
  /// - Parameter name: What errors call the image, such as the name of an uploaded file.
  public init(
    decoding bytes: [UInt8], name: String, as reading: Reading = .picture, limits: Limits = .standard
  ) throws {
    let file = EncodedImage(name: name, bytes: bytes, limits: limits)
    switch try file.format() {
    case .png: self = try PNGReader(file).image(as: reading)
    case .jpeg: self = try JPEGReader(file).image()
    case .tiff: self = try TIFFReader(file).image(as: reading)
    }
  }

  /// Reads a file's size, channels and depth without decoding its pixels.
  ///
  /// - Throws: ``MartletError`` as reading the image would, for everything that its header can tell.
  public static func info(contentsOf path: String, limits: Limits = .standard) throws -> Info {
    // A header seldom reaches far; where it does, or where a TIFF keeps it at the end, the whole file is read.
    let (start, isWhole) = try ReadableFile.read(
      path, operation: "image", limit: limits.maximumBytes, prefix: 1 << 16)
    let format = try EncodedImage(name: path, bytes: start, limits: limits).format()
    if isWhole { return try info(decoding: start, name: path, limits: limits) }
    if format != .tiff, let info = try? info(decoding: start, name: path, limits: limits) { return info }
    let (bytes, _) = try ReadableFile.read(path, operation: "image", limit: limits.maximumBytes)
    return try info(decoding: bytes, name: path, limits: limits)
  }

  /// Reads the size, channels and depth of the file at a file URL.
  public static func info(contentsOf url: URL, limits: Limits = .standard) throws -> Info {
    try info(contentsOf: try filePath(url), limits: limits)
  }

  /// Reads the size, channels and depth of an encoded image.
  public static func info(decoding bytes: [UInt8], name: String, limits: Limits = .standard) throws -> Info {
    let file = EncodedImage(name: name, bytes: bytes, limits: limits)
    switch try file.format() {
    case .png: return try PNGReader(file).info
    case .jpeg: return try JPEGReader(file).info
    case .tiff: return try TIFFReader(file).info
    }
  }

  private static func filePath(_ url: URL) throws -> String {
    try require(url.isFileURL, "image", "expected the URL of a file, got \(url.absoluteString)")
    return url.path
  }
}
