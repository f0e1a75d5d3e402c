/// The values of a window, in [0, 1], rows from the top and channels interleaved, while they are being changed.
struct WindowPixels {
  let values: UnsafeMutableBufferPointer<Float>
  let width: Int
  let height: Int
  let channels: Int

  /// - Precondition: the memory holds the window.
  init(_ values: UnsafeMutableBufferPointer<Float>, width: Int, height: Int, channels: Int) {
    precondition(values.count == width * height * channels, "a window's memory must hold the window")
    self.values = values
    self.width = width
    self.height = height
    self.channels = channels
  }

  /// Changes every value on its own and cuts it to [0, 1].
  @inline(__always)
  func map(_ change: (Float) -> Float) {
    for index in values.indices { values[index] = Self.cut(change(values[index])) }
  }

  /// Changes the colour of every pixel and cuts it to [0, 1]; does nothing where there is no colour.
  @inline(__always)
  func mapColors(_ change: (SIMD3<Float>) -> SIMD3<Float>) {
    guard channels == 3 else { return }
    for first in stride(from: 0, to: values.count, by: 3) {
      let color = change(SIMD3(values[first], values[first + 1], values[first + 2]))
      for channel in 0..<3 { values[first + channel] = Self.cut(color[channel]) }
    }
  }

  @inline(__always)
  static func cut(_ value: Float) -> Float { value < 0 ? 0 : value > 1 ? 1 : value }
}
