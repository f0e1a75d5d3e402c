import CMartletKernels

/// The gradient of a convolution with respect to its weights by Winograd's minimal filtering (Lavin and Gray, "Fast
/// Algorithms for Convolutional Neural Networks", 2015), in float32: of those that a ``WinogradTile`` supports, of any
/// depth.
///
/// Output pixels are taken in tiles. Of a kernel of r × r taps, one of m × m costs (m + r − 1)² multiplications for each
/// pair of channels in place of (m · r)². A dilated convolution is as many plain ones as its dilations' product, on the
/// pixels of equal phase; for one of stride 2 the polyphase components of the input are channels. For each tap along the
/// depth the tiles of one slice are multiplied by those of another.
public enum WinogradWeightGradient {
  /// Bytes of scratch memory that ``run(_:tile:input:outputGradient:weightGradient:workspace:)`` needs.
  public static func workspace(_ shape: ConvolutionShape, tile: WinogradTile) -> Int {
    WinogradWeightsCut(shape, tile).workspaceByteCount
  }

  /// Writes the gradient with respect to the weights, [output channels, input channels, depth, height, width].
  ///
  /// - Parameter input: The input's channels, in one part or several.
  public static func run(
    _ shape: ConvolutionShape, tile: WinogradTile, input: [ConvolutionInputPart],
    outputGradient: UnsafePointer<Float>, weightGradient: UnsafeMutablePointer<Float>,
    workspace: UnsafeMutableRawPointer
  ) {
    precondition(
      tile.supports(shape), "not a convolution that Winograd's algorithm \(tile) is written for: \(shape)")
    precondition(
      input.map(\.channels).reduce(0, +) == shape.inputChannels
        && input.dropLast().allSatisfy { $0.channels % convolutionPartAlignment == 0 },
      "parts of an input do not make up its \(shape.inputChannels) channels")
    guard shape.outputElementCount > 0, shape.inputElementCount > 0 else {
      weightGradient.update(repeating: 0, count: shape.weightElementCount)
      return
    }
    let cut = WinogradWeightsCut(shape, tile)
    var cursor = WorkspaceCursor(workspace)
    let components = cut.takeComponents(&cursor)
    let gathered = cut.gathered?.take(&cursor)
    if let gathered { cut.gathered?.gather(input, to: gathered) }
    let job = WinogradWeightsJob(
      cut: cut,
      kernels: martlet_winograd_weights_table(
        InstructionSet.current.cValue, Int32(tile.outputs), Int32(tile.taps)
      ).pointee,
      input: gathered.map { [cut.gatheredImage($0)] } ?? cut.inputImages(input),
      outputGradient: cut.gradientImage(outputGradient), weightGradient: components ?? weightGradient,
      multiplied: cut.components.channelsAtFrequencies())
    switch cut.mode {
    case .tileRanges(let parts): job.runByTileRanges(parts, &cursor)
    case .weightBlocks(let strands): job.runByWeightBlocks(strands, &cursor)
    }
    if let components { cut.polyphase?.join(components, to: weightGradient) }
  }
}
