import Foundation
import Martlet
import MartletKernels
import Testing

@testable import MartletInterchange

/// Packed files give back the predictor that they were made of, and refuse what does not fit.
@Suite struct PackedModelTests {
  private let folder: TemporaryFolder
  private var file: URL { folder.url.appending(path: "model.packed") }
  private static let type = TensorType([1, 3, 20, 28], .float32, .channelsLast)

  init() throws { folder = try TemporaryFolder() }

  /// Two convolutions and batch normalisation.
  private final class Network: Layer {
    let conv: Conv2d
    let norm: BatchNorm
    let head: Conv2d

    init(channels: Int = 24) throws {
      conv = try Conv2d(inputChannels: 3, outputChannels: channels, kernelSize: 3, padding: 1, bias: false)
      norm = try BatchNorm(channels: channels)
      head = try Conv2d(inputChannels: channels, outputChannels: 2, kernelSize: 1)
      try norm.runningMean.assign(Initializer.current.uniform([channels], bound: 0.5))
    }

    func forward(_ input: Tensor) throws -> Tensor { try head(norm(conv(input)).relu()) }
  }

  private func pack(_ seed: UInt64 = 1) throws -> PackedModel {
    let network = try withSeed(seed) { try Network() }
    let predictor = Predictor(network)
    return PackedModel(
      description: "a network", source: "seed \(seed)",
      constants: try predictor.packedConstants(for: [Self.type]))
  }

  private func start(_ packed: PackedModel, channels: Int = 24) throws -> Predictor {
    // Other weights than those that were packed.
    let network = try withSeed(99) { try Network(channels: channels) }
    return try Predictor(packed: packed.constants) { [try network($0[0])] }
  }

  @Test func roundTrip() throws {
    try pack().write(to: file)
    let packed = try PackedModel(contentsOf: file)
    #expect(packed.description == "a network" && packed.source == "seed 1")
    let started = try start(packed)
    let own = Predictor(try withSeed(1) { try Network() })
    // The size that it was packed for, and others.
    for (height, width) in [(20, 28), (7, 9), (64, 64)] {
      let image = try Tensor.normal(
        TensorType([1, 3, height, width], .float32, .channelsLast), seed: 5, stream: 1)
      #expect(try started(image).scalars(Float.self) == own(image).scalars(Float.self), "\(height)×\(width)")
    }
  }

  @Test func bytesAreTheSameEachTime() throws {
    try pack().write(to: file)
    let first = try Data(contentsOf: file)
    for _ in 0..<5 {
      try pack().write(to: file)
      #expect(try Data(contentsOf: file) == first)
    }
  }

  @Test func constantsAreAligned() throws {
    try pack().write(to: file)
    for entry in try PackedModel(contentsOf: file).constants.entries {
      entry.withBytes { #expect(UInt(bitPattern: $0.baseAddress) % 64 == 0, "\(entry.meaning)") }
    }
  }

  @Test func anotherNetworkIsRefused() throws {
    try pack().write(to: file)
    let packed = try PackedModel(contentsOf: file)
    let error = #expect(throws: MartletError.self) { try start(packed, channels: 32) }
    #expect(error?.message.hasPrefix("expected ") == true)
  }

  @Test func anotherInstructionSetIsRefused() throws {
    guard InstructionSet.available.count > 1, let other = InstructionSet.available.first else { return }
    try pack().write(to: file)
    let error = #expect(throws: MartletError.self) {
      try InstructionSet.with(other) { try PackedModel(contentsOf: file) }
    }
    #expect(error?.message.contains("packed for") == true)
  }

  /// Every byte of the header and of the constants matters, and every length of the file.
  @Test func damageIsRefused() throws {
    try pack().write(to: file)
    let bytes = [UInt8](try Data(contentsOf: file))
    let headerEnd = 24 + Int(bytes[8]) + Int(bytes[9]) << 8
    let damaged = folder.url.appending(path: "damaged")
    for position in 0..<headerEnd where !(20..<24).contains(position) {
      var copy = bytes
      copy[position] ^= 0x10
      try Data(copy).write(to: damaged)
      #expect(throws: MartletError.self, "byte \(position)") { try PackedModel(contentsOf: damaged) }
    }
    let constants = try PackedModel(contentsOf: file).constants.entries
    let start = bytes.count - constants.reduce(0) { $0 + ($1.type.byteCount + 63) / 64 * 64 }
    var offset = start
    for constant in constants {
      for position in [offset, offset + constant.type.byteCount / 2, offset + constant.type.byteCount - 1] {
        var copy = bytes
        copy[position] ^= 0x10
        try Data(copy).write(to: damaged)
        let error = #expect(throws: MartletError.self) { try PackedModel(contentsOf: damaged) }
        #expect(error?.message.contains("damaged") == true)
        let opening = PackedOpening(damaged)
        // That is found whatever else was asked before.
        #expect(throws: MartletError.self) { try opening.model(madeOf: "other weights") }
        _ = try opening.model(madeOf: PackedModel(contentsOf: file).source)
        #expect(throws: MartletError.self) { try opening.check() }
      }
      offset += (constant.type.byteCount + 63) / 64 * 64
    }
    for count in [0, 1, 8, 23, 24, 100, headerEnd, bytes.count / 2, bytes.count - 64] {
      try Data(bytes[..<count]).write(to: damaged)
      #expect(throws: MartletError.self, "\(count) bytes") { try PackedModel(contentsOf: damaged) }
    }
  }

