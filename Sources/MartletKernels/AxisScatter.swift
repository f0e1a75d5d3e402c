/// What becomes of an element that another is scattered to.
public enum ScatterFunction: Hashable, Sendable, CaseIterable {
  case replace, add, multiply, minimum, maximum
}

extension AxisGather {
  /// target[…, indices[…, i, …], …] = f(itself, source[…, i, …]), in the order of i. Integers wrap around.
  public func scatter(
    _ function: ScatterFunction, _ type: ElementType, _ source: UnsafeRawPointer, indices: IndexPointer,
    target: UnsafeMutableRawPointer
  ) {
    func real<Element: BinaryFloatingPoint>(_: Element.Type) {
      switch function {
      case .replace: scatter(source, indices, target) { (_: Element, new: Element) in new }
      case .add: scatter(source, indices, target) { (old: Element, new: Element) in old + new }
      case .multiply: scatter(source, indices, target) { (old: Element, new: Element) in old * new }
      // What is not a number stays so.
      case .minimum:
        scatter(source, indices, target) { (old: Element, new: Element) in new < old || new.isNaN ? new : old
        }
      case .maximum:
        scatter(source, indices, target) { (old: Element, new: Element) in new > old || new.isNaN ? new : old
        }
      }
    }
    func whole<Element: FixedWidthInteger>(_: Element.Type) {
      switch function {
      case .replace: scatter(source, indices, target) { (_: Element, new: Element) in new }
      case .add: scatter(source, indices, target) { (old: Element, new: Element) in old &+ new }
      case .multiply: scatter(source, indices, target) { (old: Element, new: Element) in old &* new }
      case .minimum: scatter(source, indices, target) { (old: Element, new: Element) in min(old, new) }
      case .maximum: scatter(source, indices, target) { (old: Element, new: Element) in max(old, new) }
      }
    }
    switch type {
    case .float32: real(Float.self)
    case .float64: real(Double.self)
    case .int32: whole(Int32.self)
    case .int64: whole(Int64.self)
    case .uint8, .bool: whole(UInt8.self)
    }
  }

  @inline(__always)
  private func scatter<Element>(
    _ source: UnsafeRawPointer, _ indices: IndexPointer, _ target: UnsafeMutableRawPointer,
    _ combine: (Element, Element) -> Element
  ) {
    let from = source.assumingMemoryBound(to: Element.self)
    let to = target.assumingMemoryBound(to: Element.self)
    forEachElement { at, place in
      let step =
        switch indices {
        case .int32(let indices): Int(indices[at])
        case .int64(let indices): Int(indices[at])
        }
      let target = to + (place + step * axisStride)
      target.pointee = combine(target.pointee, from[at])
    }
  }
}
