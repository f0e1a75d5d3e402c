import CMartletKernels

/// Whether this machine multiplies numbers in bfloat16, on the instruction set in use on the calling thread.
///
/// Where it does not, ``BFloat16Convolution`` computes the same sums with portable kernels, which are slow: there for
/// tests, not to be chosen.
public var hasBFloat16Kernels: Bool { martlet_bfloat16_supported(InstructionSet.current.cValue) != 0 }

/// The kernels of the instruction set in use on the calling thread.
func bfloat16Kernels() -> martlet_bfloat16_kernels {
  martlet_bfloat16_table(InstructionSet.current.cValue).pointee
}

/// Numbers of 4 bytes, which kernels take as one element.
let bfloat16PairBytes = MemoryLayout<Float>.stride

/// Bytes from one row of a product's left operand to the next, at least `byteCount`: rows that are a multiple of a large
/// power of two apart would contend for the same lines of the first cache.
func spacedRowBytes(_ byteCount: Int) -> Int { byteCount % 1024 == 0 ? byteCount + 64 : byteCount }