  /// Writes a file of one constant, four zeros, with a header of right checksums.
  private func write(
    revision: String = #""revision":\#(PackedHeader.currentRevision),"#, shape: String = #""shape":[4]"#,
    memory: Int? = nil
  ) throws {
    let checksum = CRC32C.checksum([UInt8](repeating: 0, count: 16))
    let header =
      #"{"version":"\#(martletVersion)",\#(revision)"instructionSet":"\#(InstructionSet.current.rawValue)","#
      + #""description":"","source":"","argumentTypes":[],\#(memory.map { #""arenaByteCount":\#($0),"# } ?? "")"#
      + #""constants":[{"meaning":"x","type":{\#(shape),"scalar":"float32","layout":"rowMajor"},"offset":0,"checksum":\#(checksum)}]}"#
    let text = Array(header.utf8)
    var bytes = Array("martletp".utf8)
    withUnsafeBytes(of: UInt64(text.count).littleEndian) { bytes += Array($0) }
    withUnsafeBytes(of: CRC32C.checksum(text).littleEndian) { bytes += Array($0) }
    bytes += [0, 0, 0, 0] + text
    bytes += [UInt8](repeating: 0, count: (bytes.count + 63) / 64 * 64 + 256 - bytes.count)
    try Data(bytes).write(to: file)
  }

  /// What a header claims is looked at only where it can be read.
  @Test func aHeaderThatIsRightIsRead() throws {
    try write()
    #expect(try PackedModel(contentsOf: file).constants.entries.map(\.type.shape) == [[4]])
  }

  /// Sizes and places that a header can claim, with a checksum that is right.
  @Test(arguments: [
    #""shape":[9223372036854775807,2]"#, #""shape":[-1]"#, #""shape":[4611686018427387904]"#,
    #""shape":[1000000]"#, #""shape":[0,4611686018427387904,4]"#,
  ])
  func claimsAreChecked(_ shape: String) throws {
    try write(shape: shape)
    let error = #expect(throws: MartletError.self) { try PackedModel(contentsOf: file) }
    #expect(
      error?.message.contains("expected a shape") == true || error?.message.contains("cut short") == true)
  }

  /// Memory is made ready for the run that a file speaks of, up to what a start has time for.
  @Test func headStarts() {
    let largest = PackedOpening.largestHeadStart
    #expect(
      [Int.min, -1, 0, largest + 1, Int.max].map(PackedOpening.headStart) == [nil, nil, nil, nil, nil])
    #expect([1, largest].map(PackedOpening.headStart) == [1, largest])
  }

  @Test(arguments: [-1, 0, 5 << 20, 1 << 50, Int.max])
  func memoryIsAHint(_ byteCount: Int) throws {
    try write(memory: byteCount)
    let opening = PackedOpening(file)
    try opening.check()
    #expect(try opening.model(madeOf: "").constants.arenaByteCount == byteCount)
  }

  @Test func whatIsOpenedIsChecked() throws {
    let missing = PackedOpening(file)
    #expect(throws: MartletError.self) { try missing.model(madeOf: "seed 1") }
    try missing.check()
    let packed = try pack()
    try packed.write(to: file)
    let opening = PackedOpening(file)
    let error = #expect(throws: MartletError.self) { try opening.model(madeOf: "seed 2") }
    #expect(error?.message.contains("other weights") == true)
    let opened = try opening.model(madeOf: "seed 1")
    try opening.check()
    #expect(opened.constants.arenaByteCount > 0)
    #expect(opened.constants.arenaByteCount == packed.constants.arenaByteCount)
    let image = try Tensor.normal(Self.type, seed: 5, stream: 1)
    let own = Predictor(try withSeed(1) { try Network() })
    #expect(try start(opened)(image).scalars(Float.self) == own(image).scalars(Float.self))
  }

  /// The instruction set is that of whoever opens the file, not of the thread that reads it.
  @Test func theInstructionSetIsTheOpeners() throws {
    guard let other = InstructionSet.available.first(where: { $0 != .current }) else { return }
    try InstructionSet.with(other) {
      try pack().write(to: file)
      _ = try PackedOpening(file).model(madeOf: "seed 1")
    }
    #expect(throws: MartletError.self) { try PackedOpening(file).model(madeOf: "seed 1") }
  }

  @Test(arguments: [
    (
      #""revision":\#(PackedHeader.currentRevision - 1),"#,
      "expected revision \(PackedHeader.currentRevision)"
    ),
    // Files had no revision at first.
    ("", "expected a header as Martlet \(martletVersion) writes it"),
  ])
  func anotherRevisionIsRefused(_ revision: String, _ message: String) throws {
    try write(revision: revision)
    let error = #expect(throws: MartletError.self) { try PackedModel(contentsOf: file) }
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }
}
