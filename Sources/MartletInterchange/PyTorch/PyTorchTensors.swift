import Martlet

#if _endian(big)
  #error("the numbers in PyTorch's files are little-endian and are copied as they are")
#endif

extension PyTorchFile {
  /// How many times the file's size its tensors may take in memory, and what small files may take beyond that.
  ///
  /// A view can show one number as often as it likes, and views can overlap, so that a small file can stand for any amount
  /// of memory. Honest ones grow by conversion to wider numbers, at most four times, and a little by expanded tensors.
  private static let (largestGrowth, smallest) = (16, 64 << 20)

  /// Reads tensors, each distinct one once: names of the same tensor share its memory.
  ///
  /// - Parameter tensors: Numbers of tensors in the heap, by name.
  /// - Throws: ``MartletError`` that names the file.
  func read(_ tensors: [String: Int]) throws -> [String: Tensor] {
    var read: [PickledTensor: Tensor] = [:]
    try checkMemory(Set(tensors.values.map { heap.tensors[$0] }))
    return try Dictionary(
      uniqueKeysWithValues: tensors.sorted { $0.key < $1.key }.map { name, index in
        let pickled = heap.tensors[index]
        let tensor = try read[pickled] ?? tensor(pickled, name)
        read[pickled] = tensor
        return (name, tensor)
      })
  }

  private func checkMemory(_ tensors: Set<PickledTensor>) throws {
    var limit =
      file.byteCount.multipliedReportingOverflow(by: Self.largestGrowth).partialValue + Self.smallest
    for tensor in tensors {
      // No element takes more than 8 bytes; those of a view are picked from bytes that are in memory too.
      let (bytes, overflow) = tensor.elementCount.multipliedReportingOverflow(by: 8)
      limit -= overflow ? limit : min(bytes, limit)
      limit -= tensor.isContiguous ? 0 : min(tensor.span * tensor.type.byteCount, limit)
      guard limit > 0 else {
        throw MartletError(
          "pytorch",
          "\(file.path): expected tensors of at most \(Self.largestGrowth) times the \(file.byteCount) bytes of the file, "
            + "got views that stand for more")
      }
    }
  }

  /// Types that Martlet does not compute with become the next wider one that holds all their values, as in
  /// ``SafetensorsFile/tensor(_:)``.
  private func tensor(_ tensor: PickledTensor, _ name: String) throws -> Tensor {
    switch tensor.type {
    case .float32: try copy(tensor, as: Float.self)
    case .float64: try copy(tensor, as: Double.self)
    case .int32: try copy(tensor, as: Int32.self)
    case .int64: try copy(tensor, as: Int64.self)
    case .uint8: try copy(tensor, as: UInt8.self)
    case .float16: try gather(tensor, UInt16.self) { float(fromHalf: $0) }
    case .bfloat16: try gather(tensor, UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
    case .int8: try gather(tensor, Int8.self) { Int32($0) }
    case .int16: try gather(tensor, Int16.self) { Int32($0) }
    case .uint16: try gather(tensor, UInt16.self) { Int32($0) }
    case .uint32: try gather(tensor, UInt32.self) { Int64($0) }
    case .bool:
      // A `Bool` that is neither 0 nor 1 in memory would be undefined.
      try gather(tensor, UInt8.self) { byte in
        try require(
          byte <= 1, "pytorch", "\(file.path): expected 0 and 1 in '\(printable(name))' of bool, got \(byte)")
        return byte == 1
      }
    }
  }

  /// Reads elements that are in memory as in the file; where they also lie in the same order, straight to their place.
  private func copy<Scalar: TensorScalar & BitwiseCopyable>(
    _ tensor: PickledTensor, as _: Scalar.Type
  ) throws -> Tensor {
    guard tensor.isContiguous else { return try gather(tensor, Scalar.self) { $0 } }
    return try Tensor(type: TensorType(tensor.shape, Scalar.scalarType)) {
      (elements: UnsafeMutableBufferPointer<Scalar>) in
      try file.read(at: range(of: tensor).lowerBound, into: UnsafeMutableRawBufferPointer(elements))
    }
  }

  /// Reads a tensor's part of its storage and picks the elements in logical order.
  private func gather<Stored: BitwiseCopyable, Scalar: TensorScalar>(
    _ tensor: PickledTensor, _: Stored.Type, _ convert: (Stored) throws -> Scalar
  ) throws -> Tensor {
    let bytes = try file.bytes(range(of: tensor))
    return try Tensor(type: TensorType(tensor.shape, Scalar.scalarType)) {
      (elements: UnsafeMutableBufferPointer<Scalar>) in
      try bytes.withUnsafeBytes { bytes in
        let width = MemoryLayout<Stored>.size
        let length = tensor.shape.last ?? 1
        let step = tensor.strides.last ?? 0
        var next = 0
        try tensor.forEachRow { start in
          for i in 0..<length {
            let place = (start + i * step) * width
            let element = try convert(bytes.loadUnaligned(fromByteOffset: place, as: Stored.self))
            elements.initializeElement(at: next, to: element)
            next += 1
          }
        }
      }
    }
  }

  /// Where a tensor's elements, from the first to the last, lie in the file.
  private func range(of tensor: PickledTensor) -> Range<Int> {
    let storage = storages[tensor.storage]
    // A tensor without elements may claim to begin anywhere.
    guard tensor.span > 0 else { return storage.lowerBound..<storage.lowerBound }
    let start = storage.lowerBound + tensor.offset * tensor.type.byteCount
    return start..<(start + tensor.span * tensor.type.byteCount)
  }
}
