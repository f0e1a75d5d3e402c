import Foundation
import Martlet
import MartletFiles

/// Reads one tensor from a file that holds nothing else, as the format's test data come.
package func readONNXTensor(_ url: URL) throws -> Tensor {
  let file = try ReadableFile(url.path, operation: "onnx")
  do {
    let wire = try WireTensor(serializedBytes: Data(file.bytes(0..<file.byteCount)))
    return try wire.tensor(ExternalData(folder: url.deletingLastPathComponent()), "tensor")
  } catch let error as MartletError {
    throw error.naming(file.path)
  } catch {
    throw MartletError("onnx", "\(file.path): expected a tensor, got bytes that are none (\(error))")
  }
}
