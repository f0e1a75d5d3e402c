import Martlet
import MartletFiles

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Reads a model's parameters and buffers from a safetensors file or one that `torch.save` wrote.
///
/// Which of them a file is, is seen from its first bytes, whatever its name. Shapes and the order of dimensions are those of
/// the file, which are PyTorch's.
///
/// `module.` and `_orig_mod.` in front of every name are left out: PyTorch puts them there when a model is wrapped by
/// `DataParallel`, `DistributedDataParallel` or `torch.compile`.
///
/// - Returns: The tensors by name, row-major; see ``loadSafetensors(_:checksum:)`` and ``loadPyTorch(_:)`` for types.
/// - Throws: ``MartletError`` that names the file and what is wrong with it.
public func loadWeights(_ url: URL) throws -> [String: Tensor] {
  withoutWrappers(try isPyTorchFile(url) ? loadPyTorch(url) : loadSafetensors(url))
}

/// Whether a file begins as one of PyTorch's.
package func isPyTorchFile(_ url: URL) throws -> Bool {
  let file = try ReadableFile(url.relativePath, operation: "weights")
  return PyTorchForm(start: try file.bytes(0..<min(file.byteCount, 512))) != nil
}

/// Reads a state dict that `torch.save` wrote, in the form of a zip archive or that before PyTorch 1.6.
///
/// The file may also be a checkpoint: a dictionary that holds the state dict under `state_dict`, `model_state_dict`,
/// `model` or `model_state`. Nothing in the file is run: its pickle is read by rules that know tensors, numbers, text and
/// containers, and every other name is refused. Tensors may be views with any strides. Their bytes are read from the file
/// one tensor after the other, so that memory is needed for the state dict and little beside it.
///
/// float16 and bfloat16 become float32; int8, int16 and uint16 int32; uint32 int64.
///
/// - Returns: The tensors by name, row-major, in PyTorch's shapes. Names of the same tensor share its memory.
/// - Throws: ``MartletError`` that names the file and what is wrong with it.
public func loadPyTorch(_ url: URL) throws -> [String: Tensor] {
  let file = try PyTorchFile(ReadableFile(url.relativePath, operation: "pytorch"))
  do {
    return try file.read(StateDictSearch(heap: file.heap).tensors(in: file.root))
  } catch let error as MartletError {
    throw error.naming(file.file.path)
  }
}

/// The same without the names of wrappers in front of every name.
private func withoutWrappers(_ tensors: [String: Tensor]) -> [String: Tensor] {
  var tensors = tensors
  // A wrapper in a wrapper is usual; more than a few are not.
  for _ in 0..<4 {
    let wrapper = ["module.", "_orig_mod."].first { prefix in
      tensors.keys.allSatisfy { $0.hasPrefix(prefix) && $0 != prefix }
    }
    guard let wrapper, !tensors.isEmpty else { break }
    tensors = Dictionary(tensors.map { (String($0.key.dropFirst(wrapper.count)), $0.value) }) { first, _ in
      first
    }
  }
  return tensors
}
