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

extension martlet_gemm_kernels {
  /// sums += leftᵀ · right: for each row of both, the products of all elements of the left one with all of the right one.
  ///
  /// - Parameters:
  ///   - left: [rows, leftColumns], row after row.
  ///   - right: Panels of a row's elements, `panelStride` apart, or the matrix itself where a panel's width divides it.
  ///   - rightStep: Elements from one row of a panel to the next.
  ///   - sums: [leftColumns, panels · width].
  func addOuterProducts(
    _ left: UnsafeRawPointer, rows: Int, leftColumns: Int, _ right: UnsafeRawPointer, panels: Int,
    panelStride: Int, rightStep: Int, to sums: UnsafeMutableRawPointer
  ) {
    var line: UnsafeRawPointer? = left
    var none = 0
    var end = rows
    var block = martlet_outer_block()
    block.lines = 1
    block.taps = 1
    block.left_step = leftColumns
    block.left_rows = leftColumns
    block.right = right
    block.right_panel_stride = panelStride
    block.right_step = rightStep
    block.right_panels = panels
    block.sums = sums
    withUnsafePointer(to: &line) { line in
      withUnsafePointer(to: &none) { none in
        withUnsafePointer(to: &end) { end in
          block.left_lines = line
          block.left_offsets = none
          block.first_pixels = none
          block.end_pixels = end
          add_outer_products(&block)
        }
      }
    }
  }

  /// Panels of a matrix's rows for ``addOuterProducts(_:rows:leftColumns:_:panels:panelStride:rightStep:to:)`` and for
  /// products from the left: [panel, row, width], the last panel filled up with zeros.
  func packRows(
    _ source: UnsafeRawPointer, rows: Int, columns: Int, stride: Int, to panels: UnsafeMutableRawPointer
  ) {
    var copy = martlet_panel_copy()
    copy.source = source
    copy.pixels = rows
    copy.pixel_stride = stride
    copy.channels = columns
    copy.panels = panels
    copy.panel_stride = rows * Int(width)
    pack_right(&copy)
  }
}
