import Martlet

/// What the header of a NIfTI file says, checked.
///
/// A volume's axes are depth, height and width, the header's k, j and i: i runs fastest in memory. A fourth axis, or a
/// fifth where the fourth has length 1 (vectors), is taken for channels.
public struct NIfTIHeader: Hashable, Sendable {
  /// The version of the format, which decides on how large a header's numbers can be.
  public enum Version: Int, Hashable, Sendable {
    /// NIfTI-1: 348 bytes, lengths of axes up to 32,767.
    case first = 1
    /// NIfTI-2: 540 bytes, lengths of 64 bits.
    case second = 2

    var layout: NIfTILayout { self == .first ? .first : .second }
  }

  /// The file's. A header to be written is of the second version where an axis is longer than 32,767.
  public var version: Version
  /// The volume's, in voxels.
  public var size: VolumeSize
  /// 1 where there is no axis of channels, times or vectors.
  public var channels: Int
  /// What a voxel is stored as.
  public var sample: NIfTISample
  /// What a stored number is multiplied by, and what is then added.
  public var slope: Double
  /// 0 where the header has no slope, as the slope is 1 then.
  public var intercept: Double
  /// Where the voxels lie in space.
  public var geometry: VolumeGeometry

  /// Whether numbers lie the other way round than this machine's.
  var isSwapped = false
  /// Whether the voxels are in a file of their own.
  var isPair = false
  /// Where the voxels begin.
  var voxelOffset: Int

  /// A header of a file that is to be written.
  ///
  /// - Throws: ``MartletError`` for sizes that are none.
  public init(
    size: VolumeSize, channels: Int = 1, sample: NIfTISample, geometry: VolumeGeometry,
    version: Version = .first
  ) throws {
    let lengths = size.lengths + [channels]
    try require(
      lengths.allSatisfy { $0 > 0 } && lengths.reduce(sample.byteCount) { $0.saturatingProduct($1) } < .max,
      "volume", "expected sizes above 0 to write, got \(size) with \(counted(channels, "channel"))")
    // The first version counts in 16 bits.
    let isLong = lengths.contains { $0 > Int(Int16.max) }
    self.version = isLong ? .second : version
    self.size = size
    self.channels = channels
    self.sample = sample
    self.geometry = geometry
    slope = 1
    intercept = 0
    // Four bytes after the header say that there are no extensions.
    voxelOffset = (self.version.layout.byteCount + 4 + 15) / 16 * 16
  }

  /// The header of a file of its own with the same volume: with the voxels behind it, in this machine's byte order, and of
  /// a version that can count them.
  ///
  /// - Throws: ``MartletError`` for sizes that are none, and for a scale that nothing can be read with again.
  func forWriting() throws -> NIfTIHeader {
    var header = try NIfTIHeader(
      size: size, channels: channels, sample: sample, geometry: geometry, version: version)
    try require(
      slope.isFinite && slope != 0 && intercept.isFinite, "volume",
      "expected a slope that is not 0 and a finite intercept to write, got \(slope) and \(intercept)")
    (header.slope, header.intercept) = (slope, intercept)
    return header
  }

  /// Values of one channel.
  public var voxelCount: Int { size.count }
  /// Bytes of all voxels.
  var byteCount: Int { voxelCount * channels * sample.byteCount }

  /// Extensions such as DICOM headers lie before the voxels; more than this is not one.
  private static let largestVoxelOffset = 1 << 26

  /// - Parameters:
  ///   - bytes: The file's first bytes: of version 2 as many as its header has, where the file has them.
  ///   - name: The file's name, for messages.
  /// - Throws: ``MartletError`` naming the file, the field and what it holds.
  init(_ bytes: [UInt8], name: String) throws {
    let (version, isSwapped) = try Self.version(of: bytes, name)
    let layout = version.layout
    try Self.check(
      bytes.count >= layout.byteCount, name, "a header of \(layout.byteCount) bytes", bytes.count)
    let magic = Array(bytes[layout.magicOffset..<layout.magicOffset + layout.magic.count])
    let isPair = magic == layout.pairMagic
    try Self.check(
      isPair || magic == layout.magic, name, "the mark of NIfTI-\(version.rawValue) in its header",
      magic.allSatisfy { $0 == 0 } ? "none, as in files of ANALYZE 7.5" : "\(magic)")
    let header = NIfTIBytes(bytes: bytes, isSwapped: isSwapped)
    self.version = version
    self.isSwapped = isSwapped
    self.isPair = isPair
    let code = header.integers(layout.dataType)[0] ?? -1
    guard let sample = NIfTISample(rawValue: code) else {
      let known = NIfTISample.allCases.map { "\($0)" }.joined(separator: ", ")
      throw Self.failure(name, "voxels of \(known)", "\(NIfTISample.name(code)) (\(code))")
    }
    self.sample = sample
    (size, channels) = try Self.shape(header.integers(layout.dimensions).map { $0 ?? -1 }, sample, name)
    let slope = header.doubles(layout.slope)[0]
    let isScaled = slope.isFinite && slope != 0
    self.slope = isScaled ? slope : 1
    intercept = isScaled ? header.doubles(layout.intercept)[0] : 0
    try Self.check(intercept.isFinite, name, "a finite scl_inter", intercept)
    let offset = header.integers(layout.voxelOffset)[0] ?? -1
    let least = isPair ? 0 : layout.byteCount
    try Self.check(
      (least...Self.largestVoxelOffset).contains(offset), name,
      "vox_offset from \(least) to \(Self.largestVoxelOffset)", header.doubles(layout.voxelOffset)[0])
    voxelOffset = offset
    geometry = VolumeGeometry(
      pixelDimensions: header.doubles(layout.pixelDimensions), units: header.integers(layout.units)[0] ?? 0,
      qformCode: header.integers(layout.qformCode)[0] ?? 0,
      sformCode: header.integers(layout.sformCode)[0] ?? 0,
      quaternion: header.doubles(layout.quaternion), qformOffset: header.doubles(layout.qformOffset),
      sform: header.doubles(layout.sform))
    if let problem = geometry.problem { throw MartletError("volume", "\(name): \(problem)") }
  }

