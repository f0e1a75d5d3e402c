import Martlet
import MartletInterchange
import MartletKernels

extension FuzzSubject {
  static let safetensors = FuzzSubject(name: "safetensors") { fixtures in
    try fixtures.files("safetensors") + [
      Scratch.written("seed.safetensors") {
        try saveSafetensors(["a": Tensor(shape: [3], scalars: [1, 2, 3] as [Float])], to: $0)
      }
    ]
  } read: { input in
    let file = try SafetensorsFile(contentsOf: Scratch.file("input.safetensors", input))
    for name in file.names {
      expect(try file.bytes(of: name).count == file.entry(name).byteRange.count, "bytes")
    }
    _ = try file.tensors()
  }

  static let pytorch = FuzzSubject(name: "pytorch") { fixtures in
    try fixtures.files(in: "pytorch", "pt", "pkl")
  } read: { input in
    _ = try loadPyTorch(Scratch.file("input.pt", input))
  }

  /// Inputs are headers: what stands in front of one, and its checksum, is put there.
  static let packed = FuzzSubject(name: "packed") { _ in
    let types = [TensorType([2, 3], .float32), TensorType([1, 2, 3, 4], .float32, .channelsLast)]
    let constants = PackedConstants(
      argumentTypes: types,
      entries: try types.map {
        .init(meaning: "a weight", type: $0, storage: try Storage(byteCount: $0.byteCount))
      }, arenaByteCount: 1 << 20)
    let file = try Scratch.written("seed.packed") {
      try PackedModel(description: "unet", source: "weights", constants: constants).write(to: $0)
    }
    return [Array(file[24..<file.count].prefix { $0 != 0 })]
  } read: { input in
    func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
      withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
    let start =
      Array("martletp".utf8) + littleEndian(UInt64(input.count)) + littleEndian(CRC32C.checksum(input)) + [
        0, 0, 0, 0,
      ]
    let rest = [UInt8](repeating: 0, count: 512 - (start.count + input.count) % 64)
    let model = try PackedModel(contentsOf: Scratch.file("input.packed", start + input + rest))
    for entry in model.constants.entries {
      entry.withBytes { bytes in expect(bytes.allSatisfy { $0 == 0 }, "the file's constants") }
    }
  }
}
