import Martlet

/// The classes and functions that a pickle may name: those that `torch.save` needs for a dictionary of tensors.
///
/// A pickle is a program, and one that may name anything can do anything
/// (<https://docs.python.org/3/library/pickle.html>). Here a name is one of these or an error, and what it stands for is
/// Martlet's own doing.
enum PickleGlobal: Hashable, Sendable, CustomStringConvertible {
  case orderedDictionary
  /// `_rebuild_tensor`, `_rebuild_tensor_v2`: a view of a typed storage.
  case rebuildTensor
  /// `_rebuild_tensor_v3`: a view of bytes, with its type beside it.
  case rebuildTypedTensor
  /// A tensor that is marked as learnt.
  case parameter
  /// A storage class; without a type, bytes.
  case storage(PyTorchType?)
  case type(PyTorchType)
  case size
  case device

  /// - Throws: ``MartletError`` naming what is refused, with the operation `pytorch` and no file in it.
  init(module: String, name: String) throws {
    switch (module, name) {
    case ("collections", "OrderedDict"): self = .orderedDictionary
    case ("torch._utils", "_rebuild_tensor"), ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensor
    case ("torch._utils", "_rebuild_tensor_v3"): self = .rebuildTypedTensor
    case ("torch._utils", "_rebuild_parameter"), ("torch._utils", "_rebuild_parameter_with_state"),
      ("torch.nn.parameter", "Parameter"):
      self = .parameter
    case ("torch.storage", "UntypedStorage"): self = .storage(nil)
    case ("torch", "Size"): self = .size
    case ("torch", "device"): self = .device
    default:
      if module == "torch", let type = PyTorchType(storage: name) {
        self = .storage(type)
      } else if module == "torch", let type = PyTorchType(rawValue: name) {
        self = .type(type)
      } else {
        throw MartletError("pytorch", "refuses \(printable("\(module).\(name)")): \(Self.hint(module, name))")
      }
    }
  }

  private static func hint(_ module: String, _ name: String) -> String {
    if module == "torch", name.hasSuffix("Storage") || !name.contains(where: \.isUppercase) {
      return "Martlet has no tensors of this type"
    }
    if module == "torch._utils" { return "only dense tensors are read" }
    return
      "only tensors, numbers, text, lists and dictionaries are read, and nothing that a file names is run; "
      + "save a model's state_dict()"
  }

  var description: String {
    switch self {
    case .orderedDictionary: "the class OrderedDict"
    case .rebuildTensor, .rebuildTypedTensor: "a function that makes tensors"
    case .parameter: "the class Parameter"
    case .storage: "the class of a storage"
    case .type(let type): "torch.\(type)"
    case .size: "the class torch.Size"
    case .device: "the class torch.device"
    }
  }
}