  /// Version and byte order follow from the header's length, its first field.
  private static func version(of bytes: [UInt8], _ name: String) throws -> (Version, isSwapped: Bool) {
    try check(bytes.count >= 4, name, "a NIfTI header", counted(bytes.count, "byte"))
    let length = bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
    for version in [Version.first, .second] {
      for isSwapped in [false, true] {
        let known = UInt32(version.layout.byteCount)
        if length == (isSwapped ? known.byteSwapped : known) { return (version, isSwapped) }
      }
    }
    throw failure(name, "a NIfTI header, whose first number is 348 or 540", length)
  }

  private static func shape(
    _ dimensions: [Int], _ sample: NIfTISample, _ name: String
  ) throws -> (VolumeSize, channels: Int) {
    let rank = dimensions[0]
    try check((1...7).contains(rank), name, "1 to 7 axes in dim", rank)
    let lengths = (1...7).map { $0 <= rank ? dimensions[$0] : 1 }
    try check(lengths.allSatisfy { $0 > 0 }, name, "lengths above 0 in dim", dimensions)
    let isVector = lengths[3] == 1
    let channels = isVector ? lengths[4] : lengths[3]
    try check(
      (isVector || lengths[4] == 1) && lengths[5] == 1 && lengths[6] == 1, name,
      "a volume with one axis of channels or times at most", "dim \(dimensions)")
    let byteCount = lengths.reduce(sample.byteCount) { $0.saturatingProduct($1) }
    // Numbers are held in four bytes, whatever they are stored as.
    try check(byteCount.saturatingProduct(8) < .max, name, "voxels that can be counted", "dim \(dimensions)")
    return (VolumeSize(depth: lengths[2], height: lengths[1], width: lengths[0]), channels)
  }

  private static func check(
    _ condition: Bool, _ name: String, _ expected: @autoclosure () -> String, _ got: @autoclosure () -> Any
  ) throws {
    if !condition { throw failure(name, expected(), got()) }
  }

  private static func failure(_ name: String, _ expected: String, _ got: Any) -> MartletError {
    MartletError("volume", "\(name): expected \(expected), got \(got)")
  }

  /// The header of a file that holds both, in this machine's byte order, up to where the voxels begin.
  var encoded: [UInt8] {
    let layout = version.layout
    var header = NIfTIBytes(bytes: [UInt8](repeating: 0, count: voxelOffset), isSwapped: false)
    header.store([layout.byteCount], .init(0, .int32))
    for (index, byte) in layout.magic.enumerated() { header.bytes[layout.magicOffset + index] = byte }
    let rank = channels == 1 ? 3 : 4
    header.store(
      [rank, size.width, size.height, size.depth, channels, 1, 1, 1], layout.dimensions)
    header.store([sample.rawValue], layout.dataType)
    header.store([sample.byteCount * 8], layout.bitsPerVoxel)
    header.store([voxelOffset], layout.voxelOffset)
    header.store([slope], layout.slope)
    header.store([intercept], layout.intercept)
    header.store(geometry.pixelDimensions, layout.pixelDimensions)
    header.store([geometry.units], layout.units)
    header.store([geometry.qformCode], layout.qformCode)
    header.store([geometry.sformCode], layout.sformCode)
    header.store(geometry.quaternion, layout.quaternion)
    header.store(geometry.qformOffset, layout.qformOffset)
    header.store(geometry.sform, layout.sform)
    return header.bytes
  }
}
