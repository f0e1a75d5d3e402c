// Until the element-wise family and the layout family are merged. Whoever brings `+` or `converted(to:)` deletes the
// one below.
extension Tensor {
  public static func + (a: Tensor, b: Tensor) throws -> Tensor { throw MartletError("add", "not merged yet") }
}
extension Tensor {
  public func converted(to layout: Layout) throws -> Tensor {
    if layout == self.layout || rank < 3 { return self }
    throw MartletError("relayout", "not merged yet")
  }
}
extension Tensor {
  public func cast(to scalar: ScalarType) throws -> Tensor {
    if scalar == self.scalar { return self }
    throw MartletError("cast", "not merged yet")
  }
}
