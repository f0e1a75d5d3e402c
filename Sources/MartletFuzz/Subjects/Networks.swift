import Foundation
import MartletONNX

extension FuzzSubject {
  /// Files are read and translated, not run: a network may ask for any amount of work.
  static let onnx = FuzzSubject(name: "onnx") { fixtures in
    try fixtures.files(within: "onnx_cases.safetensors", named: "/model")
  } read: { input in
    _ = try ONNXModel(Data(input))
  }
}
