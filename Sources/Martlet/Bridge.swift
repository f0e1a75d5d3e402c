// Until the element-wise family and the layout family are merged. Whoever brings `+` or `converted(to:)` deletes the
// one below.
extension Tensor {
  public func converted(to layout: Layout) throws -> Tensor {
    if layout == self.layout || rank < 3 { return self }
    throw MartletError("relayout", "not merged yet")
  }
}
