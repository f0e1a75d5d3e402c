import MartletKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Floats that end where unmapped memory begins, so that reading or writing past them stops the test.
final class WalledArray {
  private let base: UnsafeMutableRawPointer
  private let byteCount: Int
  let values: UnsafeMutableBufferPointer<Float>

  init(_ contents: [Float]) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let usable = (contents.count * 4 + page - 1) / page * page
    byteCount = usable + page
    base = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)!
    precondition(base != MAP_FAILED && mprotect(base + usable, page, PROT_NONE) == 0)
    let start = (base + usable - contents.count * 4).bindMemory(to: Float.self, capacity: contents.count)
    values = UnsafeMutableBufferPointer(start: start, count: contents.count)
    _ = values.initialize(from: contents)
  }

  var pointer: UnsafeMutablePointer<Float> { values.baseAddress! }

  deinit { munmap(base, byteCount) }
}

/// Runs the gradient of the weights on arrays behind walls, with the workspace and the result full of rubbish first.
struct WinogradWeightsRun {
  let shape: ConvolutionShape
  let tile: Int
  /// Channels of the tensors that the operands are slices of, and the first channel of the slices.
  var inputPitch: Int?
  var outputGradientPitch: Int?
  var affine: (scale: [Float], shift: [Float], rectified: Bool)?

  func callAsFunction(_ input: [Float], _ outputGradient: [Float]) -> [Float] {
    let input = WalledArray(spread(input, shape.inputChannels, inputPitch))
    let gradient = WalledArray(spread(outputGradient, shape.outputChannels, outputGradientPitch))
    let result = WalledArray([Float](repeating: .nan, count: shape.weightElementCount))
    let workspaceBytes = WinogradWeightGradient.workspace(shape, tile: tile)
    let workspace = WalledArray([Float](repeating: .nan, count: workspaceBytes / 4))
    let scale = WalledArray(affine?.scale ?? [])
    let shift = WalledArray(affine?.shift ?? [])
    WinogradWeightGradient.run(
      shape, tile: tile, input: input.pointer, outputGradient: gradient.pointer,
      weightGradient: result.pointer, workspace: UnsafeMutableRawPointer(workspace.pointer),
      inputPitch: inputPitch, outputGradientPitch: outputGradientPitch,
      inputAffine: affine.map {
        InputAffine(scale: scale.pointer, shift: shift.pointer, rectified: $0.rectified)
      })
    return Array(result.values)
  }

  /// Pixels further apart, with what must not be read between them. Nothing follows the last pixel.
  private func spread(_ values: [Float], _ channels: Int, _ pitch: Int?) -> [Float] {
    guard let pitch, !values.isEmpty else { return values }
    var spread: [Float] = []
    for pixel in 0..<values.count / channels {
      if pixel > 0 { spread += [Float](repeating: .nan, count: pitch - channels) }
      spread += values[pixel * channels..<(pixel + 1) * channels]
    }
    return spread
  }
}
