import CMartletKernels

/// A convolution, or a transposed one, as an implicit product of operands in bfloat16, two to an element.
struct BFloat16Product {
  private let product: NarrowProduct

  private static let numbersInElement = 2

  static func supports(_ part: ConvolutionPart, _ shape: ConvolutionShape) -> Bool {
    NarrowProduct.supports(part, shape, numbersInElement: numbersInElement)
  }

  init(_ part: ConvolutionPart, _ shape: ConvolutionShape) {
    product = NarrowProduct(
      part, shape, numbersInElement: Self.numbersInElement, bfloat16Kernels().products)
  }

  var panels: BFloat16Panels { BFloat16Panels(panels: product.panels) }
  var workspaceByteCount: Int { product.workspaceByteCount }
  var addsInPlace: Bool { product.addsInPlace }

  func run(_ operands: NarrowOperands, workspace: UnsafeMutableRawPointer) {
    let round = bfloat16Kernels().round_rows
    product.run(operands, workspace: workspace) { from, rows, channels, to, pitch in
      round?(
        from, rows, channels, to.assumingMemoryBound(to: UInt16.self), pitch / MemoryLayout<UInt16>.stride)
    }
  }
}

/// Weights of implicit products in pairs of channels, rounded to bfloat16.
struct BFloat16Panels: Hashable {
  fileprivate let panels: NarrowPanels

  var byteCount: Int { panels.byteCount }

  func pack(_ weights: UnsafePointer<Float>, to packed: UnsafeMutableRawPointer) {
    panels.elements.pack(UnsafeRawPointer(weights), to: packed) { panel, _ in
      martlet_pack_weights_bfloat16(panel, panels.neighbour)
    }
  }
}
