import Martlet
import MartletFiles

/// A file that `torch.save` wrote: a pickle, and where the bytes of its storages lie.
struct PyTorchFile {
  let file: ReadableFile
  let root: PickleValue
  let heap: PickleHeap
  /// Where each storage's bytes lie in the file.
  let storages: [Range<Int>]

  /// Opens a file in either of PyTorch's forms and checks that its storages are there.
  ///
  /// - Throws: ``MartletError`` that names the file and what is wrong with it.
  init(_ file: ReadableFile) throws {
    self.file = file
    do {
      let start = try file.bytes(0..<min(file.byteCount, 512))
      switch PyTorchForm(start: start) {
      case .archive?: (root, heap, storages) = try PyTorchArchive.read(file)
      case .legacy?: (root, heap, storages) = try PyTorchLegacy.read(file)
      case .tar?:
        throw MartletError(
          "pytorch",
          "refuses the tar form of 2016: load the file with PyTorch and save its state_dict() again")
      case .pickle?:
        throw MartletError(
          "pytorch",
          "expected a file that torch.save wrote, got a plain pickle: save the state_dict() with torch.save")
      case nil: throw MartletError("pytorch", "expected a file that torch.save wrote, got something else")
      }
    } catch let error as MartletError {
      throw error.naming(file.path)
    }
  }
}

/// The forms of PyTorch's files, by how they begin.
enum PyTorchForm {
  /// A zip archive, since version 1.6.
  case archive
  /// Pickles and then storages, before that.
  case legacy
  /// A tar archive, in the beginning.
  case tar
  /// What Python's own module writes.
  case pickle

  /// - Parameter start: A file's first 512 bytes, or all that it has.
  init?(start: [UInt8]) {
    func has(_ bytes: [UInt8], at offset: Int = 0) -> Bool { start.dropFirst(offset).starts(with: bytes) }
    // The byte that says how an archive's first entry is stored is where a safetensors header begins.
    if has(Array("PK\u{3}\u{4}".utf8)), !has([UInt8(ascii: "{")], at: 8) {
      self = .archive
    } else if has(PyTorchLegacy.magic) {
      self = .legacy
    } else if has(Array("ustar".utf8), at: 257) {
      self = .tar
    } else if start.first == PickleOperation.proto.rawValue, !has([UInt8(ascii: "{")], at: 8) {
      self = .pickle
    } else {
      return nil
    }
  }
}
