/// A whole number of a model, such as an axis's size, in each of its recordings.
///
/// A model is recorded at several sizes of its inputs. What is the same in all of them is a number; what is not has to be
/// said by what it depends on.
struct RecordedSize: Hashable {
  var values: [Int]

  init(_ values: [Int]) { self.values = values }

  /// The number, where it is the same in every recording.
  var fixed: Int? { values.allSatisfy { $0 == values[0] } ? values[0] : nil }

  static func + (a: Self, b: Self) -> Self { Self(zip(a.values, b.values).map { $0 + $1 }) }
  static func - (a: Self, b: Self) -> Self { Self(zip(a.values, b.values).map { $0 - $1 }) }

  /// The fraction p / q in lowest terms with which, and with an offset, this size follows from another in every recording:
  /// size · q = other · p + offset · q.
  func line(through other: RecordedSize) -> (numerator: Int, denominator: Int, offset: Int)? {
    guard let second = other.values.indices.first(where: { other.values[$0] != other.values[0] }) else {
      return nil
    }
    let rise = values[second] - values[0]
    let run = other.values[second] - other.values[0]
    let divisor = greatestCommonDivisor(abs(rise), abs(run)) * (run < 0 ? -1 : 1)
    guard divisor != 0 else { return nil }
    let (p, q) = (rise / divisor, run / divisor)
    let scaled = other.values.map { $0 * p }
    guard scaled.allSatisfy({ $0 % q == 0 }) else { return nil }
    let offset = values[0] - scaled[0] / q
    let fits = zip(values, scaled).allSatisfy { $0 == $1 / q + offset }
    return fits ? (p, q, offset) : nil
  }
}

private func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : greatestCommonDivisor(b, a % b) }

extension [RecordedSize] {
  /// The numbers, where all are the same in every recording.
  var fixed: [Int]? {
    let numbers = compactMap(\.fixed)
    return numbers.count == count ? numbers : nil
  }

  /// Sizes of a list that every recording has with as many entries.
  init(_ lists: [[Int]]) { self = lists[0].indices.map { index in RecordedSize(lists.map { $0[index] }) } }
}

/// A number of a layer that depends on the input's size in a way that the graph cannot say.
struct InexpressibleSize: Error {
  var size: RecordedSize
  /// What it is, such as `the size of axis 2`.
  var what: String
}
