import CMartletKernels

/// The matrix kernels of the instruction set in use on the calling thread.
func gemmKernels(_ scalar: RealFormat) -> martlet_gemm_kernels {
  let isDouble: Int32 = scalar == .float64 ? 1 : 0
  if martlet_thread().pointee.forced_wide_tiles != 0 { return martlet_gemm_wide_table(isDouble).pointee }
  return martlet_gemm_table(InstructionSet.current.cValue, isDouble).pointee
}

/// Runs `body` with the AVX-512 shape of tile in portable code, so that its logic is tested on any machine.
func withWideTiles<Result>(_ body: () throws -> Result) rethrows -> Result {
  let state = martlet_thread()
  let before = state.pointee.forced_wide_tiles
  state.pointee.forced_wide_tiles = 1
  defer { state.pointee.forced_wide_tiles = before }
  return try body()
}
