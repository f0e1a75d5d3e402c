import Foundation
import Testing

@testable import MartletONNX

@Suite struct WireModelTests {
  @Test func anEmptyModelComesBack() throws {
    var model = WireModel()
    model.irVersion = 8
    let bytes: Data = try model.serializedBytes()
    #expect(try WireModel(serializedBytes: bytes) == model)
  }
}
