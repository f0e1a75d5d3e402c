import Foundation
import Martlet
import Testing

@testable import MartletInterchange

@Suite struct SafetensorsTensorTests {
  let folder: TemporaryFolder
  let url: URL

  init() throws {
    folder = try TemporaryFolder()
    url = folder.url.appendingPathComponent("model.safetensors")
  }

  @Test func everyScalarTypeComesBack() throws {
    try saveSafetensors(
      [
        "float": Tensor(shape: [2, 2], scalars: [1, -2.5, .infinity, 0] as [Float]),
        "double": Tensor(shape: [], scalars: [0.1]),
        "int": Tensor(shape: [2], scalars: [Int32.min, .max]),
        "long": Tensor(shape: [2], scalars: [Int64.min, .max]),
        "byte": Tensor(shape: [3], scalars: [0, 1, 255] as [UInt8]),
        "truth": Tensor(shape: [3], scalars: [true, false, true]),
        "empty": Tensor(shape: [0, 3], scalars: [] as [Float]),
      ], metadata: ["epoch": "4"], to: url)
    let tensors = try loadSafetensors(url, checksum: .required)
    #expect(tensors.count == 7)
    #expect(try tensors["float"]?.scalars(Float.self) == [1, -2.5, .infinity, 0])
    #expect(tensors["float"]?.shape == [2, 2])
    #expect(try tensors["double"]?.item(Double.self) == 0.1)
    #expect(tensors["double"]?.shape == [])
    #expect(try tensors["int"]?.scalars(Int32.self) == [.min, .max])
    #expect(try tensors["long"]?.scalars(Int64.self) == [.min, .max])
    #expect(try tensors["byte"]?.scalars(UInt8.self) == [0, 1, 255])
    #expect(try tensors["truth"]?.scalars(Bool.self) == [true, false, true])
    #expect(tensors["empty"]?.shape == [0, 3])
    #expect(try SafetensorsFile(contentsOf: url).metadata["epoch"] == "4")
  }

  @Test func elementsAreWrittenInLogicalOrder() throws {
    let scalars = (0..<24).map(Float.init)
    try saveSafetensors(["x": Tensor(shape: [2, 3, 2, 2], scalars: scalars, layout: .channelsLast)], to: url)
    #expect(try SafetensorsFile(contentsOf: url).floats(of: "x") == scalars)
    let read = try #require(try loadSafetensors(url)["x"])
    #expect(read.layout == .rowMajor)
    #expect(try read.scalars(Float.self) == scalars)
  }

  @Test func otherTypesAreWidened() throws {
    let file = try SafetensorsFile(contentsOf: fixtures.appendingPathComponent("safetensors.safetensors"))
    #expect(try file.tensor("half").scalars(Float.self) == [1, -2.5, 65504, 0x1p-24, .infinity, -0.0])
    #expect(try file.tensor("brain").scalars(Float.self).prefix(2) == [1, -2.5])
    #expect(try file.tensor("int8").scalars(Int32.self) == [-128, 0, 127])
    #expect(try file.tensor("int16").scalars(Int32.self) == [-32768, 32767])
    #expect(try file.tensor("uint16").scalars(Int32.self) == [65535])
    #expect(try file.tensor("uint32").scalars(Int64.self) == [4_294_967_295])
    let error = #expect(throws: MartletError.self) { try file.tensor("uint64") }
    #expect(error?.message.contains("'uint64' of a type that Martlet has, got U64") == true)
  }

  @Test func truthValuesMustBeZeroOrOne() throws {
    try Safetensors.write(["t": SafetensorsValue(.bool, [2], bytes: [1, 2])], to: url)
    let error = #expect(throws: MartletError.self) { try loadSafetensors(url) }
    #expect(error?.message.contains("expected 0 and 1 in tensor 't' of BOOL, got 2") == true)
  }
}
