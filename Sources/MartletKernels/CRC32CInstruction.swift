import CMartletKernels

/// The state of a CRC-32C after some bytes, by the processor's instruction for it; `nil` where there is none.
///
/// - Parameter state: That before them, not inverted.
public func crc32c(_ state: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32? {
  guard martlet_has_crc32c(InstructionSet.current.cValue) != 0 else { return nil }
  return martlet_crc32c(state, bytes.baseAddress, bytes.count)
}
